"""Sample of a task as plain codes and numbers, to look for leaks in."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.plain_numbers import finite_names, plain_values
from metatune.data.splits.folds import nested_order
from metatune.data.task.strength import strengths
from metatune.data.task.task import Task

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray

__all__ = ["LeakSample", "SampledColumn", "draw_sample"]

_ROWS = 4_000
_COLUMNS = 300  # of more, those that tell most of the target by a cheap measure
_NUMBERS = (ColumnKind.NUMBER, ColumnKind.BOOLEAN)
_CODES = (ColumnKind.CATEGORY, ColumnKind.HIGH_CARDINALITY)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampledColumn:
    """Cells of a column.

    Attributes
    ----------
    name : str
    values : ndarray of shape (n_rows,)
        Numbers, days of dates, or codes of categories; NaN where missing.
    is_ordered : bool
        Whether they are numbers or days.
    """

    name: str
    values: "FloatArray"
    is_ordered: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeakSample:
    """Sample of the rows of a task.

    Attributes
    ----------
    target : str
        Name of the target.
    y : ndarray of shape (n_rows,)
        Codes of labels, or values.
    ranks : ndarray of shape (n_rows,) or None
        Ranks of the values, from 0 to 1; None for labels.
    n_classes : int
        0 for regression.
    columns : tuple of SampledColumn
        Features other than texts, and those that are left out as identifiers.
    half : ndarray of shape (n_rows,), bool
        Half of the rows, at random: what is learned of one half is judged by the other.
    """

    target: str
    y: "AnyArray"
    ranks: "FloatArray | None"
    n_classes: int
    columns: tuple[SampledColumn, ...]
    half: "AnyArray"


def draw_sample(task: Task, n_rows: int = _ROWS) -> LeakSample:
    """Draw a sample of the rows of a task, the same one every time."""
    rows = np.arange(task.n_rows)
    if task.n_rows > n_rows:
        rows = np.sort(nested_order(task.y, task.kind, seed=0)[:n_rows])
    X, y = task.X.iloc[rows], task.y[rows]
    columns = [c for c in task.columns if _is_looked_at(c)]
    if len(columns) > _COLUMNS:
        strongest = np.argsort(-strengths(X, columns, y, task.kind), kind="stable")[:_COLUMNS]
        columns = [columns[i] for i in np.sort(strongest)]
    rng = np.random.default_rng(0)
    half = np.zeros(len(rows), dtype=bool)
    half[rng.permutation(len(rows))[: len(rows) // 2]] = True
    ranks = None if task.n_classes else (rankdata(y) - 0.5) / len(y)
    return LeakSample(
        target=task.target,
        y=y,
        ranks=ranks,
        n_classes=task.n_classes,
        columns=_cells(X, columns),
        half=half,
    )


def _is_looked_at(column: Column) -> bool:
    """Return True for columns of few or ordered cells; text may tell the target rightly."""
    return column.kind in (*_NUMBERS, *_CODES, ColumnKind.DATETIME)


def _cells(X: pd.DataFrame, columns: list[Column]) -> tuple[SampledColumn, ...]:
    plain = finite_names(X, [c.name for c in columns if c.kind is ColumnKind.NUMBER])
    fast = dict(zip(plain, plain_values(X, list(plain)).T, strict=True)) if plain else {}
    found = []
    for column in columns:
        values = fast[column.name] if column.name in plain else _converted(X[column.name], column)
        is_ordered = column.kind not in _CODES
        found.append(SampledColumn(name=column.name, values=values, is_ordered=is_ordered))
    return tuple(found)


def _converted(raw: "pd.Series[Any]", column: Column) -> "FloatArray":
    cells = clean_column(raw, column)
    if column.kind in _CODES:
        values: FloatArray = pd.factorize(cells)[0].astype(np.float64)
        values[values < 0] = np.nan
        return values
    if column.kind is ColumnKind.DATETIME:
        days = (cells - pd.Timestamp(2000, 1, 1)) / pd.Timedelta(days=1)
        return np.asarray(days.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(cells.to_numpy(dtype=np.float64, na_value=np.nan))
