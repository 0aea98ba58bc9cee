"""Columns of several numbers in each cell, read as their column says."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.data.columns.column import Column
from metatune.data.columns.labelled_numbers import read_labelled
from metatune.data.columns.numbers_in_text import read_numbers

if TYPE_CHECKING:
    from metatune._typing import FloatArray

__all__ = ["numbers_in", "numbers_of"]


def numbers_in(text: str, column: Column) -> tuple[float, ...]:
    """Return the numbers of a cell, one for each place; empty if they are not those of its column.

    Parameters
    ----------
    text : str
        The cell.
    column : Column
        Of kind several numbers.
    """
    if column.labels:
        return read_labelled(text, column.labels, column.decimal)
    numbers = read_numbers(text, column.decimal)
    return numbers if len(numbers) == column.n_numbers else ()


def numbers_of(cells: "pd.Series[Any]", column: Column) -> "FloatArray":
    """Return the numbers of cells, (n_rows, n_numbers); NaN where a cell holds others.

    Parameters
    ----------
    cells : Series of shape (n_rows,)
        Texts.
    column : Column
        Of kind several numbers.
    """
    codes, distinct = pd.factorize(cells)
    values = np.full((len(distinct) + 1, column.n_numbers), np.nan)  # the last: missing cells
    for place, text in enumerate(distinct):
        numbers = numbers_in(str(text), column)
        if numbers:
            values[place] = numbers
    return values[codes]
