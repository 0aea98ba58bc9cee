"""Columns of a table to predict that are unlike the same columns of the training rows.

Numbers are out of range where more of them lie beyond those of the training than chance explains,
or one lies further beyond than the whole range is wide, as after a change of the unit. A column is
empty where all cells are missing, and chance would hardly have left all out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.columns.column import Column, ColumnKind
from metatune.data.wording import counted

if TYPE_CHECKING:
    from metatune._typing import FloatArray

__all__ = ["UnlikeTraining", "find_unlike", "number_ranges", "unlike_message"]

_BY_CHANCE = 1e-3
_FEWEST_EMPTY = 5  # rows; in fewer a column may well be empty
_SHOWN = 5  # columns of a message


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlikeTraining:
    """Column of a table to predict that is unlike that of the training rows.

    Attributes
    ----------
    column : str
        Name of the column.
    text : str
        One clause on what is unlike.
    """

    column: str
    text: str

    def line(self) -> str:
        """Return one line of text."""
        return f"column {self.column!r}: {self.text}"


def number_ranges(matrix: "FloatArray", places: Sequence[int]) -> "FloatArray":
    """Return the least and the largest number of some columns, (n_places, 2); NaN of empty ones."""
    values = matrix[:, places]
    known = ~np.isnan(values)
    low = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    empty = ~known.any(axis=0)
    low[empty], high[empty] = np.nan, np.nan
    return np.column_stack([low, high])


def find_unlike(
    matrix: "FloatArray",
    columns: Sequence[Column],
    places: Sequence[int],
    ranges: "FloatArray",
    n_trained: int,
) -> list[UnlikeTraining]:
    """Find the columns of encoded rows that are unlike those of the training.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_matrix_columns)
        Encoded rows.
    columns : sequence of Column
        Columns to look at.
    places : sequence of int
        First place of each in the matrix.
    ranges : ndarray of shape (n_numbers, 2)
        Least and largest number of those columns that hold numbers, in their order.
    n_trained : int
        Rows of the training.
    """
    if not len(matrix):
        return []
    found = _empty(matrix, columns, places, n_trained)
    numbers = [(c, p) for c, p in zip(columns, places, strict=True) if c.kind is ColumnKind.NUMBER]
    if not numbers:
        return found
    values = matrix[:, [place for _, place in numbers]]
    low, high = ranges.T
    with np.errstate(invalid="ignore"):
        below, above = values < low, values > high
        far = (values < low - (high - low)) | (values > high + (high - low))
    far[:, ~(high > low)] = False  # of one value nothing is known
    beyond = np.maximum(below.sum(axis=0), above.sum(axis=0))
    rare = (len(matrix) / (len(matrix) + n_trained)) ** beyond < _BY_CHANCE
    for k in np.flatnonzero((rare & (beyond > 0)) | far.any(axis=0)).tolist():
        outside = below[:, k] | above[:, k]
        distance = np.where(outside, np.abs(values[:, k] - (low[k] + high[k]) / 2), -1.0)
        text = (
            f"{counted(int(outside.sum()), 'number')} of {len(matrix):,} beyond those of the "
            f"training rows ({low[k]:.6g} to {high[k]:.6g}), such as "
            f"{values[int(distance.argmax()), k]:.6g}"
        )
        found.append(UnlikeTraining(column=numbers[k][0].name, text=text))
    return found


def unlike_message(found: Sequence[UnlikeTraining]) -> str:
    """Return one line about several columns."""
    more = f"; and {len(found) - _SHOWN} more columns" if len(found) > _SHOWN else ""
    return "; ".join(each.line() for each in found[:_SHOWN]) + more


def _empty(
    matrix: "FloatArray", columns: Sequence[Column], places: Sequence[int], n_trained: int
) -> list[UnlikeTraining]:
    found: list[UnlikeTraining] = []
    if len(matrix) < _FEWEST_EMPTY:
        return found
    for k in np.flatnonzero(np.isnan(matrix[:, list(places)]).all(axis=0)).tolist():
        missing = min(1.0, columns[k].n_missing / max(1, n_trained))
        if missing ** len(matrix) < _BY_CHANCE:
            text = (
                f"empty in all {counted(len(matrix), 'row')}, "
                f"but filled in {1.0 - missing:.0%} of the training rows"
            )
            found.append(UnlikeTraining(column=columns[k].name, text=text))
    return found
