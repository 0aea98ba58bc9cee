"""Rare classes in folds: the first fold, which judges most trials, lacks none that it can have."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.row_metadata import RowMetadata
from metatune.data.splits.folds import Fold, each_class_first
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from metatune._typing import AnyArray, IndexArray


__all__ = ["with_rare_classes"]

_LEAST_ROWS = 2  # of a class: one to learn from, one to judge by


def with_rare_classes(
    folds: tuple[Fold, ...],
    y: "AnyArray",
    row_metadata: RowMetadata,
    is_defined: "Callable[[IndexArray], bool]",
) -> tuple[Fold, ...]:
    """Return folds whose first one validates every class that it can.

    Folds that lack nothing stay as they are. Rows that are free change places; of folds of groups
    the one with most classes comes first; blocks of time are merged until the metric is defined.

    Parameters
    ----------
    folds : tuple of Fold
        As dealt.
    y : ndarray of shape (n_rows,)
        Codes of the labels.
    row_metadata : RowMetadata
        Groups and times, which bind rows.
    is_defined : callable
        Whether the run's metric is defined on some rows.
    """
    y = np.asarray(y)
    if row_metadata.splits is not None:
        return folds
    if row_metadata.times is not None:
        return _merged(folds, y, is_defined)
    if row_metadata.groups is not None:
        return _richest_first(folds, y)
    return _exchanged(folds, y)


def _exchanged(folds: tuple[Fold, ...], y: "AnyArray") -> tuple[Fold, ...]:
    """Let rows of classes that the first fold lacks take the places of its largest class."""
    counts = np.bincount(y)
    lacking = np.setdiff1d(np.flatnonzero(counts >= _LEAST_ROWS), y[folds[0].valid])
    changed = list(folds)
    for c in lacking:
        held = np.bincount(y[changed[0].valid], minlength=len(counts))
        if held.max() < _LEAST_ROWS:
            break
        other = next(k for k, fold in enumerate(changed) if (y[fold.valid] == c).any())
        ours = changed[0].valid[y[changed[0].valid] == held.argmax()][-1]
        theirs = changed[other].valid[y[changed[other].valid] == c][0]
        changed[0] = _with_exchange(changed[0], ours, theirs, y)
        changed[other] = _with_exchange(changed[other], theirs, ours, y)
    return tuple(changed)


def _with_exchange(fold: Fold, out: int, new: int, y: "AnyArray") -> Fold:
    """Validate row `new` instead of row `out`, which takes its place among the training rows."""
    valid = np.sort(np.r_[fold.valid[fold.valid != out], new]).astype(np.intp)
    train = np.where(fold.train == new, out, fold.train)
    return Fold(train=each_class_first(train, y, TaskKind.MULTICLASS), valid=valid)


def _richest_first(folds: tuple[Fold, ...], y: "AnyArray") -> tuple[Fold, ...]:
    def n_learnable(fold: Fold) -> int:
        return len(np.intersect1d(y[fold.valid], y[fold.train]))

    richest = max(range(len(folds)), key=lambda k: (n_learnable(folds[k]), -k))
    return (folds[richest], *folds[:richest], *folds[richest + 1 :])


def _merged(
    folds: tuple[Fold, ...], y: "AnyArray", is_defined: "Callable[[IndexArray], bool]"
) -> tuple[Fold, ...]:
    """Merge blocks without a defined score with those before them; the newest comes first."""
    merged: list[Fold] = []
    waiting: Fold | None = None
    for block in folds:
        fold = block if waiting is None else _joined(waiting, block)
        waiting = None if is_defined(fold.valid) else fold
        if waiting is None:
            merged.append(fold)
    if waiting is None:
        return tuple(merged)
    if not merged:
        return (waiting,)
    last = _joined(merged[-1], waiting)
    # A block that nothing of a class comes before is better left out than learned without it.
    kept = last if len(np.unique(y[last.train])) > 1 else merged[-1]
    return (*merged[:-1], kept)


def _joined(newer: Fold, older: Fold) -> Fold:
    """Validate both, by models of rows that may learn for both."""
    train = older.train[np.isin(older.train, newer.train)]
    if not len(train):
        return newer
    return replace(older, train=train, valid=np.sort(np.r_[newer.valid, older.valid]))
