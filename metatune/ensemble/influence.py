"""Limits on what one row may say in the choice of an ensemble by squared errors.

Where one value of a hundred lies far from all that the members predict, its squared error is most
of the loss, and members would be chosen by how they happen to miss it. Rows count less the farther
they are missed, beyond a limit that grows with the number of rows, so that nothing is lost where
there are many: Sun, Zhou, Fan 2020, "Adaptive Huber regression", by the weights of Huber 1964.
"""

from typing import TYPE_CHECKING

import numpy as np

from metatune.ensemble.losses import has_squared_errors
from metatune.metrics import Metric

if TYPE_CHECKING:
    from metatune._typing import AnyArray, Float32Array, FloatArray

__all__ = ["limited_weights"]

_N_LEADING = 5  # members whose mean says how far a row is missed by all
_SHARE = 0.25  # of the square root of the number of rows: the limit in standard deviations


def limited_weights(
    metric: Metric,
    y: "AnyArray",
    predictions: "Float32Array",
    weights: "FloatArray | None" = None,
) -> "FloatArray | None":
    """Return weights of rows that limit the influence of each one on a squared error.

    Parameters
    ----------
    metric : Metric
        Metric that the run optimises.
    y : ndarray of shape (n_rows,)
        Encoded labels or values.
    predictions : ndarray of shape (n_members, n_rows) or (n_members, n_rows, n_classes)
        Out-of-fold predictions of the members, finite.
    weights : ndarray of shape (n_rows,), optional
        Sample weights, which are multiplied.

    Returns
    -------
    ndarray of shape (n_rows,) or None
        As given where the mean of the best members misses by less than the limit, else in
        proportion to the limit over that error. As given everywhere if the metric is not one of
        squared errors of values.
    """
    if predictions.ndim > 2 or not has_squared_errors(metric):
        return weights
    given = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    wanted = np.asarray(y, dtype=np.float64)
    losses = [np.average((each - wanted) ** 2, weights=given) for each in predictions]
    best = np.argsort(losses, kind="stable")[:_N_LEADING]
    errors = np.abs(wanted - predictions[best].mean(axis=0))
    scale = np.sqrt(np.average(errors**2, weights=given))
    limit = max(1.0, _SHARE * np.sqrt(len(y))) * scale
    return np.asarray(given * limit / np.maximum(errors, limit) if limit > 0.0 else given)
