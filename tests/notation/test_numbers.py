"""Numbers, durations and sizes that people read."""

import math
import re

import pytest

from metatune.notation.numbers import (
    duration,
    milliseconds,
    number,
    percent,
    quantity,
    settings,
    short_settings,
    size,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.91234, "0.9123"),
        (1.0, "1.000"),
        (0.99999, "1.000"),
        (170.0, "170.0"),
        (12345.678, "12,350"),
        (1_234_567.0, "1,235,000"),
        (-3.14159, "-3.142"),
        (0.0012345, "0.001234"),
        (0.0000123, "0.0000123"),
        (1.23e-9, "1.23e-09"),
        (0.0, "0"),
        (math.nan, "-"),
        (None, "-"),
        (math.inf, "infinite"),
        (-math.inf, "-infinite"),
    ],
)
def test_numbers_have_four_significant_digits(value: float | None, text: str) -> None:
    assert number(value) == text


def test_no_usual_number_has_an_exponent_or_many_digits() -> None:
    for power in range(-5, 11):
        for lead in (1.0, 1.7, 3.333333333333333, 9.999999999):
            text = number(lead * 10.0**power)
            assert "e" not in text
            assert len(re.sub(r"^0\.0*|[,.]", "", text).rstrip("0")) <= 4
            assert float(text.replace(",", "")) == pytest.approx(lead * 10.0**power, rel=1e-3)


def test_counts_are_written_in_full() -> None:
    assert [quantity(value) for value in (12345.0, 0.5, math.nan)] == ["12,345", "0.5000", "-"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1.0, "0 s"),
        (0.04, "40 ms"),
        (0.00231, "2.31 ms"),
        (1.25, "1.2 s"),
        (59.6, "60 s"),
        (600, "10 min"),
        (605, "10 min 5 s"),
        (7260, "2 h 1 min"),
        (7200, "2 h"),
    ],
)
def test_durations_have_the_unit_that_suits_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_latencies_and_sizes_have_three_digits() -> None:
    assert [milliseconds(s) for s in (0.17, 0.0023456, 1.2345, math.nan, None)] == [
        *("170 ms", "2.35 ms", "1,230 ms", "-", "-")
    ]
    assert [size(n) for n in (512, 20_480, 3_456_789, 999_600, 2.5e9, None)] == [
        *("512 bytes", "20.5 kB", "3.46 MB", "1 MB", "2.5 GB", "-")
    ]


def test_a_small_share_is_not_nothing() -> None:
    assert [percent(share) for share in (0.0, 0.001, 0.126, 1.0)] == [
        *("0 %", "<1 %", "13 %", "100 %")
    ]


def test_hyperparameters_are_short() -> None:
    given = {"rate": 0.012345678901234567, "depth": 3, "scale": "none", "alpha": 1e-05, "c": 170.0}
    assert settings(given) == "rate=0.0123, depth=3, scale=none, alpha=0.00001, c=170"


def test_a_configuration_as_text_becomes_short() -> None:
    text = "lightgbm(rate=0.140408, alpha=1.44225e-06, depth=255, mode=one_1.5x, beta=1e-08)"
    assert (
        short_settings(text) == "rate=0.14, alpha=0.00000144, depth=255, mode=one_1.5x, beta=1e-08"
    )
