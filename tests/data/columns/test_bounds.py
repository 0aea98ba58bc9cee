"""Bounds in words, among numbers and among levels."""

import math

import pandas as pd
import pytest

from metatune.data.columns.bounds import split_bound
from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import ColumnKind
from metatune.data.columns.inference import infer_columns
from metatune.data.columns.level_order import order_levels
from metatune.data.columns.numbers import parse_number


@pytest.mark.parametrize(
    ("text", "amount", "side"),
    [
        ("under 5", "5", -1),
        ("Less than 1 year", "1 year", -1),
        ("at least $10", "$10", 1),
        ("90 and over", "90", 1),
        ("10 kg or more", "10 kg", 1),
        ("5 & below", "5", -1),
        ("7 plus", "7", 1),
        ("5", "5", 0),
        ("underground 5", "underground 5", 0),
        ("5 and a half", "5 and a half", 0),
        ("over", "over", 0),
        ("", "", 0),
    ],
)
def test_words_of_bounds_are_split_off(text: str, amount: str, side: int) -> None:
    assert split_bound(text) == (amount, side)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("under 5", "", 5),
        ("over $1.2M", "", 1.2e6),
        ("-5 or less", "", -5),
        ("<-5", "", -5),
        ("10 kg and above", "kg", 10),
        ("more than 2 hours", "duration", 7200),
        ("6'6\" and taller", "ft + in", 6.5),
    ],
)
def test_what_is_beyond_a_number_is_a_little_more_or_less(
    text: str, unit: str, value: float
) -> None:
    read = parse_number(text, ".", unit)
    assert read == pytest.approx(value, rel=2e-6)
    more = any(word in text for word in ("over", "above", "more", "taller"))
    assert read > value if more else read < value


def test_bounds_among_numbers_are_numbers() -> None:
    cells = [str(i % 90) for i in range(270)] + ["90 and over"] * 9
    column = infer_columns(pd.DataFrame({"age": cells}))[0]
    assert (column.kind, column.n_missing) == (ColumnKind.NUMBER, 0)
    assert clean_column(pd.Series(["90 and over"]), column)[0] == pytest.approx(90, rel=2e-6)


@pytest.mark.parametrize(
    "levels", [["under 50K", "over 50K"], ["less than 1", "1", "2", "3 or more"]]
)
def test_bounds_that_are_classes_stay_levels(levels: list[str]) -> None:
    column = infer_columns(pd.DataFrame({"c": levels * 40}))[0]
    assert column.kind is ColumnKind.CATEGORY


def test_levels_with_bounds_are_in_order() -> None:
    levels = ["5 and over", "2 to 3", "1 or less", "under 1", "4"]
    assert order_levels(levels) == ["under 1", "1 or less", "2 to 3", "4", "5 and over"]


def test_no_bound_makes_a_number_of_words() -> None:
    assert math.isnan(parse_number("over the moon"))
