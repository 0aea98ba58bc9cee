"""Splits along time: earlier rows for training, later rows for validation."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import IndexArray, IntArray


__all__ = ["MAX_BLOCKS", "newest_first", "time_blocks"]

MAX_BLOCKS = 5
"""Maximum number of validated blocks: with more, the first would have too few training rows."""

_FIRST = 2  # the first block, which only trains, is so many times as large as the others


def time_blocks(times: "IntArray", n_blocks: int) -> "IntArray":
    """Cut rows into consecutive blocks of nearly the same size; equal times stay together.

    Parameters
    ----------
    times : ndarray of shape (n_rows,)
        Ranks of instants.
    n_blocks : int
        Blocks wanted after the first one, which is twice as large as the others.

    Returns
    -------
    ndarray of shape (n_rows,)
        0 for the first block, 1, 2, ... for those after it. There are fewer blocks than wanted
        where too many times are equal, and none after the first where all are.
    """
    ordered = np.sort(times)
    cuts = np.flatnonzero(np.diff(ordered)) + 1  # rows before a change of time
    if not len(cuts):
        return np.zeros(len(times), dtype=np.int64)
    wanted = len(times) * (_FIRST + np.arange(n_blocks)) / (_FIRST + n_blocks)
    nearest = np.unique(cuts[np.abs(cuts[:, None] - wanted[None, :]).argmin(axis=0)])
    return np.searchsorted(ordered[nearest], times, side="right").astype(np.int64)


def newest_first(times: "IntArray", seed: int) -> "IndexArray":
    """Order rows from the newest to the oldest, those of the same time at random."""
    return np.lexsort((np.random.default_rng(seed).random(len(times)), -times)).astype(np.intp)
