"""Rare classes in the first fold, where they can be."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from metatune._typing import IndexArray
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.data.splits.folds import make_folds
from metatune.data.splits.rare_classes import with_rare_classes
from metatune.evaluation.trial_data import TrialData
from metatune.kinds import TaskKind


def two_classes(y: np.ndarray) -> Callable[[IndexArray], bool]:
    return lambda rows: len(np.unique(y[rows])) > 1


@pytest.mark.parametrize("n_rows", range(96, 106))
@pytest.mark.parametrize("n_rare", [2, 3, 4])
def test_the_first_fold_validates_every_class(n_rows: int, n_rare: int) -> None:
    y = np.zeros(n_rows, dtype=np.int64)
    y[:n_rare] = 1
    dealt = make_folds(y, TaskKind.BINARY, 5, 0)
    folds = with_rare_classes(dealt, y, PLAIN, two_classes(y))
    assert 1 in y[folds[0].valid]
    assert 1 in y[folds[0].train]
    assert [len(fold.valid) for fold in folds] == [len(fold.valid) for fold in dealt]
    assert sorted(np.concatenate([fold.valid for fold in folds])) == list(range(n_rows))
    for before, fold in zip(dealt, folds, strict=True):
        assert sorted(np.r_[fold.train, fold.valid]) == list(range(n_rows))
        if fold is not before:  # no short prefix lacks a class
            assert set(y[fold.train[:2]]) == set(y[fold.train])


def test_several_rare_classes_find_room() -> None:
    y = np.r_[np.zeros(60, np.int64), np.repeat(np.arange(1, 9), 2)]
    folds = with_rare_classes(make_folds(y, TaskKind.MULTICLASS, 5, 0), y, PLAIN, two_classes(y))
    assert set(y[folds[0].valid]) == set(range(9))


def test_folds_that_lack_nothing_stay_as_they_are() -> None:
    y = np.arange(100) % 3
    dealt = make_folds(y, TaskKind.MULTICLASS, 5, 0)
    for before, after in zip(
        dealt, with_rare_classes(dealt, y, PLAIN, two_classes(y)), strict=True
    ):
        assert before is after


def test_a_class_of_one_row_is_left_where_it_is() -> None:
    y = np.r_[np.zeros(50, np.int64), np.ones(50, np.int64), 2]
    dealt = make_folds(y, TaskKind.MULTICLASS, 5, 0)
    assert with_rare_classes(dealt, y, PLAIN, two_classes(y)) == dealt


def test_the_richest_fold_of_groups_comes_first() -> None:
    y = np.zeros(100, np.int64)
    groups = np.arange(100) // 10
    y[[31, 32, 71]] = 1  # two groups
    told = RowMetadata(groups=groups)
    folds = with_rare_classes(make_folds(y, TaskKind.BINARY, 5, 0, told), y, told, two_classes(y))
    assert 1 in y[folds[0].valid]
    assert 1 in y[folds[0].train]


@pytest.mark.parametrize("last", [60, 90, 99])
def test_blocks_of_time_are_merged_until_the_score_is_defined(last: int) -> None:
    y = np.zeros(100, np.int64)
    y[[5, 20, last - 1, last]] = 1
    told = RowMetadata(times=np.arange(100))
    folds = with_rare_classes(make_folds(y, TaskKind.BINARY, 5, 0, told), y, told, two_classes(y))
    assert all(len(np.unique(y[fold.valid])) == 2 for fold in folds)
    assert all(fold.train.max() < fold.valid.min() for fold in folds)


def make_data(y: np.ndarray, metric: str, told: RowMetadata, **how: Any) -> TrialData:
    task = EncodedTask(
        X=np.arange(len(y), dtype=np.float64)[:, None],
        y=y,
        layout=Layout(names=("x",), n_levels=(0,)),
        kind=TaskKind.BINARY,
        n_classes=2,
    )
    return TrialData.make(task, (metric,), seed=0, row_metadata=told, **how)


def test_metrics_that_are_defined_anyway_merge_nothing() -> None:
    y = np.zeros(100, np.int64)
    y[[5, 20, 60]] = 1
    told = RowMetadata(times=np.arange(100))
    assert len(make_data(y, "log_loss", told).folds) > len(make_data(y, "roc_auc", told).folds)


def test_evaluations_of_the_meta_dataset_keep_their_folds() -> None:
    y = np.zeros(1000, np.int64)
    y[[5, 20, 60]] = 1
    data = make_data(y, "roc_auc", PLAIN, n_folds=5)
    for fold, dealt in zip(data.folds, make_folds(y, TaskKind.BINARY, 5, 0), strict=True):
        np.testing.assert_array_equal(fold.valid, dealt.valid)
