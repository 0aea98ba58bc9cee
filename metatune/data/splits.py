"""Folds and nested row subsamples."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    IndexArray = NDArray[np.intp]

__all__ = ["Fold", "make_folds", "nested_order", "subsample"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """Row positions of one fold.

    Attributes
    ----------
    train : ndarray of shape (n_train,), intp
        In nested order: every prefix is a (stratified) sample of the whole.
    valid : ndarray of shape (n_valid,), intp
        Ascending.
    """

    train: "IndexArray"
    valid: "IndexArray"


def make_folds(y: "NDArray[Any]", kind: TaskKind, n_folds: int, seed: int) -> tuple[Fold, ...]:
    """Split rows into folds, stratified by class (or by target quantile).

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Encoded labels or target values.
    kind : TaskKind
        What is predicted.
    n_folds : int
        At least 2 and at most n_rows.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    tuple of Fold
        Every row is in `valid` of exactly one fold. A class with fewer rows than folds is in the
        training rows of most folds; one with a single row is missing from one.
    """
    order = nested_order(y, kind, seed)
    strata = _strata(y, kind)
    rng = np.random.default_rng(seed + 1)
    assigned = np.empty(len(y), dtype=np.intp)
    start = 0
    # Dealing the rows of each stratum out like cards, each stratum going on where the one before
    # stopped, keeps both the strata and the fold sizes balanced; it works for single-row classes.
    for stratum in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        assigned[members] = (start + np.arange(len(members))) % n_folds
        start += len(members)
    return tuple(
        Fold(train=order[assigned[order] != k], valid=np.flatnonzero(assigned == k))
        for k in range(n_folds)
    )


def nested_order(y: "NDArray[Any]", kind: TaskKind, seed: int) -> "IndexArray":
    """Order rows so that every prefix is a stratified sample.

    Returns
    -------
    ndarray of shape (n_rows,), intp
        Row positions. One row of every class comes first, so that no prefix of at least n_classes
        rows lacks a class.
    """
    rng = np.random.default_rng(seed)
    strata = _strata(y, kind)
    place = np.empty(len(y), dtype=np.float64)
    for stratum in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        place[members] = (np.arange(len(members)) + rng.random()) / len(members)
        if kind.is_classification:
            place[members[0]] = -1.0
    return np.lexsort((rng.random(len(y)), place)).astype(np.intp)


def subsample(fold: Fold, row_share: float, n_classes: int = 0) -> "IndexArray":
    """Return the training rows of a fold at a row share, ascending; smaller shares nest."""
    n_rows = max(round(len(fold.train) * row_share), min(len(fold.train), max(10, n_classes)))
    return np.sort(fold.train[:n_rows])


def _strata(y: "NDArray[Any]", kind: TaskKind) -> "NDArray[np.int64]":
    if kind.is_classification:
        return np.asarray(y, dtype=np.int64)
    n_bins = max(1, min(10, len(y) // 10))
    rank = np.argsort(np.argsort(y, kind="stable"), kind="stable")
    return (rank * n_bins // max(1, len(y))).astype(np.int64)
