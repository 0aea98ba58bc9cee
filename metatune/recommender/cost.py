"""Cost model: predicted seconds of a configuration on a training set of some size.

The logarithm of the seconds is linear in the logarithms of rows, columns and classes: each
configuration has an intercept, and slopes near those of its algorithm (ridge regression); rungs of
past evaluations give several sizes of each dataset to learn the growth with the rows from. What
this leaves unexplained on similar datasets (how long early stopping takes to set in, above all) is
added. Trials of the run then correct it: for this machine, and for each algorithm on this dataset.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import BoolArray, FloatArray, IndexArray
    from metatune.recommender.past import Times


__all__ = ["CostModel", "corrected", "excess_of_trials"]

_RIDGE = 1.0
_OWN_RIDGE = 100.0  # of how a configuration's slopes differ from those of its family
_FLOOR = 1e-3  # seconds; below, the clock and the operating system are what is measured
_PRIOR_SLOPES = np.array([0.8, 0.5, 0.3])  # rows, columns, classes: where history is silent
_STOPPED_LONGER = float(np.log(2.0))  # than until it was stopped a trial is taken to have needed
_MACHINE_TRUST = 1.0  # trials by which to believe in a correction half: for all algorithms,
_ALGORITHM_TRUST = 1.0  # and for a single one beyond that


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CostModel:
    """Model of the processor seconds of one fit and prediction.

    Attributes
    ----------
    intercepts : ndarray of shape (n_configurations,)
        Log seconds at the reference size.
    slopes : ndarray of shape (n_configurations, 3)
        Growth with log rows, log columns and log classes.
    center : ndarray of shape (3,)
        Log size that the intercepts refer to.
    residuals : ndarray of shape (n_datasets, n_configurations)
        Mean log seconds that past datasets took beyond that; 0 where not known.
    """

    intercepts: "FloatArray"
    slopes: "FloatArray"
    center: "FloatArray"
    residuals: "FloatArray"

    @classmethod
    def fit(cls, times: "Times", algorithms: tuple[str, ...], n_datasets: int) -> "CostModel":
        """Learn from past evaluations.

        Parameters
        ----------
        times : Times
            Seconds of past evaluations.
        algorithms : tuple of str
            Algorithm of each configuration.
        n_datasets : int
            Number of past datasets.
        """
        sizes = np.log(np.maximum(times.sizes, 1.0))
        center = sizes.mean(axis=0)
        target = np.log(np.maximum(times.seconds, _FLOOR))
        names = np.array(algorithms)
        intercepts = np.full(len(names), target.mean())
        slopes = np.tile(_PRIOR_SLOPES, (len(names), 1))
        for name in np.unique(names):
            members = np.flatnonzero(names == name)
            rows = np.isin(times.configuration, members)
            if not rows.any():
                continue
            own = np.searchsorted(members, times.configuration[rows])
            intercepts[members], slopes[members] = _fit_family(
                sizes[rows] - center, target[rows], own, len(members)
            )
        at = times.configuration
        expected = intercepts[at] + ((sizes - center) * slopes[at]).sum(axis=1)
        total, count = np.zeros((2, n_datasets, len(names)))
        np.add.at(total, (times.dataset, at), target - expected)
        np.add.at(count, (times.dataset, at), 1.0)
        return cls(
            intercepts=intercepts,
            slopes=slopes,
            center=center,
            residuals=total / np.maximum(count, 1.0),
        )

    def log_seconds(
        self, n_rows: float, n_columns: int, n_classes: int, weights: "FloatArray"
    ) -> "FloatArray":
        """Predict the logarithm of the seconds of every configuration.

        Parameters
        ----------
        n_rows, n_columns, n_classes : int
            Size of the training set.
        weights : ndarray of shape (n_datasets,)
            Proximity of past datasets; adds up to 1.

        Returns
        -------
        ndarray of shape (n_configurations,)
        """
        size = np.log(np.maximum([n_rows, n_columns, n_classes], 1.0))
        near = weights @ self.residuals
        return np.asarray(self.intercepts + self.slopes @ (size - self.center) + near)


def excess_of_trials(
    expected: "FloatArray", seconds: "FloatArray", was_stopped: "BoolArray"
) -> "FloatArray":
    """Return the log seconds that trials took beyond what was expected.

    Parameters
    ----------
    expected : ndarray of shape (n_trials,)
        Log seconds.
    seconds : ndarray of shape (n_trials,)
        What they took; NaN or 0 if unknown.
    was_stopped : ndarray of bool, shape (n_trials,)
        Trials that would have taken more.

    Returns
    -------
    ndarray of shape (n_trials,)
        NaN where a trial does not tell: unknown, or stopped earlier than its end was expected.
    """
    known = np.isfinite(seconds) & (seconds > 0)
    excess = np.log(np.where(known, seconds, np.nan)) - expected
    longer = excess + _STOPPED_LONGER
    return np.where(was_stopped, np.where(longer > 0.0, longer, np.nan), excess)


def corrected(
    expected: "FloatArray",
    algorithms: "IndexArray",
    measured: "FloatArray",
    at: "IndexArray",
) -> "FloatArray":
    """Correct expected log seconds by the seconds of the run's trials.

    Parameters
    ----------
    expected : ndarray of shape (n_configurations,)
        Log seconds of every configuration.
    algorithms : ndarray of int, shape (n_configurations,)
        Number of the algorithm of each.
    measured : ndarray of shape (n_trials,)
        Measured minus expected log seconds of trials.
    at : ndarray of int, shape (n_trials,)
        Number of the algorithm of each trial.

    Returns
    -------
    ndarray of shape (n_configurations,)
    """
    if len(measured) == 0:
        return expected
    machine = measured.sum() / (len(measured) + _MACHINE_TRUST)
    n_algorithms = int(max(algorithms.max(), at.max())) + 1
    total, count = np.zeros((2, n_algorithms))
    np.add.at(total, at, measured - machine)
    np.add.at(count, at, 1.0)
    return np.asarray(expected + machine + (total / (count + _ALGORITHM_TRUST))[algorithms])


def _fit_family(
    sizes: "FloatArray", target: "FloatArray", own: "IndexArray", n_own: int
) -> tuple["FloatArray", "FloatArray"]:
    """Fit intercepts and slopes: those of a configuration shrink to its family's mean.

    Returns
    -------
    intercepts : ndarray of shape (n_own,)
    slopes : ndarray of shape (n_own, 3)
        Slopes; the family's shrink to prior values.
    """
    offset = target - sizes @ _PRIOR_SLOPES
    level = offset.mean()
    member = np.eye(n_own)[own]
    deviations = (member[:, :, None] * sizes[:, None, :]).reshape(len(sizes), -1)
    design = np.hstack([member, sizes, deviations])
    n_common = n_own + sizes.shape[1]
    gram = design.T @ design
    gram[np.diag_indices(len(gram))] += np.repeat(
        [_RIDGE, _OWN_RIDGE], [n_common, len(gram) - n_common]
    )
    solution = np.linalg.solve(gram, design.T @ (offset - level))
    slopes = _PRIOR_SLOPES + solution[n_own:n_common] + solution[n_common:].reshape(n_own, -1)
    return level + solution[:n_own], slopes
