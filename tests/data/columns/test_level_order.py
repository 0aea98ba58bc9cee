"""Order of levels: amounts, scales and grades before the alphabet."""

import random

import pandas as pd
import pytest

from metatune.data.columns.column_text import text_of_columns
from metatune.data.columns.inference import infer_columns
from metatune.data.columns.level_order import order_levels
from metatune.data.encoding.encoder import TableEncoder

ORDERS = {
    "ages": ["Under 18", "18-24", "25-34", "35-44", "65+"],
    "ages in words": ["less than 5 years", "5 to 9 years", "10 to 14 years", "more than 14 years"],
    "incomes": ["$0 - $24,999", "$25,000 - $49,999", "$100,000 - $149,999", "$150,000+", "unknown"],
    "intervals": ["[22640, 34218.1]", "(34218.1, 48021.6]", "(48021.6, 151046.4]"],
    "counts": ["never", "1-4 per day", "5-9 per day", "15-19 per day", "60 or more per day"],
    "bounds": ["<1", "1", "2", "10", ">=10"],
    "the same beginning": ["5", "5-6", "5-12", "5+"],
    "negative": ["-10", "-2", "0", "3", "20"],
    "speeds": ["90-100 km/h", "100-110 km/h", "190-200 km/h"],
    "per cent": ["No change", "1-10%", "11-20%", "100%"],
    "codes": ["A2", "A10", "B1", "C4"],
    "quarters": ["1979 Q3", "1979 Q4", "1980 Q1"],
    "heights": ["5-11", "6-2", "6-10"],
    "versions": ["1.6 and up", "2.2 and up", "4.4 and up", "Varies with device"],
    "sizes": ["XS", "S", "M", "L", "XL", "2XL"],
    "amounts": ["low", "Medium", "HIGH"],
    "opinions": ["Strongly disagree", "disagree", "Neutral", "Agree", "strongly agree"],
    "opinions and none": ["disagree", "neutral", "agree", "no answer"],
    "days": ["Mon", "Tue", "Wed", "Sun"],
    "months": ["January", "February", "May", "December"],
    "grades": ["A+", "A", "A-", "B+", "B", "F"],
    "others": ["Bonn", "Oslo", "Rome"],
    "two": ["high", "low"],
    "none": [],
}


@pytest.mark.parametrize("name", ORDERS)
def test_levels_have_the_order_of_what_they_mean(name: str) -> None:
    levels = list(ORDERS[name])
    for seed in range(5):
        random.Random(seed).shuffle(levels)
        assert order_levels(levels) == ORDERS[name]


def test_any_levels_have_an_order_and_all_of_them_stay() -> None:
    generator = random.Random(0)
    signs = "0123456789-+., <>ab(["
    for _ in range(200):
        levels = {
            "".join(generator.choices(signs, k=generator.randint(1, 7)))
            for _ in range(generator.randint(1, 30))
        }
        assert sorted(order_levels(levels)) == sorted(levels)


def test_a_great_many_levels_are_names() -> None:
    levels = [f"n{i}" for i in range(2_000)]
    assert order_levels(levels) == sorted(levels)


def test_codes_of_levels_follow_the_order() -> None:
    cells = ["Under 18", "18-24", "100+", "25-99"] * 20
    frame = pd.DataFrame({"age": cells, "x": range(80)})
    encoder = TableEncoder(text_of_columns(infer_columns(frame)))
    codes = encoder.fit_transform(frame)[:4, 0]
    assert codes.tolist() == [0.0, 1.0, 3.0, 2.0]
    assert encoder.levels_["age"] == ["Under 18", "18-24", "25-99", "100+"]
