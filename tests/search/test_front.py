"""Front of a run: who is compared, who is on it, who is chosen, and what follows for the search."""

import math
from typing import Any

import numpy as np
import pytest

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.search.front import Preference, by_domination, find_front
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.search.merit import by_merit
from metatune.search.objectives import Objectives
from metatune.search.pruning import stop_rule
from metatune.space import Configuration

AUC = resolve_metric("roc_auc", TaskKind.BINARY)
LOW = Rung(index=0, row_share=1 / 3, n_folds=1)
TOP = Rung(index=1, row_share=1.0, n_folds=5)
BOTH = Objectives(metric="roc_auc", costs=("model_bytes",))


def made(number: int, score: float, n_bytes: int, rung: Rung = TOP, **details: Any) -> TrialResult:
    configuration = Configuration(algorithm="fake", params={"n": number}, origin="test")
    return TrialResult(
        trial=Trial(number=number, configuration=configuration, rung=rung, seed=1),
        status=TrialStatus.OK,
        score=score,
        fold_scores={"roc_auc": (score,) * rung.n_folds},
        model_bytes=n_bytes,
        **details,
    )


TRIALS = (
    made(0, 0.90, 1_000_000),  # the best score
    made(1, 0.89, 10_000),  # the knee: a hundred times smaller
    made(2, 0.88, 20_000),  # beaten by the one before
    made(3, 0.70, 5_000),  # the smallest
    made(4, 0.95, 100, LOW),  # judged on less
)


def history_of(*results: TrialResult, **details: Any) -> History:
    return History(AUC, results, objectives=BOTH, **details)


def numbers(results: Any) -> list[int]:
    return [result.trial.number for result in results]


def test_the_front_is_that_of_the_highest_rung_and_its_knee_is_chosen() -> None:
    front = history_of(*TRIALS).front()
    assert front is not None
    assert numbers(front.points) == [0, 1, 3]
    assert numbers(front.candidates) == [0, 1, 2, 3]
    assert front.chosen is TRIALS[1]


@pytest.mark.parametrize(("prefer", "chosen"), [("roc_auc", 0), ("model_bytes", 3)])
def test_what_is_preferred_is_chosen_instead_of_the_knee(prefer: str, chosen: int) -> None:
    objectives = Objectives(metric="roc_auc", costs=("model_bytes",), prefer=prefer)
    front = History(AUC, TRIALS, objectives=objectives).front()
    assert front is not None
    assert front.chosen is TRIALS[chosen]


def test_models_that_lose_to_the_constant_are_not_compared() -> None:
    front = history_of(*TRIALS, constant=0.75).front()
    assert front is not None
    assert numbers(front.points) == [0, 1]
    nothing_beats_it = history_of(*TRIALS, constant=0.99).front()
    assert nothing_beats_it is not None
    assert numbers(nothing_beats_it.points) == [0, 1, 3]


def test_a_cost_that_was_not_measured_keeps_a_trial_off_the_front() -> None:
    front = history_of(made(0, 0.9, 0), made(1, 0.8, 10)).front()
    assert front is not None
    assert numbers(front.points) == [1]


def test_there_is_no_front_without_objectives_and_an_empty_one_without_trials() -> None:
    assert History(AUC, TRIALS).front() is None
    empty = history_of().front()
    assert empty is not None
    assert (empty.points, empty.chosen) == ((), None)


def test_the_leaderboard_marks_the_front_only_where_there_is_one() -> None:
    board = history_of(*TRIALS).leaderboard()
    assert board.loc[board["front"], "trial"].tolist() == [0, 1, 3]
    assert board["rank"].tolist() == [1, 2, 3, 4, 5]
    assert "front" not in History(AUC, TRIALS).leaderboard()


def test_costs_are_compared_by_factors() -> None:
    # Scores fall evenly while sizes fall by ten: a straight line, whose first end is its knee. By
    # bytes themselves the point after the first would stand out.
    line = [made(i, 0.9 - 0.1 * i, 10 ** (6 - i)) for i in range(4)]
    front = history_of(*line).front()
    assert front is not None
    assert front.chosen is line[0]


def test_a_preference_chooses_the_same_from_the_losses_alone() -> None:
    front = history_of(*TRIALS).front()
    assert front is not None
    known = numbers(front.candidates)
    losses = np.array([-TRIALS[number].score for number in known])
    assert known[front.preference.choose(known, losses)] == 1
    losses[known.index(1)] = -0.5  # on other rows the knee does badly
    assert known[front.preference.choose(known, losses)] != 1


def test_ties_in_what_is_preferred_go_to_the_other_objective() -> None:
    preference = Preference(costs={0: (2.0,), 1: (1.0,), 2: (1.0,)}, preferred=1)
    assert preference.choose([0, 1, 2], np.array([-0.9, -0.7, -0.8])) == 2


def test_trials_are_ordered_front_after_front() -> None:
    losses = [-result.score for result in TRIALS[:4]]
    assert numbers(by_domination(TRIALS[:4], losses, BOTH))[-1] == 2
    unknown = made(9, 0.99, 0)
    order = by_domination([*TRIALS[:4], unknown], [*losses, -0.99], BOTH)
    assert numbers(order)[-1] == 9


def test_parents_come_from_the_front_first() -> None:
    names = [c.params["n"] for c in history_of(*TRIALS).best(4)]
    assert set(names[:3]) == {0, 1, 3}
    assert [c.params["n"] for c in History(AUC, TRIALS).best(2)] == [0, 1]


def test_predictions_of_the_front_are_kept_before_others() -> None:
    history = history_of(*TRIALS)
    assert set(numbers(by_merit(TRIALS[:4], history))[:3]) == {0, 1, 3}


def test_no_trial_is_cut_short_for_its_score() -> None:
    trials = [made(i, 0.9, 1_000) for i in range(6)]
    trial = made(9, 0.5, 1_000).trial
    assert stop_rule(trial, History(AUC, trials)) is not None
    assert stop_rule(trial, history_of(*trials)) is None


def test_a_cheap_configuration_rises_beside_the_best_one() -> None:
    def risen(history: History) -> list[int]:
        halving = SuccessiveHalving((LOW, TOP), AUC, history=history)
        for i, (score, n_bytes) in enumerate([(0.9, 10**6), (0.85, 10**5), (0.7, 10)] * 2):
            halving.tell(made(i, score - 0.001 * i, n_bytes + i, LOW))
        found = []
        while (trial := halving.promote()) is not None:
            found.append(int(str(trial.configuration.params["n"])))
            halving.tell(made(10 + len(found), 0.8, 10, TOP))
        return found

    assert risen(History(AUC)) == [0, 3]
    assert set(risen(history_of())) == {0, 2}


def test_what_loses_to_the_constant_does_not_rise_for_being_cheap() -> None:
    history = history_of(constant=0.75)
    low = [made(0, 0.9, 10**6, LOW), made(1, 0.8, 10**4, LOW), made(2, 0.7, 1, LOW)]
    assert numbers(history.in_order(low))[-1] == 2


def test_losses_of_any_score_are_told() -> None:
    assert history_of().loss_of(0.7) == -0.7
    assert math.isinf(history_of().loss_of(math.nan))


def test_a_front_of_given_trials_needs_no_history() -> None:
    front = find_front(TRIALS[:2], [-0.90, -0.89], BOTH)
    assert numbers(front.points) == [0, 1]
