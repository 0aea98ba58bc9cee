"""The score of a prediction under many weightings of its rows."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from metatune.estimate.scoring import RowScorer
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric

FloatArray = NDArray[np.float64]
N_ROWS = 120
CASES = [
    *((TaskKind.BINARY, m) for m in ("roc_auc", "log_loss", "accuracy", "balanced_accuracy")),
    *((TaskKind.BINARY, m) for m in ("f1", "average_precision", "neg_brier_score")),
    *((TaskKind.MULTICLASS, m) for m in ("roc_auc", "log_loss", "balanced_accuracy", "f1_macro")),
    *((TaskKind.REGRESSION, m) for m in ("rmse", "mae", "r2", "neg_median_absolute_error")),
]


def made_up(kind: TaskKind) -> tuple[NDArray[np.int64] | FloatArray, FloatArray]:
    rng = np.random.default_rng(3)
    if kind is TaskKind.REGRESSION:
        y = rng.normal(1000, 1, N_ROWS)
        return y, y + rng.normal(size=N_ROWS)
    n_classes = 2 if kind is TaskKind.BINARY else 4
    p = rng.dirichlet(np.ones(n_classes), N_ROWS).round(1) + 0.01  # rounded: with ties
    return rng.integers(n_classes, size=N_ROWS), p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("kind", "name"), CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_the_metric_on_repeated_rows(kind: TaskKind, name: str, weighted: bool) -> None:
    rng = np.random.default_rng(0)
    metric = resolve_metric(name, kind)
    y, p = made_up(kind)
    weights = rng.random(N_ROWS) if weighted else None
    counts = rng.poisson(1.0, (5, N_ROWS)).astype(np.float64)
    scores = RowScorer(metric, y, weights=weights).prepare(p).under(counts)
    for drawn, score in zip(counts, scores, strict=True):
        rows = np.repeat(np.arange(N_ROWS), drawn.astype(int))
        expected = metric.score(y[rows], p[rows], None if weights is None else weights[rows])
        assert score == pytest.approx(expected, rel=1e-9)


def test_auc_compares_only_rows_that_one_model_predicted() -> None:
    metric = resolve_metric("roc_auc", TaskKind.BINARY)
    y = np.array([0, 1, 0, 1, 1, 1])
    score = np.array([0.1, 0.2, 0.7, 0.8, 0.9, 0.6])  # both folds are right, on another scale
    folds = np.array([0, 0, 1, 1, 1, 1])
    p = np.column_stack((1 - score, score))
    once = np.ones((1, 6))
    assert RowScorer(metric, y).prepare(p).under(once)[0] == pytest.approx(6 / 8)
    within = RowScorer(metric, y, strata=folds).prepare(p)
    assert within.under(once)[0] == pytest.approx(3 / 4)  # 1 of 1 and 2 of 3 pairs
    only_second = np.array([[0.0, 0, 1, 2, 1, 1]])
    assert within.under(only_second)[0] == pytest.approx(3 / 4)


@pytest.mark.parametrize("name", ["roc_auc", "roc_auc_ovr", "r2"])
def test_undefined_is_nan(name: str) -> None:
    kind = TaskKind.REGRESSION if name == "r2" else TaskKind.BINARY
    y, p = made_up(kind)
    counts = np.zeros((2, N_ROWS))
    counts[0, np.flatnonzero(y == y[0])] = 1.0  # one class, or one row; none in the second draw
    scores = RowScorer(resolve_metric(name, kind), y).prepare(p).under(counts)
    assert all(math.isnan(score) for score in scores)
