"""Profile of a raw column: what is counted before its kind is decided."""

import numpy as np
import pandas as pd
import pytest

from metatune.data.columns.column import ColumnKind
from metatune.data.columns.profile import ColumnProfile


def test_texts_are_counted_without_the_blanks_around_them_most_frequent_first() -> None:
    profile = ColumnProfile.at(pd.Series(["b", " b", "a", None, "?"], name="c"))
    assert profile.base is ColumnKind.TEXT
    assert profile.counts == {"b": 2, "a": 1}
    assert (profile.n_missing, profile.n_present, profile.n_unique) == (2, 3, 2)
    assert profile.unique_share == pytest.approx(2 / 3)
    assert profile.stripped


@pytest.mark.parametrize(
    ("cells", "base"),
    [
        (pd.Series([1, 2]), ColumnKind.NUMBER),
        (pd.Series([True, False]), ColumnKind.BOOLEAN),
        (pd.to_datetime(pd.Series(["2020-01-01", "2020-01-02"])), ColumnKind.DATETIME),
        (pd.to_timedelta(pd.Series([1, 2]), unit="s"), ColumnKind.NUMBER),
        (pd.Series([3, 4], dtype="category"), ColumnKind.CATEGORY),
    ],
)
def test_the_dtype_says_what_it_can(cells: "pd.Series", base: ColumnKind) -> None:
    profile = ColumnProfile.at(cells.rename("c"))
    assert profile.base is base
    assert profile.counts == {}
    assert profile.n_unique == 2


def test_infinite_numbers_are_missing_and_counted_apart() -> None:
    profile = ColumnProfile.at(pd.Series([1.0, np.inf, -np.inf, np.nan], name="c"))
    assert (profile.n_missing, profile.n_infinite) == (3, 2)


def test_a_column_is_constant_if_all_cells_hold_the_same_or_none_holds_anything() -> None:
    assert ColumnProfile.at(pd.Series([3, 3], name="c")).is_constant
    assert ColumnProfile.at(pd.Series([None, np.nan], name="c", dtype=float)).is_constant
    assert not ColumnProfile.at(pd.Series([3.0, np.nan], name="c")).is_constant


def test_long_codes_that_one_number_cannot_tell_apart_are_texts() -> None:
    cells = pd.Series([2**53, 2**53 + 1], name="c")
    profile = ColumnProfile.at(cells)
    assert profile.base is ColumnKind.TEXT
    assert profile.n_unique == 2


def test_of_many_rows_a_sample_is_counted_and_the_missing_cells_are_scaled_up() -> None:
    choices = np.array(["a", "b", "c", None], dtype=object)
    cells = pd.Series(np.random.default_rng(0).choice(choices, 240_000), name="c")
    profile = ColumnProfile.at(cells)
    assert sum(profile.counts.values()) < 30_000
    assert profile.n_missing == pytest.approx(60_000, rel=0.1)


def test_a_rare_second_value_of_many_rows_is_found() -> None:
    cells = pd.Series(["a"] * 250_000, name="c")
    cells[7] = "b"
    assert ColumnProfile.at(cells).n_unique == 2
