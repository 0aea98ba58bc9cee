"""Scorers of scikit-learn on rows that lack classes, or cannot be scored."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics as sk

from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric

RNG = np.random.default_rng(0)
P3 = RNG.dirichlet([1, 1, 1], 30)
LACKS = np.arange(30) % 2  # no row of the last class


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("neg_log_loss", lambda: -sk.log_loss(LACKS, P3, labels=[0, 1, 2])),
        ("neg_brier_score", lambda: -sk.brier_score_loss(LACKS, P3, labels=[0, 1, 2])),
        ("top_k_accuracy", lambda: sk.top_k_accuracy_score(LACKS, P3, labels=[0, 1, 2])),
        ("d2_log_loss_score", lambda: sk.d2_log_loss_score(LACKS, P3, labels=[0, 1, 2])),
        (
            "roc_auc_ovr",
            lambda: sk.roc_auc_score(LACKS, P3[:, 1] / P3[:, :2].sum(axis=1)),
        ),
    ],
)
def test_a_class_may_be_missing(name: str, expected: Callable[[], float]) -> None:
    metric = resolve_metric(name, TaskKind.MULTICLASS)
    assert metric.score(LACKS, P3) == pytest.approx(expected())


@pytest.mark.parametrize("name", ["roc_auc_ovr", "roc_auc_ovo", "average_precision", "roc_auc"])
def test_ranks_of_a_single_class_are_undefined(name: str) -> None:
    metric = resolve_metric(name, TaskKind.MULTICLASS)
    y = np.zeros(30, dtype=int)
    assert np.isnan(metric.score(y, P3))
    assert metric.reason(y, P3)


@pytest.mark.parametrize("name", ["neg_log_loss", "neg_brier_score", "accuracy", "f1_macro"])
def test_others_are_defined_on_a_single_class(name: str) -> None:
    metric = resolve_metric(name, TaskKind.MULTICLASS)
    y = np.zeros(30, dtype=int)
    assert np.isfinite(metric.score(y, P3))
    assert metric.reason(y, P3) == ""


def test_a_scorer_that_refuses_rows_has_no_score_but_a_reason() -> None:
    metric = resolve_metric("neg_mean_squared_log_error", TaskKind.REGRESSION)
    y = np.array([-3.0, 1.0])
    assert np.isnan(metric.score(y, y))
    assert "Logarithmic Error" in metric.reason(y, y)
