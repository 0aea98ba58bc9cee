"""Trade-offs that a search draws from its history."""

import math

import numpy as np
import pytest

from metatune.algorithms.registry import ALGORITHMS
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.samplers.trade_offs import draw_trade_off
from metatune.search.history import History
from metatune.search.objectives import Objectives

AUC = resolve_metric("roc_auc", TaskKind.BINARY)
SPACES = {"knn": ALGORITHMS["knn"].space(TaskKind.BINARY)}
LOW = Rung(index=0, row_share=0.5, n_folds=1)
TOP = Rung(index=1, row_share=1.0, n_folds=4)
BOTH = Objectives(metric="roc_auc", costs=("predict_seconds", "model_bytes"))
POOL = [SPACES["knn"].sample(np.random.default_rng(i)) for i in range(6)]
SCORES = (0.9, 0.8, 0.7)
SECONDS = (4.0, 1.0, 0.5)


def made(number: int, rung: Rung = TOP) -> TrialResult:
    return TrialResult(
        trial=Trial(number=number, configuration=POOL[number], rung=rung, seed=1),
        status=TrialStatus.OK,
        score=SCORES[number],
        predict_seconds=SECONDS[number] * rung.n_folds / TOP.n_folds,
        model_bytes=1_000,
    )


RESULTS = [made(i) for i in range(3)]
LOSSES = {i: math.log(1.0 - score) for i, score in enumerate(SCORES)}


def test_weights_differ_from_draw_to_draw_and_add_up_to_one() -> None:
    history = History(AUC, RESULTS, objectives=BOTH)
    rng = np.random.default_rng(0)
    drawn = [draw_trade_off(history, LOSSES, POOL, SPACES, rng) for _ in range(20)]
    weights = np.array([one.function.weights for one in drawn if one is not None])
    assert weights.shape == (20, 3)
    assert weights.sum(axis=1) == pytest.approx(np.ones(20))
    assert np.ptp(weights, axis=0).min() > 0.3


def test_objectives_are_scaled_by_the_front() -> None:
    history = History(AUC, RESULTS, objectives=BOTH)
    found = draw_trade_off(history, LOSSES, POOL, SPACES, np.random.default_rng(0))
    assert found is not None
    ideal = [math.log(0.1), math.log(0.5), math.log(1_000)]
    assert found.function.ideal == pytest.approx(ideal)
    assert found.function.width[:2] == pytest.approx([math.log(3.0), math.log(8.0)])
    assert found.function.width[2] > 0.0
    points = np.array([[LOSSES[i], math.log(SECONDS[i]), math.log(1_000)] for i in range(3)])
    assert found.best == pytest.approx(found.function.of(points).min())


def test_times_of_a_lower_rung_are_those_of_as_many_folds() -> None:
    top = History(AUC, RESULTS, objectives=BOTH)
    mixed = History(AUC, [made(0), made(1), made(2, LOW)], objectives=BOTH)
    rng = np.random.default_rng
    one = draw_trade_off(top, LOSSES, POOL, SPACES, rng(0))
    other = draw_trade_off(mixed, LOSSES, POOL, SPACES, rng(0))
    assert one is not None
    assert other is not None
    assert one.costs.mean == pytest.approx(other.costs.mean)


def test_there_is_none_without_a_front_or_without_objectives() -> None:
    rng = np.random.default_rng(0)
    assert draw_trade_off(History(AUC, objectives=BOTH), {}, POOL, SPACES, rng) is None
    assert draw_trade_off(History(AUC, RESULTS), LOSSES, POOL, SPACES, rng) is None
