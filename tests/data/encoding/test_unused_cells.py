"""Cells of a table to predict that the model cannot use are counted."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from metatune.data.columns.column import Column, ColumnKind
from metatune.data.encoding.encoder import TableEncoder, encode_task
from metatune.data.encoding.unused_cells import UnusedCells, find_unused, unused_message
from metatune.data.task.make_task import make_task
from metatune.errors import UnusedCellsWarning

N = 60
TABLE = pd.DataFrame(
    {
        "day": pd.date_range("2020-01-01", periods=N).strftime("%Y-%m-%d"),
        "size": np.arange(N) * 0.7,
        "city": [["Rome", "Oslo", "Bonn"][i % 3] for i in range(N)],
        "open": [["yes", "no"][i % 2] for i in range(N)],
        "weight": [f"{i * 3} kg" for i in range(N)],
        "store_id": [i % 5 for i in range(N)],
        "y": ["u", "v"] * (N // 2),
    }
)


@pytest.fixture(scope="module")
def encoder() -> TableEncoder:
    return encode_task(make_task(TABLE, target="y"), seed=0)[0]


@pytest.mark.parametrize(
    ("column", "cells", "words"),
    [
        ("day", ["31.12.2020", "2020-01-05"], "'day': 1 cell of 2 .* not dates as 2020-12-31"),
        ("day", ["31.12.2020", "1.1.2020"], "'day' is lost: none of its 2 filled cells"),
        ("size", ["oops", "1"], "'size': 1 cell of 2 .* not finite numbers: 'oops'"),
        ("size", [np.inf, 1], "'size': 1 cell of 2"),
        ("city", ["Paris", "Rome"], "'city': 1 cell of 2 .* has not seen: 'Paris'"),
        ("open", ["ja", "no"], "'open': 1 cell of 2 .* neither yes nor no"),
        ("weight", ["4 km", "5 kg"], "'weight': 1 cell of 2 .* '4 km'"),
        ("store_id", [7, 1], "'store_id': 1 cell of 2 .* '7'"),
        ("city", ["Paris", None], "'city' is lost: none of its 1 filled cell "),
    ],
)
def test_unused_cells_are_counted(
    encoder: TableEncoder, column: str, cells: list[Any], words: str
) -> None:
    with pytest.warns(UnusedCellsWarning, match=words) as caught:
        encoder.transform(TABLE.head(2).assign(**{column: cells}))
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("size", [None, "1"]),
        ("size", ["-", "?"]),
        ("day", ["", "NA"]),
        ("city", [None, "?"]),
        ("city", [" Rome ", "Oslo"]),
        ("open", [True, False]),
        ("open", ["Y", "1"]),
        ("store_id", ["1", "2.0"]),
        ("store_id", [1.0, np.nan]),
    ],
)
def test_missing_and_readable_cells_are_no_matter(
    encoder: TableEncoder, column: str, cells: list[Any]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.transform(TABLE.head(2).assign(**{column: cells}))


def test_columns_that_are_lost_are_told_first_and_five_at_most() -> None:
    found = [
        UnusedCells(column=name, n_cells=n, n_present=4, reason="not numbers", examples=("x",))
        for name, n in zip("abcdefg", (1, 1, 1, 1, 1, 1, 4), strict=True)
    ]
    message = unused_message(found)
    assert message.startswith("column 'g' is lost: none of its 4 filled cells can be used, not num")
    assert message.endswith("; and 2 more columns")
    assert "\n" not in message


def test_markers_of_missing_cells_are_no_lost_cells() -> None:
    column = Column(name="c", kind=ColumnKind.NUMBER, n_missing=0, n_unique=3)
    raw = pd.Series(["1", "?", None, "-"])
    cells = pd.Series([1.0, np.nan, np.nan, np.nan])
    assert find_unused(raw, cells, np.array([[1.0], [np.nan], [np.nan], [np.nan]]), column) is None


def test_the_warning_is_at_the_line_that_asked_for_predictions(encoder: TableEncoder) -> None:
    table = TABLE.drop(columns="y").assign(city="Nice")
    with pytest.warns(UnusedCellsWarning) as caught:
        Pipeline([("table", encoder), ("same", FunctionTransformer())]).transform(table)
    assert {warning.filename for warning in caught} == {__file__}
