"""The loop of a search class: what is tried in which order, and when it ends."""

import math
from collections.abc import Sequence

from metatune.budget import Deadline
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.metrics import Metric
from metatune.model_selection.loop import Judge, Limits, make_sampler, run_trials
from metatune.samplers.base import TOP_RUNG, ListedSampler
from metatune.samplers.patience import Patience
from metatune.samplers.strategies.registry import METATUNE
from metatune.samplers.strategy import Situation
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.space import Choice, Configuration, SearchSpace

METRIC = Metric(name="score", greater_is_better=True, function=lambda _y, _p, _w: math.nan)
RUNGS = (Rung(index=0, row_share=1.0, n_folds=1), Rung(index=1, row_share=1.0, n_folds=3))
SPACE = SearchSpace(algorithm="toy", domains={"x": Choice((1, 2, 3, 4, 5))}, defaults={"x": 3})


class Known(Judge):
    """Judge whose scores are the values of x; what it judged together is kept."""

    def __init__(self, seconds: float = 0.0, refit: float = 0.0) -> None:
        self.batches: list[list[Trial]] = []
        self._seconds = seconds
        self._refit = refit

    def judge(self, trials: Sequence[Trial]) -> list[TrialResult]:
        self.batches.append(list(trials))
        return [
            TrialResult(
                trial=trial,
                status=TrialStatus.OK,
                score=float(str(trial.configuration.params["x"])),
                fold_scores={"score": (1.0,) * trial.rung.n_folds},
                seconds=self._seconds,
            )
            for trial in trials
        ]

    def refit_seconds(self, history: History) -> float:
        return self._refit


def searched(judge: Judge, limits: Limits) -> History:
    situation = Situation(
        spaces={"toy": SPACE},
        rungs=RUNGS,
        n_first=1,
        patience=Patience(deadline=limits.deadline),
        seed=0,
    )
    sampler = make_sampler(METATUNE, situation, None, is_guided=False)
    return run_trials(SuccessiveHalving(RUNGS, METRIC), sampler, judge, limits)


def limits(**changes: object) -> Limits:
    usual: dict[str, object] = {"deadline": Deadline.never(), "max_trials": None, "width": 1}
    return Limits(**{**usual, **changes})  # type: ignore[arg-type]  # values of several types


def test_the_default_comes_first_and_at_the_top() -> None:
    history = searched(Known(), limits(max_trials=1))
    (result,) = history.results
    assert result.trial.configuration == SPACE.default()
    assert result.trial.rung == RUNGS[-1]


def test_a_space_of_lists_is_tried_to_its_end_in_full() -> None:
    history = searched(Known(), limits())
    in_full = [r for r in history.results if r.trial.rung == RUNGS[-1]]
    assert sorted(r.score for r in in_full) == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_the_best_rise_first() -> None:
    history = searched(Known(), limits())
    risen = [r.score for r in history.results if r.trial.rung == RUNGS[-1]][1:]
    below = [r.score for r in history.results if r.trial.rung == RUNGS[0]]
    assert len(below) == 4
    assert risen[-1] == min(below)


def test_several_are_judged_at_once_and_all_of_one_rung() -> None:
    judge = Known()
    searched(judge, limits(width=3))
    assert max(map(len, judge.batches)) > 1
    assert all(len({trial.rung for trial in batch}) == 1 for batch in judge.batches)
    assert sum(map(len, judge.batches)) == 9


def test_trials_are_counted() -> None:
    judge = Known()
    searched(judge, limits(max_trials=4, width=3))
    assert sum(map(len, judge.batches)) == 4


def test_one_is_judged_whatever_the_time_and_none_after_it() -> None:
    assert len(searched(Known(), limits(deadline=Deadline.after(-1.0))).results) == 1
    # A day for the last fit does not fit into an hour.
    late = limits(deadline=Deadline.after(3_600.0))
    assert len(searched(Known(refit=86_400.0), late).results) == 1


def test_trials_that_would_end_too_late_are_not_begun() -> None:
    history = searched(Known(seconds=86_400.0), limits(deadline=Deadline.after(3_600.0)))
    rungs = [r.trial.rung.index for r in history.results]
    assert rungs == [1, 0]  # one of each: what it takes is known from then on


def test_listed_configurations_that_are_known_are_passed_over() -> None:
    first = Configuration(algorithm="toy", params={"x": 1})
    halving = SuccessiveHalving(RUNGS, METRIC)
    sampler = ListedSampler([first, first, SPACE.default()], {first: TOP_RUNG})
    history = run_trials(halving, sampler, Known(), limits())
    assert [r.trial.configuration.params["x"] for r in history.results][:2] == [1, 3]
