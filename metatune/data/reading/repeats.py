"""Headers that stand again between the rows, as in files that were joined."""

from typing import Any

import pandas as pd

from metatune.data.reading.header import Header
from metatune.data.wording import counted

__all__ = ["without_repeated_header"]


def without_repeated_header(
    frame: pd.DataFrame, header: Header, decimal: str = "."
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out rows that repeat the names of the columns; what remains may be numbers again.

    Parameters
    ----------
    frame : DataFrame
        The table under the names of its header.
    header : Header
    decimal : str
        "." or ",".

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
    for i in texts:
        frame.isetitem(i, _read_again(frame.iloc[:, i], decimal).array)
    verb = "repeats" if repeated.sum() == 1 else "repeat"
    return frame, (f"{counted(int(repeated.sum()), 'row')} left out that {verb} the header",)


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
