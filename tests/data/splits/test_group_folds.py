"""Folds of whole groups."""

import numpy as np
import pytest

from metatune.data.splits.group_folds import deal_groups


def test_no_group_is_split() -> None:
    rng = np.random.default_rng(0)
    groups, strata = rng.integers(0, 60, 500), rng.integers(0, 2, 500)
    folds = deal_groups(groups, strata, 5, seed=0)
    for group in np.unique(groups):
        assert len(set(folds[groups == group])) == 1


@pytest.mark.parametrize("n_groups", [60, 8_000])  # dealt one by one, and by the thousand
def test_folds_are_nearly_even_in_size_and_in_strata(n_groups: int) -> None:
    rng = np.random.default_rng(0)
    groups = np.sort(rng.integers(0, n_groups, 20 * n_groups))
    strata = (groups % 3 == 0).astype(np.int64)
    folds = deal_groups(groups, strata, 4, seed=0)
    sizes = np.bincount(folds)
    assert sizes.max() < 1.1 * sizes.min()
    shares = [strata[folds == fold].mean() for fold in range(4)]
    assert max(shares) - min(shares) < 0.05


def test_a_giant_group_fills_a_fold_of_its_own() -> None:
    groups = np.r_[np.zeros(50, dtype=np.int64), np.arange(1, 51)]
    folds = deal_groups(groups, np.zeros(100, dtype=np.int64), 2, seed=0)
    assert set(folds[:50]) != set(folds[50:])
    assert len(set(folds[50:])) == 1


def test_fewer_groups_than_folds_leave_folds_empty() -> None:
    groups = np.repeat([7, 9], 10)
    folds = deal_groups(groups, np.zeros(20, dtype=np.int64), 5, seed=0)
    assert len(set(folds)) == 2


def test_the_seed_decides_among_groups_of_the_same_size() -> None:
    groups, strata = np.repeat(np.arange(40), 5), np.zeros(200, dtype=np.int64)
    first, again, other = (deal_groups(groups, strata, 4, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
