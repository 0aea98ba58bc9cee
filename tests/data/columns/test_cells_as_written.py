"""Cells as people and programs write them: money, bounds, durations, zones, several formats."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.durations import parse_duration
from metatune.data.columns.inference import infer_columns
from metatune.data.columns.numbers import groups_with_dots, parse_number
from metatune.data.columns.scripts import count_words, spaced
from metatune.data.columns.units import unit_ratio
from metatune.data.columns.zones import split_zone

N = 60
AMOUNTS = [10_000 + 7_919 * i % 900_000 for i in range(N)]
INSTANTS = [
    pd.Timestamp("2020-01-01 03:04:05") + pd.Timedelta(days=11 * i % 1400, hours=i)
    for i in range(N)
]


def understood(cells: list[str]) -> tuple[Column, "pd.Series[Any]"]:
    frame = pd.DataFrame({"c": cells, "z": np.random.default_rng(0).normal(size=len(cells))})
    column = infer_columns(frame)[0]
    return column, clean_column(frame["c"], column)


MONEY = {
    "złoty": [f"{v},50 zł" for v in AMOUNTS],
    "złoty in ASCII": [f"{v},50 zl" for v in AMOUNTS],
    "rupees": [f"Rs. {v:,}.50" for v in AMOUNTS],
    "francs": [f"CHF {v:,}.50".replace(",", "'") for v in AMOUNTS],
    "francs with a typographic apostrophe": [f"CHF {v:,}.50".replace(",", "’") for v in AMOUNTS],
    "reais": [f"R$ {v:,}".replace(",", ".") + ",50" for v in AMOUNTS],
    "Canadian dollars": [f"C$ {v:,}.50" for v in AMOUNTS],
    "dollars after": [f"{v:,}.50 USD" for v in AMOUNTS],
    "roubles": [f"{v:,}".replace(",", " ") + ",50 руб." for v in AMOUNTS],
    "thin spaces": [f"{v:,}.50".replace(",", "\u202f") for v in AMOUNTS],
    "approximate": [f"~{v}.5" for v in AMOUNTS],
    "lakh": [f"{v / 1e5 + 5e-6:.6f} lakh" for v in AMOUNTS],
}


@pytest.mark.parametrize("name", MONEY)
def test_money_is_read_as_amounts(name: str) -> None:
    column, read = understood(MONEY[name])
    assert column.kind is ColumnKind.NUMBER
    np.testing.assert_allclose(read.to_numpy(dtype=float), np.array(AMOUNTS) + 0.5, rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,23,456", 123_456),
        ("12,34,567.5", 1_234_567.5),
        ("10,000.-", 10_000),
        ("kr 50,-", 50),
        ("¥ 1,200円", 1200),
        ("2.5 million", 2.5e6),
        ("$1.2bn", 1.2e9),
        ("3 crore", 3e7),
        ("<0.5", 0.4999995),
        (">5", 5.000005),
        (">= 100", 100),
        ("≈3", 3),
        ("0x1F", 31),
        ("-0xff", -255),
        ("Rp10.5", 10.5),
    ],
)
def test_single_numbers(text: str, value: float) -> None:
    assert parse_number(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["rs1801133", "RM101", "1,2345", "10-5", "0x", "3:2", "12 m 5"])
def test_codes_are_no_amounts(text: str) -> None:
    assert math.isnan(parse_number(text))


def test_dots_group_thousands_where_other_cells_show_it() -> None:
    assert groups_with_dots(["1.230", "4.500", "12.001", "2.222", "7.700", "850"])
    assert not groups_with_dots(["1.230", "4.500", "12.001", "2.222", "7.700", "0.850", "9"])
    assert not groups_with_dots(["1.234", "4.567", "12.001", "2.222", "7.701", "850"])
    assert not groups_with_dots(["1.230", "4.500", "12.001", "2.222", "7.700", "1850"])
    column, read = understood([f"{37 * v:,}".replace(",", ".") for v in AMOUNTS])
    assert (column.decimal, column.note) == (",", "dots group thousands")
    assert read.iloc[0] == 370_000


def test_units_of_the_same_base_are_brought_together() -> None:
    assert unit_ratio("GB", "MB") == pytest.approx(1000)
    assert unit_ratio("g", "kg") == pytest.approx(0.001)
    assert unit_ratio("days", "day") == unit_ratio("KG", "kg") == unit_ratio("min.", "min") == 1
    assert unit_ratio("people", "kg") is unit_ratio("m", "min") is None
    column, read = understood([f"{i + 1} {('kB', 'MB')[i % 2]}" for i in range(N)])
    assert column.kind is ColumnKind.NUMBER
    assert read.iloc[1] / read.iloc[0] == pytest.approx(2000)
    column, read = understood([f"{1 + i % 5} bed{'s' * (i % 5 > 0)}" for i in range(N)])
    assert read.head(3).tolist() == [1.0, 2.0, 3.0]


def test_bounds_among_numbers_are_numbers_but_not_where_they_are_the_classes() -> None:
    column, _ = understood(["<0.5" if i % 4 == 0 else f"{i / 7:.2f}" for i in range(N)])
    assert column.kind is ColumnKind.NUMBER
    few = ["<5", "5", "6", "7", "8", "9", "10+", "7", "8", "6"]
    column, read = understood(few * 6)
    assert (column.kind, column.n_missing, read.nunique()) == (ColumnKind.NUMBER, 0, 7)
    hours = ["do not watch", "<1", "1", "2", "3", "do not watch", "4", "5+", "2", "1"]
    assert understood(hours * 6)[0].kind is ColumnKind.CATEGORY
    for classes in (["<=50K", ">50K"], ["<1", "1", "2", ">=3"], ["<18", "18-25", ">25"]):
        assert understood(classes * 20)[0].kind is ColumnKind.CATEGORY


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h 30m", 5_400),
        ("2 days", 172_800),
        ("2 days, 3 hours and 4 min", 183_840),
        ("36:15:00", 130_500),
        ("7:05.3", 425.3),
        ("7:05", 425),
        ("1 days 02:03:04.5", 93_784.5),
        ("-1 days +23:00:00", -3_600),
        ("1.02:03:04", 93_784),
        ("PT1H30M", 5_400),
        ("P2DT3H", 183_600),
        ("-5 min", -300),
        ("250 ms", 0.25),
    ],
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "P", "PT", "7:5", "5 monkeys", "h", "10:75", "1h 30x"])
def test_other_texts_are_no_durations(text: str) -> None:
    assert math.isnan(parse_duration(text))


DURATIONS = {
    "beyond a day": [f"{i}:{i:02d}:30" for i in range(N)],
    "hours and minutes": [f"{i % 5}h {i}m" for i in range(N)],
    "minutes or hours": [f"{i + 1} {'min' if i % 3 else 'h'}" for i in range(N)],
    "of pandas": [str(pd.Timedelta(seconds=v)) for v in AMOUNTS],
    "years and months": [f"{i % 9}yrs {i % 12}mon" for i in range(N)],
    "with a word": ["n.a." if i % 9 == 0 else f"{i % 5}h {i}m" for i in range(N)],
}


@pytest.mark.parametrize("name", DURATIONS)
def test_columns_of_durations(name: str) -> None:
    column, _ = understood(DURATIONS[name])
    assert (column.kind, column.unit) == (ColumnKind.NUMBER, "duration")
    assert "durations in seconds" in column.note


def test_levels_that_are_lost_among_few_durations_keep_a_column_a_category() -> None:
    hours = ["1 hour", "2 hours", "30 min", "45 min", "90 min", "never", "1 hour", "2 hours"]
    assert understood(hours * 8)[0].kind is ColumnKind.CATEGORY
    assert (
        understood(["1 per year", "12 per year", "2 per year"] * 20)[0].kind is ColumnKind.CATEGORY
    )
    assert understood([f"{i} sq. ft." for i in AMOUNTS])[0].unit == "sq. ft."


def test_times_of_the_day_and_single_units_stay_what_they_were() -> None:
    assert understood([f"{i % 24:02d}:{i:02d}:30" for i in range(N)])[0].kind is ColumnKind.DATETIME
    assert understood([f"{7 * i % 50} min" for i in range(N)])[0].unit == "min"


@pytest.mark.parametrize(
    ("form", "hours"),
    [
        ("%Y-%m-%d %H:%M:%S UTC", 0),
        ("%Y-%m-%dT%H:%M:%SZ", 0),
        ("%Y-%m-%d %H:%M:%S +0530", -5.5),
        ("%Y-%m-%d %H:%M:%S,000", 0),
        ("%a, %d %b %Y %H:%M:%S -0700", 7),
        ("%a, %d %b %Y %H:%M:%S -0700 (PDT)", 7),
        ("%a, %d %b %Y %H:%M:%S GMT", 0),
        ("[%d/%b/%Y:%H:%M:%S -0700]", 7),
        ("%a %b %d %H:%M:%S UTC %Y", 0),
        ("%a %b %d %Y %H:%M:%S GMT+0200 (Central European Summer Time)", -2),
        ("%m/%d/%Y %I:%M:%S%p", 0),
        ("%d.%m.%Y-%H:%M:%S", 0),
    ],
)
def test_instants_with_and_without_a_zone(form: str, hours: float) -> None:
    column, read = understood([instant.strftime(form) for instant in INSTANTS])
    assert column.kind is ColumnKind.DATETIME
    expected = [instant + pd.Timedelta(hours=hours) for instant in INSTANTS]
    assert read.tolist() == expected


def test_the_zone_is_cut_off() -> None:
    assert split_zone("10:00:00 EST") == ("10:00:00", -300)
    assert split_zone("[10:00]") == ("10:00", 0)
    assert split_zone("10:00:00 pigs") == ("10:00:00 pigs", None)


@pytest.mark.parametrize(
    "forms",
    [
        ("%Y-%m-%d", "%d/%m/%Y"),
        ("%d.%m.%Y", "%d.%m.%Y %H:%M:%S"),
        ("%Y-%m-%d", "%d %B %Y", "%b %d, %Y"),
    ],
)
def test_dates_in_several_formats(forms: tuple[str, ...]) -> None:
    cells = [t.strftime(forms[i % len(forms)]) for i, t in enumerate(INSTANTS)]
    column, read = understood(cells)
    assert column.kind is ColumnKind.DATETIME
    assert "several formats" in column.note
    assert [d.date() for d in read] == [d.date() for d in INSTANTS]


def test_words_among_few_dates_are_missing() -> None:
    words = ("unknown", "TBD", "open")
    cells = [words[i % 3] if i % 8 == 0 else t.strftime("%d.%m.%Y") for i, t in enumerate(INSTANTS)]
    column, read = understood(cells)
    assert column.kind is ColumnKind.DATETIME
    assert int(read.isna().sum()) == column.n_missing == 8
    column, _ = understood(["-" if i % 5 == 0 else f"01.{i % 12 + 1:02d}.2020" for i in range(N)])
    assert column.kind is ColumnKind.DATETIME


@pytest.mark.parametrize(
    "marker", ["\\N", "None", "(null)", "<null>", "n.a.", "NaT", "*", "nil", "--"]
)
def test_null_words_among_numbers(marker: str) -> None:
    column, _ = understood([marker if i % 3 == 0 else str(18 + i % 40) for i in range(N)])
    assert (column.kind, column.n_missing) == (ColumnKind.NUMBER, 20)


def test_none_is_a_level_beside_other_words() -> None:
    assert understood(["None", "Recent", "Old"] * 20)[0].n_unique == 3


@pytest.mark.parametrize(
    "text",
    ["我喜欢这个产品非常好用", "この製品はとても良いです", "ผลิตภัณฑ์นี้ดีมากจริงๆ"],
)
def test_texts_without_blanks_are_texts(text: str) -> None:
    assert count_words(text) > 3
    column, _ = understood([f"{text}{chr(0x4E00 + i)}" for i in range(N)])
    assert column.kind is ColumnKind.TEXT


def test_words_with_blanks_are_counted_as_ever() -> None:
    assert (count_words("two words"), count_words("北京"), spaced("as is")) == (2, 1, "as is")


def test_ids_beyond_floating_point_are_told_apart() -> None:
    frame = pd.DataFrame({"store": 2**60 + np.arange(N) % 5, "z": np.arange(N) * 0.3})
    column = infer_columns(frame)[0]
    assert (column.kind, column.n_unique) == (ColumnKind.CATEGORY, 5)
    assert clean_column(frame["store"], column).nunique() == 5


@pytest.mark.parametrize("mark", ["*", "**", " †", "[1]", " [b]", "%*", "+‡"])
def test_marks_of_footnotes_are_dropped(mark: str) -> None:
    assert parse_number(f"1,234.5{mark}") == 1234.5
    cells = [f"{7 * i}{mark if i % 5 == 0 else ''}" for i in range(60)]
    column = infer_columns(pd.DataFrame({"c": cells}))[0]
    assert (column.kind, column.n_missing) == (ColumnKind.NUMBER, 0)


@pytest.mark.parametrize("text", ["*", "[1]", "5 [page 3]", "*5", "5****"])
def test_other_marks_are_no_footnotes(text: str) -> None:
    assert math.isnan(parse_number(text))
