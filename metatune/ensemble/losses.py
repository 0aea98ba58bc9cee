"""Losses of mixtures of members' out-of-fold predictions, updated incrementally.

Greedy selection needs, thousands of times, the loss after each member is added. Each class computes
it for all members at once, in the way that is quick for its metric.
"""

import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.evaluation.decision import fit_decision
from metatune.metrics import PERFECT_SCORE, Form, Metric
from metatune.metrics.confusion import has_quick_table, score_tables
from metatune.metrics.roc_area import roc_area

if TYPE_CHECKING:
    from metatune._typing import AnyArray, Float32Array, FloatArray, IndexArray


__all__ = [
    "MixtureLoss",
    "has_squared_errors",
    "is_quick",
    "loss_on",
    "make_mixture_loss",
    "rows_to_select_on",
]

_SQUARED = {"rmse", "r2", "neg_mean_squared_error", "neg_root_mean_squared_error"}
_BRIER = {"neg_brier_score", "d2_brier_score"}
_LOG = {"log_loss", "neg_log_loss"}

_MAX_ROWS = {"squared": 200_000, "log": 20_000, "ranks": 10_000, "other": 5_000}
_MAX_CELLS = 100_000  # rows x classes that a metric without a quick way is asked for
_N_DECIDING = 5  # members, the best first, whose mean says how mixtures are decided
_TIE_BREAK = 1e-4  # of the log loss counts where a metric of labels sees no difference


class MixtureLoss(ABC):
    """Loss of a weighted mean of out-of-fold predictions, updated incrementally.

    A state describes the members added so far.

    Parameters
    ----------
    n_members : int
        Number of members.
    """

    def __init__(self, n_members: int) -> None:
        self.n_members = n_members

    @abstractmethod
    def empty(self) -> Any:
        """Return the state without any member."""

    @abstractmethod
    def join(self, state: Any, member: int, times: float = 1.0) -> Any:
        """Return the state after a member is added."""

    @abstractmethod
    def loss(self, state: Any, size: float) -> float:
        """Return the loss of the mean of `size` members; less is better."""

    def losses(self, state: Any, size: int, candidates: "IndexArray") -> "FloatArray":
        """Return the loss after each candidate is added to `size` others, (n_candidates,)."""
        return np.array([self.loss(self.join(state, int(j)), size + 1) for j in candidates])

    def of_weights(self, weights: "FloatArray") -> float:
        """Return the loss of a weighted mixture."""
        state = self.empty()
        for member in np.flatnonzero(weights):
            state = self.join(state, int(member), float(weights[member]))
        return self.loss(state, float(weights.sum()))


def make_mixture_loss(
    metric: Metric,
    y: "AnyArray",
    predictions: "Float32Array",
    weights: "FloatArray | None" = None,
) -> MixtureLoss:
    """Return the quickest exact loss of mixtures for a metric.

    Parameters
    ----------
    metric : Metric
        Metric that the run optimises.
    y : ndarray of shape (n_rows,)
        Encoded labels or values.
    predictions : ndarray of shape (n_members, n_rows) or (n_members, n_rows, n_classes)
        Out-of-fold predictions of the members, finite.
    weights : ndarray of shape (n_rows,), optional
        Sample weights.
    """
    way = _way(metric, predictions.ndim)
    if way == "squared":
        return _SquaredErrors(y, predictions, weights)
    if way == "log":
        return _LogLoss(y, predictions, weights)
    if way == "ranks":
        return _Ranks(y, predictions, weights)
    made = _LabelLoss if metric.form is Form.LABELS else _AnyMetric
    return made(metric, y, predictions, weights)


def loss_on(
    metric: Metric, y: "AnyArray", prediction: "FloatArray", weights: "FloatArray | None"
) -> float:
    """Return the loss of a prediction; infinity where the metric is undefined on the rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return metric.loss(metric.score(y, prediction, weights))


def rows_to_select_on(metric: Metric, n_classes: int) -> int:
    """Return the number of rows on which a selection by this metric stays quick."""
    way = _way(metric, 3 if n_classes else 2)
    if way == "squared":
        return _MAX_ROWS["squared"] // max(1, n_classes)
    if way == "other" and n_classes:
        return min(_MAX_ROWS["log"], max(_MAX_ROWS["other"], _MAX_CELLS // n_classes))
    if way == "ranks":
        return max(1_000, 2 * _MAX_ROWS["ranks"] // max(2, n_classes))
    return _MAX_ROWS[way]


def has_squared_errors(metric: Metric) -> bool:
    """Return True if the mean squared error of values says what the metric says."""
    return metric.name in _SQUARED


def is_quick(metric: Metric, n_classes: int) -> bool:
    """Return True if the loss of a mixture takes far less than a millisecond per 1,000 rows."""
    return (
        metric.name in PERFECT_SCORE
        or has_quick_table(metric)
        or _way(metric, 3 if n_classes else 2) != "other"
    )


def _way(metric: Metric, n_dimensions: int) -> str:
    if n_dimensions == 2:
        return "squared" if metric.name in _SQUARED else "other"
    if metric.name in _LOG:
        return "log"
    if metric.name in _BRIER:
        return "squared"
    return "ranks" if metric.name == "roc_auc" else "other"


class _SquaredErrors(MixtureLoss):
    """Root mean squared error of mixtures, from the products of members' errors.

    Also of probabilities, whose mean squared error is the Brier score.
    """

    def __init__(
        self, y: "AnyArray", predictions: "Float32Array", weights: "FloatArray | None"
    ) -> None:
        super().__init__(len(predictions))
        wanted = np.asarray(y, dtype=np.float64)
        share = np.full(len(y), 1.0 / len(y)) if weights is None else weights / weights.sum()
        if predictions.ndim == 3:
            wanted = np.eye(predictions.shape[2])[np.asarray(y, dtype=np.intp)]
            share = np.repeat(share, predictions.shape[2])
        errors = (predictions.astype(np.float64) - wanted).reshape(len(predictions), -1)
        self._products = (errors * share) @ errors.T

    def empty(self) -> "FloatArray":
        return np.zeros(self.n_members)

    def join(self, state: "FloatArray", member: int, times: float = 1.0) -> "FloatArray":
        state = state.copy()
        state[member] += times
        return state

    def loss(self, state: "FloatArray", size: float) -> float:
        return float(np.sqrt(max(0.0, state @ self._products @ state)) / size)

    def losses(self, state: "FloatArray", size: int, candidates: "IndexArray") -> "FloatArray":
        mixed = self._products @ state
        own = np.diag(self._products)[candidates]
        squares = state @ mixed + 2.0 * mixed[candidates] + own
        return np.asarray(np.sqrt(np.maximum(squares, 0.0)) / (size + 1))


class _LogLoss(MixtureLoss):
    """Log loss: only the probability of each row's own class matters."""

    def __init__(
        self, y: "AnyArray", predictions: "Float32Array", weights: "FloatArray | None"
    ) -> None:
        super().__init__(len(predictions))
        rows = np.arange(len(y))
        own = predictions[:, rows, np.asarray(y, dtype=np.intp)]
        self._own = np.asarray(own / predictions.sum(axis=2), dtype=np.float64)
        self._share = np.full(len(y), 1.0 / len(y)) if weights is None else weights / weights.sum()

    def empty(self) -> "FloatArray":
        return np.zeros(self._own.shape[1])

    def join(self, state: "FloatArray", member: int, times: float = 1.0) -> "FloatArray":
        return np.asarray(state + times * self._own[member])

    def loss(self, state: "FloatArray", size: float) -> float:
        chosen = np.clip(state / size, np.finfo(float).eps, 1.0)
        return float(-(np.log(chosen) @ self._share))


class _Ranks(MixtureLoss):
    """Area under the ROC curve, one class against the rest, averaged; ties count half."""

    def __init__(
        self, y: "AnyArray", predictions: "Float32Array", weights: "FloatArray | None"
    ) -> None:
        super().__init__(len(predictions))
        present = np.unique(y).astype(np.intp)
        classes = present[-1:] if predictions.shape[2] == 2 else present
        self._scores = np.asarray(predictions[:, :, classes], dtype=np.float64)
        self._inside = [y == c for c in classes]
        self._weights = [
            (None, None) if weights is None else (weights[inside], weights[~inside])
            for inside in self._inside
        ]
        self._defined = len(present) > 1

    def empty(self) -> "FloatArray":
        return np.zeros(self._scores.shape[1:])

    def join(self, state: "FloatArray", member: int, times: float = 1.0) -> "FloatArray":
        return np.asarray(state + times * self._scores[member])

    def loss(self, state: "FloatArray", size: float) -> float:  # noqa: ARG002
        if not self._defined:
            return float("inf")
        areas = [
            roc_area(scores[inside], scores[~inside], *weights)
            for scores, inside, weights in zip(state.T, self._inside, self._weights, strict=True)
        ]
        return -float(np.mean(areas))


class _AnyMetric(MixtureLoss):
    """Any other metric, computed anew for each mixture."""

    def __init__(
        self,
        metric: Metric,
        y: "AnyArray",
        predictions: "Float32Array",
        weights: "FloatArray | None",
    ) -> None:
        super().__init__(len(predictions))
        self._metric = metric
        self._y = np.asarray(y)
        self._predictions = predictions
        self._weights = weights

    def empty(self) -> Any:
        return np.zeros(self._predictions.shape[1:])

    def join(self, state: Any, member: int, times: float = 1.0) -> Any:
        return state + times * self._predictions[member]

    def loss(self, state: Any, size: float) -> float:
        return loss_on(self._metric, self._y, state / size, self._weights)


class _LabelLoss(MixtureLoss):
    """Any metric of labels; mixtures are decided as suits the mean of the best members.

    Such a metric is a staircase: on a step, better probabilities decide.
    """

    def __init__(
        self,
        metric: Metric,
        y: "AnyArray",
        predictions: "Float32Array",
        weights: "FloatArray | None",
    ) -> None:
        super().__init__(len(predictions))
        self._labels = _AnyMetric(metric, y, predictions, weights)
        self._fine = _LogLoss(y, predictions, weights)
        self._metric, self._weights = metric, weights
        self._y = np.asarray(y, dtype=np.intp)
        self._factors = np.ones(predictions.shape[2])
        if metric.decides and (has_quick_table(metric) or metric.weighs):
            mean = predictions[:_N_DECIDING].mean(axis=0, dtype=np.float64)
            self._factors = np.array(fit_decision(metric, self._y, mean, weights, n_samples=1))

    def empty(self) -> Any:
        return self._labels.empty(), self._fine.empty()

    def join(self, state: Any, member: int, times: float = 1.0) -> Any:
        total, fine = state
        return self._labels.join(total, member, times), self._fine.join(fine, member, times)

    def loss(self, state: Any, size: float) -> float:
        total, fine = state
        loss = self._loss_of_labels(total * self._factors, size)
        return loss + _TIE_BREAK * self._fine.loss(fine, size) if np.isfinite(loss) else loss

    def _loss_of_labels(self, total: "FloatArray", size: float) -> float:
        if not has_quick_table(self._metric):
            return self._labels.loss(total, size)
        k = total.shape[1]
        cells = self._y * k + total.argmax(axis=1)
        table = np.bincount(cells, weights=self._weights, minlength=k * k).reshape(1, k, k)
        return self._metric.loss(float(score_tables(self._metric, table.astype(np.float64))[0]))
