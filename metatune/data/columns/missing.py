"""Cells that stand for a missing value."""

import re

__all__ = ["ALWAYS_MISSING", "BLANKS", "is_marker", "is_weak_marker", "strip_or_none"]

ALWAYS_MISSING = (
    "",
    "?",
    "NA",
    "N/A",
    "n/a",
    "NaN",
    "nan",
    "-NaN",
    "-nan",
    "NULL",
    "Null",
    "null",
    "<NA>",
    "\\N",
    "<null>",
    "<NULL>",
    "(null)",
    "(NULL)",
    "[null]",
    "NaT",
    "<NaT>",
    "#N/A",
    "#n/a",
    "#N/A N/A",
    "#NA",
    "#NULL!",
    "#DIV/0!",
    "#VALUE!",
    "#REF!",
    "#NAME?",
    "#NUM!",
    "1.#IND",
    "1.#QNAN",
    "-1.#IND",
    "-1.#QNAN",
)
"""Markers that mean "missing" in every column; the empty cell is one of them."""

_ALWAYS = frozenset(ALWAYS_MISSING)
_WEAK = frozenset(
    (
        *(
            "-",
            "--",
            "---",
            "\u2013",
            "\u2014",
            ".",
            "..",
            "...",
            "*",
            "**",
            "***",
            "??",
            "???",
            "_",
        ),
        *(
            "na",
            "n.a.",
            "n.a",
            "n/a.",
            "n/d",
            "n.d.",
            "nd",
            "none",
            "nil",
            "null",
            "(none)",
            "[none]",
        ),
        *("missing", "unknown", "undefined", "unavailable", "not available", "not applicable"),
        *("not known", "no data", "not reported", "blank", "empty", "tba", "tbd", "k.a.", "s/d"),
    )
)
_FORMULA = re.compile(r"=[A-Z][A-Z0-9.]*\(.*\)")
BLANKS = " \t\r\n\f\v\xa0\ufeff\u200b"
"""Characters that are stripped from both ends of a cell."""


def is_marker(text: str) -> bool:
    """Return True if a cell, blanks around it apart, means "missing" in every column.

    A spreadsheet formula that was saved instead of its value, such as ``=N(TRUE)``, is one too.
    """
    text = text.strip(BLANKS)
    return text in _ALWAYS or (text.startswith("=") and _FORMULA.fullmatch(text) is not None)


def is_weak_marker(text: str) -> bool:
    """Return True if a cell means "missing" among numbers or dates, such as ``-``."""
    text = text.strip(BLANKS)
    return text.lower() in _WEAK


def strip_or_none(text: str) -> str | None:
    """Strip the blanks around a cell; None if it means "missing"."""
    stripped = text.strip(BLANKS)
    return None if is_marker(stripped) else stripped
