"""Parts of dates, as numbers."""

from typing import Any

import pandas as pd

__all__ = ["date_parts", "varying_parts"]

_PARTS = ("year", "month", "day", "weekday", "hour", "minute", "days")
_CALENDAR_PARTS = ("month", "day", "weekday", "hour", "minute")


def varying_parts(cells: "pd.Series[Any]", *, calendar_only: bool) -> list[str]:
    """Return the names of the parts of dates that vary; the days of dates that are all the same.

    Parameters
    ----------
    cells : Series of shape (n_rows,)
        Dates.
    calendar_only : bool
        Whether only what comes again is of use; see `Column`.
    """
    parts = date_parts(cells)
    of_use = _CALENDAR_PARTS if calendar_only else _PARTS
    varied = [part for part in of_use if len(parts[part].dropna().unique()) > 1]
    return varied or ([] if calendar_only else ["days"])


def date_parts(cells: "pd.Series[Any]") -> pd.DataFrame:
    """Return the parts of dates as float64 columns, NaN where missing; days since 2000."""
    dates = cells.dt
    days = (cells - pd.Timestamp(2000, 1, 1)) / pd.Timedelta(days=1)
    parts = {
        "year": dates.year,
        "month": dates.month,
        "day": dates.day,
        "weekday": dates.day_of_week,
        "hour": dates.hour,
        "minute": dates.minute,
        "days": days,
    }
    return pd.DataFrame({name: part.astype("float64") for name, part in parts.items()})
