"""Pareto front of points with several losses: who is dominated, the order by it, and the knee.

Less is better in every column; all numbers are finite.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import BoolArray, FloatArray, IndexArray

__all__ = ["crowding_distances", "domination_ranks", "knee_point", "non_dominated"]

_TIE = 1e-9  # of the normalised distance


def non_dominated(losses: "FloatArray") -> "BoolArray":
    """Return which points no other one dominates: is as good in everything and better in something.

    Parameters
    ----------
    losses : ndarray of shape (n_points, n_objectives)
        Finite; less is better.

    Returns
    -------
    ndarray of bool, shape (n_points,)
        Equal points do not dominate each other.
    """
    losses = np.asarray(losses, dtype=np.float64)
    no_worse = np.ones((len(losses), len(losses)), dtype=bool)
    for column in losses.T:  # many times quicker than all columns at once
        no_worse &= column[:, None] <= column
    # Who is no worse and not equal is better in something.
    return np.asarray(~(no_worse & ~no_worse.T).any(axis=0))


def domination_ranks(losses: "FloatArray") -> "IndexArray":
    """Return the rank of each point by repeatedly taking away those that nobody dominates.

    Non-dominated sorting (Deb et al. 2002, "A fast and elitist multiobjective genetic algorithm").

    Parameters
    ----------
    losses : ndarray of shape (n_points, n_objectives)
        Finite; less is better.

    Returns
    -------
    ndarray of int, shape (n_points,)
        0 for the front.
    """
    losses = np.asarray(losses, dtype=np.float64)
    ranks = np.zeros(len(losses), dtype=np.intp)
    left = np.arange(len(losses))
    rank = 0
    while len(left):
        first = non_dominated(losses[left])
        ranks[left[first]] = rank
        left, rank = left[~first], rank + 1
    return ranks


def crowding_distances(losses: "FloatArray") -> "FloatArray":
    """Return how far the neighbours of each point lie apart (Deb et al. 2002).

    Parameters
    ----------
    losses : ndarray of shape (n_points, n_objectives)
        Points of one front.

    Returns
    -------
    ndarray of shape (n_points,)
        Sum over the objectives of the distance between both neighbours, in units of the range;
        infinite for the ends.
    """
    losses = np.asarray(losses, dtype=np.float64)
    distances = np.zeros(len(losses))
    for column in losses.T:
        order = np.argsort(column, kind="stable")
        ordered = column[order]
        width = ordered[-1] - ordered[0] if len(ordered) else 0.0
        if width <= 0.0:
            continue  # nothing tells the points apart
        apart = np.full(len(ordered), np.inf)
        apart[1:-1] = (ordered[2:] - ordered[:-2]) / width
        distances[order] += apart
    return distances


def knee_point(losses: "FloatArray") -> int:
    """Return the point of a front where improving one objective begins to cost most of another.

    Each objective is brought to [0, 1] by its range on the front. Of two objectives the knee is the
    point that lies farthest from the straight line between the two ends of the front, on the side
    of the better points (Das 1999, "On characterizing the knee of the Pareto curve based on
    normal-boundary intersection"). Of more it is the one farthest from the plane on which the
    normalised objectives add up to 1.

    Parameters
    ----------
    losses : ndarray of shape (n_points, n_objectives)
        Points of a front, at least one; an objective in which all are equal does not count.

    Returns
    -------
    int
        Position of the knee. Where several lie equally far, as on a straight front or one of two
        points, that which is best in the first objective, then in the next.

    Raises
    ------
    ValueError
        If there is no point.
    """
    losses = np.asarray(losses, dtype=np.float64)
    if not len(losses):
        raise ValueError("a front without points has no knee")
    low = losses.min(axis=0)
    width = losses.max(axis=0) - low
    told = width > 0.0
    scaled = (losses[:, told] - low[told]) / width[told]
    sums = scaled.sum(axis=1)
    nearest = np.flatnonzero(sums <= sums.min() + _TIE)
    order = np.lexsort(losses[nearest].T[::-1])
    return int(nearest[order[0]])
