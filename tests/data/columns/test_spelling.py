"""Levels of a category that differ in case, blanks or hyphens alone are the same level."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.column_text import columns_of_text, text_of_columns
from metatune.data.columns.inference import infer_columns
from metatune.data.columns.spelling import common_spelling, spelled_alike
from metatune.reporting.code.parts.cells import to_levels


def understood(cells: list[str]) -> tuple[Column, "pd.Series[Any]"]:
    frame = pd.DataFrame({"c": cells, "z": np.random.default_rng(0).normal(size=len(cells))})
    column = infer_columns(frame)[0]
    return column, clean_column(frame["c"], column)


@pytest.mark.parametrize(
    "spellings",
    [
        ["Low Fat", "low fat", "LOW FAT"],
        ["Atlantic 10", "Atlantic-10"],
        ["SIZE S", "Size--S", "size_s"],
        ["Non-Binary", "Non-binary", "Non  binary"],
        ["STRASSE", "Straße"],
    ],
)
def test_spellings_are_one_level(spellings: list[str]) -> None:
    column, read = understood([*spellings, "other", "third"] * 20)
    assert (column.kind, column.n_unique) == (ColumnKind.CATEGORY, 3)
    assert read.nunique() == 3
    assert "spellings are the same level" in column.note
    assert columns_of_text(text_of_columns([column])) == (column,)


def test_a_spelling_that_is_new_is_a_known_level() -> None:
    column, _ = understood(["Low Fat", "low fat", "Regular"] * 20)
    read = clean_column(pd.Series(["LOW-FAT", "regular", None, "else"]), column)
    assert read.tolist()[:2] == ["low fat", "regular"]
    assert read.isna().tolist() == [False, False, True, False]


@pytest.mark.parametrize(
    "levels",
    [
        ["a", "A", "b", "B", "c"],  # codes, such as those of mushrooms
        ["A+", "A", "A-"],
        ["low fat", "lowfat", "regular"],
        ["Rome", "Oslo", "Bonn"],
        ["1-2", "12", "2-1"],
    ],
)
def test_other_levels_stay_as_they_are_written(levels: list[str]) -> None:
    column, read = understood(levels * 20)
    assert not column.any_spelling
    assert set(read) == set(levels)


def test_one_level_in_several_spellings_is_constant() -> None:
    assert understood(["Same", "same", "SAME"] * 20)[0].kind is ColumnKind.CONSTANT
    assert understood(["Yes", "yes", "NO", "no"] * 20)[0].kind is ColumnKind.BOOLEAN


@pytest.mark.parametrize(
    "words",
    [
        ["Y", "N", "yes", "no"],
        ["TRUE", "False", "1", "0"],
        ["yes", "Yes", "n", "NO"],
        ["t", "no", "1"],
    ],
)
def test_yes_and_no_in_several_words_are_flags(words: list[str]) -> None:
    column, read = understood(words * 20)
    assert (column.kind, column.n_unique) == (ColumnKind.BOOLEAN, 2)
    assert read.tolist()[: len(words)] == [float(w[0] in "YyTt1") for w in words]


@pytest.mark.parametrize("words", [["F", "N", "Y"], ["yes", "no", "maybe"], ["yes", "y", "true"]])
def test_other_words_beside_yes_are_levels(words: list[str]) -> None:
    assert understood(words * 20)[0].kind is ColumnKind.CATEGORY


def test_texts_that_are_stored_as_categories_are_read_alike() -> None:
    cells = pd.Series(pd.Categorical(["Low Fat", "low fat", "Regular"] * 20))
    column = infer_columns(pd.DataFrame({"c": cells, "z": np.arange(60.0)}))[0]
    assert (column.n_unique, column.any_spelling) == (2, True)


def test_scripts_read_levels_in_the_same_way() -> None:
    texts = ["Low Fat", " LOW-fat ", "a_b", "A  b", "Straße", "-x-", "", None]
    read = to_levels(pd.Series(texts))
    assert read.isna().tolist() == [False] * 6 + [True] * 2
    assert read.dropna().tolist() == [common_spelling(text.strip()) for text in texts if text]


def test_groups_keep_their_order() -> None:
    assert spelled_alike(["b", "a", "B", "c", "A"]) == [["b", "B"], ["a", "A"]]
    assert spelled_alike([]) == []
