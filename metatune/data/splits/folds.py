"""Folds and nested row subsamples.

By default rows are shuffled and stratified. Where rows belong to groups, groups are dealt out
whole; where rows have times, earlier rows are for training and later ones for validation.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.data.splits.given import JUDGED, LEARNED
from metatune.data.splits.group_folds import deal_groups
from metatune.data.splits.time_folds import MAX_BLOCKS, newest_first, time_blocks
from metatune.errors import OptionError
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from metatune._typing import AnyArray, IndexArray, IntArray


__all__ = ["Fold", "each_class_first", "inner_folds", "make_folds", "nested_order", "subsample"]

_LEFT_BY_GROUPS = 0.3  # of the earlier rows, at least, for a fold to be worth its name


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


def make_folds(
    y: "AnyArray", kind: TaskKind, n_folds: int, seed: int, row_metadata: RowMetadata = PLAIN
) -> tuple[Fold, ...]:
    """Split rows into folds, stratified by class (or by target quantile).

    Rows of a group are in the validation rows of the same fold, the only one that does not train
    on them. With times the folds are those of forward chaining over at most five blocks, the newest
    first: each trains on all rows before its own, and rows of the first block are never validated.
    With both, rows of the groups that a fold validates are taken out of its training rows. Splits
    of the user are taken as they are.

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
    row_metadata : RowMetadata
        Groups and times, if there are any.

    Returns
    -------
    tuple of Fold
        Without times, every row is in `valid` of exactly one fold. A class with fewer rows than
        folds is in the training rows of most folds; one with a single row is missing from one.
        There are fewer folds than asked for where there are fewer groups or instants.

    Raises
    ------
    OptionError
        If groups or times leave no row to train on or to validate.
    """
    if row_metadata.splits is not None:
        return _given_folds(y, kind, seed, row_metadata.splits)
    if row_metadata.times is not None:
        return _time_folds(y, kind, n_folds, seed, row_metadata)
    if row_metadata.groups is not None:
        return _group_folds(y, kind, n_folds, seed, row_metadata.groups)
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


def inner_folds(
    y: "AnyArray", kind: TaskKind, n_folds: int, seed: int, row_metadata: RowMetadata = PLAIN
) -> tuple[Fold, ...]:
    """Split training rows so that every row is held out once, for cross-fitting within a model.

    Rows that resemble each other stay together: groups are dealt out whole, and rows that follow
    each other in time are held out in one block. Where that is impossible, because there is a
    single group or instant, they are split as if nothing were known.
    """
    if row_metadata.groups is not None and _differ(row_metadata.groups):
        return _group_folds(y, kind, n_folds, seed, row_metadata.groups)
    if (
        row_metadata.groups is None
        and row_metadata.times is not None
        and _differ(row_metadata.times)
    ):
        blocks = time_blocks(row_metadata.times, max(1, n_folds - 1))
        return _folds_of(blocks, nested_order(y, kind, seed))
    return make_folds(y, kind, n_folds, seed)


def nested_order(y: "AnyArray", kind: TaskKind, seed: int) -> "IndexArray":
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


def _given_folds(y: "AnyArray", kind: TaskKind, seed: int, splits: "IntArray") -> tuple[Fold, ...]:
    order = nested_order(y, kind, seed)
    return tuple(
        Fold(train=order[column[order] == LEARNED], valid=np.flatnonzero(column == JUDGED))
        for column in splits.T
        if (column == LEARNED).any() and (column == JUDGED).any()
    )


def _group_folds(
    y: "AnyArray", kind: TaskKind, n_folds: int, seed: int, groups: "IntArray"
) -> tuple[Fold, ...]:
    if not _differ(groups):
        raise OptionError("all rows belong to the same group: at least two groups are needed")
    fold_of = deal_groups(groups, _strata(y, kind), n_folds, seed + 1)
    return _folds_of(fold_of, nested_order(y, kind, seed))


def _folds_of(fold_of: "AnyArray", order: "IndexArray") -> tuple[Fold, ...]:
    return tuple(
        Fold(train=order[fold_of[order] != k], valid=np.flatnonzero(fold_of == k))
        for k in np.unique(fold_of)
    )


def _time_folds(
    y: "AnyArray", kind: TaskKind, n_folds: int, seed: int, row_metadata: RowMetadata
) -> tuple[Fold, ...]:
    assert row_metadata.times is not None
    blocks = time_blocks(row_metadata.times, min(n_folds, MAX_BLOCKS))
    if not blocks.any():
        raise OptionError("all rows have the same time: at least two instants are needed")
    order = newest_first(row_metadata.times, seed)
    folds = []
    for block in range(int(blocks.max()), 0, -1):
        valid = np.flatnonzero(blocks == block)
        earlier = blocks < block
        trains = earlier
        if row_metadata.groups is not None:
            trains = earlier & ~np.isin(row_metadata.groups, row_metadata.groups[valid])
        if trains.sum() >= _LEFT_BY_GROUPS * earlier.sum():
            folds.append(Fold(train=each_class_first(order[trains[order]], y, kind), valid=valid))
    if not folds:
        raise OptionError(
            "groups recur all along the time, so that hardly any earlier row is of another group "
            "than those to be validated: give either groups or times"
        )
    return tuple(folds)


def each_class_first(order: "IndexArray", y: "AnyArray", kind: TaskKind) -> "IndexArray":
    """Move the first row of every class to the front, so that short prefixes lack no class."""
    if not kind.is_classification:
        return order
    first = np.zeros(len(order), dtype=bool)
    first[np.unique(y[order], return_index=True)[1]] = True
    return np.concatenate([order[first], order[~first]])


def _differ(codes: "IntArray") -> bool:
    return len(codes) > 0 and bool((codes != codes[0]).any())


def _strata(y: "AnyArray", kind: TaskKind) -> "IntArray":
    if kind.is_classification:
        return np.asarray(y, dtype=np.int64)
    n_bins = max(1, min(10, len(y) // 10))
    rank = np.argsort(np.argsort(y, kind="stable"), kind="stable")
    return (rank * n_bins // max(1, len(y))).astype(np.int64)
