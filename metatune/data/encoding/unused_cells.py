"""Cells of a table to predict that hold something, but nothing that the model can use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api import types

from metatune.data.columns.cleaning import to_text
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.composites import MIDDLE, composite_note, is_composite
from metatune.data.columns.dates import ISO, WORDS
from metatune.data.columns.epochs import EPOCH
from metatune.data.columns.missing import is_weak_marker
from metatune.data.wording import counted, listed

if TYPE_CHECKING:
    from metatune._typing import BoolArray, FloatArray

__all__ = ["UnusedCells", "find_unused", "unused_message"]

_CATEGORIES = (ColumnKind.CATEGORY, ColumnKind.HIGH_CARDINALITY)
_EXAMPLES = 3
_COLUMNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedCells:
    """Cells of a column that are taken as missing although they hold something.

    Attributes
    ----------
    column : str
        Name of the column.
    n_cells : int
        Number of these cells.
    n_present : int
        Cells that hold something, these included.
    reason : str
        What they are not.
    examples : tuple of str
        Some of them.
    """

    column: str
    n_cells: int
    n_present: int
    reason: str
    examples: tuple[str, ...]

    @property
    def is_all(self) -> bool:
        """True if the model learns nothing from this column of the table."""
        return self.n_cells == self.n_present

    def line(self) -> str:
        """Return one line of text."""
        held = f"{self.reason}: {listed(self.examples)}"
        if self.is_all:
            cells = counted(self.n_present, "filled cell")
            return f"column {self.column!r} is lost: none of its {cells} can be used, {held}"
        return (
            f"column {self.column!r}: {counted(self.n_cells, 'cell')} of {self.n_present:,} "
            f"taken as missing, {held}"
        )


def find_unused(
    raw: "pd.Series[Any]", cells: "pd.Series[Any]", block: "FloatArray", column: Column
) -> UnusedCells | None:
    """Find the cells of a column that hold something, but nothing that the model can use.

    Parameters
    ----------
    raw, cells : Series of shape (n_rows,)
        The column before and after `clean_column`.
    block : ndarray of shape (n_rows, n_parts)
        The column as encoded.
    column : Column
        How it was understood at the fit.

    Returns
    -------
    UnusedCells or None
        None if there are no such cells.
    """
    if column.kind is ColumnKind.TEXT:
        return None
    if column.kind in _CATEGORIES:
        present = cells.notna().to_numpy()
        lost = present & np.isnan(block[:, 0])
    else:
        empty = cells.isna()
        if not empty.any() or int(empty.sum()) == int(raw.isna().sum()):
            return None
        lost = _unread(raw, empty.to_numpy())
        present = lost | ~empty.to_numpy()
    if not lost.any():
        return None
    return UnusedCells(
        column=column.name,
        n_cells=int(lost.sum()),
        n_present=int(present.sum()),
        reason=_reason(column),
        examples=tuple(str(cell) for cell in raw[lost].astype(object).unique()[:_EXAMPLES]),
    )


def unused_message(found: Sequence[UnusedCells]) -> str:
    """Return one line about the unused cells of several columns."""
    lines = [unused.line() for unused in sorted(found, key=lambda unused: not unused.is_all)]
    more = f"; and {len(lines) - _COLUMNS} more columns" if len(lines) > _COLUMNS else ""
    return "; ".join(lines[:_COLUMNS]) + more


def _unread(raw: "pd.Series[Any]", empty: "BoolArray") -> "BoolArray":
    """Select the empty cells that were not empty before, markers of missing cells apart."""
    held = raw[empty]
    if types.is_numeric_dtype(raw.dtype) or types.is_datetime64_any_dtype(raw.dtype):
        filled = held.notna()
    else:
        text = to_text(held)
        filled = text.notna() & ~text.fillna("").map(is_weak_marker).astype(bool)
    lost = empty.copy()
    lost[empty] = filled.to_numpy()
    return lost


def _reason(column: Column) -> str:
    if column.kind in _CATEGORIES:
        return "categories that the model has not seen"
    if column.kind is ColumnKind.NUMBERS:
        return "without such numbers" if column.labels else f"not {column.n_numbers} numbers"
    if column.kind is ColumnKind.BOOLEAN:
        return "neither yes nor no"
    if column.kind is ColumnKind.NUMBER:
        return _number_reason(column.unit)
    known = (column.datetime_format or ISO).removeprefix(WORDS)
    if known.startswith(EPOCH):
        return "no counts since 1970"
    return f"not dates as {known}" if known != ISO else "not dates as 2020-12-31"


def _number_reason(unit: str) -> str:
    if unit.startswith(MIDDLE):
        return "neither numbers nor ranges"
    if is_composite(unit):
        return f"no {composite_note(unit)}"
    return f"not numbers in {unit}" if unit else "not finite numbers"
