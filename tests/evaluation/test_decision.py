"""Decisions of labels: found where they help, and trials judged by them."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as sk

from metatune._typing import FloatArray, IntArray
from metatune.evaluation.decision import choose_decision, fit_decision, judged_prediction
from metatune.evaluation.guard import parts_of_rows
from metatune.kinds import TaskKind
from metatune.metrics import Metric, resolve_metric
from metatune.metrics.confusion import score_tables
from metatune.models.adjustment import Adjustment


def decided(name: str, kind: TaskKind = TaskKind.BINARY) -> Metric:
    return replace(resolve_metric(name, kind), decides=True)


def make_probabilities(
    n_rows: int = 2_000, share: float = 0.5, seed: int = 0
) -> tuple[IntArray, FloatArray]:
    """Calibrated probabilities of two classes, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(size=n_rows) * 1.5 + np.log(share / (1 - share))
    p = 1.0 / (1.0 + np.exp(-logit))
    y = (rng.uniform(size=n_rows) < p).astype(np.int64)
    return y, np.column_stack([1 - p, p])


def parts(y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(parts_of_rows(y, TaskKind.BINARY, 0))


@pytest.mark.parametrize(("name", "n_rows"), [("balanced_accuracy", 2_000), ("f1", 1_000)])
def test_a_rare_class_gets_a_lower_threshold(name: str, n_rows: int) -> None:
    y, p = make_probabilities(n_rows, share=0.08)
    metric = decided(name)
    decision = choose_decision(metric, y, p, parts(y))
    threshold = decision[0] / (decision[0] + decision[1])
    assert threshold < 0.4
    new_y, new_p = make_probabilities(share=0.08, seed=9)
    adjusted = Adjustment(decision=decision)
    before = metric.score(new_y, np.eye(2)[new_p.argmax(axis=1)])
    assert metric.score(new_y, np.eye(2)[adjusted.decide(new_p)]) > before + 0.03


def test_accuracy_of_calibrated_probabilities_needs_no_threshold() -> None:
    y, p = make_probabilities()
    metric = decided("accuracy")
    assert choose_decision(metric, y, p, parts(y)) == ()


def test_several_classes_get_factors() -> None:
    rng = np.random.default_rng(0)
    shares = np.array([0.85, 0.1, 0.05])
    y = rng.choice(3, size=3_000, p=shares)
    logits = 1.5 * np.eye(3)[y] + rng.normal(size=(3_000, 3)) + np.log(shares)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    metric = decided("balanced_accuracy", TaskKind.MULTICLASS)
    splits = list(parts_of_rows(y, TaskKind.MULTICLASS, 0))
    decision = choose_decision(metric, y, p, splits)
    assert decision[0] < decision[1]
    assert decision[0] < decision[2]
    plain = metric.score(y, p)
    assert metric.score(y, np.eye(3)[Adjustment(decision=decision).decide(p)]) > plain + 0.05


def test_one_class_alone_gives_no_decision() -> None:
    _, p = make_probabilities(50)
    metric = decided("balanced_accuracy")
    factors = fit_decision(metric, np.zeros(50, dtype=np.int64), p)
    assert len(factors) == 2


@pytest.mark.parametrize("name", ["f1", "jaccard", "matthews_corrcoef", "balanced_accuracy"])
def test_calibrated_models_of_a_rare_class_do_not_look_useless(name: str) -> None:
    y, p = make_probabilities(3_000, share=0.02)
    metric = decided(name)
    judged = judged_prediction(metric, y, p)
    assert set(np.unique(judged)) == {0.0, 1.0}
    assert metric.score(y, judged) > metric.score(y, p) + 0.08


def test_thresholds_are_chosen_on_other_rows_than_they_are_judged_on() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(2_000) < 0.1).astype(np.int64)
    noise = rng.random(2_000) * 0.2
    metric = decided("matthews_corrcoef")
    judged = judged_prediction(metric, y, np.column_stack([1 - noise, noise]))
    assert metric.score(y, judged) < 0.06


@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "log_loss"])
def test_what_needs_no_threshold_is_left_as_it_is(name: str) -> None:
    y, p = make_probabilities(500)
    metric = resolve_metric(name, TaskKind.BINARY)
    assert judged_prediction(metric, y, p) is p


def test_the_constant_is_judged_by_its_best_label() -> None:
    y = np.repeat([0, 1], [80, 20])
    judged = judged_prediction(decided("f1"), y, np.tile([0.8, 0.2], (100, 1)))
    assert decided("f1").score(y, judged) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "name",
    [
        "accuracy",
        "balanced_accuracy",
        "f1_macro",
        "f1_micro",
        "f1_weighted",
        "precision_macro",
        "recall_macro",
        "jaccard_macro",
    ],
)
@pytest.mark.parametrize("n_classes", [2, 4])
def test_tables_score_like_rows(name: str, n_classes: int) -> None:
    rng = np.random.default_rng(1)
    y, said = rng.integers(n_classes, size=(2, 200))
    weights = rng.random(200)
    kind = TaskKind.BINARY if n_classes == 2 else TaskKind.MULTICLASS
    metric = resolve_metric(name, kind)
    table = np.bincount(y * n_classes + said, weights=weights, minlength=n_classes**2)
    found = score_tables(metric, table.reshape(1, n_classes, n_classes).astype(float))
    assert found[0] == pytest.approx(metric.score(y, np.eye(n_classes)[said], weights))


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("name", ["f1", "jaccard", "matthews_corrcoef", "recall"])
def test_tables_know_the_positive_class(name: str, positive: int) -> None:
    rng = np.random.default_rng(1)
    y, said = rng.integers(2, size=(2, 200))
    said[:60] = y[:60]
    metric = resolve_metric(name, TaskKind.BINARY, positive)
    table = np.bincount(y * 2 + said, minlength=4).reshape(1, 2, 2).astype(float)
    function = {
        "f1": sk.f1_score,
        "jaccard": sk.jaccard_score,
        "recall": sk.recall_score,
    }.get(name)
    expected = (
        sk.matthews_corrcoef(y, said) if function is None else function(y, said, pos_label=positive)
    )
    assert score_tables(metric, table)[0] == pytest.approx(expected)
