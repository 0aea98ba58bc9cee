"""Scores of one prediction under many weightings of the rows at once.

A bootstrap asks for the same score hundreds of times, with other rows each time. Most metrics are
means of a loss of each row: the loss is computed once, and all draws are one matrix product. The
ROC AUC needs the rows sorted once.

Rows that were predicted by different fold models cannot be ranked against each other, because the
models differ in scale: the pooled ROC AUC is too small for that reason alone (Airola et al. 2011,
"An experimental comparison of cross-validation techniques for estimating the area under the ROC
curve"; Forman and Scholz 2010). So only pairs of rows of the same fold are compared, all of them
together: other than the mean of the folds' AUC this is defined as soon as one fold has both
classes, and no fold of three rows counts like one of thirty. All other metrics take the rows
together: the root of a mean of squares, the recall of a rare class and R2 are not the means of
what small folds show.
"""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.metrics import Form, Metric
from metatune.metrics.confusion import has_quick_table, score_tables

if TYPE_CHECKING:
    from metatune._typing import AnyArray, BoolArray, FloatArray, IndexArray


__all__ = ["RowScorer", "Scores"]


class Scores(ABC):
    """Score of one prediction, prepared for any number of weightings."""

    @abstractmethod
    def under(self, counts: "FloatArray") -> "FloatArray":
        """Compute the score under weightings.

        Parameters
        ----------
        counts : ndarray of shape (n_draws, n_rows)
            Multiplicity of each row; whole numbers, 0 for a row that is left out.

        Returns
        -------
        ndarray of shape (n_draws,)
            In the metric's own sign; NaN where it is undefined on these rows.
        """


class RowScorer:
    """Scorer that prepares `Scores` of predictions.

    Parameters
    ----------
    metric : Metric
        Metric of the scores.
    y : ndarray of shape (n_rows,)
        Encoded labels or target values.
    weights : ndarray of shape (n_rows,), optional
        Sample weights.
    strata : ndarray of shape (n_rows,), optional
        The fold whose model predicted each row; the ROC AUC compares rows of one fold only.
    """

    def __init__(
        self,
        metric: Metric,
        y: "AnyArray",
        *,
        weights: "FloatArray | None" = None,
        strata: "IndexArray | None" = None,
    ) -> None:
        self._metric = metric
        self._y = np.asarray(y)
        self._weights = np.ones(len(y)) if weights is None else np.asarray(weights, np.float64)
        self._unweighted = weights is None
        self._strata = np.zeros(len(y), dtype=np.intp) if strata is None else strata

    def prepare(self, prediction: "AnyArray") -> Scores:
        """Precompute the score of a prediction.

        Parameters
        ----------
        prediction : ndarray of shape (n_rows, n_classes) or (n_rows,)
            Probabilities or values, finite.
        """
        p = np.asarray(prediction, dtype=np.float64)
        name, y, w = self._metric.name, self._y, self._weights
        if name in _LOSSES:
            loss, finish = _LOSSES[name]
            return _MeanScores(loss(y, p), w, finish)
        if name == "balanced_accuracy":
            return _RecallScores(y, _hits(y, p), w)
        if name == "r2":
            return _ExplainedScores(np.asarray(y, dtype=np.float64), p, w)
        if name == "roc_auc":
            classes = [1] if p.shape[1] == 2 else range(p.shape[1])
            return _RankScores([_Ranks(y == c, p[:, c], w, self._strata) for c in classes])
        if self._metric.form is Form.LABELS and has_quick_table(self._metric):
            return _TableScores(self._metric, y, p, w)
        return _AnyScores(self._metric, y, p, None if self._unweighted else w)


def _log_losses(y: "AnyArray", p: "FloatArray") -> "FloatArray":
    total = np.maximum(p.sum(axis=1), np.finfo(float).tiny)
    chosen = p[np.arange(len(y)), y.astype(np.intp)] / total
    return np.asarray(-np.log(np.clip(chosen, np.finfo(float).eps, 1.0)))


def _hits(y: "AnyArray", p: "FloatArray") -> "FloatArray":
    return np.asarray(p.argmax(axis=1) == y, dtype=np.float64)


def _squares(y: "AnyArray", p: "FloatArray") -> "FloatArray":
    return np.asarray((y - p) ** 2)


def _distances(y: "AnyArray", p: "FloatArray") -> "FloatArray":
    return np.asarray(np.abs(y - p))


def _as_it_is(mean: "FloatArray") -> "FloatArray":
    return mean


_LOSSES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "log_loss": (_log_losses, _as_it_is),
    "accuracy": (_hits, _as_it_is),
    "rmse": (_squares, np.sqrt),
    "mae": (_distances, _as_it_is),
}
"""Metrics that are functions of the mean of a loss of each row."""


class _MeanScores(Scores):
    def __init__(self, losses: "FloatArray", weights: "FloatArray", finish: Any) -> None:
        self._columns = np.column_stack((losses * weights, weights))
        self._finish = finish

    def under(self, counts: "FloatArray") -> "FloatArray":
        sums = counts @ self._columns
        return np.asarray(self._finish(_ratio(sums[:, 0], sums[:, 1])))


class _RecallScores(Scores):
    def __init__(self, y: "AnyArray", hits: "FloatArray", weights: "FloatArray") -> None:
        self._order = np.argsort(y, kind="stable")
        self._starts = np.flatnonzero(np.r_[True, np.diff(y[self._order]) != 0])
        self._weights, self._hits = weights[self._order], hits[self._order]

    def under(self, counts: "FloatArray") -> "FloatArray":
        drawn = counts[:, self._order] * self._weights
        total = np.add.reduceat(drawn, self._starts, axis=1)
        recalls = _ratio(np.add.reduceat(drawn * self._hits, self._starts, axis=1), total)
        present = total > 0
        return _ratio(np.where(present, recalls, 0.0).sum(axis=1), present.sum(axis=1))


class _ExplainedScores(Scores):
    def __init__(self, y: "FloatArray", p: "FloatArray", weights: "FloatArray") -> None:
        centred = y - np.average(y, weights=weights)  # else the difference of squares cancels
        parts = ((y - p) ** 2, centred**2, centred, np.ones(len(y)))
        self._columns = np.column_stack(parts) * weights[:, None]

    def under(self, counts: "FloatArray") -> "FloatArray":
        error, square, first, weight = (counts @ self._columns).T
        spread = square - _ratio(first**2, weight)
        spread[spread <= 1e-12 * square] = 0.0  # constant but for rounding
        return 1.0 - _ratio(error, spread)


class _Ranks:
    """Rank statistics: rows sorted by fold and score, for one class against the rest."""

    def __init__(
        self,
        positive: "BoolArray",
        score: "FloatArray",
        weights: "FloatArray",
        strata: "IndexArray",
    ) -> None:
        self._order = np.lexsort((score, strata))
        score, strata = score[self._order], strata[self._order]
        self._positive = np.where(positive, weights, 0.0)[self._order]
        self._negative = np.where(positive, 0.0, weights)[self._order]
        new_stratum = np.r_[True, strata[1:] != strata[:-1]]
        new_score = new_stratum | np.r_[True, score[1:] != score[:-1]]
        self._ties = None if new_score.all() else np.flatnonzero(new_score)
        self._strata = np.flatnonzero(new_stratum[new_score])
        self._sizes = np.diff(np.r_[self._strata, np.count_nonzero(new_score)])

    def under(self, counts: "FloatArray") -> "FloatArray":
        """Return the share of pairs of one fold that are in the right order, ties half."""
        drawn = counts[:, self._order]
        positive, negative = drawn * self._positive, drawn * self._negative
        if self._ties is not None:
            positive = np.add.reduceat(positive, self._ties, axis=1)
            negative = np.add.reduceat(negative, self._ties, axis=1)
        below = np.cumsum(negative, axis=1) - negative
        ahead = below + 0.5 * negative
        if len(self._strata) > 1:
            ahead -= np.repeat(below[:, self._strata], self._sizes, axis=1)
        right = np.einsum("ij,ij->i", positive, ahead)
        pairs = np.add.reduceat(positive, self._strata, axis=1) * np.add.reduceat(
            negative, self._strata, axis=1
        )
        return _ratio(right, pairs.sum(axis=1))


class _RankScores(Scores):
    def __init__(self, classes: list[_Ranks]) -> None:
        self._classes = classes

    def under(self, counts: "FloatArray") -> "FloatArray":
        each = np.column_stack([ranks.under(counts) for ranks in self._classes])
        defined = np.isfinite(each)
        return _ratio(np.where(defined, each, 0.0).sum(axis=1), defined.sum(axis=1))


class _TableScores(Scores):
    """Scores of labels, from tables of true and decided classes."""

    def __init__(
        self, metric: Metric, y: "AnyArray", p: "FloatArray", weights: "FloatArray"
    ) -> None:
        self._metric, self._n_classes = metric, p.shape[1]
        cells = y.astype(np.intp) * self._n_classes + p.argmax(axis=1)
        self._columns = np.eye(self._n_classes**2)[cells] * weights[:, None]

    def under(self, counts: "FloatArray") -> "FloatArray":
        tables = (counts @ self._columns).reshape(-1, self._n_classes, self._n_classes)
        return score_tables(self._metric, tables)


class _AnyScores(Scores):
    """Scores of any other metric: rows are repeated by their multiplicity."""

    def __init__(
        self, metric: Metric, y: "AnyArray", p: "FloatArray", weights: "FloatArray | None"
    ) -> None:
        self._metric, self._y, self._p, self._weights = metric, y, p, weights

    def under(self, counts: "FloatArray") -> "FloatArray":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # draws without a class are told as undefined
            return np.array([self._score(row) for row in counts])

    def _score(self, counts: "FloatArray") -> float:
        rows = np.repeat(np.arange(len(counts)), counts.astype(np.intp))
        weights = None if self._weights is None else self._weights[rows]
        return self._metric.score(self._y[rows], self._p[rows], weights)


def _ratio(numerator: Any, denominator: Any) -> "FloatArray":
    """Divide; NaN where the denominator is zero."""
    top = np.asarray(numerator, dtype=np.float64)
    result = np.full(top.shape, np.nan)
    return np.asarray(np.divide(top, denominator, out=result, where=np.asarray(denominator) > 0))
