"""Folds that keep groups of rows together."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import IndexArray, IntArray


__all__ = ["deal_groups"]

_CAREFULLY = 5_000  # groups that are dealt one by one; so many balance the rest as well


def deal_groups(groups: "IntArray", strata: "IntArray", n_folds: int, seed: int) -> "IndexArray":
    """Deal whole groups out to folds of nearly the same size and nearly the same strata.

    The largest groups come first; each goes where what it brings is scarce (the greedy idea of
    scikit-learn's ``StratifiedGroupKFold``). The many small groups of a long tail are dealt like
    cards, group by group of the same main stratum.

    Parameters
    ----------
    groups : ndarray of shape (n_rows,)
        Codes of any kind.
    strata : ndarray of shape (n_rows,)
        Codes 0, 1, ... of what the folds are to share out evenly.
    n_folds : int
        At least 2.
    seed : int
        Seed of the order of groups of the same size.

    Returns
    -------
    ndarray of shape (n_rows,)
        Fold of each row, the same for all rows of a group. Folds stay empty where there are fewer
        groups than folds.
    """
    codes = np.unique(groups, return_inverse=True)[1]
    n_groups, n_strata = int(codes.max()) + 1, int(strata.max()) + 1
    counts = np.bincount(codes * n_strata + strata, minlength=n_groups * n_strata)
    counts = counts.reshape(n_groups, n_strata).astype(np.float64)
    sizes = counts.sum(axis=1)
    order = np.lexsort((np.random.default_rng(seed).random(n_groups), -sizes))
    fold_of = np.empty(n_groups, dtype=np.intp)
    # A column for the number of rows makes the folds even in size as well.
    parts = np.column_stack([counts, sizes]) / np.maximum(1.0, [*counts.sum(axis=0), sizes.sum()])
    held = np.zeros((n_folds, n_strata + 1))
    for group in order[:_CAREFULLY]:
        fold = int(np.argmin(held @ parts[group]))
        fold_of[group] = fold
        held[fold] += parts[group]
    rest = order[_CAREFULLY:]
    rest = rest[np.argsort(counts[rest].argmax(axis=1), kind="stable")]
    fold_of[rest] = np.arange(len(rest)) % n_folds
    return np.asarray(fold_of[codes])
