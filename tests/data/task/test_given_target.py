"""Targets that are handed over in Python."""

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metatune.data.task.given_target import plain_target, target_name
from metatune.errors import TargetError

DAY = pd.Timestamp("2024-01-01")


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (pd.Series(["a", None, "b"], dtype=object), "missing values .* 1 row, the first in row 2"),
        (pd.Series(["a", pd.NA, "b"], dtype="string"), "missing values"),
        (pd.Series([1, None, 2], dtype="Int64"), "missing values"),
        (pd.Series(["a", None], dtype="category"), "missing values"),
        ([1, None, 2], "missing values"),
        (pd.Series([1, "q"], dtype=object), "mixed types"),
        ([1, "q"], "mixed types"),
        (["a", True], "mixed types"),
        (pd.cut(pd.Series([1.0, 2.0, 3.0]), 2), "intervals"),
        (pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"])), "dates"),
        (np.array(["2024-01-01"], dtype="datetime64[D]"), "dates"),
        ([dt.date(2024, 1, 1)], "dates"),
        (pd.Series(pd.period_range("2024", periods=2, freq="M")), "dates"),
        (pd.Series([DAY.tz_localize("UTC")]), "dates"),
        (pd.Series([DAY], dtype="category"), "dates"),
        (pd.to_timedelta([1, 2], unit="s"), "time spans"),
        ([dt.timedelta(1)], "time spans"),
        ([b"a", b"b"], "bytes"),
        (pd.Series([1j, 2j]), "complex"),
        (pd.Series([{"a": 1}, {"a": 2}]), "a type that cannot be learned"),
        (pd.Series([10**30, 1], dtype=object), "too large"),
    ],
)
def test_what_cannot_be_learned_is_refused_in_a_line(y: Any, words: str) -> None:
    with pytest.raises(TargetError, match=words) as caught:
        plain_target(y)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (pd.Series([1, 0], dtype=object), np.int64),
        (pd.Series([1.5, 0], dtype=object), np.float64),
        (pd.Series([True, False], dtype=object), np.bool_),
        (pd.Series([Decimal("1.5"), Decimal(2)]), np.float64),
        (pd.Series([1, 2], dtype="Int64"), np.int64),
        (pd.Series([True, False], dtype="boolean"), np.bool_),
        (pd.Series([3, 1], dtype="category"), np.int64),
        (pd.Series(["a", "b"], dtype="category"), object),
        (pd.Series(["a", "b"], dtype="string"), object),
        (["a", "b"], object),
        ([1, 2.5], np.float64),
    ],
)
def test_values_get_a_plain_type(y: Any, dtype: Any) -> None:
    found = plain_target(y)
    assert found.dtype == dtype
    assert found.tolist() == list(y)


def test_other_shapes_are_left_to_others() -> None:
    square = np.zeros((2, 2))
    assert plain_target(square) is square
    assert plain_target(None) is None


def test_the_name_is_that_of_the_series() -> None:
    assert target_name(pd.Series([1], name="price")) == "price"
    assert target_name(pd.DataFrame({"price": [1]})) == "price"
    assert target_name(pd.Series([1], name="a"), taken=["a", "target"]) == "target_"
    assert target_name(pd.Series([1], name=0)) == "target"
    assert target_name([1, 2]) == "target"
