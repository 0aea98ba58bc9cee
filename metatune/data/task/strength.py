"""Strength of the association of each column with the target, cheap enough for many thousands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.plain_numbers import finite_names, plain_values
from metatune.data.task.dependence import compared_values, intraclass_correlation
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray

__all__ = ["strengths"]

_CELLS = 4_000_000  # at once


def strengths(
    X: pd.DataFrame, columns: Sequence[Column], y: "AnyArray", kind: TaskKind
) -> "FloatArray":
    """Return how much each column tells of the target by itself, from 0 to 1.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Table as read, without the target.
    columns : sequence of Column
        Those of its columns to look at.
    y : ndarray of shape (n_rows,)
        Encoded labels or values.
    kind : TaskKind
        What is predicted.

    Returns
    -------
    ndarray of shape (len(columns),)
        Of numbers and dates the largest rank correlation with the target, or with one of its
        classes; of categories the root of the intraclass correlation; of texts, and of cells of
        several numbers, 1.
    """
    targets = _standardised(compared_values(y, kind))
    numbers = [c.name for c in columns if c.kind is ColumnKind.NUMBER]
    plain = finite_names(X, numbers)
    found = {c.name: _of_others(X[c.name], c, targets) for c in columns if c.name not in plain}
    names = [name for name in numbers if name in plain]
    size = max(1, _CELLS // max(1, len(X)))
    for start in range(0, len(names), size):
        chosen = names[start : start + size]
        found |= zip(chosen, _of_numbers(plain_values(X, chosen), targets), strict=True)
    return np.array([found[column.name] for column in columns], dtype=np.float64)


def _of_others(raw: "pd.Series[Any]", column: Column, targets: "FloatArray") -> float:
    if column.kind in (ColumnKind.TEXT, ColumnKind.NUMBERS):
        return 1.0
    cells = clean_column(raw, column)
    if column.kind in (ColumnKind.CATEGORY, ColumnKind.HIGH_CARDINALITY):
        codes = pd.factorize(cells, use_na_sentinel=False)[0].astype(np.int64)
        return float(np.sqrt(np.clip(intraclass_correlation(targets, codes)[0], 0.0, 1.0)))
    ranks = np.asarray(cells.rank().to_numpy(), dtype=np.float64)
    return float(_of_numbers(ranks[:, None], targets)[0])


def _of_numbers(values: "FloatArray", targets: "FloatArray") -> "FloatArray":
    missing = np.isnan(values)
    ranks = np.asarray(rankdata(np.where(missing, np.inf, values), axis=0), dtype=np.float64)
    ranks[missing] = np.nan
    correlations = _standardised(ranks).T @ targets / max(1, len(targets))
    return np.asarray(np.abs(correlations).max(axis=1))


def _standardised(values: "FloatArray") -> "FloatArray":
    """Return columns of mean 0 and variance 1; missing cells, and all of a constant, are 0."""
    known = ~np.isnan(values)
    n_known = np.maximum(1, known.sum(axis=0))
    centred = np.where(known, values - np.nansum(values, axis=0) / n_known, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / max(1, len(values)))
    return np.where(spread > 0, centred / np.where(spread > 0, spread, 1.0), 0.0)
