"""Kinds of columns, and cells that become the same however a table is typed."""

import datetime
import decimal
import uuid
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.inference import infer_columns, with_text_names
from metatune.errors import TableError

N = 60
RNG = np.random.default_rng(0)


def column(cells: Any, name: str = "c", **options: Any) -> Column:
    other = RNG.normal(size=len(cells))
    frame = pd.DataFrame({name: cells, "other feature": other})
    return infer_columns(frame, **options)[0]


def kind(cells: Any, name: str = "c", **options: Any) -> ColumnKind:
    return column(cells, name, **options).kind


def cycle(*values: object) -> list[Any]:
    return [values[i % len(values)] for i in range(N)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (RNG.normal(size=N), ColumnKind.NUMBER),
        (RNG.integers(0, 5, N), ColumnKind.NUMBER),
        (cycle("1,234", "$4.99", "12%", None), ColumnKind.NUMBER),
        (cycle("1.5", "-", "2", "?"), ColumnKind.NUMBER),
        (cycle("48,0", "3,25", ""), ColumnKind.NUMBER),
        (cycle("12 kg", "7.5 kg"), ColumnKind.NUMBER),
        (cycle(decimal.Decimal("1.5"), decimal.Decimal(2)), ColumnKind.NUMBER),
        (cycle(datetime.timedelta(days=1), datetime.timedelta(hours=1)), ColumnKind.NUMBER),
        (cycle(True, False), ColumnKind.BOOLEAN),
        (cycle(True, False, None), ColumnKind.BOOLEAN),
        (cycle("t", "f"), ColumnKind.BOOLEAN),
        (cycle("Yes", " no", "\tyes", None), ColumnKind.BOOLEAN),
        (cycle("TRUE", "false"), ColumnKind.BOOLEAN),
        (cycle("M", "F"), ColumnKind.CATEGORY),
        (cycle("yes", "no", "maybe"), ColumnKind.CATEGORY),
        (cycle("only", None), ColumnKind.CATEGORY),
        (cycle("+", "-"), ColumnKind.CATEGORY),
        (cycle(1, "a", 2.5), ColumnKind.CATEGORY),
        (cycle([1, 2], {"a": 1}), ColumnKind.CATEGORY),
        (cycle(b"x", b"y"), ColumnKind.CATEGORY),
        (cycle(*(f"L{i}" for i in range(45))), ColumnKind.HIGH_CARDINALITY),
        (cycle("2020-01-31", "2020-02-29", None), ColumnKind.DATETIME),
        (cycle("31/12/2020", "1/2/2021", "?"), ColumnKind.DATETIME),
        (cycle(datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)), ColumnKind.DATETIME),
        (cycle(datetime.time(10, 0), datetime.time(11, 30)), ColumnKind.DATETIME),
        ([f"the quick brown fox {i} jumps" for i in range(N)], ColumnKind.TEXT),
        ([f"7590-VHVEG{i}" for i in range(N)], ColumnKind.IDENTIFIER),
        ([str(uuid.UUID(int=i * 7919)) for i in range(N)], ColumnKind.IDENTIFIER),
        (list(range(N)), ColumnKind.IDENTIFIER),
        ([str(i) for i in range(N)], ColumnKind.IDENTIFIER),
        (list(range(N, 0, -1)), ColumnKind.IDENTIFIER),
        ([None] * N, ColumnKind.CONSTANT),
        (["", " ", "?"] * (N // 3), ColumnKind.CONSTANT),
        (["same"] * N, ColumnKind.CONSTANT),
        ([3] * N, ColumnKind.CONSTANT),
        ([3, None] * (N // 2), ColumnKind.NUMBER),
    ],
)
def test_kinds(cells: Any, expected: ColumnKind) -> None:
    assert kind(cells) is expected


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("customerID", RNG.permutation(10**6)[:N], ColumnKind.IDENTIFIER),
        ("Unnamed: 0", np.sort(RNG.permutation(10**6)[:N]), ColumnKind.IDENTIFIER),
        ("RowNumber", RNG.permutation(10**6)[:N], ColumnKind.IDENTIFIER),
        ("host_id", cycle(101, 202, 303, 404), ColumnKind.CATEGORY),
        ("humidity", RNG.permutation(10**6)[:N], ColumnKind.NUMBER),
        ("paid", RNG.permutation(10**6)[:N], ColumnKind.NUMBER),
        ("day", list(range(N)), ColumnKind.NUMBER),
        ("id", RNG.normal(size=N), ColumnKind.NUMBER),
        ("Date", cycle(10142018, 9302018), ColumnKind.DATETIME),
        ("price", cycle(10142018, 9302018), ColumnKind.NUMBER),
    ],
)
def test_names_help(name: str, cells: Any, expected: ColumnKind) -> None:
    assert kind(cells, name) is expected


def test_small_tables_have_no_numbered_rows() -> None:
    assert kind(list(range(8))) is ColumnKind.NUMBER


def test_identifiers_are_kept_where_asked_or_where_nothing_else_is_left() -> None:
    assert kind(list(range(N)), keep_identifiers=True) is ColumnKind.NUMBER
    alone = infer_columns(pd.DataFrame({"id": range(N), "constant": 1}))
    assert [c.kind for c in alone] == [ColumnKind.NUMBER, ColumnKind.CONSTANT]


def test_counts_and_notes() -> None:
    found = column([*cycle("19M", "7k", "-", "?")[:56], "Varies", "Varies", "", " "])
    assert (found.n_missing, found.n_unique) == (14 + 14 + 2 + 2, 2)
    assert "'Varies'" in found.note
    infinite = column([np.inf, -np.inf, np.nan, *RNG.normal(size=N)])
    assert infinite.n_missing == 3
    assert infinite.note == "2 infinite values taken as missing"


def test_words_among_dates_are_missing_and_said() -> None:
    dates = [f"{1 + i % 28}/12/2020" for i in range(N)]
    found = column([*dates, "soon"])
    assert (found.kind, found.n_missing, found.n_unique) == (ColumnKind.DATETIME, 1, 28)
    assert found.note == "1 cell taken as missing, not a date: 'soon'"


def test_an_ambiguous_comma_follows_the_other_columns() -> None:
    frame = pd.DataFrame({"a": cycle("1,234", "2,345"), "b": cycle("0,5", "12,25")})
    assert [c.decimal for c in infer_columns(frame)] == [",", ","]
    assert infer_columns(frame[["a"]])[0].decimal == "."


@pytest.mark.parametrize(
    "dtype", ["Int64", "Float64", "int8", "float32", "int64[pyarrow]", "double[pyarrow]"]
)
def test_numeric_dtypes(dtype: str) -> None:
    series = pd.Series(cycle(1, 2, 3), dtype=dtype, name="c")
    found = column(series)
    assert found.kind is ColumnKind.NUMBER
    assert clean_column(series, found).tolist() == cycle(1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (pd.Series(cycle("a", "b", None), dtype="category"), ColumnKind.CATEGORY),
        (pd.Series(cycle(3, 1, 2), dtype="category"), ColumnKind.CATEGORY),
        (pd.Series(cycle("a", "b", None), dtype="string"), ColumnKind.CATEGORY),
        (pd.Series(cycle("a", "b", None), dtype="string[pyarrow]"), ColumnKind.CATEGORY),
        (pd.Series(cycle(True, False, None), dtype="boolean"), ColumnKind.BOOLEAN),
        (pd.Series(cycle(True, False, None), dtype="bool[pyarrow]"), ColumnKind.BOOLEAN),
        (pd.Series(pd.date_range("2020", periods=N, tz="Europe/Rome")), ColumnKind.DATETIME),
        (pd.Series(pd.period_range("2020", periods=N, freq="M")), ColumnKind.DATETIME),
        (
            pd.Series(pd.date_range("2020", periods=N)).astype("date32[pyarrow]"),
            ColumnKind.DATETIME,
        ),
        (pd.Series(pd.timedelta_range("1h", periods=N)), ColumnKind.NUMBER),
        (pd.Series(cycle(0.0, 1.5)).astype(pd.SparseDtype(float)), ColumnKind.NUMBER),
        (pd.Series(pd.interval_range(0, N)), ColumnKind.NUMBERS),
    ],
)
def test_pandas_dtypes(series: "pd.Series[Any]", expected: ColumnKind) -> None:
    found = column(series)
    assert found.kind is expected
    clean = clean_column(series, found)
    assert len(clean) == N
    assert clean.isna().sum() == series.isna().sum()


def test_polars_tables_work_by_way_of_pandas() -> None:
    frame = pl.DataFrame(
        {"a": cycle(1.5, None), "b": cycle("x", "y"), "c": cycle(datetime.date(2020, 1, 1), None)}
    ).to_pandas()
    kinds = [c.kind for c in infer_columns(frame)]
    assert kinds == [ColumnKind.NUMBER, ColumnKind.CATEGORY, ColumnKind.DATETIME]


@pytest.mark.parametrize(
    ("fitted", "predicted", "expected"),
    [
        (cycle("1", "x", "2"), [1, 2, 3], ["1", "2", "3"]),
        (cycle("1", "x", "2"), [1.0, 2.0, None], ["1", "2", None]),
        (cycle("a", "b"), [" a", "b\t", "?"], ["a", "b", None]),
        (cycle(1.5, 2.5), ["1.5", "-", "$2,000"], [1.5, None, 2000.0]),
        (cycle(1, 2), [True, False, True], [1.0, 0.0, 1.0]),
        (cycle("t", "f"), [True, False, None], [1.0, 0.0, None]),
        (cycle(True, False), ["yes", "NO", "perhaps"], [1.0, 0.0, None]),
        (cycle("yes", "no"), [1, 0, 7], [1.0, 0.0, None]),
        (cycle("1,5", "2,25"), ["3,5", "1.000,5", 2.5], [3.5, 1000.5, 2.5]),
        (cycle(1.5, 2.5), [np.inf, -np.inf, 0], [None, None, 0.0]),
    ],
)
def test_cells_depend_on_the_column_only(
    fitted: list[Any], predicted: object, expected: object
) -> None:
    clean = clean_column(pd.Series(predicted, name="c"), column(fitted))
    assert [None if pd.isna(cell) else cell for cell in clean] == expected


def test_dates_are_read_alike_from_text_digits_and_dates() -> None:
    found = column(cycle("31/12/2020", "1/2/2021"))
    days = pd.to_datetime(["2021-02-01", "2020-12-31"])
    as_text = clean_column(pd.Series(["1/2/2021", "31/12/2020", "soon"], name="c"), found)
    as_dates = clean_column(pd.Series(days, name="c"), found)
    assert as_text.tolist()[:2] == as_dates.tolist() == days.tolist()
    assert as_text.isna().tolist() == [False, False, True]
    digits = column(cycle(10142018, 9302018), "Date")
    read = clean_column(pd.Series([9302018, "10142018", None], name="Date"), digits)
    assert read.tolist()[:2] == [pd.Timestamp(2018, 9, 30), pd.Timestamp(2018, 10, 14)]
    assert pd.isna(read.iloc[2])


def test_cleaning_keeps_index_and_name_and_leaves_the_input_alone() -> None:
    raw = pd.Series(["1", "x", np.nan], index=[7, 5, 3], name="c", dtype=object)
    before = raw.copy()
    clean = clean_column(raw, column(cycle("1", "2", "3")))
    assert clean.index.tolist() == [7, 5, 3]
    assert clean.name == "c"
    pd.testing.assert_series_equal(raw, before)


def test_all_cells_missing_at_prediction() -> None:
    raw = pd.Series([None, None], name="c", dtype=object)
    for cells in (
        cycle(1.5, 2),
        cycle("a", "b"),
        cycle("t", "f"),
        cycle("2020-01-01", "2020-01-02"),
    ):
        assert clean_column(raw, column(cells)).isna().all()


def test_text_dtypes_and_objects_are_cleaned_alike() -> None:
    cells = [" a", "b\t", "?", "", "=N(TRUE)", "=not a formula", "\ufeffc", "\xa0NA ", None, "none"]
    expected = ["a", "b", None, None, None, "=not a formula", "c", None, None, "none"]
    found = column(cycle("a", "b"))
    for dtype in (object, "str", "string", "string[pyarrow]", "category"):
        clean = clean_column(pd.Series(cells, dtype=dtype, name="c"), found)
        assert [None if pd.isna(cell) else cell for cell in clean] == expected, dtype
        assert clean.dtype == pd.StringDtype(na_value=np.nan)


def test_names_become_text_and_must_differ() -> None:
    frame = with_text_names(pd.DataFrame([[1, 2]], columns=[3, "a"]))
    assert list(frame.columns) == ["3", "a"]
    with pytest.raises(TableError, match="several columns are called '3'"):
        with_text_names(pd.DataFrame([[1, 2]], columns=[3, "3"]))


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(TableError, match="Complex data not supported"):
        infer_columns(pd.DataFrame({"z": [1j, 2j]}))


def test_large_tables_are_judged_by_a_sample() -> None:
    n = 300_000
    words = np.array(["red", "green", "?"])[np.arange(n) % 3]
    rare = np.zeros(n)
    rare[-1] = 1.0
    frame = pd.DataFrame({"id": np.arange(n), "x": np.arange(n) / 7, "word": words, "rare": rare})
    found = infer_columns(frame)
    kinds = [c.kind for c in found]
    assert kinds == [
        ColumnKind.IDENTIFIER,
        ColumnKind.NUMBER,
        ColumnKind.CATEGORY,
        ColumnKind.NUMBER,
    ]
    assert found[2].n_missing == pytest.approx(n / 3, rel=0.01)
    assert found[3].n_unique == 2


def test_empty_text_in_all_but_one_row_of_a_large_table_is_no_constant() -> None:
    cells = np.full(250_000, "", dtype=object)
    cells[123_457] = "here"
    found = infer_columns(pd.DataFrame({"a": cells, "b": np.arange(250_000) % 7}))[0]
    assert found.kind is ColumnKind.CATEGORY
    assert (found.n_missing, found.n_unique) == (249_999, 1)


CAR_LEVELS = {
    "engine": ["1248 cc", "1498 cc", "998 cc"],
    "mileage": ["18.2 km/l", "21 km/l", "16.1 km/l"],
    "price": ["$1,200", "$980", "$15,300"],
    "sold": ["2020-01-31", "2020-02-29", "2020-03-31"],
    "colour": ["red", "blue", "green"],
}


def test_levels_of_declared_categories_are_read_like_texts() -> None:
    texts = pd.DataFrame({name: levels * 20 for name, levels in CAR_LEVELS.items()})
    declared = texts.astype("category")
    assert infer_columns(declared) == infer_columns(texts)
    columns = {column.name: column for column in infer_columns(declared)}
    assert columns["engine"].kind is ColumnKind.NUMBER
    assert columns["sold"].kind is ColumnKind.DATETIME
    assert columns["colour"].kind is ColumnKind.CATEGORY
    engine = clean_column(declared["engine"], columns["engine"])
    assert engine.head(3).tolist() == [1248.0, 1498.0, 998.0]


def test_sentences_declared_as_categories_are_texts() -> None:
    sentences = pd.Series([f"item {i} came {'very ' * (i % 7)}late" for i in range(60)], name="a")
    (column,) = infer_columns(sentences.astype("category").to_frame())
    assert column.kind is ColumnKind.TEXT


@pytest.mark.parametrize("levels", [[3, 1, 2], [0.5, 1.5, 2.0], ["1", "2", "30"], ["01", "?", "2"]])
def test_declared_categories_of_plain_numbers_stay_categories(levels: list[object]) -> None:
    column = pd.Series(levels * 20, dtype="category", name="a")
    assert infer_columns(column.to_frame())[0].kind is ColumnKind.CATEGORY


def test_levels_that_are_dates_are_dates() -> None:
    dates = pd.Series(pd.date_range("2024-01-01", periods=40), name="a").astype("category")
    (column,) = infer_columns(dates.to_frame())
    assert column.kind is ColumnKind.DATETIME
    assert clean_column(dates, column).iloc[1] == pd.Timestamp("2024-01-02")
