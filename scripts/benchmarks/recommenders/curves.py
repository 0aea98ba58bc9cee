"""Regret after so many evaluations, and after so much time."""

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.recommenders.matrix import MAX_REGRET

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.intp]

__all__ = ["EVALUATIONS", "N_EVALUATIONS", "TIMES", "TIME_GRID", "after_evaluations", "over_time"]

EVALUATIONS = (1, 2, 4, 8, 16, 32, 64)
"""Evaluations at which tables show the regret."""

N_EVALUATIONS = EVALUATIONS[-1]

TIMES = (0.3, 1.0, 3.0, 10.0, 30.0)
"""Times at which tables show the regret, in run times of the dataset's median configuration."""

TIME_GRID: "FloatArray" = np.union1d(np.geomspace(0.05, 25.0, 40), TIMES)
"""Times at which curves are kept; holds `TIMES` exactly."""


def after_evaluations(regret: "FloatArray", tried: "IntArray") -> "FloatArray":
    """Return the best regret after each of the first evaluations.

    Parameters
    ----------
    regret : ndarray of shape (n_configurations,)
        Of one dataset.
    tried : ndarray of shape (n_tried,)
        Columns in the order in which they were evaluated.

    Returns
    -------
    ndarray of shape (N_EVALUATIONS,)
        The last value is repeated where fewer configurations exist.
    """
    best = np.minimum.accumulate(regret[tried])[:N_EVALUATIONS]
    return np.asarray(np.pad(best, (0, N_EVALUATIONS - len(best)), mode="edge"))


def over_time(regret: "FloatArray", seconds: "FloatArray", tried: "IntArray") -> "FloatArray":
    """Return the best regret among the evaluations that have finished by each time.

    Parameters
    ----------
    regret, seconds : ndarray of shape (n_configurations,)
        Of one dataset.
    tried : ndarray of shape (n_tried,)
        Columns in the order in which they were evaluated.

    Returns
    -------
    ndarray of shape (len(TIME_GRID),)
        `MAX_REGRET` where nothing has finished.
    """
    finished = np.cumsum(seconds[tried])
    best = np.concatenate([[MAX_REGRET], np.minimum.accumulate(regret[tried])])
    done = np.searchsorted(finished, TIME_GRID * np.median(seconds), side="right")
    return np.asarray(best[done])
