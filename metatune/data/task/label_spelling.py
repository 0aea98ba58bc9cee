"""Spelling of class labels: as they are written, and words for "missing" that are labels."""

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.data.columns.cleaning import to_text
from metatune.data.columns.missing import BLANKS, is_marker

if TYPE_CHECKING:
    from metatune._typing import AnyArray

__all__ = ["are_merged_codes", "as_written", "labels_called_missing", "stripped"]

_WHOLE = re.compile(r"0|-?[1-9]\d{0,17}")
_LEADING_ZERO = re.compile(r"[-+]?0\d")
_WORD = re.compile(r"(?!nan$)[a-z]+(/[a-z])?", re.IGNORECASE)
_MOST_DIGITS = 15
_LEAST_SHARE = 0.5  # of the rows of the rarest other class
_MOST_SHARE = 2.0  # of the rows of the most frequent other class


def stripped(cells: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return cells as texts without blanks around them; unlike `to_text` keep markers."""
    texts = cells.map(lambda cell: cell.strip(BLANKS) if isinstance(cell, str) else None)
    return to_text(cells).where(texts.isna() | (texts == ""), texts)


def as_written(texts: "pd.Series[Any]", values: "pd.Series[Any]") -> "AnyArray":
    """Return the label of each row as it is written.

    Parameters
    ----------
    texts : Series of shape (n_rows,)
        Cells of the target without blanks around them.
    values : Series of shape (n_rows,)
        What they are read as: numbers or booleans.

    Returns
    -------
    ndarray of shape (n_rows,)
        Whole numbers, other numbers or booleans if they look the same when they are written
        again, else texts. Spellings of the same value, such as 1 and 1.0, are one label, the most
        frequent of them; but those with leading zeros are codes, and all of them different.
    """
    distinct = [str(text) for text in texts.unique()]
    if all(_WHOLE.fullmatch(text) for text in distinct):
        return np.asarray([int(text) for text in texts], dtype=np.int64)
    if set(distinct) <= {"True", "False"}:
        return (texts == "True").to_numpy()
    if all(_is_float(text) for text in distinct):
        return texts.astype(np.float64).to_numpy()
    if any(_LEADING_ZERO.match(text) for text in distinct):
        return texts.to_numpy(dtype=object).astype(str)
    counts = pd.DataFrame({"text": texts.to_numpy(dtype=object), "value": values.to_numpy()})
    frequent = counts.value_counts().reset_index().drop_duplicates("value")  # the first is frequent
    spelling = dict(zip(frequent["value"], frequent["text"], strict=True))
    return np.asarray([spelling[value] for value in counts["value"]], dtype=str)


def labels_called_missing(cells: "pd.Series[Any]", text: "pd.Series[Any]") -> list[str]:
    """Return the words such as ``NA`` or ``None`` that are labels rather than missing cells.

    They are written like all other labels (``NA`` beside ``EU`` and ``AS``), or stand anywhere in
    the table as often as another label.

    Parameters
    ----------
    cells : Series of shape (n_rows,)
        Cells of the target as written.
    text : Series of shape (n_rows,)
        The same, markers of missing cells taken as missing.
    """
    counts = text.value_counts()
    if not len(counts) or not all(re.search("[^\\W\\d]", label) for label in counts.index):
        return []
    lost = stripped(cells[text.isna()]).dropna()
    found = []
    for word, n_rows in lost.value_counts().items():
        if not _WORD.fullmatch(str(word)) or not is_marker(str(word)):
            continue
        if n_rows > _MOST_SHARE * counts.max():
            continue
        alike = _is_alike(str(word), list(counts.index))
        if n_rows >= (_LEAST_SHARE * counts.min() if alike else counts.mean()):
            places = np.flatnonzero((stripped(cells) == word).to_numpy())
            if alike or not _is_block(places, len(cells)):
                found.append(str(word))
    return found


def are_merged_codes(texts: "pd.Series[Any]") -> bool:
    """Return True if codes would be one number: 01 and 1, or of more digits than a float holds."""
    distinct = {str(text).strip(BLANKS) for text in texts.dropna().unique()}
    codes = [text for text in distinct if text.isdecimal()]
    if not any(text.startswith("0") or len(text) > _MOST_DIGITS for text in codes):
        return False
    others = [text for text in distinct if not text.isdecimal() and not is_marker(text)]
    return not others and len({float(code) for code in codes}) < len(codes)


def _is_float(text: str) -> bool:
    try:
        return str(float(text)) == text
    except ValueError:
        return False


def _is_alike(word: str, labels: list[str]) -> bool:
    """Return True if a word has the case of all labels, and if that is the upper, their length."""
    if word.isupper():
        lengths = [len(label) for label in labels]
        fits = min(lengths) <= len(word) <= max(lengths)
        return fits and all(label.isupper() for label in labels)
    if word.islower():
        return all(label.islower() for label in labels)
    return all(label[:1].isupper() and not label.isupper() for label in labels)


def _is_block(places: "AnyArray", n_rows: int) -> bool:
    """Return True if rows follow each other at an end of the table: those still to be labelled."""
    first, last = int(places[0]), int(places[-1])
    return last - first + 1 == len(places) and (first == 0 or last == n_rows - 1)
