"""Role columns: those that hold the sample weight, group or time of each row."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api import types

from metatune.data.columns.cleaning import clean_column, plain, to_text
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.inference import infer_columns
from metatune.data.target_name import find_target
from metatune.data.wording import counted, listed
from metatune.errors import OptionError, TargetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metatune._typing import FloatArray, IntArray

__all__ = [
    "NO_ROLES",
    "RoleColumns",
    "find_roles",
    "read_groups",
    "read_times",
    "read_weights",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleColumns:
    """Names of the columns that hold weights, groups and times rather than features.

    Attributes
    ----------
    weight : str or None
        Column of sample weights.
    group : str or None
        Column of groups.
    time : str or None
        Column of times.
    """

    weight: str | None = None
    group: str | None = None
    time: str | None = None

    @property
    def given(self) -> dict[str, str]:
        """Columns that were named, by role."""
        roles = {"weight": self.weight, "group": self.group, "time": self.time}
        return {role: name for role, name in roles.items() if name is not None}


NO_ROLES = RoleColumns()
"""Roles of a table in which no column has one."""


def find_roles(names: "Sequence[str]", target: str, wanted: RoleColumns) -> RoleColumns:
    """Find the columns that the user named, by name or by position as for the target.

    Raises
    ------
    OptionError
        If there is no such column, or one of them is the target or has two roles.
    """
    found: dict[str, str] = {}
    for role, name in wanted.given.items():
        try:
            column = names[find_target(list(names), name)[0]]
        except TargetError as error:
            raise OptionError(f"{role} column: {error}") from error
        other = "the target" if column == target else _role_of(column, found)
        if other:
            raise OptionError(
                f"column {column!r} cannot be both {other} and the {role} of rows: "
                "name another column"
            )
        found[role] = column
    return RoleColumns(**found)


def read_weights(cells: "pd.Series[Any]") -> "FloatArray":
    """Read the sample weight of each row.

    Parameters
    ----------
    cells : Series of shape (n_rows,)
        As read; its name is the column's.

    Returns
    -------
    ndarray of shape (n_rows,)
        As given: zero or more, and not all zero.

    Raises
    ------
    OptionError
        If a cell is negative or no finite number, or all are zero.
    """
    what = f"weight column {str(cells.name)!r}"
    numbers = _as_numbers(cells, _understood(cells))
    if numbers is None:
        raise OptionError(
            f"{what} holds {_example(cells)}: weights must be numbers of zero or more"
        )
    weights = numbers.to_numpy(dtype=np.float64)
    lost = np.flatnonzero(np.isnan(weights))
    if len(lost):
        raise OptionError(
            f"{what} has no finite number in {counted(len(lost), 'row')} (the first is row "
            f"{lost[0] + 1}): give every row a weight of zero or more"
        )
    if (weights < 0).any():
        value = weights[weights < 0][0]
        raise OptionError(f"{what} holds {value:g}: weights must be zero or more")
    if not weights.any():
        raise OptionError(f"{what} is zero in every row: at least one row has to count")
    return weights


def read_groups(cells: "pd.Series[Any]") -> "IntArray":
    """Read the group of each row; a row without a group is a group of its own.

    Parameters
    ----------
    cells : Series of shape (n_rows,)
        As read; its name is the column's.

    Returns
    -------
    ndarray of shape (n_rows,)
        Codes.

    Raises
    ------
    OptionError
        If all rows belong to the same group.
    """
    codes, distinct = pd.factorize(to_text(plain(cells)))
    codes = codes.astype(np.int64)
    alone = np.flatnonzero(codes < 0)
    codes[alone] = len(distinct) + np.arange(len(alone))
    if len(distinct) + len(alone) < 2:
        raise OptionError(
            f"group column {str(cells.name)!r} has the same value in every row: "
            "at least two groups are needed"
        )
    return codes


def read_times(cells: "pd.Series[Any]") -> "tuple[IntArray, Column]":
    """Read the time of each row.

    Parameters
    ----------
    cells : Series of shape (n_rows,)
        Dates, times or numbers as read; its name is the column's.

    Returns
    -------
    tuple of (ndarray of shape (n_rows,), Column)
        Rank of each row's instant, equal for equal instants; and how the column was understood: a
        number or date/time.

    Raises
    ------
    OptionError
        If the cells are neither dates nor numbers, one is missing, or all are the same.
    """
    what = f"time column {str(cells.name)!r}"
    column = _understood(cells)
    if column.kind is ColumnKind.DATETIME:
        values: pd.Series[Any] | None = clean_column(cells, column)
    else:
        values = _as_numbers(cells, column)
        column = replace(column, kind=ColumnKind.NUMBER)
    if values is None:
        raise OptionError(f"{what} holds {_example(cells)}: neither dates nor numbers")
    lost = np.flatnonzero(values.isna().to_numpy())
    if len(lost):
        cell = to_text(plain(cells)).iloc[lost[0]]
        held = "nothing" if pd.isna(cell) else repr(str(cell))
        raise OptionError(
            f"{what} has no time in {counted(len(lost), 'row')} (row {lost[0] + 1} holds {held}): "
            "mend or drop these rows"
        )
    ranks = np.unique(values.to_numpy(), return_inverse=True)[1].astype(np.int64)
    if not ranks.any():
        raise OptionError(f"{what} is the same in every row: at least two instants are needed")
    return ranks, column


def _understood(cells: "pd.Series[Any]") -> Column:
    frame = cells.to_frame(str(cells.name))
    return infer_columns(frame, keep_identifiers=True)[0]


def _as_numbers(cells: "pd.Series[Any]", column: Column) -> "pd.Series[Any] | None":
    """Return numbers, NaN where missing; None if the cells are something else."""
    bare = plain(cells)
    is_number = types.is_numeric_dtype(bare.dtype) and not types.is_bool_dtype(bare.dtype)
    if is_number or column.kind in (ColumnKind.NUMBER, ColumnKind.CONSTANT):
        numbers = clean_column(bare, replace(column, kind=ColumnKind.NUMBER))
        return numbers if numbers.notna().any() else None
    return None


def _example(cells: "pd.Series[Any]") -> str:
    present = to_text(plain(cells)).dropna()
    return listed([str(value) for value in present.unique()[:2]]) if len(present) else "no values"


def _role_of(column: str, found: dict[str, str]) -> str:
    return next((f"the {role}" for role, name in found.items() if name == column), "")
