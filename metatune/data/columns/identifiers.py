"""Detection of identifiers: columns that only distinguish rows."""

import re

import numpy as np
import pandas as pd

__all__ = [
    "is_unnamed",
    "labels_rows",
    "looks_like_id_name",
    "numbers_are_identifiers",
    "seldom_repeats",
    "words_are_identifiers",
]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|#")
_ID_WORDS = frozenset(("id", "ids", "uuid", "guid", "rowid"))
_ROW_WORDS = frozenset(
    ("index", "idx", "key", "nr", "no", "number", "num", "rank", "row", "record", "serial", "#")
)
_LABEL_WORDS = frozenset(
    (
        *("index", "idx", "key", "nr", "no", "row", "record", "serial", "#", "obs", "observation"),
        *("case", "sno", "sr", "sl", "seq", "instance", "uid"),
    )
)
_CALENDAR = ("time", "date", "year", "month", "day", "week", "hour", "minute", "second")
_TIME_WORDS = frozenset((*_CALENDAR, "t", "step", "timestamp", "period", "age"))
_MIN_ROWS = 20
_NEARLY_ALL = 0.95
_MIN_WORD_ROWS = 10
_ONE_WORD = 1.5


def looks_like_id_name(name: str) -> bool:
    """Return True if a column is named like an id, as in ``customerID``, ``host_id`` or ``ID``."""
    return not _ID_WORDS.isdisjoint(_words(name))


def is_unnamed(name: str) -> bool:
    """Return True if a column had no name in its file."""
    return name.startswith("Unnamed: ")


def labels_rows(name: str) -> bool:
    """Return True if a column is named as what tells rows apart and nothing else.

    ``X`` is what R calls the row names that it wrote itself.
    """
    words = _words(name)
    named = looks_like_id_name(name) or not _LABEL_WORDS.isdisjoint(words)
    return named or is_unnamed(name) or not words or name == "X"


def seldom_repeats(unique_share: float) -> bool:
    """Return True if so few values repeat that a column may be an identifier."""
    return unique_share >= _NEARLY_ALL


def numbers_are_identifiers(name: str, cells: "pd.Series[float]", unique_share: float) -> bool:
    """Return True if whole numbers are identifiers: row numbers, or unique values named as ids.

    Parameters
    ----------
    name : str
        Name of the column.
    cells : Series of float64
        Clean cells, NaN where missing.
    unique_share : float
        Distinct values as a share of the cells.
    """
    n_rows = len(cells)
    if n_rows < _MIN_ROWS or not seldom_repeats(unique_share) or cells.isna().any():
        return False
    values = cells.to_numpy()
    if not np.array_equal(values, np.floor(values)):
        return False
    if looks_like_id_name(name):
        return True
    if not cells.is_unique:
        return False
    words = _words(name)
    if is_unnamed(name) or (words and words[-1] in _ROW_WORDS):
        return True
    numbered = bool(values.max() - values.min() + 1 == n_rows)
    return numbered and _TIME_WORDS.isdisjoint(words)


def words_are_identifiers(n_present: int, unique_share: float, words_per_cell: float) -> bool:
    """Return True if texts are identifiers: single words of which (nearly) none repeats."""
    return (
        n_present >= _MIN_WORD_ROWS and unique_share >= _NEARLY_ALL and words_per_cell < _ONE_WORD
    )


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]
