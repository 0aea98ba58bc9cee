"""Amounts of several parts: feet and inches, angles, fractions, marks out of the best one."""

import math

import numpy as np
import pandas as pd
import pytest

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.composites import is_rating, parse_composite
from metatune.data.columns.inference import infer_columns

N = 60
INCHES = [55 + 7 * i % 30 for i in range(N)]
OUNCES = [70 + 11 * i % 90 for i in range(N)]
MARKS = [1 + (37 * i % 41) / 10 for i in range(N)]


def understood(cells: list[str]) -> tuple[Column, "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    frame = pd.DataFrame({"c": cells, "z": np.random.default_rng(0).normal(size=len(cells))})
    column = infer_columns(frame)[0]
    assert column.kind is ColumnKind.NUMBER
    return column, clean_column(frame["c"], column).to_numpy(dtype=float)


FEET = {
    "marks": "{}'{}\"",
    "marks with a blank": "{}' {}\"",
    "primes": "{}′{}″",
    "quotes": "{}’{}”",
    "two quotes": "{}'{}''",
    "without the second mark": "{}'{}",
    "short names": "{} ft {} in",
    "short names with full stops": "{} ft. {} in.",
    "long names": "{} feet, {} inches",
    "joined": "{}ft{}in",
    "a hyphen": "{}'-{}\"",
}


@pytest.mark.parametrize("name", FEET)
def test_feet_and_inches_are_one_number(name: str) -> None:
    _, read = understood([FEET[name].format(*divmod(v, 12)) for v in INCHES])
    np.testing.assert_allclose(read, np.array(INCHES) / 12)


def test_a_part_may_be_missing() -> None:
    cells = [f"{v // 12}'" if v % 12 == 0 else f"{v // 12}'{v % 12}\"" for v in INCHES]
    cells = ['11"' if v == 55 else cell for v, cell in zip(INCHES, cells, strict=True)]
    _, read = understood(cells)
    np.testing.assert_allclose(read, [11 / 12 if v == 55 else v / 12 for v in INCHES])


def test_what_is_under_or_above_an_amount_is_a_little_less_or_more() -> None:
    cells = [f"{v // 12}'{v % 12}\"" for v in INCHES]
    cells[:2] = ["Under 5 ft.", "6'6\" and above"]
    _, read = understood(cells)
    assert read[0] == pytest.approx(5.0)
    assert read[0] < 5.0
    assert read[1] == pytest.approx(6.5)
    assert read[1] > 6.5


@pytest.mark.parametrize(
    ("form", "smaller", "unit"),
    [("{} lb {} oz", 16, "lb"), ("{} stone {} lbs", 14, "stone"), ("{} kg {} g", 1000, "kg"),
     ("{} m {} cm", 100, "m"), ("{} gal and {} qt", 4, "gal")],
)  # fmt: skip
def test_amounts_in_two_units_are_read_in_the_first(form: str, smaller: int, unit: str) -> None:
    column, read = understood([form.format(*divmod(v, smaller)) for v in OUNCES])
    np.testing.assert_allclose(read, np.array(OUNCES) / smaller)
    assert f"read as {unit}" in column.note


ANGLES = {
    "seconds": ["{d}°{m}'{s}\"{side}", "{d} ° {m} ′ {s} ″ {side}", "{side} {d}° {m}' {s}\""],
    "minutes": ["{d}°{m}.5'{side}", "{d}º {m},5’ {side}"],
}


@pytest.mark.parametrize("form", [form for forms in ANGLES.values() for form in forms])
def test_angles_are_degrees_with_a_sign(form: str) -> None:
    cells, degrees = [], []
    for i in range(N):
        d, m, s, side = i, 7 * i % 60, 13 * i % 60, "NSEW"[i % 4]
        cells.append(form.format(d=d, m=m, s=s, side=side))
        minutes = m + (s / 60 if "{s}" in form else 0.5)
        degrees.append((-1 if side in "SW" else 1) * (d + minutes / 60))
    column, read = understood(cells)
    np.testing.assert_allclose(read, degrees)
    assert "degrees" in column.note


@pytest.mark.parametrize("unit", ["degrees", "fractions", "up and down", "ft and in"])
def test_a_unit_of_such_a_name_is_a_unit(unit: str) -> None:
    column, read = understood([f"{v} {unit}" for v in INCHES])
    assert column.unit == unit
    assert read.tolist() == INCHES


def test_fractions_are_numbers() -> None:
    parts = ["", " 1/2", "-3/4", " 5/16", "½", " ⅜"]
    added = [0, 0.5, 0.75, 0.3125, 0.5, 0.375]
    cells = [f"{1 + i // 6}{parts[i % 6]}" for i in range(N)] + ["3/4", "⅔", "2.5"]
    _, read = understood(cells)
    expected = [1 + i // 6 + added[i % 6] for i in range(N)] + [0.75, 2 / 3, 2.5]
    np.testing.assert_allclose(read, expected)


@pytest.mark.parametrize(
    "form", ["{:.1f}/5", "{:.1f} / 5", "{:.1f} out of 5", "{:.1f} out of 5 stars", "{:.1f} of 5"]
)
def test_marks_count_without_the_best_one(form: str) -> None:
    column, read = understood([form.format(v) for v in MARKS])
    np.testing.assert_allclose(read, np.round(MARKS, 1))
    assert is_rating(column.unit)
    assert "marks out of 5" in column.note


def test_words_among_marks_are_missing_and_other_best_marks_as_well() -> None:
    cells = [
        "NEW" if i % 9 == 0 else "-" if i % 9 == 1 else f"{v:.1f}/5" for i, v in enumerate(MARKS)
    ]
    cells[2], cells[3] = "4/10", "4.5"
    column, read = understood(cells)
    assert math.isnan(read[0])
    assert math.isnan(read[1])
    assert math.isnan(read[2])
    assert read[3] == 4.5
    assert "NEW" in column.note


OTHERS = {
    "shares of other wholes": [f"{i % 13}/{20 + i % 17}" for i in range(N)],
    "blood pressure": [f"{110 + i}/{70 + i % 20}" for i in range(N)],
    "months": [f"{1 + i % 12}/{2000 + i % 20}" for i in range(N)],
    "minutes and seconds": [f"{i % 9}'{20 + i % 40}\"" for i in range(N)],
    "sizes": [f"{10 + i}x{5 + i % 7} in" for i in range(N)],
    "two quantities": [f"{1 + i % 9} kg {i} cm" for i in range(N)],
    "larger after smaller": [f"{i} in {1 + i % 9} ft" for i in range(N)],
    "halves": [f"{1 + 2 * (i % 9)}/2" if i % 3 else f"{i % 9}" for i in range(N)],
    "few marks and a word": ["1/5", "2/5", "3/5", "4/5", "5/5", "never"] * 10,
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_cells_stay_what_they_were(name: str) -> None:
    cells = OTHERS[name]
    frame = pd.DataFrame({"c": cells, "z": np.random.default_rng(0).normal(size=len(cells))})
    assert infer_columns(frame)[0].kind is not ColumnKind.NUMBER


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", "ft + in"),
        ("5'14\"", "ft + in"),
        ("ft in", "ft + in"),
        ("5 ft 7 in 3 cm 2 kg", "ft + in"),
        ("5 ft 7 ft", "ft + in"),
        ("12°75'", "degrees:minutes"),
        ("12", "degrees:minutes"),
        ("N", "degrees:minutes"),
        ("", "whole:fraction"),
        ("5/4", "whole:fraction"),
        ("1/13", "whole:fraction"),
        ("1/0", "whole:fraction"),
        ("/5", "out of 5"),
        ("5/", "out of 5"),
        ("1/2/5", "out of 5"),
        ("6/5", "out of 5"),
        ("9" * 50 + "/5", "out of 5"),
    ],
)
def test_what_is_no_amount_is_missing(text: str, unit: str) -> None:
    assert math.isnan(parse_composite(text, unit))


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("-5'6\"", "ft + in", -5.5),
        ("5 1/2", "whole:fraction", 5.5),
        ("-1 1/2", "whole:fraction", -1.5),
        ("-12°30'", "degrees:minutes", -12.5),
        ("40°26.5'", "degrees:minutes", 40 + 26.5 / 60),
        ("3,5/5", "out of 5", 3.5),
        ("1 m 75 cm 5 mm", "m + cm", 1.755),
    ],
)
def test_single_cells(text: str, unit: str, value: float) -> None:
    assert parse_composite(text, unit) == pytest.approx(value)


SIDES = {
    "letters alone": "{:.2f}{}",
    "a degree sign": "{:.2f}° {}",
    "letters before": "{1} {0:.2f}°",
}


@pytest.mark.parametrize("name", SIDES)
def test_south_and_west_are_negative(name: str) -> None:
    values = [(37 * i % 180 - 90) / 2 + 0.25 for i in range(N)]
    _, read = understood([SIDES[name].format(abs(v), "N" if v > 0 else "S") for v in values])
    np.testing.assert_allclose(read, values)


def test_angles_to_one_side_alone_are_amounts() -> None:
    column, read = understood([f"{20 + i / 4}N" for i in range(N)])
    assert column.unit == "N"
    np.testing.assert_allclose(read, 20 + np.arange(N) / 4)


AGO = [
    ("3 weeks ago", 3 * 604_800),
    ("2 days ago", 2 * 86_400),
    ("30+ days ago", 30 * 86_400),
    ("a month ago", 2_629_746),
    ("an hour ago", 3600),
    ("about 5 minutes ago", 300),
    ("over 2 years old", 2 * 31_556_952),
    ("1 day, 2 hours ago", 93_600),
    ("10 days left", 864_000),
    ("22 hours remaining", 79_200),
    ("ages ago", math.nan),
    ("ago", math.nan),
]


@pytest.mark.parametrize(("text", "seconds"), AGO)
def test_how_long_ago_is_a_duration(text: str, seconds: float) -> None:
    assert parse_composite(text, "duration") == pytest.approx(seconds, nan_ok=True)


def test_a_column_of_times_ago_is_a_number() -> None:
    units = ["days", "weeks", "months", "years"]
    column, read = understood([f"{i % 11 + 2} {units[i % 4]} ago" for i in range(N)])
    assert column.note == "durations in seconds"
    assert read[1] == 3 * 604_800
