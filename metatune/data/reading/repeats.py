"""Rows that are none: headers that stand again, as in joined files, and lines drawn at the end."""

import re
from typing import Any

import pandas as pd

from metatune.data.reading.header import Header
from metatune.data.wording import counted

__all__ = ["without_repeated_header", "without_tail"]

_DRAWN = re.compile(r"[-=_+]{3,}[-=_+|: ]*|\(\d[\d,]* rows?( affected)?\)")
_TAIL = 3  # rows


def without_repeated_header(
    frame: pd.DataFrame,
    header: Header,
    decimal: str = ".",
    verbatim: frozenset[str] = frozenset(),
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out rows that repeat the names of the columns; what remains may be numbers again.

    Parameters
    ----------
    frame : DataFrame
        The table under the names of its header.
    header : Header
    decimal : str
        "." or ",".
    verbatim : frozenset of str
        Columns that stay texts.

    Returns
    -------
    tuple of (DataFrame, tuple of str)
        The table, and a note if rows were left out.
    """
    named = [i for i, name in enumerate(header.names) if name not in header.unnamed]
    dtypes = list(frame.dtypes)
    texts = [i for i in named if i < len(dtypes) and _is_text(dtypes[i])]
    if not header.present or len(texts) < len(named) / 2 or not texts:
        return frame, ()
    repeated = frame.iloc[:, texts[0]] == header.names[texts[0]]
    for i in texts[1:]:
        if not repeated.any():
            return frame, ()
        repeated &= frame.iloc[:, i] == header.names[i]
    if not repeated.any() or repeated.all():
        return frame, ()
    frame = frame[~repeated].reset_index(drop=True)
    for i in (i for i in texts if header.names[i] not in verbatim):
        frame.isetitem(i, _read_again(frame.iloc[:, i], decimal).array)
    verb = "repeats" if repeated.sum() == 1 else "repeat"
    return frame, (f"{counted(int(repeated.sum()), 'row')} left out that {verb} the header",)


def without_tail(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out a drawn line or a count of the rows, as databases write them below a table."""
    n_tail = 0
    if frame.shape[1] < 2:  # a single cell of any kind is a row
        return frame, ()
    while n_tail < min(_TAIL, len(frame) - 1) and _is_drawn(frame.iloc[-1 - n_tail]):
        n_tail += 1
    if not n_tail:
        return frame, ()
    return frame.iloc[:-n_tail], (f"{counted(n_tail, 'line')} below the table left out",)


def _is_drawn(row: "pd.Series[Any]") -> bool:
    cells = [cell for cell in row if isinstance(cell, str)]
    return bool(cells) and row.notna().sum() == 1 and _DRAWN.fullmatch(cells[0].strip()) is not None


def _is_text(dtype: Any) -> bool:
    return bool(pd.api.types.is_string_dtype(dtype) or pd.api.types.is_object_dtype(dtype))


def _read_again(cells: "pd.Series[Any]", decimal: str) -> "pd.Series[Any]":
    """Read texts as numbers if all are numbers, as the parser would have done."""
    texts = cells
    if decimal == ",":
        texts = cells.astype("str").str.replace(".", "", regex=False).str.replace(",", ".")
    try:
        return pd.to_numeric(texts)
    except (ValueError, TypeError):
        return cells
