"""Columns of plain numbers, understood and converted all at once.

A table of genes or pixels has thousands of them, and a step for each would take longer than all
that is learned from them.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.epochs import may_be_epochs
from metatune.data.columns.identifiers import looks_like_id_name, seldom_repeats
from metatune.data.wording import counted

if TYPE_CHECKING:
    from metatune._typing import BoolArray, FloatArray

__all__ = ["finite_names", "infer_plain", "is_plain", "may_be_digit_dates", "plain_values"]

_DIGIT_DATES = ((1e6, 1e8), (1.9e11, 2.2e11), (1.9e13, 2.2e13))

_MOST_ROWS = 10_000  # in longer columns sorting is slower than what a column costs otherwise
_CELLS = 4_000_000  # at once
_EXACT = 2**53


def is_plain(dtype: Any) -> bool:
    """Return True for NumPy's own numbers: integers and floats, but no booleans or spans."""
    return isinstance(dtype, np.dtype) and dtype.kind in "iuf"


def infer_plain(frame: pd.DataFrame) -> dict[int, Column]:
    """Infer the columns that are certainly constants or plain numbers, neither ids nor dates.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Raw features with text names.

    Returns
    -------
    dict of int to Column
        By position; what they are does not depend on the other columns. Empty for long tables.
    """
    if not 0 < len(frame) <= _MOST_ROWS:
        return {}
    places = [i for i, dtype in enumerate(frame.dtypes) if is_plain(dtype)]
    found: dict[int, Column] = {}
    for chosen in _chunks(places, len(frame)):
        found |= _infer_chunk(frame, chosen)
    return found


def finite_names(frame: pd.DataFrame, names: Sequence[str]) -> frozenset[str]:
    """Return those of the columns that hold plain numbers, none of which is infinite."""
    dtypes = dict(zip(frame.columns, frame.dtypes, strict=True))
    plain = [name for name in names if is_plain(dtypes[name])]
    floats = [name for name in plain if dtypes[name].kind == "f"]
    places = frame.columns.get_indexer(pd.Index(floats)).tolist()
    infinite: set[int] = set()
    for chosen in _chunks(places, max(1, len(frame))):
        found = np.isinf(frame.iloc[:, chosen].to_numpy()).any(axis=0)
        infinite.update(place for place, lost in zip(chosen, found, strict=True) if lost)
    lost = {str(frame.columns[place]) for place in infinite}
    return frozenset(name for name in plain if name not in lost)


def plain_values(frame: pd.DataFrame, names: Sequence[str]) -> "FloatArray":
    """Return columns of plain numbers as a matrix of shape (n_rows, n_names)."""
    places = frame.columns.get_indexer(pd.Index(names))
    return np.asarray(frame.iloc[:, places].to_numpy(dtype=np.float64))


def _chunks(places: list[int], n_rows: int) -> Iterator[list[int]]:
    size = max(1, _CELLS // n_rows)
    for start in range(0, len(places), size):
        yield places[start : start + size]


def may_be_digit_dates(low: "FloatArray", high: "FloatArray") -> "BoolArray":
    """Return True for columns whose least and largest numbers may be dates.

    They have eight digits (20141013, or 1022014 without a zero), 12 or 14 (20141013235959).
    """
    ranges = [(low >= start) & (high < end) for start, end in _DIGIT_DATES]
    return np.asarray(np.any(ranges, axis=0))


def _infer_chunk(frame: pd.DataFrame, places: list[int]) -> dict[int, Column]:
    raw = frame.iloc[:, places].to_numpy(dtype=np.float64).T
    infinite = np.isinf(raw)
    cells = np.sort(np.where(infinite, np.nan, raw), axis=1)  # missing cells come last
    known = ~np.isnan(cells)
    n_known = known.sum(axis=1)
    n_missing, n_infinite = len(frame) - n_known, infinite.sum(axis=1)
    n_unique = ((cells[:, 1:] != cells[:, :-1]) & known[:, 1:]).sum(axis=1) + (n_known > 0)
    last = np.take_along_axis(cells, np.maximum(n_known - 1, 0)[:, None], axis=1)[:, 0]
    fractions = (known & (cells != np.floor(cells))).any(axis=1)
    constant = (n_known == 0) | ((n_unique <= 1) & (n_missing == 0))
    dates = may_be_digit_dates(cells[:, 0], last) & (n_infinite == 0)
    large = np.maximum(np.abs(cells[:, 0]), np.abs(last)) >= _EXACT
    found: dict[int, Column] = {}
    for k, place in enumerate(places):
        name = str(frame.columns[place])
        is_date = dates[k] or may_be_epochs(name, cells[k, 0], last[k])
        if large[k] or (is_date and not constant[k]):
            continue
        if constant[k]:
            note = "the same value in every row" if n_known[k] else "no values"
            kind = ColumnKind.CONSTANT
        elif fractions[k] or not _may_name_rows(name, n_unique[k] / n_known[k]):
            note = f"{counted(int(n_infinite[k]), 'infinite value')} taken as missing"
            kind, note = ColumnKind.NUMBER, note if n_infinite[k] else ""
        else:
            continue
        found[place] = Column(
            name=name,
            kind=kind,
            n_missing=int(n_missing[k]),
            n_unique=int(n_unique[k]),
            note=note,
            base=ColumnKind.NUMBER,
        )
    return found


def _may_name_rows(name: str, unique_share: float) -> bool:
    return seldom_repeats(unique_share) or looks_like_id_name(name)
