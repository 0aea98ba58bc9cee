"""Parts of dates: what they are, and which of them vary."""

import numpy as np
import pandas as pd
import pytest

from metatune.data.encoding.date_parts import date_parts, varying_parts


def test_parts_are_numbers_and_missing_where_dates_are() -> None:
    cells = pd.Series(pd.to_datetime(pd.Series(["2000-01-02 06:30", pd.NA, "2024-02-29 00:00"])))
    parts = date_parts(cells)
    assert parts.iloc[0].tolist() == pytest.approx([2000, 1, 2, 6, 6, 30, 1 + 6.5 / 24])
    assert parts.iloc[1].isna().all()
    assert parts["day"].iloc[2] == 29
    assert set(parts.dtypes) == {np.dtype("float64")}


def test_what_never_varies_is_left_out() -> None:
    months = pd.Series(pd.date_range("2023-01-01", periods=12, freq="MS"))
    assert varying_parts(months, calendar_only=False) == ["month", "weekday", "days"]
    assert varying_parts(months, calendar_only=True) == ["month", "weekday"]


def test_of_dates_that_are_all_the_same_the_days_stay() -> None:
    same = pd.Series(pd.to_datetime(["2023-05-01"] * 3))
    assert varying_parts(same, calendar_only=False) == ["days"]
    assert varying_parts(same, calendar_only=True) == []
