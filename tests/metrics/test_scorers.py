"""Scorers of scikit-learn on rows that lack classes, or cannot be scored."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics as sk

from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.metrics.scorers import NamedScorer, replay

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


def test_a_scorer_sees_the_positive_class_where_its_own_is() -> None:
    y, p = np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    of_one = NamedScorer(name="recall", kind=TaskKind.BINARY, positive=1)
    of_zero = NamedScorer(name="recall", kind=TaskKind.BINARY, positive=0)
    assert of_one(y, p, None) == 1.0
    assert of_zero(y, p, None) == 0.5
    assert np.isnan(of_one(np.zeros(3, dtype=int), p, None))


def test_a_scorer_is_called_with_predictions_instead_of_a_model() -> None:
    scorer = sk.make_scorer(sk.mean_absolute_error, greater_is_better=False)
    y, said = np.array([1.0, 2.0]), np.array([1.5, 2.0])
    assert replay(scorer, y, said, None) == -0.25
    assert replay(scorer, y, said, np.array([3.0, 1.0])) == -0.375
    labels = np.array(["no", "yes"])
    accuracy = sk.get_scorer("accuracy")
    assert replay(accuracy, labels[[0, 1]], np.array([[0.9, 0.1], [0.6, 0.4]]), None, labels) == 0.5
