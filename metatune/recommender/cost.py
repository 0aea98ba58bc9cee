"""The cost model: predicted seconds of a configuration on a training set of some size.

For each algorithm the logarithm of the seconds is linear in the logarithms of rows, columns and
classes, with an intercept for each configuration (ridge regression); rungs of past evaluations give
it several sizes of each dataset to learn the growth with the rows from.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.algorithms.base import Shape

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from metatune.recommender.past import Past

    FloatArray = NDArray[np.float64]

__all__ = ["CostModel"]

_RIDGE = 1.0
_FLOOR = 1e-3  # seconds; below, the clock and the operating system are what is measured
_PRIOR_SLOPES = np.array([0.8, 0.5, 0.3])  # rows, columns, classes: where history is silent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CostModel:
    """Predicts the seconds of one fit and prediction on one core.

    Attributes
    ----------
    intercepts : ndarray of shape (n_configurations,)
        Log seconds at the reference size.
    slopes : ndarray of shape (n_configurations, 3)
        Growth with log rows, log columns and log classes.
    center : ndarray of shape (3,)
        Log size that the intercepts refer to.
    """

    intercepts: "FloatArray"
    slopes: "FloatArray"
    center: "FloatArray"

    @classmethod
    def fit(cls, past: "Past") -> "CostModel":
        """Learn from past evaluations."""
        sizes = _log_sizes(past.times)
        center = sizes.mean(axis=0)
        target = np.log(np.maximum(past.times["seconds"].to_numpy(), _FLOOR))
        columns = past.times["configuration"].to_numpy()
        algorithms = np.array([c.algorithm for c in past.configurations])
        intercepts = np.full(len(algorithms), target.mean())
        slopes = np.tile(_PRIOR_SLOPES, (len(algorithms), 1))
        for name in np.unique(algorithms):
            members = np.flatnonzero(algorithms == name)
            rows = np.isin(columns, members)
            if not rows.any():
                continue
            own = np.searchsorted(members, columns[rows])
            level, slope = _fit_family(sizes[rows] - center, target[rows], own, len(members))
            intercepts[members], slopes[members] = level, slope
        return cls(intercepts=intercepts, slopes=slopes, center=center)

    def seconds(self, shape: Shape) -> "FloatArray":
        """Predict seconds of every configuration for a training set, shape (n_configurations,)."""
        size = np.log([max(1, shape.n_rows), max(1, shape.n_columns), max(1, shape.n_classes)])
        return np.asarray(np.exp(self.intercepts + self.slopes @ (size - self.center)))


def _log_sizes(times: "pd.DataFrame") -> "FloatArray":
    sizes = times[["n_rows", "n_columns", "n_classes"]].to_numpy(dtype=np.float64)
    return np.asarray(np.log(np.maximum(sizes, 1.0)))


def _fit_family(
    sizes: "FloatArray", target: "FloatArray", own: "NDArray[np.intp]", n_own: int
) -> tuple["FloatArray", "FloatArray"]:
    """Fit intercepts and common slopes; both shrink, towards the family mean and the prior."""
    offset = target - sizes @ _PRIOR_SLOPES
    level = offset.mean()
    design = np.hstack([np.eye(n_own)[own], sizes])
    gram = design.T @ design + _RIDGE * np.eye(design.shape[1])
    solution = np.linalg.solve(gram, design.T @ (offset - level))
    return level + solution[:n_own], _PRIOR_SLOPES + solution[n_own:]
