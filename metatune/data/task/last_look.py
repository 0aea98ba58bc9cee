"""Last look at identifiers: those that tell something about the target are kept as features."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.data.columns.cleaning import clean_column, to_text
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.identifiers import labels_rows
from metatune.data.columns.inference import infer_columns
from metatune.data.task.dependence import compared_values, intraclass_correlation
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray

__all__ = ["keep_informative"]

_RESEMBLANCE = 0.5  # correlation of the target with that of the next row along the column
_ALIKE = 0.2  # intraclass correlation of rows whose codes begin, or end, in the same way
_AGAINST = 0.002  # of the steps of a rank, by rounding
_CERTAIN = 1e-4
_FEWEST_REPEATS = 5  # rows of each beginning, on average
_PIECE = re.compile(r"[^\W\d_]+|\d+")
_ROWS = 20_000  # that are looked at, at most


def keep_informative(
    X: pd.DataFrame, columns: tuple[Column, ...], y: "AnyArray", kind: TaskKind
) -> tuple[Column, ...]:
    """Make features of the identifiers that the target depends on.

    Columns that are named as ids, keys or numbers of rows stay identifiers: where they tell the
    target, the file was sorted by it.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Table as read, without the target.
    columns : tuple of Column
        Its columns as understood.
    y : ndarray of shape (n_rows,)
        Encoded labels or values.
    kind : TaskKind
        What is predicted.

    Returns
    -------
    tuple of Column
        Numbers where neighbours along the column resemble each other in the target; texts where
        those with the same beginning or end do.
    """
    step = max(1, len(y) // _ROWS)
    values = compared_values(y[::step], kind)
    numbers = None if kind.is_classification else y[::step]
    return tuple(
        _looked_at(X[column.name].iloc[::step], column, values, numbers)
        if column.kind is ColumnKind.IDENTIFIER and not labels_rows(column.name)
        else column
        for column in columns
    )


def _looked_at(
    raw: "pd.Series[Any]", column: Column, values: "FloatArray", target: "AnyArray | None"
) -> Column:
    (other,) = infer_columns(raw.to_frame(column.name), keep_identifiers=True)
    other = replace(other, n_missing=column.n_missing, n_unique=column.n_unique)
    cells = clean_column(raw, other)
    if other.kind is ColumnKind.NUMBER:
        order = np.argsort(cells.to_numpy(dtype=np.float64), kind="stable")
        ranked = target is not None and _is_ranked(target[order])
        if not ranked and _resemblance(values[order]) >= _RESEMBLANCE:
            return replace(other, note="numbers rows, but tells the target: kept")
    elif _tells_by_pieces(to_text(cells), values):
        note = "differs in every row, but its parts tell the target: kept"
        return replace(other, kind=ColumnKind.TEXT, note=note)
    return column


def _is_ranked(target: "AnyArray") -> bool:
    """Return True if a column sorts the target, ties included, as the place in a list of sales.

    That is no feature, but made of the target.
    """
    steps = np.diff(target)
    n_against = min(np.count_nonzero(steps > 0), np.count_nonzero(steps < 0))
    return bool((steps == 0).any() and n_against <= _AGAINST * len(steps))


def _resemblance(values: "FloatArray") -> float:
    """Return the correlation of values with those of the next row."""
    spread = 2 * float(values.var(axis=0).sum())
    return 1 - float((np.diff(values, axis=0) ** 2).sum(axis=1).mean()) / spread if spread else 0.0


def _tells_by_pieces(texts: "pd.Series[str]", values: "FloatArray") -> bool:
    pieces = [_PIECE.findall(text) if isinstance(text, str) else [] for text in texts]
    for end in (0, -1):
        groups = pd.factorize(np.array([p[end] if p else "" for p in pieces], dtype=object))[0]
        n_groups = int(groups.max(initial=0)) + 1
        if n_groups < 2 or n_groups * _FEWEST_REPEATS > len(groups):
            continue
        correlation, chance = intraclass_correlation(values, groups.astype(np.int64))
        if correlation > _ALIKE and chance < _CERTAIN:
            return True
    return False
