"""Successive halving as a pure object: every decision is followed by hand."""

import math

import pytest
from asking import Asking, CandidateSource
from fake_search import quality_of

from metatune.data.encoding.shape import Shape
from metatune.evaluation.rungs import Rung, plan_rungs
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.metrics import Metric, resolve_metric
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.space import Configuration

ACCURACY = resolve_metric("accuracy", TaskKind.BINARY)
RMSE = resolve_metric("rmse", TaskKind.REGRESSION)
RUNGS = plan_rungs(Shape(n_rows=50_000, n_columns=30), 5)  # 4 row shares, then all folds


def config(quality: float) -> Configuration:
    return Configuration(algorithm="fake", params={"quality": quality})


def source(*qualities: float) -> CandidateSource:
    """A candidate source that lists configurations, then has no more."""
    listed = iter([config(quality) for quality in qualities])
    return lambda history: next(listed, None)


def result(trial: Trial, score: float | None = None, seconds: float = 1.0) -> TrialResult:
    return TrialResult(
        trial=trial,
        status=TrialStatus.OK,
        score=quality_of(trial.configuration) if score is None else score,
        seconds=seconds,
    )


def failed(trial: Trial, status: TrialStatus = TrialStatus.FAILED) -> TrialResult:
    return TrialResult(trial=trial, status=status, error="broken")


def play(halving: Asking, n_trials: int) -> list[tuple[float, int]]:
    """Ask and tell, one after the other; return (quality, rung) of each trial."""
    steps = []
    for _ in range(n_trials):
        trial = halving.ask()
        if trial is None:
            break
        steps.append((quality_of(trial.configuration), trial.rung.index))
        halving.tell(result(trial))
    return steps


def make(
    *qualities: float, rungs: tuple[Rung, ...] = RUNGS, metric: Metric = ACCURACY, seed: int = 0
) -> Asking:
    return Asking(rungs, metric, source(*qualities), seed=seed)


def test_best_of_the_first_three_goes_straight_to_the_top() -> None:
    steps = play(make(0.5, 0.7, 0.6, 0.4), 7)
    assert steps == [(0.5, 0), (0.7, 0), (0.6, 0), (0.7, 1), (0.7, 2), (0.7, 3), (0.7, 4)]


def test_one_third_of_the_lowest_rung_is_promoted() -> None:
    halving = make(*[quality / 10 for quality in (9, 8, 7, 6, 5, 4)], rungs=RUNGS[:2])
    steps = play(halving, 8)
    assert [quality for quality, rung in steps if rung == 1] == [0.9, 0.8]
    assert steps[3] == (0.9, 1)
    assert steps[7] == (0.8, 1)


def test_a_new_leader_rises_at_once_above_the_lowest_rung() -> None:
    halving = make(0.5, 0.4, 0.3, 0.6, 0.2, 0.1, 0.05)
    steps = play(halving, 12)
    first_climb = [(0.5, 1), (0.5, 2), (0.5, 3), (0.5, 4)]
    assert steps[3:7] == first_climb
    # 0.6 leads the lowest rung, so it rises; 0.5 was there before and stays where it is
    assert steps[7:12] == [(0.6, 0), (0.6, 1), (0.6, 2), (0.6, 3), (0.6, 4)]


def test_losses_are_minimised() -> None:
    steps = play(make(3.0, 1.0, 2.0, metric=RMSE), 4)
    assert steps[3] == (1.0, 1)


def test_when_nothing_new_is_left_everything_rises_in_order_of_merit() -> None:
    steps = play(make(0.5, 0.7, 0.6, rungs=RUNGS[:3]), 100)
    assert sorted(steps) == sorted((q, r) for q in (0.5, 0.6, 0.7) for r in range(3))
    assert [q for q, r in steps if r == 2] == [0.7, 0.6, 0.5]
    # the highest rung that has someone waiting is served first
    assert steps[5:] == [(0.6, 1), (0.6, 2), (0.5, 1), (0.5, 2)]


def test_fewer_candidates_than_the_reduction_factor_still_reach_the_top() -> None:
    assert (0.5, 4) in play(make(0.5), 10)


def test_the_reference_starts_at_the_top_and_counts_among_those_seen_below() -> None:
    listed = source(0.5, 0.6, 0.7, 0.4, 0.3)
    halving = Asking(RUNGS[:2], ACCURACY, listed, top=config(0.6))
    assert play(halving, 5) == [(0.5, 0), (0.6, 1), (0.7, 0), (0.7, 1), (0.4, 0)]
    incumbent = halving.history.incumbent()
    assert incumbent is not None
    assert incumbent.trial.configuration == config(0.7)


@pytest.mark.parametrize(("rung", "index"), [(0, 0), (2, 2), (-1, 4), (-2, 3)])
def test_a_configuration_starts_at_the_rung_that_it_was_proposed_for(rung: int, index: int) -> None:
    halving = SuccessiveHalving(RUNGS, ACCURACY)
    assert halving.start(config(0.5), rung=rung).rung == RUNGS[index]


def test_a_single_rung_has_no_promotions() -> None:
    assert play(make(0.1, 0.2, 0.3, 0.4, rungs=RUNGS[:1]), 10) == [
        (0.1, 0),
        (0.2, 0),
        (0.3, 0),
        (0.4, 0),
    ]


@pytest.mark.parametrize("status", [s for s in TrialStatus if s is not TrialStatus.OK])
def test_failed_trials_are_never_promoted_but_count_as_seen(status: TrialStatus) -> None:
    halving = make(0.5, 0.6, 0.4, rungs=RUNGS[:2])
    trials = [halving.trial() for _ in range(3)]
    halving.tell(result(trials[0]))
    halving.tell(failed(trials[1], status))
    halving.tell(result(trials[2]))
    promoted = halving.trial()
    assert (promoted.configuration, promoted.rung.index) == (config(0.5), 1)
    halving.tell(result(promoted))
    assert halving.trial().configuration == config(0.4)
    assert halving.ask() is None


def test_a_score_that_is_not_a_number_is_not_promoted() -> None:
    halving = make(0.5, rungs=RUNGS[:2])
    halving.tell(result(halving.trial(), score=math.nan))
    assert halving.ask() is None


def test_workers_are_kept_busy_before_results_arrive() -> None:
    halving = make(0.1, 0.2, 0.3, 0.4)
    trials = [halving.ask() for _ in range(5)]
    assert [trial and trial.number for trial in trials[:4]] == [0, 1, 2, 3]
    assert trials[4] is None
    assert halving.history.pending == tuple(trials[:4])


def test_a_promotion_is_asked_for_once_while_it_runs() -> None:
    halving = make(0.1, 0.2, 0.3, 0.05)
    for trial in [halving.trial() for _ in range(3)]:
        halving.tell(result(trial))
    assert halving.trial().rung.index == 1
    assert halving.trial().configuration == config(0.05)


def test_ties_go_to_the_earlier_trial_whatever_the_order_of_results() -> None:
    halving = make(0.1, 0.2, 0.3)
    trials = [halving.trial() for _ in range(3)]
    for trial in reversed(trials):
        halving.tell(result(trial, score=0.5))
    assert halving.trial().configuration == trials[0].configuration


def three_told(*seconds: float, rungs: tuple[Rung, ...]) -> Asking:
    """Three configurations at the lowest rung, the better the earlier, and two new ones."""
    halving = make(0.9, 0.8, 0.7, 0.6, 0.5, rungs=rungs)
    for trial, spent in zip([halving.trial() for _ in seconds], seconds, strict=True):
        halving.tell(result(trial, seconds=spent))
    return halving


FOLDS = (Rung(index=0, row_share=1.0, n_folds=1), Rung(index=1, row_share=1.0, n_folds=5))


def test_a_promotion_that_takes_too_long_is_held_back() -> None:
    halving = three_told(10.0, 0.1, 0.1, rungs=FOLDS)
    # the first of the five folds is known, the others would take 40 s
    assert halving.trial(max_seconds=39.0).configuration == config(0.6)
    assert halving.trial(max_seconds=41.0).configuration == config(0.9)


def test_quicker_ones_pass_a_promotion_that_takes_too_long() -> None:
    halving = three_told(10.0, 0.1, 0.1, rungs=FOLDS)
    fourth = halving.trial(max_seconds=39.0)
    assert (fourth.configuration, fourth.rung.index) == (config(0.6), 0)
    halving.tell(result(fourth, seconds=0.1))
    risen = halving.trial(max_seconds=39.0)
    assert (risen.configuration, risen.rung.index) == (config(0.8), 1)
    # one of three has risen: the quota of those that can is used up
    assert halving.trial(max_seconds=39.0).rung.index == 0


def test_no_more_rise_for_those_that_are_too_slow() -> None:
    halving = three_told(10.0, 10.0, 0.1, rungs=FOLDS)
    asked = halving.trial(max_seconds=39.0)
    assert (asked.configuration, asked.rung.index) == (config(0.6), 0)


SLOW_AND_GOOD = {"forest": (0.9, 3.0), "boosting": (0.85, 1.0)}
QUICK = {"linear": (0.7, 0.05), "small boosting": (0.8, 0.2), "tree": (0.6, 0.02)}


def climb(budget: float) -> tuple[Asking, dict[str, int]]:
    """Play a search of learners with a quality and seconds at the lowest rung each, in time.

    A trial may take 0.4 of what is left; it needs time in proportion to rows and folds. Returns
    the highest rung that each has reached, too.
    """
    learners = {**SLOW_AND_GOOD, **QUICK}
    listed = iter([Configuration(algorithm=name, params={}) for name in learners])
    halving = Asking(RUNGS, ACCURACY, lambda _history: next(listed, None))
    highest: dict[str, int] = {}
    left = budget
    while left > 0.1:
        trial = halving.ask(0.4 * left)
        if trial is None:
            break
        name, rung = trial.configuration.algorithm, trial.rung
        quality, unit = learners[name]
        n_new = rung.n_folds - (rung.index == 4)  # the first fold is known at the top
        seconds = unit * n_new * rung.row_share / RUNGS[0].row_share
        cut = seconds > 0.4 * left
        score = quality + 0.01 * rung.index
        halving.tell(
            TrialResult(
                trial=trial,
                status=TrialStatus.TIMED_OUT if cut else TrialStatus.OK,
                score=math.nan if cut else score,
                fold_scores={} if cut else {"accuracy": (score,) * rung.n_folds},
                seconds=min(seconds, 0.4 * left),
            )
        )
        left -= min(seconds, 0.4 * left)
        if not cut:
            highest[name] = rung.index
    return halving, highest


@pytest.mark.parametrize(
    ("budget", "at_the_top"),
    [
        (20.0, {"tree"}),
        (50.0, {"linear", "tree"}),
        (200.0, {"linear", "small boosting", "tree"}),
        (600.0, {"boosting", "linear", "small boosting", "tree"}),
        (2_000.0, {"forest", "boosting", "linear", "small boosting", "tree"}),
    ],
)
def test_what_has_the_time_reaches_the_top(budget: float, at_the_top: set[str]) -> None:
    _, highest = climb(budget)
    assert {name for name, rung in highest.items() if rung == 4} == at_the_top


@pytest.mark.parametrize(("budget", "rung"), [(20.0, 0), (50.0, 1), (600.0, 3), (2_000.0, 4)])
def test_what_was_too_slow_for_the_top_still_leads_where_it_is_better(
    budget: float, rung: int
) -> None:
    incumbent = climb(budget)[0].history.incumbent()
    assert incumbent is not None
    assert (incumbent.trial.configuration.algorithm, incumbent.trial.rung.index) == ("forest", rung)


def test_configurations_that_were_started_before_are_passed_over() -> None:
    halving = make(0.1, 0.1, 0.2)
    assert halving.trial().configuration == config(0.1)
    assert halving.trial().configuration == config(0.2)


def test_a_source_that_only_repeats_itself_ends() -> None:
    halving = Asking(RUNGS[:1], ACCURACY, lambda history: config(0.1))
    assert halving.ask() is not None
    assert halving.ask() is None


def test_the_source_sees_results_and_pending_trials() -> None:
    seen = []

    def next_candidate(history: History) -> Configuration:
        seen.append((len(history.results), len(history.pending)))
        return config(len(seen) / 10)

    halving = Asking(RUNGS, ACCURACY, next_candidate)
    trial = halving.trial()
    halving.trial()
    halving.tell(result(trial))
    halving.trial()
    assert seen == [(0, 0), (0, 1), (1, 1)]


def test_a_configuration_keeps_its_seed_and_another_run_seed_changes_it() -> None:
    first, again, other = make(0.5, 0.6, 0.7), make(0.5, 0.6, 0.7), make(0.5, seed=1)
    seeds: dict[str, set[int]] = {}
    for _ in range(7):
        trial = first.trial()
        seeds.setdefault(trial.configuration.key, set()).add(trial.seed)
        first.tell(result(trial))
    assert all(len(each) == 1 for each in seeds.values())
    trial = again.trial()
    assert seeds[trial.configuration.key] == {trial.seed}
    assert seeds[other.trial().configuration.key] != seeds[config(0.6).key]
    assert make(0.5, seed=1).trial().seed != trial.seed
    assert 0 <= make(0.5, seed=2**31 - 1).trial().seed < 2**31


def test_results_of_an_earlier_run_are_continued_from() -> None:
    earlier = make(0.5, 0.7, 0.6, 0.4)
    play(earlier, 5)
    later = make(0.5, 0.7, 0.6, 0.4)
    for told in earlier.history.results:
        later.tell(told)
    trial = later.trial()
    assert (trial.number, trial.configuration, trial.rung.index) == (5, config(0.7), 3)
    assert play(earlier, 100) == [(0.7, 3), *play_after(later, trial)]


def play_after(halving: Asking, trial: Trial) -> list[tuple[float, int]]:
    halving.tell(result(trial))
    return play(halving, 100)
