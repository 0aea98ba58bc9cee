"""Decision of labels from probabilities, for metrics of labels.

Accuracy is best served by the most probable class; balanced accuracy, F1 and most others are not.
For two classes this is the choice of a threshold, for more of a factor for each class, found one
class after the other. Thresholds are averaged over resampled rows, and used only where they help
on rows that they were not chosen on.

The final model decides so, and trials are judged in the same sense (`judged_prediction`): else a
calibrated model of a rare class, which hardly ever finds it the most probable one, would look as
bad as one that knows nothing, and models that are wrongly sure would win.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.splits.folds import make_folds
from metatune.evaluation.guard import cross_fitted_gain
from metatune.kinds import TaskKind
from metatune.metrics import Metric
from metatune.metrics.confusion import has_quick_table, score_tables

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray


__all__ = ["choose_decision", "fit_decision", "judged_prediction"]

_LEAST_ROWS = 5
_N_SAMPLES = 5  # resamplings over which a decision is averaged
_N_ROUNDS = 2  # over all classes
_N_ERRORS = 0.5
_WIDEST = 12.0  # logarithm of a factor, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effort:
    """Effort of choosing thresholds, by what a score costs: trials are judged so on every fold.

    Attributes
    ----------
    n_steps : int
        Thresholds that are tried, evenly.
    of_its_share : tuple of float
        Parts of a class's share of the rows that are tried as the share decided for it: a rare
        class lies between two of the even steps.
    n_parts : int
        Parts of the rows on which it is checked whether thresholds help,
    n_samples : int
        and resamplings in each check.
    max_classes : int
        With more, too few rows speak for each factor, or it takes too long.
    """

    n_steps: int
    of_its_share: tuple[float, ...]
    n_parts: int
    n_samples: int
    max_classes: int


_QUICK = _Effort(
    n_steps=24,
    of_its_share=(0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0),
    n_parts=5,
    n_samples=3,
    max_classes=20,
)
_SLOW = _Effort(n_steps=8, of_its_share=(0.5, 1.0, 2.0), n_parts=3, n_samples=1, max_classes=2)
"""For scorers that take milliseconds."""


def _effort(metric: Metric) -> _Effort:
    return _QUICK if has_quick_table(metric) else _SLOW


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
        some = None if weights is None else weights[rows]
        table = _Table(metric, y[rows], some, logs.shape[1])
        found.append(_climb(table, y[rows], logs[rows]))
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
        Rows to choose on and rows to score on.

    Returns
    -------
    tuple of float
        Empty where the most probable class decides.
    """
    if not _can_decide(metric, probabilities):
        return ()
    gain_on = _GainOn(metric, y, probabilities, weights, seed)
    if not cross_fitted_gain(parts[: _effort(metric).n_parts], gain_on).exceeds(_N_ERRORS):
        return ()
    return fit_decision(metric, y, probabilities, weights, seed=seed)


def judged_prediction(
    metric: Metric,
    y: "AnyArray",
    prediction: "FloatArray",
    weights: "FloatArray | None" = None,
) -> "FloatArray":
    """Return the prediction of a fold by which a metric judges it.

    Parameters
    ----------
    metric : Metric
        Metric that the run optimises.
    y : ndarray of shape (n_rows,)
        Codes of the labels, or values.
    prediction : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Of rows that the model was not fitted on.
    weights : ndarray of shape (n_rows,), optional
        Sample weights.

    Returns
    -------
    ndarray of the same shape
        The prediction itself, unless the metric is of labels and thresholds help that are chosen on
        other parts of these rows: then indicators of the labels so decided.
    """
    if not _can_decide(metric, prediction) or len(y) < _LEAST_ROWS:
        return prediction
    kind = TaskKind.BINARY if prediction.shape[1] == 2 else TaskKind.MULTICLASS
    folds = make_folds(y, kind, _effort(metric).n_parts, seed=0)
    gain_on = _GainOn(metric, y, prediction, weights, seed=0)
    parts = [(np.sort(fold.train), fold.valid) for fold in folds]
    if not cross_fitted_gain(parts, gain_on).exceeds(_N_ERRORS):
        return prediction
    return np.asarray(np.eye(prediction.shape[1])[gain_on.decided])


def _can_decide(metric: Metric, prediction: "FloatArray") -> bool:
    if not metric.decides or prediction.ndim != 2:
        return False
    is_affordable = metric.weighs or has_quick_table(metric)
    return prediction.shape[1] <= _effort(metric).max_classes and is_affordable


class _GainOn:
    """Gain of decisions that are chosen on other rows; remembers what was decided."""

    def __init__(
        self,
        metric: Metric,
        y: "AnyArray",
        probabilities: "FloatArray",
        weights: "FloatArray | None",
        seed: int,
    ) -> None:
        self._metric, self._seed = metric, seed
        self._y, self._p, self._weights = np.asarray(y), probabilities, weights
        self.decided = np.asarray(probabilities.argmax(axis=1))

    def __call__(self, fit: "IndexArray", held_out: "IndexArray") -> float:
        some = None if self._weights is None else self._weights[fit]
        factors = fit_decision(
            self._metric,
            self._y[fit],
            self._p[fit],
            some,
            seed=self._seed,
            n_samples=_effort(self._metric).n_samples,
        )
        p = self._p[held_out]
        before, after = p.argmax(axis=1), (p * factors).argmax(axis=1)
        self.decided[held_out] = after
        weights = None if self._weights is None else self._weights[held_out]
        table = _Table(self._metric, self._y[held_out], weights, p.shape[1])
        return table.loss(before) - table.loss(after)


class _Table:
    """Losses of decisions, computed from tables of true and decided classes."""

    def __init__(
        self, metric: Metric, y: "AnyArray", weights: "FloatArray | None", n_classes: int
    ) -> None:
        self._metric = metric
        self.effort = _effort(metric)
        self._y = np.asarray(y, dtype=np.intp)
        self._weights = weights
        self._n_classes = n_classes

    def loss(self, decided: "IndexArray") -> float:
        """Return the loss of one decision."""
        counts = self._counts(self._y * self._n_classes + decided, 1)
        return float(self._losses(counts)[0])

    def losses_of_shifts(
        self, rest: "IndexArray", c: int, edges: "FloatArray", shifts: "FloatArray"
    ) -> "FloatArray":
        """Return the losses if rows below a shift, (n_shifts,), are decided as class `c`.

        Parameters
        ----------
        rest : ndarray of shape (n_rows,)
            What is decided for a row else.
        c : int
            The class.
        edges : ndarray of shape (n_rows,)
            Where each row changes sides.
        shifts : ndarray of shape (n_shifts,)
            Ascending.
        """
        n, k = len(shifts), self._n_classes
        first = np.searchsorted(shifts, edges, side="right")  # shift that a row goes over at
        counts = self._counts((first * k + self._y) * k + rest, n + 1)
        gone = np.cumsum(counts, axis=0)[:n]
        tables = np.maximum(counts.sum(axis=0) - gone, 0.0)
        tables[:, :, c] += gone.sum(axis=2)
        return self._losses(tables)

    def _counts(self, cells: "IndexArray", n_tables: int) -> "FloatArray":
        k = self._n_classes
        counts = np.bincount(cells, weights=self._weights, minlength=n_tables * k * k)
        return np.asarray(counts.reshape(n_tables, k, k), dtype=np.float64)

    def _losses(self, tables: "FloatArray") -> "FloatArray":
        scores = score_tables(self._metric, tables)
        losses = -scores if self._metric.greater_is_better else scores
        return np.where(np.isnan(losses), np.inf, losses)


def _climb(table: _Table, y: "AnyArray", logs: "FloatArray") -> "FloatArray":
    """Change the shift of one class after the other as long as the metric gains."""
    n_classes = logs.shape[1]
    shifts = np.zeros(n_classes)
    best = table.loss(logs.argmax(axis=1))
    for _ in range(1 if n_classes == 2 else _N_ROUNDS):
        for c in range(1 if n_classes == 2 else 0, n_classes):
            share = float(np.mean(y == c))
            shifts[c], best = _best_shift(table, logs, shifts, c, best, share)
    return shifts


def _best_shift(
    table: _Table, logs: "FloatArray", shifts: "FloatArray", c: int, best: float, share: float
) -> tuple[float, float]:
    """Try shifts of class `c` at which some rows change sides; of equal ones take the middle."""
    moved = logs + shifts
    others = np.delete(moved, c, axis=1)
    edges = others.max(axis=1) - logs[:, c]  # a larger shift makes class c the decision for the row
    rest = others.argmax(axis=1)
    rest = rest + (rest >= c)
    tried = _shifts_to_try(edges, share, table.effort)
    losses = table.losses_of_shifts(rest, c, edges, tried)
    if not losses.min() < best:
        return float(shifts[c]), best
    good = tried[losses == losses.min()]
    return float(good[len(good) // 2]), float(losses.min())


def _shifts_to_try(edges: "FloatArray", share: float, effort: _Effort) -> "FloatArray":
    """Return shifts that decide various shares of the rows for a class, from none to all."""
    ordered, n = np.sort(edges), len(edges)
    rarer = np.array(effort.of_its_share) * min(share, 1.0 - share)
    wanted = np.r_[np.linspace(0.0, 1.0, effort.n_steps + 1), rarer, 1.0 - rarer]
    over = np.unique(np.round(np.clip(wanted, 0.0, 1.0) * n).astype(np.intp))
    bounds = np.r_[ordered[0] - 2.0, ordered, ordered[-1] + 2.0]
    between = (bounds[over] + bounds[over + 1]) / 2.0
    return np.asarray(np.unique(np.clip(between, -_WIDEST, _WIDEST)))
