"""The positive class: named, or found as scikit-learn finds it, or the rarer one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.metrics import choose_metric, resolve_metric
from metatune.metrics.positive import find_positive


@pytest.mark.parametrize(
    ("labels", "counts", "label", "is_guess"),
    [
        ([0, 1], [3, 9], "1", False),
        ([1, 2], [9, 3], "1", False),
        ([-1, 1], [3, 9], "1", False),
        ([0.5, 1.0], [3, 9], "1.0", False),
        ([False, True], [3, 9], "True", False),
        (["0", "1"], [3, 9], "1", False),
        (["00", "01"], [9, 3], "01", True),
        (["False", "True"], [3, 9], "True", False),
        (["bad", "good"], [3, 9], "bad", True),
        (["bad", "good"], [9, 3], "good", True),
        (["bad", "good"], [5, 5], "good", True),
        (["1", "none"], [9, 3], "none", True),
        ([2, 4], [9, 3], "4", True),
        ([0, 2], [3, 9], "0", True),
    ],
)
def test_without_a_word(labels: list[Any], counts: list[int], label: str, is_guess: bool) -> None:
    found = find_positive(np.array(labels), np.array(counts))
    assert (found.label, found.is_guess) == (label, is_guess)


@pytest.mark.parametrize(
    ("labels", "given", "code"),
    [
        (["bad", "good"], "good", 1),
        (["bad", "good"], " Bad ", 0),
        ([1, 2], "2", 1),
        ([1, 2], 2, 1),
        ([1, 2], np.int64(1), 0),
        ([1.0, 2.0], "2", 1),
        ([False, True], "false", 0),
        ([False, True], True, 1),
        (["a", "A"], "A", 1),
        (["yes", "no"], "no", 1),
    ],
)
def test_named(labels: list[Any], given: object, code: int) -> None:
    found = find_positive(np.array(labels), np.array([5, 5]), given)
    assert (found.code, found.is_guess) == (code, False)


@pytest.mark.parametrize("given", ["ugly", "", 3, None.__class__])
def test_a_label_that_is_none_of_them(given: object) -> None:
    with pytest.raises(OptionError, match="use 'bad' or 'good'"):
        find_positive(np.array(["bad", "good"]), np.array([5, 5]), given)


def test_only_two_classes_have_a_positive_one() -> None:
    y = np.arange(9) % 3
    with pytest.raises(OptionError, match="one of two classes"):
        choose_metric(None, TaskKind.MULTICLASS, y, np.array(list("abc")), positive="a")
    with pytest.raises(OptionError, match="one of two classes"):
        choose_metric(None, TaskKind.REGRESSION, y * 1.0, None, positive="a")


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("f1", sk.f1_score),
        ("recall", sk.recall_score),
        ("precision", sk.precision_score),
        ("jaccard", sk.jaccard_score),
    ],
)
def test_metrics_of_labels_are_those_of_the_positive_class(
    name: str, function: Callable[..., float], positive: int
) -> None:
    rng = np.random.default_rng(0)
    y, p = (rng.random(80) < 0.3).astype(int), rng.dirichlet([2, 1], 80)
    metric = resolve_metric(name, TaskKind.BINARY, positive)
    assert metric.is_sided
    assert metric.score(y, p) == pytest.approx(function(y, p.argmax(1), pos_label=positive))


@pytest.mark.parametrize("positive", [0, 1])
def test_average_precision_is_that_of_the_positive_class(positive: int) -> None:
    rng = np.random.default_rng(0)
    y, p = (rng.random(80) < 0.3).astype(int), rng.dirichlet([2, 1], 80)
    metric = resolve_metric("average_precision", TaskKind.BINARY, positive)
    expected = sk.average_precision_score(y == positive, p[:, positive])
    assert metric.score(y, p) == pytest.approx(expected)


@pytest.mark.parametrize(
    "name", ["roc_auc", "log_loss", "accuracy", "balanced_accuracy", "neg_log_loss", "f1_macro"]
)
def test_other_metrics_do_not_depend_on_it(name: str) -> None:
    rng = np.random.default_rng(0)
    y, p = (rng.random(80) < 0.3).astype(int), rng.dirichlet([2, 1], 80)
    both = [resolve_metric(name, TaskKind.BINARY, positive) for positive in (0, 1)]
    assert both[0].score(y, p) == both[1].score(y, p)
    assert not both[0].is_sided


def test_rows_without_the_positive_class_have_no_score() -> None:
    y, p = np.zeros(6, dtype=int), np.tile([0.7, 0.3], (6, 1))
    for name in ("f1", "recall", "average_precision"):
        metric = resolve_metric(name, TaskKind.BINARY)
        assert np.isnan(metric.score(y, p))
        assert "one class only" in metric.reason(y, p)
