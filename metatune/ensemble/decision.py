"""Decision of labels from probabilities, for metrics of labels.

Accuracy is best served by the most probable class; balanced accuracy, F1 and most others are not.
For two classes this is the choice of a threshold, for more of a factor for each class, found one
class after the other. Thresholds are averaged over resampled rows, and used only where they help
on rows that they were not chosen on.
"""

from typing import TYPE_CHECKING

import numpy as np

from metatune.ensemble.guard import cross_fitted_gain
from metatune.ensemble.losses import is_metric_of_labels, is_quick, loss_on
from metatune.metrics import Metric

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray


__all__ = ["choose_decision", "fit_decision"]

_N_STEPS = 24  # thresholds that are tried
_MAX_CLASSES = 20  # with more, too few rows speak for each factor
_MAX_CLASSES_SLOW = 4  # for scorers that take milliseconds
_N_SAMPLES = 5  # resamplings over which a decision is averaged
_N_SAMPLES_CHECK = 3
_N_PARTS_CHECK = 5
_N_ROUNDS = 2  # over all classes
_N_ERRORS = 1.0
_WIDEST = 6.0  # logarithm of a factor, at most


def fit_decision(
    metric: Metric,
    y: "AnyArray",
    probabilities: "FloatArray",
    weights: "FloatArray | None" = None,
    *,
    seed: int = 0,
    n_samples: int = _N_SAMPLES,
) -> tuple[float, ...]:
    """Find the factors of the classes' probabilities that optimise the metric.

    Parameters
    ----------
    metric : Metric
        Metric of labels.
    y : ndarray of shape (n_rows,)
        Codes of the labels.
    probabilities : ndarray of shape (n_rows, n_classes)
        Out-of-fold probabilities, finite; rows sum to 1.
    weights : ndarray of shape (n_rows,), optional
        Sample weights.
    seed : int
        Seed of the resampling.
    n_samples : int
        Number of resamplings that the factors are averaged over.

    Returns
    -------
    tuple of float
        One factor for each class, the largest 1.
    """
    rng = np.random.default_rng(seed)
    logs = np.log(np.maximum(probabilities, 1e-12))
    found = []
    for _ in range(n_samples):
        rows = rng.integers(len(y), size=len(y))
        table = _Table(metric, y[rows], None if weights is None else weights[rows])
        found.append(_climb(table, logs[rows]))
    shifts = np.median(found, axis=0)
    return tuple(float(factor) for factor in np.exp(shifts - shifts.max()))


def choose_decision(
    metric: Metric,
    y: "AnyArray",
    probabilities: "FloatArray",
    parts: "list[tuple[IndexArray, IndexArray]]",
    weights: "FloatArray | None" = None,
    *,
    seed: int = 0,
) -> tuple[float, ...]:
    """Return factors if the metric is one of labels and the score of held-out rows improves.

    Parameters
    ----------
    metric, y, probabilities, weights, seed
        See `fit_decision`.
    parts : list of (ndarray, ndarray)
        IndexArray to choose on and rows to score on.

    Returns
    -------
    tuple of float
        Empty where the most probable class decides.
    """
    n_classes = probabilities.shape[1]
    most = _MAX_CLASSES if is_quick(metric, n_classes) else _MAX_CLASSES_SLOW
    if n_classes > most or not is_metric_of_labels(metric, y, probabilities):
        return ()

    def gain_on(fit: "IndexArray", held_out: "IndexArray") -> float:
        some = None if weights is None else weights[fit]
        factors = fit_decision(
            metric, y[fit], probabilities[fit], some, seed=seed, n_samples=_N_SAMPLES_CHECK
        )
        table = _Table(metric, y[held_out], None if weights is None else weights[held_out])
        before = table.loss(probabilities[held_out].argmax(axis=1), n_classes)
        return before - table.loss((probabilities[held_out] * factors).argmax(axis=1), n_classes)

    if not cross_fitted_gain(parts[:_N_PARTS_CHECK], gain_on).exceeds(_N_ERRORS):
        return ()
    return fit_decision(metric, y, probabilities, weights, seed=seed)


class _Table:
    """Loss of decisions, computed from the table of true and decided classes."""

    def __init__(self, metric: Metric, y: "AnyArray", weights: "FloatArray | None") -> None:
        self._metric = metric
        self._y = np.asarray(y, dtype=np.intp)
        self._weights = weights

    def loss(self, decided: "IndexArray", n_classes: int) -> float:
        cells = np.bincount(
            self._y * n_classes + decided, weights=self._weights, minlength=n_classes**2
        )
        filled = np.flatnonzero(cells)
        true, said = filled // n_classes, np.eye(n_classes)[filled % n_classes]
        try:
            return loss_on(self._metric, true, said, cells[filled].astype(np.float64))
        except TypeError:  # a scorer that takes no weights
            return loss_on(self._metric, self._y, np.eye(n_classes)[decided], None)


def _climb(table: _Table, logs: "FloatArray") -> "FloatArray":
    """Change the shift of one class after the other as long as the metric gains."""
    n_classes = logs.shape[1]
    shifts = np.zeros(n_classes)
    best = table.loss(logs.argmax(axis=1), n_classes)
    for _ in range(1 if n_classes == 2 else _N_ROUNDS):
        for c in range(1 if n_classes == 2 else 0, n_classes):
            shifts[c], best = _best_shift(table, logs, shifts, c, best)
    return shifts


def _best_shift(
    table: _Table, logs: "FloatArray", shifts: "FloatArray", c: int, best: float
) -> tuple[float, float]:
    """Try shifts of class `c` at which some rows change sides; of equal ones take the middle."""
    moved = logs + shifts
    others = np.delete(moved, c, axis=1).max(axis=1)
    edges = others - logs[:, c]  # a larger shift makes class c the decision for the row
    tried = np.quantile(edges, np.linspace(0.0, 1.0, _N_STEPS + 1))
    tried = np.unique(np.clip((tried[1:] + tried[:-1]) / 2.0, -_WIDEST, _WIDEST))
    rest = np.delete(moved, c, axis=1).argmax(axis=1)
    rest = rest + (rest >= c)
    losses = np.array(
        [table.loss(np.where(shift > edges, c, rest), logs.shape[1]) for shift in tried]
    )
    if not len(losses) or not losses.min() < best:
        return float(shifts[c]), best
    good = tried[losses == losses.min()]
    return float(good[len(good) // 2]), float(losses.min())
