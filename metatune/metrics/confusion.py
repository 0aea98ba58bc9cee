"""Scores of labels from tables of true and decided classes, many tables at once."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.metrics.metric import Metric

if TYPE_CHECKING:
    from metatune._typing import FloatArray


__all__ = ["has_quick_table", "score_tables"]


def has_quick_table(metric: Metric) -> bool:
    """Return True if `score_tables` takes microseconds, not a call of scikit-learn for each."""
    return metric.name in _SCORES or metric.name in _SIDED


def score_tables(metric: Metric, tables: "FloatArray") -> "FloatArray":
    """Score tables of true and decided classes by a metric of labels.

    Parameters
    ----------
    metric : Metric
        Metric of labels that weighs rows, or has a quick table.
    tables : ndarray of shape (n_tables, n_classes, n_classes)
        Weight of the rows of each true class (first) that are decided as each class (second).

    Returns
    -------
    ndarray of shape (n_tables,)
        In the metric's own sign; NaN where it is undefined.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        if metric.name in _SCORES:
            return np.asarray(_SCORES[metric.name](tables), dtype=np.float64)
        if metric.name in _SIDED and metric.positive is not None:
            return np.asarray(_SIDED[metric.name](*_cells(tables, metric.positive)))
    return np.array([_score_table(metric, table) for table in tables])


def _score_table(metric: Metric, table: "FloatArray") -> float:
    n_classes = len(table)
    filled = np.flatnonzero(table)
    said = np.eye(n_classes)[filled % n_classes]
    return metric.score(filled // n_classes, said, table.ravel()[filled])


def _cells(tables: "FloatArray", positive: int) -> "tuple[FloatArray, FloatArray, FloatArray]":
    """Return hits, false alarms and misses of the positive class."""
    hits = tables[:, positive, positive]
    alarms = tables[:, :, positive].sum(axis=1) - hits
    misses = tables[:, positive, :].sum(axis=1) - hits
    return hits, alarms, misses


def _f1(hits: "FloatArray", alarms: "FloatArray", misses: "FloatArray") -> "FloatArray":
    return np.where(hits + misses > 0, 2 * hits / (2 * hits + alarms + misses), np.nan)


def _jaccard(hits: "FloatArray", alarms: "FloatArray", misses: "FloatArray") -> "FloatArray":
    return np.where(hits + misses > 0, hits / (hits + alarms + misses), np.nan)


def _accuracy(tables: "FloatArray") -> "FloatArray":
    return np.asarray(np.trace(tables, axis1=1, axis2=2) / tables.sum(axis=(1, 2)))


def _balanced_accuracy(tables: "FloatArray") -> "FloatArray":
    return np.asarray(np.nanmean(_diagonal(tables) / tables.sum(axis=2), axis=1))


def _matthews(tables: "FloatArray") -> "FloatArray":
    true, said, total = tables.sum(axis=2), tables.sum(axis=1), tables.sum(axis=(1, 2))
    joint = np.trace(tables, axis1=1, axis2=2) * total - (true * said).sum(axis=1)
    spread = (total**2 - (true**2).sum(axis=1)) * (total**2 - (said**2).sum(axis=1))
    return np.where(spread > 0, joint / np.sqrt(spread), 0.0)


def _f1_each(tables: "FloatArray") -> "FloatArray":
    """Return the F1 of each class; NaN for classes that neither occur nor are decided."""
    return np.asarray(2 * _diagonal(tables) / (tables.sum(axis=1) + tables.sum(axis=2)))


def _f1_macro(tables: "FloatArray") -> "FloatArray":
    return np.asarray(np.nanmean(_f1_each(tables), axis=1))


def _f1_weighted(tables: "FloatArray") -> "FloatArray":
    true = tables.sum(axis=2)
    return np.asarray((np.nan_to_num(_f1_each(tables)) * true).sum(axis=1) / true.sum(axis=1))


def _precisions(tables: "FloatArray") -> "FloatArray":
    return _shares(tables, tables.sum(axis=1))


def _recalls(tables: "FloatArray") -> "FloatArray":
    return _shares(tables, tables.sum(axis=2))


def _jaccards(tables: "FloatArray") -> "FloatArray":
    return _shares(tables, tables.sum(axis=1) + tables.sum(axis=2) - _diagonal(tables))


def _shares(tables: "FloatArray", of: "FloatArray") -> "FloatArray":
    """Return the hits as shares; 0 of nothing, and NaN for classes that are nowhere."""
    nowhere = tables.sum(axis=1) + tables.sum(axis=2) == 0
    shares = np.where(of > 0, _diagonal(tables) / of, 0.0)
    return np.where(nowhere, np.nan, shares)


def _macro(each: Callable[..., Any]) -> Callable[..., Any]:
    return lambda tables: np.nanmean(each(tables), axis=1)


def _diagonal(tables: "FloatArray") -> "FloatArray":
    return np.asarray(np.diagonal(tables, axis1=1, axis2=2))


_SCORES: dict[str, Callable[..., Any]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "matthews_corrcoef": _matthews,
    "f1_macro": _f1_macro,
    "f1_micro": _accuracy,
    "f1_weighted": _f1_weighted,
    "precision_macro": _macro(_precisions),
    "recall_macro": _macro(_recalls),
    "jaccard_macro": _macro(_jaccards),
}
_SIDED: dict[str, Callable[..., Any]] = {"f1": _f1, "jaccard": _jaccard}
