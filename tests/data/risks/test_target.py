"""Targets that hardly vary, and metrics by which a constant looks good, are told."""

from typing import Any

import numpy as np
import pandas as pd

from metatune.data.risks.target import (
    find_constant_target,
    find_spellings,
    find_unfit_metric,
)
from metatune.data.task.make_task import make_task
from metatune.data.task.task import Task


def task(y: "np.ndarray", **how: Any) -> Task:
    x = np.random.default_rng(0).normal(size=len(y))
    return make_task(pd.DataFrame({"x": x, "y": y}), target="y", **how)


def labels(n_rare: int, n_rows: int = 500) -> "np.ndarray":
    return np.array(["rare"] * n_rare + ["usual"] * (n_rows - n_rare))


def test_a_target_of_one_value_is_told() -> None:
    values = np.random.default_rng(0).normal(size=500)
    (found,) = find_constant_target(
        task(np.where(np.arange(500) < 15, values, 0.0), task="regression")
    )
    assert "the same value in 485 of 500 rows" in found.text
    assert (
        find_constant_target(task(np.where(np.arange(500) < 100, values, 0.0), task="regression"))
        == []
    )
    assert find_constant_target(task(values)) == []


def test_a_target_that_varies_in_its_last_digits_is_told() -> None:
    values = np.random.default_rng(0).uniform(size=500)
    (found,) = find_constant_target(task(1e9 + values))
    assert "hardly varies" in found.text


def test_a_class_of_a_few_rows_is_told() -> None:
    (found,) = find_constant_target(task(labels(4)))
    assert "in 4 of 500 rows only" in found.text
    assert find_constant_target(task(labels(50))) == []


def test_accuracy_hardly_fits_a_rare_class() -> None:
    (found,) = find_unfit_metric(task(labels(10), metric="accuracy"))
    assert "right in 98.0% of the rows" in found.text
    assert "balanced_accuracy" in found.text
    assert find_unfit_metric(task(labels(10))) == []  # by roc_auc a constant is worth nothing
    assert find_unfit_metric(task(labels(10), metric="balanced_accuracy")) == []
    assert find_unfit_metric(task(labels(200), metric="accuracy")) == []


def test_classes_that_differ_in_spelling_alone_are_told() -> None:
    (found,) = find_spellings(task(np.array(["No", "yes", "NO", "YES", "maybe"] * 20)))
    assert "'NO', 'No'; 'YES', 'yes'" in found.text
    (found,) = find_spellings(task(np.array(["New York", "new_york", "Rome"] * 20)))
    assert "'New York', 'new_york'" in found.text
    many = [word + ending for word in "abcde" for ending in ("", "x")]
    (found,) = find_spellings(task(np.array([*many, *map(str.upper, many)] * 10)))
    assert "and 7 more" in found.text


def test_grades_numbers_and_other_classes_are_not_spelled_alike() -> None:
    for classes in (["A+", "A", "A-"], ["1", "2", "10"], ["yes", "no"], ["a b", "ab"]):
        assert find_spellings(task(np.array(classes * 20))) == []
    assert find_spellings(task(np.arange(60.0))) == []
