"""Dates and times as people write them."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from metatune._typing import AnyArray

__all__ = ["ISO", "find_date_format", "find_digit_format", "parse_date_texts"]

ISO = "ISO8601"
"""Stands for all forms of ISO 8601, with or without time, fraction and offset."""

_DAYS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%m.%d.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%y/%m/%d",
    "%d-%b-%y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%a, %d %b %Y",
    "%A, %B %d, %Y",
    "%Y-%b-%d",
)
_MONTHS = ("%b-%Y", "%B %Y", "%b %Y", "%b-%y", "%m/%Y", "%y-%b")
_TIMES = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%S.%f")
_WHOLE = ("%a %b %d %H:%M:%S %Y", "%d/%b/%Y:%H:%M:%S", "%Y%m%dT%H%M%S", "%Y%m%d %H:%M:%S")
_DIGITS = ("%Y%m%d", "%m%d%Y", "%d%m%Y")
_LOOKS = re.compile(r"(?=.*\d)[\w\s,.:/+-]{5,40}")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
_NAME = re.compile(r"(^|[\W_])(date|day|dt|datum|dob)($|[\W_\d])|[a-z]Date|date$", re.IGNORECASE)
_MOSTLY = 0.95
_TRIAL = 40
_YEARS = (1900, 2100)


def parse_date_texts(
    texts: "Sequence[str] | pd.Index[Any] | AnyArray", date_format: str
) -> pd.DatetimeIndex:
    """Read texts as instants in UTC without a time zone; what cannot be read is NaT."""
    parsed = pd.to_datetime(
        pd.Index(texts, dtype=object), format=date_format, errors="coerce", utc=True
    )
    return pd.DatetimeIndex(parsed).tz_localize(None).as_unit("us")


def find_date_format(texts: Sequence[str]) -> tuple[str | None, str]:
    """Find the format in which (nearly) all texts are dates or times.

    Parameters
    ----------
    texts : sequence of str
        Distinct cells that are not missing.

    Returns
    -------
    tuple of (str or None, str)
        The strptime format or "ISO8601", None if the texts are no dates; and a note if day and
        month could be told apart by convention only.
    """
    head = list(texts[:_TRIAL])
    if not head or sum(bool(_LOOKS.fullmatch(text)) for text in head) < _MOSTLY * len(head):
        return None, ""
    if _share(head, ISO) >= _MOSTLY and _share(texts, ISO) >= _MOSTLY:
        return ISO, ""
    fitting = [f for f in _candidates(head) if _share(head, f) >= _MOSTLY]
    fitting = [f for f in fitting if _share(texts, f) >= _MOSTLY]
    if not fitting:
        return None, ""
    best = max(fitting, key=lambda f: (_share(texts, f), _plausible(texts, f), -_rank(f)))
    swapped = _swap(best)
    if swapped != best and swapped in fitting and _share(texts, swapped) == _share(texts, best):
        return best, f"day and month cannot be told apart, read as {best}"
    return best, ""


def find_digit_format(name: str, texts: Sequence[str]) -> str | None:
    """Find the format of dates written as whole numbers such as 20141013 or 10142018.

    Parameters
    ----------
    name : str
        Name of the column: a few distinct numbers are dates only if it says so.
    texts : sequence of str
        Distinct cells as digits.

    Returns
    -------
    str or None
        A format of eight digits if exactly one fits all cells.
    """
    if not texts or any(len(text) not in (7, 8) for text in texts):
        return None
    if len(texts) < 30 and not _NAME.search(name):
        return None
    padded = [text.zfill(8) for text in texts]
    fitting = [f for f in _DIGITS if _share(padded, f) == 1.0 and _plausible(padded, f)]
    return fitting[0] if len(fitting) == 1 else None


def _candidates(head: list[str]) -> list[str]:
    with_clock = sum(bool(_CLOCK.search(text)) for text in head) > len(head) / 2
    if with_clock:
        both = [f"{day}{gap}{time}" for day in _DAYS for gap in (" ", ", ") for time in _TIMES]
        return [*_TIMES, *_WHOLE, *both]
    return [*_DAYS, *_MONTHS, *_WHOLE]


def _share(texts: Sequence[str], date_format: str) -> float:
    missing = parse_date_texts(texts, date_format).isna()
    return 1.0 - float(np.mean(missing))


def _plausible(texts: Sequence[str], date_format: str) -> bool:
    """Return True if all years are plausible for data; times without a date always are."""
    if "%Y" not in date_format:
        return True
    years = parse_date_texts(texts, date_format).year.dropna()
    return len(years) > 0 and years.min() >= _YEARS[0] and years.max() <= _YEARS[1]


def _rank(date_format: str) -> int:
    """Order the formats that fit equally well: month before day only with slashes."""
    return 0 if date_format.startswith("%m/") else 1 + date_format.startswith("%m")


def _swap(date_format: str) -> str:
    """Exchange day and month."""
    return date_format.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
