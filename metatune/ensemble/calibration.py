"""Calibration of probabilities by a temperature, or by a temperature and a shift for each class.

Temperature scaling: Guo et al. 2017, "On calibration of modern neural networks". With shifts it is
Platt's sigmoid for two classes (Platt 1999), and its extension to several.
"""

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from metatune.ensemble.losses import loss_on
from metatune.evaluation.guard import cross_fitted_gain
from metatune.metrics import Metric
from metatune.models.adjustment import NO_ADJUSTMENT, Adjustment

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray


__all__ = ["PROBABILITY_METRICS", "choose_calibration", "fit_calibration"]

PROBABILITY_METRICS = frozenset(
    {"log_loss", "neg_log_loss", "neg_brier_score", "d2_log_loss_score", "d2_brier_score"}
)
"""Metrics that depend on the calibration of probabilities."""

_PENALTY = 2.0  # rows that speak for leaving probabilities as they are
_FLOOR = 1e-12
_N_ERRORS = 1.0  # by which a calibration has to gain on rows that it did not see


def fit_calibration(
    y: "AnyArray",
    mean: "FloatArray",
    weights: "FloatArray | None" = None,
    *,
    shifts: bool = False,
) -> Adjustment:
    """Find the temperature, and the shifts, of least log loss.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Codes of the labels.
    mean : ndarray of shape (n_rows, n_classes)
        Probabilities.
    weights : ndarray of shape (n_rows,), optional
        Sample weights.
    shifts : bool
        Whether classes are shifted.
    """
    logits = np.log(np.maximum(np.asarray(mean, dtype=np.float64), _FLOOR))
    n_rows, n_classes = logits.shape
    rows, codes = np.arange(n_rows), np.asarray(y, dtype=np.intp)
    share = np.full(n_rows, 1.0 / n_rows) if weights is None else weights / weights.sum()

    def loss_and_slope(theta: "FloatArray") -> tuple[float, "FloatArray"]:
        scale = np.exp(theta[0])
        z = scale * logits + (theta[1:] if shifts else 0.0)
        z = z - z.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        surplus = np.exp(log_p)
        surplus[rows, codes] -= 1.0
        surplus *= share[:, None]
        slope = np.zeros_like(theta)
        slope[0] = scale * (surplus * logits).sum()
        if shifts:
            slope[1:] = surplus.sum(axis=0)
        penalty = _PENALTY / n_rows
        loss = -(log_p[rows, codes] @ share) + penalty * (theta @ theta)
        return float(loss), slope + 2.0 * penalty * theta

    start = np.zeros(1 + (n_classes if shifts else 0))
    bounds = [(-2.0, 2.0), *[(-5.0, 5.0)] * (len(start) - 1)]
    found = minimize(loss_and_slope, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Adjustment(
        temperature=float(np.exp(-found[0])),
        shifts=tuple(float(shift) for shift in found[1:]),
    )


def choose_calibration(
    metric: Metric,
    y: "AnyArray",
    mean: "FloatArray",
    parts: "list[tuple[IndexArray, IndexArray]]",
    weights: "FloatArray | None" = None,
) -> Adjustment:
    """Calibrate if the metric is one of probabilities and the score of held-out rows improves.

    Parameters
    ----------
    metric : Metric
        Metric that the run optimises.
    y : ndarray of shape (n_rows,)
        Codes of the labels.
    mean : ndarray of shape (n_rows, n_classes)
        Out-of-fold probabilities of the ensemble, finite.
    parts : list of (ndarray, ndarray)
        IndexArray to fit on and rows to score on.
    weights : ndarray of shape (n_rows,), optional
        Sample weights.
    """
    if metric.name not in PROBABILITY_METRICS:
        return NO_ADJUSTMENT
    chosen, most = NO_ADJUSTMENT, 0.0
    for shifts in (False, True):

        def gain_on(fit: "IndexArray", held_out: "IndexArray", *, shifts: bool = shifts) -> float:
            some = None if weights is None else weights[fit]
            fitted = fit_calibration(y[fit], mean[fit], some, shifts=shifts)
            held_out_weights = None if weights is None else weights[held_out]
            before = loss_on(metric, y[held_out], mean[held_out], held_out_weights)
            return before - loss_on(
                metric, y[held_out], fitted.probabilities(mean[held_out]), held_out_weights
            )

        gain = cross_fitted_gain(parts, gain_on)
        if gain.exceeds(_N_ERRORS) and gain.mean > most:
            chosen = fit_calibration(y, mean, weights, shifts=shifts)
            most = gain.mean
    return chosen
