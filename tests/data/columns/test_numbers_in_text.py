"""Cells of several numbers, and units and dates in forms that people mix."""

import random
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.column_text import columns_of_text, text_of_columns
from metatune.data.columns.inference import infer_columns
from metatune.data.columns.numbers_in_text import count_numbers, read_numbers
from metatune.data.columns.several_numbers import numbers_of
from metatune.data.columns.units import unit_ratio
from metatune.data.encoding.encoder import encode_task
from metatune.data.task.make_task import make_task
from metatune.errors import UnusedCellsWarning

DRAWN = random.Random(0)
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August")


def draw(low: int, high: int) -> int:
    return DRAWN.randint(low, high)


def column_of(make: Callable[[], str], n: int = 300) -> Column:
    return infer_columns(pd.DataFrame({"c": [make() for _ in range(n)], "i": range(n)}))[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 x 30.5 x 5 cm", (12, 30.5, 5)),
        ("2016Q3", (2016, 3)),
        ("POINT (-73.97 40.78)", (-73.97, 40.78)),
        ("(40.1, -73.2)", (40.1, -73.2)),
        ("19-25", (19, 25)),
        ("1.5 - 2.5", (1.5, 2.5)),
        ("-3 to -1", (-3, -1)),
        ("$59,000 - $60,500", (59_000, 60_500)),
        ("3.10.68", (3, 10, 68)),
        ("5'11\"", (5, 11)),
        ("0.61Kg (1.34 lb)", (0.61, 1.34)),
        ("58 % (1,989 notes)", (58, 1989)),
        ("1,2", (1, 2)),
        ("A1B2", (1, 2)),
        ("(1.2e-05, 3.5E+3]", (1.2e-05, 3500)),
        ("-5--3", (-5, -3)),
        ("[1, 2.5, -3]", (1, 2.5, -3)),
        ('{"a": 1, "b": 22}', (1, 22)),
        ("2016E3", (2016, 3)),
        ("none", ()),
    ],
)
def test_numbers_are_read_in_their_order(text: str, expected: tuple[float, ...]) -> None:
    assert read_numbers(text) == pytest.approx(expected)


def test_a_comma_may_be_decimal() -> None:
    assert read_numbers("1,5 x 2.500,25", ",") == pytest.approx((1.5, 2500.25))


@pytest.mark.parametrize(
    ("make", "n_numbers"),
    [
        (lambda: f"{draw(1, 90)} x {draw(1, 90)} x {draw(1, 90)} cm", 3),
        (lambda: f"POINT (-73.{draw(1000, 9999)} 40.{draw(1000, 9999)})", 2),
        (lambda: f"{draw(1, 60)}-{draw(61, 90)}", 2),
        (lambda: f"${draw(1, 60)},000 - ${draw(61, 90)},000", 2),
        (lambda: f"{draw(10, 99) / 10}/{draw(10, 99)}", 2),
        (lambda: f"{draw(30, 200) / 100}Kg ({draw(30, 200) / 90:.2f} lb)", 2),
        (lambda: f"{draw(1, 99)} % ({draw(10, 999)} {DRAWN.choice(['notes', 'ratings'])})", 2),
        (lambda: f"{draw(1, 9)}.{draw(0, 20)}.{draw(0, 9)} beta", 3),
        (lambda: f"{draw(80, 200)}/{draw(40, 120)}", 2),
        (lambda: f"{draw(800, 3840)}x{draw(600, 2160)}", 2),
        (lambda: f"{draw(5, 11):02d}:{draw(0, 59):02d}-{draw(12, 22)}:00", 4),
    ],
)
def test_cells_of_one_form_are_split(make: Callable[[], str], n_numbers: int) -> None:
    column = column_of(make)
    assert column.kind is ColumnKind.NUMBERS
    assert column.n_numbers == n_numbers
    assert column.note == f"{n_numbers} numbers in each cell"


@pytest.mark.parametrize(
    "make",
    [
        lambda: f"{draw(10000, 99999)}-{draw(1000, 9999)}",  # tells rows apart
        lambda: f"{draw(100, 999)}-{draw(100, 999)}-{draw(1000, 9999)}",  # all as long
        lambda: f"{draw(1990, 2020)}/{draw(1, 9999):04d}",  # a zero before
        lambda: f"{draw(1, 99)}-ABC-{draw(1, 999)}",
        lambda: f"{draw(1, 255)}.{draw(0, 255)}.{draw(0, 255)}.{draw(0, 255)}",
        lambda: f"{draw(1, 6)}-{draw(7, 9)}",  # few levels: a category
        lambda: f"{draw(1, 7)}-{draw(11, 17)}",  # levels that repeat
        lambda: (
            f"{DRAWN.choice('ABCDEFGHIJKL')}{draw(1, 9)}{DRAWN.choice('ABCDEFGHIJKL')}-{draw(1, 9)}"
        ),
        lambda: " ".join(str(draw(1, 99)) for _ in range(draw(1, 4))),  # a list
        lambda: f"{draw(1, 99)} {DRAWN.choice(MONTHS)} Street, {DRAWN.choice(MONTHS)} {draw(1, 9)}",
    ],
)
def test_codes_lists_and_few_levels_are_not_split(make: Callable[[], str]) -> None:
    assert column_of(make).kind is not ColumnKind.NUMBERS


def test_a_name_may_say_that_they_are_codes() -> None:
    cells = [f"{i // 5}_{i % 5}" for i in range(500)]
    kinds = [c.kind for c in infer_columns(pd.DataFrame({"mouse_id": cells, "size": cells}))]
    assert kinds == [ColumnKind.IDENTIFIER, ColumnKind.NUMBERS]


def test_a_few_other_cells_are_missing_and_said() -> None:
    cells = [f"{draw(1, 90)} x {draw(1, 90)}" for _ in range(297)] + ["large"] * 3
    column = infer_columns(pd.DataFrame({"c": cells}))[0]
    assert (column.kind, column.n_missing) == (ColumnKind.NUMBERS, 3)
    assert "3 cells taken as missing, not a cell of these: 'large'" in column.note
    assert clean_column(pd.Series(["1 x 2", "large", None, "3"]), column).isna().tolist() == [
        *(False, True, True, True)
    ]
    assert columns_of_text(text_of_columns([column])) == (column,)


def test_no_numbers_are_counted_without_cells() -> None:
    assert count_numbers({}) == 0
    assert count_numbers(Counter(["-", "?"])) == 0


def test_values_stand_row_by_row() -> None:
    column = Column(
        name="c", kind=ColumnKind.NUMBERS, n_missing=0, n_unique=3, n_numbers=2, labels=()
    )
    found = numbers_of(pd.Series(["1-2", None, "3", "4-5"]), column)
    np.testing.assert_array_equal(found, [[1, 2], [np.nan] * 2, [np.nan] * 2, [4, 5]])


def test_the_numbers_that_vary_are_columns_of_the_matrix() -> None:
    n = 120
    frame = pd.DataFrame(
        {
            "stars": [f"{draw(10, 99) / 10} out of 5, {draw(1, 999)} votes" for _ in range(n)],
            "y": [draw(0, 1) for _ in range(n)],
        }
    )
    encoder, encoded = encode_task(make_task(frame, target="y", task="binary"), seed=0)
    assert encoded.layout.names == ("stars: number 1", "stars: number 3")
    assert encoder.blocks == {("stars",): (0, 1)}
    first = read_numbers(frame["stars"][0])
    np.testing.assert_array_equal(encoder.transform(frame)[0], [first[0], first[2]])
    odd = pd.DataFrame({"stars": ["1.5 out of 5, 3 votes", "many"]})
    with pytest.warns(UnusedCellsWarning, match="not 3 numbers: 'many'"):
        assert np.isnan(encoder.transform(odd)[1]).all()


@pytest.mark.parametrize(
    ("make", "form"),
    [
        (lambda: f"{DRAWN.choice(MONTHS)}-{draw(1996, 2016)}", "%B-%Y"),
        (lambda: f"{DRAWN.choice(MONTHS)}, {draw(1996, 2016)}", "%B, %Y"),
        (lambda: f"{DRAWN.choice(MONTHS)[:3]}/{draw(1996, 2016)}", "%b/%Y"),
        (lambda: f"{draw(1996, 2016)} {DRAWN.choice(MONTHS)}", "%Y %B"),
        (lambda: f"{draw(1996, 2016)}-{DRAWN.choice(MONTHS)[:3]}", "%Y-%b"),
        (lambda: f"{draw(1, 12):02d}-{draw(1996, 2016)}", "%m-%Y"),
        (lambda: f"{draw(1, 28)} {DRAWN.choice(MONTHS)[:3]}", "%d %b"),
        (lambda: f"{DRAWN.choice(MONTHS)} {draw(1, 28)}", "%B %d"),
        (
            lambda: f"{draw(0, 23):02d}:{draw(0, 59):02d} {draw(1, 28)} Mar {draw(2000, 2020)}",
            "%H:%M %d %b %Y",
        ),
    ],
)
def test_months_and_times_before_days_are_dates(make: Callable[[], str], form: str) -> None:
    column = column_of(make)
    assert (column.kind, column.n_missing) == (ColumnKind.DATETIME, 0)
    assert column.datetime_format == form


def test_codes_are_no_months() -> None:
    assert (
        column_of(lambda: f"{draw(1, 12):02d}-{draw(3000, 9999)}").kind is not ColumnKind.DATETIME
    )


def test_the_29th_of_february_is_a_day_of_any_year() -> None:
    cells = pd.Series([f"{day} Feb" for day in range(1, 30)] * 3)
    column = infer_columns(pd.DataFrame({"c": cells}))[0]
    assert clean_column(cells, column).notna().all()


@pytest.mark.parametrize(
    ("found", "unit", "ratio"),
    [
        ("lbs", "kg", 0.45359237),
        ("oz", "g", 28.349523125),
        ("in", "mm", 25.4),
        ("miles", "km", 1.609344),
        ("acres", "sqft", 43560.0),
        ("mph", "km/h", 1.609344),
        ("Gallons", "L", 3.785411784),
        ("th", "st", 1.0),
        ("kg", "kilograms", 1.0),
        ("lbs", "km", None),
        ("in", "lbs", None),
        ("people", "kg", None),
    ],
)
def test_units_of_one_quantity(found: str, unit: str, ratio: float | None) -> None:
    assert unit_ratio(found, unit) == (None if ratio is None else pytest.approx(ratio))


def test_mixed_units_and_ranks_are_numbers() -> None:
    weights = column_of(lambda: f"{draw(1, 90)} {DRAWN.choice(['kg', 'lbs'])}")
    assert weights.kind is ColumnKind.NUMBER
    read = clean_column(pd.Series(["10 kg", "10 lbs"]), weights)
    assert read[0] / read[1] == pytest.approx(1 / 0.45359237)
    ranks = column_of(lambda: DRAWN.choice(["1st", "2nd", "3rd", "4th", "11th", "52nd"]))
    assert ranks.kind is ColumnKind.NUMBER
    assert ranks.note == "ranks such as 1st"
