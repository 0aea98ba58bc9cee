"""Identifiers: names and values by which a column only tells rows apart."""

import numpy as np
import pandas as pd
import pytest

from metatune.data.columns.identifiers import (
    is_unnamed,
    labels_rows,
    looks_like_id_name,
    numbers_are_identifiers,
    seldom_repeats,
    words_are_identifiers,
)

NUMBERED = pd.Series(np.arange(1.0, 41.0))
UNIQUE = pd.Series(np.random.default_rng(0).permutation(1_000)[:40].astype(float))


@pytest.mark.parametrize("name", ["customerID", "host_id", "ID", "rowid", "user uuid"])
def test_names_of_ids(name: str) -> None:
    assert looks_like_id_name(name)
    assert labels_rows(name)


@pytest.mark.parametrize("name", ["humidity", "paid", "idle", "width", "Identity"])
def test_names_that_only_contain_the_letters(name: str) -> None:
    assert not looks_like_id_name(name)
    assert not labels_rows(name)


@pytest.mark.parametrize("name", ["Unnamed: 0", "X", "", "  ", "S.No", "Sr", "obs", "row key"])
def test_names_that_label_rows_and_nothing_else(name: str) -> None:
    assert labels_rows(name)


def test_a_column_without_a_name_is_known_by_what_pandas_calls_it() -> None:
    assert is_unnamed("Unnamed: 3")
    assert not is_unnamed("unnamed")


def test_one_value_of_twenty_may_repeat() -> None:
    assert seldom_repeats(0.95)
    assert not seldom_repeats(0.94)


def test_rows_that_are_numbered_through_are_identifiers_unless_they_are_times() -> None:
    assert numbers_are_identifiers("whatever", NUMBERED, 1.0)
    for name in ("year", "timeStep", "age", "t"):
        assert not numbers_are_identifiers(name, NUMBERED, 1.0)


def test_unique_numbers_with_gaps_need_a_name_that_says_so() -> None:
    assert numbers_are_identifiers("invoice_no", UNIQUE, 1.0)
    assert numbers_are_identifiers("customer id", UNIQUE, 1.0)
    assert not numbers_are_identifiers("price", UNIQUE, 1.0)


@pytest.mark.parametrize(
    "cells",
    [
        NUMBERED[:19],  # so few rows may be numbered by chance
        NUMBERED.where(NUMBERED != 7),  # an identifier is never missing
        NUMBERED + 0.5,
    ],
    ids=["few", "missing", "fractions"],
)
def test_what_is_no_identifier_whatever_it_is_called(cells: "pd.Series[float]") -> None:
    assert not numbers_are_identifiers("customer_id", cells, 1.0)


def test_single_words_of_which_none_repeats_are_identifiers_and_sentences_are_not() -> None:
    assert words_are_identifiers(10, 1.0, 1.0)
    assert not words_are_identifiers(9, 1.0, 1.0)
    assert not words_are_identifiers(100, 0.9, 1.0)
    assert not words_are_identifiers(100, 1.0, 1.5)
