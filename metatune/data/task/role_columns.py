"""Conversion of columns or arrays with a role to the metadata of the rows."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.data.columns.cleaning import clean_column, to_text
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.row_metadata import RowMetadata, even_out
from metatune.data.task.roles import RoleColumns, read_groups, read_times, read_weights
from metatune.data.wording import counted
from metatune.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from metatune._typing import BoolArray, FloatArray

__all__ = ["count_rows", "read_roles", "row_metadata_of_arrays"]


def count_rows(
    frame: pd.DataFrame, roles: RoleColumns
) -> "tuple[pd.DataFrame, FloatArray | None, list[str]]":
    """Read the sample weights and leave out the rows of weight zero.

    Returns
    -------
    tuple of (DataFrame, ndarray of shape (n_counting,) or None, list of str)
        The rows that count, their weights as given, and notes.
    """
    if roles.weight is None:
        return frame, None, []
    weights = read_weights(frame[roles.weight])
    counting = weights > 0
    n_absent = int((~counting).sum())
    if not n_absent:
        return frame, weights, []
    note = f"{counted(n_absent, 'row')} of weight zero left out"
    return frame[counting].reset_index(drop=True), weights[counting], [note]


def read_roles(
    X: pd.DataFrame,
    others: tuple[Column, ...],
    roles: RoleColumns,
    weights: "FloatArray | None",
) -> tuple[tuple[Column, ...], RowMetadata]:
    """Read the columns that have a role, and put all columns into the order of the table.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Table without the target.
    others : tuple of Column
        The columns without a role, as understood.
    roles : RoleColumns
        Columns of `X`.
    weights : ndarray of shape (n_rows,) or None
        Above zero.

    Returns
    -------
    tuple of (tuple of Column, RowMetadata)

    Raises
    ------
    OptionError
        If groups or times cannot be read.
    """
    columns = {column.name: column for column in others}
    groups = times = None
    if roles.weight is not None:
        columns[roles.weight] = _column(X[roles.weight], ColumnKind.ROW_WEIGHT)
    if roles.group is not None:
        groups = read_groups(X[roles.group])
        columns[roles.group] = _column(X[roles.group], ColumnKind.ROW_GROUP)
    if roles.time is not None:
        times, understood = read_times(X[roles.time])
        columns[roles.time] = _time_column(X[roles.time], understood)
    row_metadata = RowMetadata(
        weights=None if weights is None else even_out(weights), groups=groups, times=times
    )
    return tuple(columns[str(name)] for name in X.columns), row_metadata


def row_metadata_of_arrays(
    n_rows: int,
    *,
    weights: "ArrayLike | None",
    groups: "ArrayLike | None",
    times: "ArrayLike | None",
) -> "tuple[BoolArray, RowMetadata]":
    """Read weights, groups and times that are given apart.

    Returns
    -------
    tuple of (ndarray of shape (n_rows,), RowMetadata)
        Rows of positive weight (bool), and the metadata of those.

    Raises
    ------
    OptionError
        If one of them has another length or cannot be used.
    """
    counting = np.ones(n_rows, dtype=bool)
    row_metadata: dict[str, Any] = {}
    if weights is not None:
        read = read_weights(_series(weights, "sample_weight", n_rows))
        counting = read > 0
        row_metadata["weights"] = even_out(read[counting])
    if groups is not None:
        row_metadata["groups"] = read_groups(_series(groups, "groups", n_rows)[counting])
    if times is not None:
        row_metadata["times"] = read_times(_series(times, "times", n_rows)[counting])[0]
    return counting, RowMetadata(**row_metadata)


def _series(values: "ArrayLike", name: str, n_rows: int) -> "pd.Series[Any]":
    held = values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(values)
    if held.ndim != 1 or len(held) != n_rows:
        raise OptionError(f"{name} has the shape {held.shape}: give one value for each row of X")
    return pd.Series(held, name=name)


def _column(cells: "pd.Series[Any]", kind: ColumnKind) -> Column:
    text = to_text(cells)
    n_missing, n_unique = int(text.isna().sum()), int(text.nunique())
    return Column(name=str(cells.name), kind=kind, n_missing=n_missing, n_unique=n_unique)


def _time_column(cells: "pd.Series[Any]", understood: Column) -> Column:
    """Return the time column as a feature that extrapolates: varying parts of the calendar."""
    if understood.kind is not ColumnKind.DATETIME:
        return replace(understood, kind=ColumnKind.ROW_TIME)
    dates = clean_column(cells, understood)
    parts = (dates.dt.month, dates.dt.day, dates.dt.hour, dates.dt.minute)
    if any(bool((part != part.iloc[0]).any()) for part in parts):
        return replace(understood, calendar_only=True)
    return replace(understood, kind=ColumnKind.ROW_TIME)
