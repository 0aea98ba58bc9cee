"""Limits on what one row may say in the choice of an ensemble by squared errors.

Where one value of a hundred lies far from all that the members predict, its squared error is most
of the loss, and members would be chosen by how they happen to miss it. Rows count less the farther
they are missed, beyond a limit that grows with the number of rows, so that nothing is lost where
there are many: Sun, Zhou, Fan 2020, "Adaptive Huber regression", by the weights of Huber 1964.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import AnyArray, Float32Array, FloatArray

__all__ = ["limited_weights"]

_N_LEADING = 5  # members whose mean says how far a row is missed by all
_SHARE = 0.25  # of the square root of the number of rows: the limit in standard deviations


def limited_weights(
    y: "AnyArray",
    predictions: "Float32Array",
    losses: "FloatArray",
    weights: "FloatArray | None" = None,
) -> "FloatArray":
    """Return weights of rows that limit the influence of each one on a squared error.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Values of the target.
    predictions : ndarray of shape (n_members, n_rows)
        Out-of-fold predictions of the members, finite.
    losses : ndarray of shape (n_members,)
        Loss of each member alone.
    weights : ndarray of shape (n_rows,), optional
        Sample weights, which are multiplied.

    Returns
    -------
    ndarray of shape (n_rows,)
        As given where the error of the leading members' mean is below the limit, else in
        proportion to the limit over that error.
    """
    given = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    leading = np.argsort(losses, kind="stable")[:_N_LEADING]
    errors = np.abs(np.asarray(y, dtype=np.float64) - predictions[leading].mean(axis=0))
    scale = np.sqrt(np.average(errors**2, weights=given))
    limit = max(1.0, _SHARE * np.sqrt(len(y))) * scale
    return np.asarray(given * limit / np.maximum(errors, limit) if limit > 0.0 else given)
