"""Losses that samplers of the field are told: complete, finite, and never changed afterwards."""

import math
from dataclasses import replace

from surfaces import FULL, RMSE, RUNGS, SPACES, answer, failed

from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.samplers.strategies.seen import pending_at, seen_at
from metatune.search.history import History
from metatune.search.objectives import Objectives
from metatune.space import Configuration


def trial(number: int, x: float = 0.5, *, z: float = 0.5, rung: int = 0) -> Trial:
    configuration = Configuration(algorithm="plate", params={"x": x, "z": z})
    return Trial(number=number, configuration=configuration, rung=(*FULL, *RUNGS)[rung], seed=0)


def scored(number: int, loss: float) -> TrialResult:
    return answer(trial(number, number / 100), lambda _: loss)


def pruned(number: int, *losses: float) -> TrialResult:
    cut = failed(trial(number, number / 100), TrialStatus.PRUNED)
    return replace(cut, fold_scores={"rmse": losses})


def losses(*results: TrialResult) -> list[float]:
    return [seen.loss for seen in seen_at(History(RMSE, results), FULL[0], SPACES)]


def test_what_failed_counts_like_the_worst_until_then() -> None:
    crashed = failed(trial(2, 0.02))
    assert losses(scored(0, 1.0), scored(1, 3.0), crashed, scored(3, 9.0)) == [1.0, 3.0, 3.0, 9.0]


def test_what_failed_before_there_was_any_loss_is_left_out() -> None:
    assert losses(failed(trial(0, 0.9)), scored(1, 2.0)) == [2.0]


def test_what_was_stopped_counts_as_far_behind_the_best_as_it_was_on_its_folds() -> None:
    best = replace(scored(0, 1.0), fold_scores={"rmse": (0.5, 0.9, 1.6)})
    assert losses(best, pruned(1, 0.9, 1.1)) == [1.0, 1.0 + (0.4 + 0.2) / 2]
    assert losses(best, pruned(1)) == [1.0, 1.0]


def test_other_rungs_and_other_spaces_do_not_count() -> None:
    low = answer(trial(0, rung=1))
    stranger = Configuration(algorithm="plate", params={"x": 7.0, "z": 0.5})
    outside = answer(Trial(number=1, configuration=stranger, rung=FULL[0], seed=0), lambda _: 1.0)
    gone = Configuration(algorithm="cup", params={})
    absent = answer(Trial(number=2, configuration=gone, rung=FULL[0], seed=0), lambda _: 1.0)
    assert losses(low, outside, absent) == []


def test_what_is_under_way_is_listed_in_the_order_in_which_it_was_started() -> None:
    history = History(RMSE)
    for started in (trial(1, 0.2), trial(0, 0.1), trial(2, 0.3, rung=1)):
        history.start(started)
    assert [c.params["x"] for c in pending_at(history, FULL[0], SPACES)] == [0.1, 0.2]


def test_costs_are_told_as_logarithms_and_those_not_measured_like_the_worst_until_then() -> None:
    objectives = Objectives(metric="rmse", costs=("model_bytes",))
    first = replace(scored(0, 1.0), model_bytes=100)
    second = replace(scored(1, 2.0), model_bytes=10)
    crashed = failed(trial(2, 0.02))
    history = History(RMSE, [first, second, crashed], objectives=objectives)
    found = seen_at(history, FULL[0], SPACES)
    assert [seen.values for seen in found] == [
        (1.0, math.log(100)),
        (2.0, math.log(10)),
        (2.0, math.log(100)),
    ]
