from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics as sk

from metatune._typing import AnyArray, FloatArray
from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.metrics import DEFAULT_METRIC, RECORDED_METRICS, resolve_metric

RNG = np.random.default_rng(0)
Y2, Y3 = RNG.integers(2, size=60), RNG.integers(3, size=60)
P2, P3 = RNG.dirichlet([1, 1], 60), RNG.dirichlet([1, 1, 1], 60)
YR, PR = RNG.normal(size=60), RNG.normal(size=60)
W = RNG.random(60)


@pytest.mark.parametrize(
    ("name", "kind", "y", "p", "expected"),
    [
        ("roc_auc", "binary", Y2, P2, lambda w: sk.roc_auc_score(Y2, P2[:, 1], sample_weight=w)),
        ("log_loss", "binary", Y2, P2, lambda w: sk.log_loss(Y2, P2, sample_weight=w)),
        ("log_loss", "multiclass", Y3, P3, lambda w: sk.log_loss(Y3, P3, sample_weight=w)),
        (
            "accuracy",
            "multiclass",
            Y3,
            P3,
            lambda w: sk.accuracy_score(Y3, P3.argmax(1), sample_weight=w),
        ),
        (
            "balanced_accuracy",
            "multiclass",
            Y3,
            P3,
            lambda w: sk.balanced_accuracy_score(Y3, P3.argmax(1), sample_weight=w),
        ),
        (
            "rmse",
            "regression",
            YR,
            PR,
            lambda w: sk.root_mean_squared_error(YR, PR, sample_weight=w),
        ),
        ("mae", "regression", YR, PR, lambda w: sk.mean_absolute_error(YR, PR, sample_weight=w)),
        ("r2", "regression", YR, PR, lambda w: sk.r2_score(YR, PR, sample_weight=w)),
        ("f1", "binary", Y2, P2, lambda w: sk.f1_score(Y2, P2.argmax(1), sample_weight=w)),
        (
            "neg_brier_score",
            "binary",
            Y2,
            P2,
            lambda w: -sk.brier_score_loss(Y2, P2[:, 1], sample_weight=w),
        ),
        (
            "neg_median_absolute_error",
            "regression",
            YR,
            PR,
            lambda w: -sk.median_absolute_error(YR, PR, sample_weight=w),
        ),
    ],
)
@pytest.mark.parametrize("weight", [None, W], ids=["plain", "weighted"])
def test_scores_agree_with_scikit_learn(
    name: str,
    kind: str,
    y: AnyArray,
    p: FloatArray,
    expected: Callable[[object], float],
    weight: FloatArray | None,
) -> None:
    metric = resolve_metric(name, TaskKind(kind))
    assert metric.score(y, p, weight) == pytest.approx(expected(weight), abs=1e-9)


@pytest.mark.parametrize("n_values", [1, 3, 40])
def test_roc_auc_counts_ties_half(n_values: int) -> None:
    score = np.random.default_rng(1).integers(n_values, size=60) / n_values
    p = np.column_stack([1.0 - score, score])
    found = resolve_metric("roc_auc", TaskKind.BINARY).score(Y2, p)
    assert found == pytest.approx(sk.roc_auc_score(Y2, score), abs=1e-12)


def test_roc_auc_of_what_is_no_number_is_undefined() -> None:
    p = P2.copy()
    p[7] = np.nan
    assert np.isnan(resolve_metric("roc_auc", TaskKind.BINARY).score(Y2, p))


def test_roc_auc_of_several_classes_is_one_against_the_rest() -> None:
    expected = sk.roc_auc_score(Y3, P3, multi_class="ovr")
    assert resolve_metric("roc_auc", TaskKind.MULTICLASS).score(Y3, P3) == pytest.approx(expected)


def test_undefined_scores_are_nan_and_never_better() -> None:
    metric = resolve_metric("roc_auc", TaskKind.BINARY)
    score = metric.score(np.ones(5, dtype=int), P2[:5])
    assert np.isnan(score)
    assert not metric.better(score, 0.1)
    assert metric.better(0.1, score)


def test_direction() -> None:
    auc, loss = (resolve_metric(n, TaskKind.BINARY) for n in ("roc_auc", "log_loss"))
    assert auc.better(0.9, 0.8)
    assert loss.better(0.1, 0.2)
    assert auc.loss(0.9) == -0.9


def test_a_certain_mistake_costs_a_finite_log_loss() -> None:
    metric = resolve_metric("log_loss", TaskKind.BINARY)
    assert 30 < metric.score(np.array([0]), np.array([[0.0, 1.0]])) < 40


@pytest.mark.parametrize("kind", list(TaskKind))
def test_defaults_and_recorded_metrics_exist(kind: TaskKind) -> None:
    assert resolve_metric(None, kind).name == DEFAULT_METRIC[kind]
    assert [resolve_metric(n, kind).name for n in RECORDED_METRICS[kind]]
    assert DEFAULT_METRIC[kind] == RECORDED_METRICS[kind][0]


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("rok_auc", "binary", "did you mean 'roc_auc'"),
        ("zzz", "binary", "unknown metric 'zzz'"),
        ("rmse", "binary", "does not fit a binary task"),
        ("roc_auc", "regression", "does not fit a regression task"),
        ("r2", "multiclass", "does not fit"),
        ("f1", "multiclass", "does not fit"),
        ("neg_log_loss", "regression", "does not fit"),
    ],
)
def test_misfits_are_refused(name: str, kind: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        resolve_metric(name, TaskKind(kind))
