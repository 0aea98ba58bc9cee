"""Numbers, dates and markers as people write them."""

import math

import pandas as pd
import pytest

from metatune.data.columns.dates import find_date_format, find_digit_format, parse_date_texts
from metatune.data.columns.missing import is_marker, is_weak_marker, strip_or_none
from metatune.data.columns.numbers import (
    NumberStyle,
    decimal_evidence,
    find_number_style,
    parse_number,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        (" -1.5e3 ", -1500),
        (".5", 0.5),
        ("5.", 5),
        ("1,234", 1234),
        ("1,234,567.8", 1234567.8),
        ("1 234 567", 1234567),
        ("1'234.5", 1234.5),
        ("$4.99", 4.99),
        ("-$1,234.50", -1234.5),
        ("$-3", -3),
        ("€ 7", 7),
        ("7 €", 7),
        ("12%", 12),
        ("19M", 19e6),
        ("201k", 201e3),
        ("1.5B", 1.5e9),
        ("10,000+", 10000),
        ("(12.5)", -12.5),
        ("−3", -3),
    ],
)
def test_numbers_with_a_decimal_point(text: str, value: float) -> None:
    assert parse_number(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "1,23,4",
        "1.2.3",
        "12-34",
        "1/2",
        "18:00",
        "(5",
        "5)",
        "inf",
        "nan",
        "1e999",
        "37F",
    ],
)
def test_other_texts_are_no_numbers(text: str) -> None:
    assert math.isnan(parse_number(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [("48,0", 48), ("1.234,56", 1234.56), ("0,5", 0.5), ("-200,00", -200), ("1.234", 1234)],
)
def test_numbers_with_a_decimal_comma(text: str, value: float) -> None:
    assert parse_number(text, ",") == pytest.approx(value)


def test_a_unit_is_cut_off() -> None:
    assert parse_number("12.5 kg", unit="kg") == 12.5
    assert parse_number("12.5", unit="kg") == 12.5
    assert parse_number("10 lb", unit="kg") == pytest.approx(4.5359237)
    assert math.isnan(parse_number("12.5 miles", unit="kg"))


def test_only_certain_cells_are_evidence_of_a_decimal_comma() -> None:
    assert decimal_evidence(["1,234", "1.234", "7"]) == 0
    assert decimal_evidence(["1,5", "0,123", "1.234,5"]) == 3
    assert decimal_evidence(["1.5", "0.123", "1,234.5"]) == -3


def style(*texts: str) -> NumberStyle | None:
    return find_number_style(dict.fromkeys(texts, 10))


def known_style(*texts: str) -> NumberStyle:
    found = style(*texts)
    assert found is not None
    return found


def test_the_style_of_a_column() -> None:
    assert known_style("1,5", "2,25", "3").decimal == ","
    assert known_style("1,234", "2,345").decimal == "."
    hinted = find_number_style({"1,234": 5, "2,345": 5}, hint=1)
    assert hinted is not None
    assert hinted.decimal == ","
    assert known_style("12 kg", "7.5 kg", "8 kg").unit == "kg"
    assert known_style("19M", "201k").unit == ""


def test_a_few_words_among_numbers_are_kept_apart() -> None:
    counts = {"19M": 50, "7k": 40, "Varies with device": 9, "-": 3}
    found = find_number_style(counts)
    assert found is not None
    assert (found.others, found.n_others) == (("Varies with device",), 9)
    assert (found.markers, found.n_markers) == (("-",), 3)


@pytest.mark.parametrize(
    "texts",
    [
        ("a", "b", "c"),
        ("113803", "A/5 21171", "PC 17599", "STON 3101282", "SC 2122"),
        ("1.0.0", "2.1", "3.4.5", "1.2.3.4"),
        ("1. Male", "2. Female"),
        ("Tier 1", "Tier 2"),
        ("12A", "14C", "9B"),
        ("unknown", "-", "."),
    ],
)
def test_columns_that_are_no_numbers(texts: tuple[str, ...]) -> None:
    assert style(*texts) is None


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["2020-01-31", "2021-12-01"], "ISO8601"),
        (["2013-11-07T06:20:48", "2013-11-07T06:20:48.123000"], "ISO8601"),
        (["2011-01-01 00:00:00", "2011-01-01 13:30:00"], "ISO8601"),
        (["2020-01-31T10:00:00Z", "2020-01-31T10:00:00+02:00"], "ISO8601"),
        (["20141013T000000", "20150502T000000"], "ISO8601"),
        (["3/12/2016", "25/02/2016"], "%d/%m/%Y"),
        (["12/3/2016", "02/25/2016"], "%m/%d/%Y"),
        (["31.12.2016", "1.2.2017"], "%d.%m.%Y"),
        (["10-Jul-18", "3-Aug-18"], "%d-%b-%y"),
        (["January 7, 2018", "August 15, 2018"], "%B %d, %Y"),
        (["Jan 7, 2018", "Aug 15, 2018"], "%b %d, %Y"),
        (["7 March 1999", "12 May 2001"], "%d %B %Y"),
        (["Jan-2015", "Dec-2016"], "%b-%Y"),
        (["18:00:00", "23:59:59"], "%H:%M:%S"),
        (["6:30 PM", "11:15 AM"], "%I:%M %p"),
        (["12/31/2019 6:30 PM", "1/2/2020 11:15 AM"], "%m/%d/%Y %I:%M %p"),
        (["31/12/2019 16:30", "1/2/2020 11:15"], "%d/%m/%Y %H:%M"),
        (["Mon Jul 01 10:00:00 2019", "Tue Jul 02 11:00:00 2019"], "%a %b %d %H:%M:%S %Y"),
    ],
)
def test_date_formats(texts: list[str], found: str) -> None:
    assert find_date_format(texts)[0] == found
    assert not parse_date_texts(texts, found).isna().any()


@pytest.mark.parametrize(
    ("text", "found", "instant"),
    [
        ("Feb 29 08:30:01", "%b %d %H:%M:%S", "2000-02-29 08:30:01"),  # as in a system log
        ("12 January, 8:30 PM", "%d %B, %I:%M %p", "2000-01-12 20:30"),
        ("01:10 22 Mar", "%H:%M %d %b", "2000-03-22 01:10"),
        ("1:10 AM May 3", "%I:%M %p %b %d", "2000-05-03 01:10"),
    ],
)
def test_times_of_a_day_of_any_year(text: str, found: str, instant: str) -> None:
    assert find_date_format([text])[0] == found
    assert parse_date_texts([text], found)[0] == pd.Timestamp(instant)


def test_times_with_and_without_their_day() -> None:
    texts = ["22:20", "01:10 22 Mar", "13:15", "04:25 10 Jun", "19:00"]
    found, note = find_date_format(texts)
    assert found == "%H:%M|%H:%M %d %b"
    assert note == "dates in several formats: %H:%M, %H:%M %d %b"
    assert parse_date_texts(texts, found).hour.tolist() == [22, 1, 13, 4, 19]
    dated = find_date_format(["22:20", "2019-03-01 01:10", "13:15", "2019-03-02 04:25"])
    assert dated[0] is None  # a time alone says nothing of the day that others have


def test_an_ambiguous_order_of_day_and_month_is_said() -> None:
    assert find_date_format(["1/2/2016", "3/4/2016"]) == (
        "%m/%d/%Y",
        "day and month cannot be told apart, read as %m/%d/%Y",
    )
    assert find_date_format(["1.2.2016", "3.4.2016"])[0] == "%d.%m.%Y"
    assert find_date_format(["18:00:00", "19:00:00"])[1] == ""


@pytest.mark.parametrize(
    "texts",
    [
        ["a1", "b2"],
        ["10 days left", "2 hours left"],
        ["1-2-3-4"],
        ["GT3", "LE3"],
        ["4.0.3 and up"],
        [],
    ],
)
def test_texts_that_are_no_dates(texts: list[str]) -> None:
    assert find_date_format(texts)[0] is None


def test_dates_as_digits_must_be_unambiguous_and_many_or_named() -> None:
    few = ["10142018", "9302018"]
    many = [f"201{year}{month:02}{28}" for year in range(5) for month in range(1, 13)]
    assert find_digit_format("Date", few) == "%m%d%Y"
    assert find_digit_format("amount", few) is None
    assert find_digit_format("amount", many) == "%Y%m%d"
    assert find_digit_format("date", ["01022012", "02032013"]) is None
    assert find_digit_format("date", ["99999999", "20140101"]) is None
    times = [f"{day}{k % 24:02d}3015" for k, day in enumerate(many)]
    assert find_digit_format("amount", times) == "%Y%m%d%H%M%S"
    assert find_digit_format("amount", [text[:12] for text in times]) == "%Y%m%d%H%M"
    assert find_digit_format("amount", [*times[1:], f"{many[0]}250000"]) is None
    assert find_digit_format("amount", [*times[1:], many[0]]) is None


def test_instants_become_utc_without_a_zone() -> None:
    parsed = parse_date_texts(["2020-01-31T10:00:00+02:00", "nonsense"], "ISO8601")
    assert parsed[0] == pd.Timestamp(2020, 1, 31, 8)
    assert parsed.isna().tolist() == [False, True]


@pytest.mark.parametrize(
    "text", ["", "  ", "\t?", "NA", " n/a ", "#N/A", "NULL", "=N(TRUE)", "#REF!"]
)
def test_markers(text: str) -> None:
    assert is_marker(text)
    assert strip_or_none(text) is None


@pytest.mark.parametrize("text", ["none", "-", "no", "0", "N", "=", "Unknown", "nap"])
def test_words_that_are_no_markers(text: str) -> None:
    assert not is_marker(text)
    assert strip_or_none(f" {text}\t") == text


def test_weak_markers() -> None:
    assert is_weak_marker(" - ")
    assert is_weak_marker("Unknown")
    assert not is_weak_marker("no")
