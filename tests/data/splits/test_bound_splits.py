"""Splits that keep groups together and respect the order of time."""

from itertools import pairwise

import numpy as np
import pytest

from metatune.data.row_metadata import RowMetadata
from metatune.data.splits.folds import inner_folds, make_folds, subsample
from metatune.data.splits.time_folds import time_blocks
from metatune.errors import OptionError
from metatune.kinds import TaskKind

RNG = np.random.default_rng(0)
N = 600
LABELS = RNG.choice(3, p=[0.7, 0.25, 0.05], size=N)
VALUES = RNG.normal(size=N)
GROUPS = RNG.integers(0, 60, size=N)
TIMES = RNG.integers(0, 80, size=N)
BINARY, MULTICLASS, REGRESSION = TaskKind.BINARY, TaskKind.MULTICLASS, TaskKind.REGRESSION
BOTH = pytest.mark.parametrize(("y", "kind"), [(LABELS, MULTICLASS), (VALUES, REGRESSION)])


@BOTH
def test_groups_never_stand_on_both_sides(y: np.ndarray, kind: TaskKind) -> None:
    folds = make_folds(y, kind, 5, 3, RowMetadata(groups=GROUPS))
    assert sorted(np.concatenate([fold.valid for fold in folds])) == list(range(N))
    for fold in folds:
        assert not set(GROUPS[fold.train]) & set(GROUPS[fold.valid])
        assert sorted([*fold.train, *fold.valid]) == list(range(N))
        assert abs(len(fold.valid) - N / 5) < 10


def test_folds_of_groups_are_stratified() -> None:
    for fold in make_folds(LABELS, MULTICLASS, 5, 0, RowMetadata(groups=GROUPS)):
        counts = np.bincount(LABELS[fold.valid], minlength=3)
        assert np.abs(counts - np.bincount(LABELS) / 5).max() < 8


def test_groups_of_one_class_each_are_shared_out() -> None:
    groups = np.arange(N) // 10
    y = (groups % 4 == 0).astype(np.int64)
    for fold in make_folds(y, BINARY, 5, 0, RowMetadata(groups=groups)):
        assert y[fold.valid].sum() == 30
        assert len(fold.valid) == 120


def test_a_large_group_has_a_fold_of_its_own() -> None:
    groups = np.where(np.arange(N) < 300, 0, GROUPS + 1)
    sizes = sorted(
        len(f.valid) for f in make_folds(VALUES, REGRESSION, 3, 0, RowMetadata(groups=groups))
    )
    assert sizes[-1] == 300
    assert min(sizes) > 130


def test_many_small_groups_are_dealt_evenly() -> None:
    groups = np.repeat(np.arange(20_000), 2)
    y = np.random.default_rng(1).integers(0, 2, 20_000).repeat(2)
    for fold in make_folds(y, BINARY, 4, 0, RowMetadata(groups=groups)):
        assert abs(len(fold.valid) - 10_000) <= 50
        assert abs(y[fold.valid].mean() - y.mean()) < 0.01


def test_fewer_groups_than_folds_make_fewer_folds() -> None:
    folds = make_folds(VALUES, REGRESSION, 8, 0, RowMetadata(groups=np.arange(N) % 3))
    assert len(folds) == 3
    with pytest.raises(OptionError, match="same group"):
        make_folds(VALUES, REGRESSION, 8, 0, RowMetadata(groups=np.zeros(N, dtype=np.int64)))


@BOTH
def test_the_past_trains_and_the_next_block_is_validated(y: np.ndarray, kind: TaskKind) -> None:
    folds = make_folds(y, kind, 4, 3, RowMetadata(times=TIMES))
    assert len(folds) == 4
    for fold in folds:
        assert TIMES[fold.train].max() < TIMES[fold.valid].min()
        assert set(fold.train) == set(np.flatnonzero(TIMES[fold.valid].min() > TIMES))
    for newer, older in pairwise(folds):
        assert TIMES[older.valid].max() < TIMES[newer.valid].min()
        assert set(older.train) | set(older.valid) == set(newer.train)
    validated = np.concatenate([fold.valid for fold in folds])
    assert len(set(validated)) == len(validated) == pytest.approx(N * 4 / 6, abs=20)


def test_subsamples_along_time_nest_and_keep_the_newest_rows() -> None:
    fold = make_folds(VALUES, REGRESSION, 4, 0, RowMetadata(times=TIMES))[0]
    small, large = subsample(fold, 1 / 9), subsample(fold, 1 / 3)
    assert set(small) < set(large) < set(fold.train)
    assert TIMES[large].min() >= np.sort(TIMES[fold.train])[-len(large)]


def test_subsamples_along_time_hold_every_class() -> None:
    labels = np.where(np.arange(N) < 5, 2, LABELS % 2)
    fold = make_folds(labels, MULTICLASS, 4, 0, RowMetadata(times=np.arange(N)))[0]
    assert set(labels[subsample(fold, 0.03, 3)]) == {0, 1, 2}


def test_equal_times_stay_together() -> None:
    times = np.repeat([3, 5, 9], [100, 400, 100])
    blocks = time_blocks(times, 5)
    assert [len(set(blocks[times == t])) for t in (3, 5, 9)] == [1, 1, 1]
    assert len(make_folds(VALUES, REGRESSION, 5, 0, RowMetadata(times=times))) == 2
    with pytest.raises(OptionError, match="same time"):
        make_folds(VALUES, REGRESSION, 5, 0, RowMetadata(times=np.zeros(N, dtype=np.int64)))


def test_groups_and_times_together_respect_both() -> None:
    groups = np.minimum(TIMES // 2, 30)
    folds = make_folds(VALUES, REGRESSION, 4, 0, RowMetadata(times=TIMES, groups=groups))
    assert folds
    for fold in folds:
        assert TIMES[fold.train].max() < TIMES[fold.valid].min()
        assert not set(groups[fold.train]) & set(groups[fold.valid])
    with pytest.raises(OptionError, match="either groups or times"):
        make_folds(VALUES, REGRESSION, 4, 0, RowMetadata(times=TIMES, groups=np.arange(N) % 2))


@pytest.mark.parametrize("row_metadata", [RowMetadata(groups=GROUPS), RowMetadata(times=TIMES)])
def test_inner_folds_hold_every_row_out_once(row_metadata: RowMetadata) -> None:
    folds = inner_folds(LABELS, MULTICLASS, 3, 0, row_metadata)
    assert sorted(np.concatenate([fold.valid for fold in folds])) == list(range(N))
    bound = row_metadata.groups if row_metadata.groups is not None else row_metadata.times
    assert bound is not None
    assert all(not set(bound[fold.train]) & set(bound[fold.valid]) for fold in folds)


@pytest.mark.parametrize("alike", [np.zeros(N, dtype=np.int64)])
def test_inner_folds_do_not_fail_for_a_single_group_or_instant(alike: np.ndarray) -> None:
    plain = inner_folds(LABELS, MULTICLASS, 3, 0)
    for row_metadata in (RowMetadata(groups=alike), RowMetadata(times=alike)):
        same = inner_folds(LABELS, MULTICLASS, 3, 0, row_metadata)
        assert all(np.array_equal(a.valid, b.valid) for a, b in zip(plain, same, strict=True))


def test_folds_follow_the_seed() -> None:
    row_metadata = RowMetadata(groups=GROUPS)
    one, two, other = (make_folds(VALUES, REGRESSION, 4, s, row_metadata)[0] for s in (1, 1, 2))
    assert np.array_equal(one.valid, two.valid)
    assert not np.array_equal(one.valid, other.valid)
