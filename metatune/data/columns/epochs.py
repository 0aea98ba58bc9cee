"""Instants as counts since 1970: 1600000000 seconds, or 1600000000000 milliseconds."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray

__all__ = ["EPOCH", "counts_per_second", "epoch_format", "may_be_epochs", "parse_epochs"]

EPOCH = "since 1970: "
"""Stands before the unit of a column of such counts, where others have a format of strptime."""

_NAME = re.compile(
    r"time|date|epoch|created|updated|modified|posted|utc|(?:^|[\W_])(?:ts|at)$|[a-z]At$",
    re.IGNORECASE,
)
_SECONDS = (6e8, 2.2e9)  # from 1989 to 2039
_UNITS = {"seconds": 1.0, "milliseconds": 1e3, "microseconds": 1e6}
"""Units, with how many make a second."""


def may_be_epochs(name: str, low: float, high: float) -> bool:
    """Return True if whole numbers between two are counts since 1970, by size and column name."""
    return _unit(low, high) is not None and _NAME.search(name) is not None


def epoch_format(name: str, values: "FloatArray") -> str | None:
    """Return what a column of numbers is read as; None if it holds no counts since 1970."""
    low, high = float(values.min()), float(values.max())
    if not may_be_epochs(name, low, high) or not np.array_equal(values, np.floor(values)):
        return None
    return f"{EPOCH}{_unit(low, high)}"


def parse_epochs(
    texts: "Sequence[str] | pd.Index[Any] | AnyArray", date_format: str
) -> pd.DatetimeIndex:
    """Read counts as instants in UTC without a time zone; what is none, or absurd, is NaT."""
    numbers = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce")
    seconds = numbers / counts_per_second(date_format)
    sane = seconds.where(seconds.abs() < _SECONDS[1] * 4)
    return pd.DatetimeIndex(pd.to_datetime(sane, unit="s", errors="coerce")).as_unit("us")


def counts_per_second(date_format: str) -> float:
    """Return how many of the counts of a column make a second."""
    return _UNITS[date_format.removeprefix(EPOCH)]


def _unit(low: float, high: float) -> str | None:
    for unit, per_second in _UNITS.items():
        if low >= _SECONDS[0] * per_second and high < _SECONDS[1] * per_second:
            return unit
    return None
