"""Regret after so many evaluations, and after so much time."""

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.recommenders.matrix import MAX_REGRET

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.intp]

__all__ = [
    "EVALUATIONS",
    "N_EVALUATIONS",
    "TIMES",
    "TIME_GRID",
    "after_evaluations",
    "best_so_far",
    "over_time",
]

EVALUATIONS = (1, 2, 4, 8, 16, 32, 64)
"""Evaluations at which tables show the regret."""

N_EVALUATIONS = EVALUATIONS[-1]

TIMES = (0.3, 1.0, 3.0, 10.0, 30.0)
"""Times at which tables show the regret, in run times of the dataset's median configuration."""

TIME_GRID: "FloatArray" = np.union1d(np.geomspace(0.05, 25.0, 40), TIMES)
"""Times at which curves are kept; holds `TIMES` exactly."""


def after_evaluations(loss: "FloatArray", regret: "FloatArray", tried: "IntArray") -> "FloatArray":
    """Return the regret of the best one after each of the first evaluations.

    Parameters
    ----------
    loss, regret : ndarray of shape (n_configurations,)
        Of one dataset: by which the best is chosen, and by which it is judged.
    tried : ndarray of shape (n_tried,)
        Columns in the order in which they were evaluated.

    Returns
    -------
    ndarray of shape (N_EVALUATIONS,)
        The last value is repeated where fewer configurations exist.
    """
    best = regret[best_so_far(loss, tried)][:N_EVALUATIONS]
    return np.asarray(np.pad(best, (0, N_EVALUATIONS - len(best)), mode="edge"))


def over_time(
    loss: "FloatArray", regret: "FloatArray", seconds: "FloatArray", tried: "IntArray"
) -> "FloatArray":
    """Return the regret of the best one that has finished by each time.

    Parameters
    ----------
    loss, regret, seconds : ndarray of shape (n_configurations,)
        Of one dataset: by which the best is chosen, by which it is judged, and what it takes.
    tried : ndarray of shape (n_tried,)
        Columns in the order in which they were evaluated.

    Returns
    -------
    ndarray of shape (len(TIME_GRID),)
        `MAX_REGRET` where nothing has finished.
    """
    finished = np.cumsum(seconds[tried])
    best = np.concatenate([[MAX_REGRET], regret[best_so_far(loss, tried)]])
    done = np.searchsorted(finished, TIME_GRID * np.median(seconds), side="right")
    return np.asarray(best[done])


def best_so_far(loss: "FloatArray", tried: "IntArray") -> "IntArray":
    """Return the column with the least loss after each evaluation, (n_tried,)."""
    losses = np.where(np.isfinite(loss[tried]), loss[tried], np.inf)
    before = np.concatenate([[np.inf], np.minimum.accumulate(losses)[:-1]])
    leads = np.where(losses < before, np.arange(len(tried)), 0)
    return np.asarray(tried[np.maximum.accumulate(leads)])
