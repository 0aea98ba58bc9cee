"""Columns of a table to predict that are unlike those of the training are named, in a line each."""

import warnings

import numpy as np
import pandas as pd
import pytest

from metatune.data.encoding.encoder import encode_task
from metatune.data.task.make_task import make_task
from metatune.errors import UnlikeTrainingWarning

N_ROWS = 400


@pytest.fixture(name="table", scope="module")
def _table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"size": rng.uniform(10, 20, N_ROWS), "kind": rng.choice(list("ab"), N_ROWS)}
    )
    frame["gaps"] = np.where(rng.random(N_ROWS) < 0.9, np.nan, rng.normal(size=N_ROWS))
    return frame.assign(y=rng.normal(size=N_ROWS))


def said(table: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    encoder, _ = encode_task(make_task(table, target="y"), seed=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        encoder.transform(rows)
    unlike = [w.message for w in caught if isinstance(w.message, UnlikeTrainingWarning)]
    return [each.line() for warning in unlike for each in warning.args[1]]


def test_rows_like_those_of_the_training_are_no_matter(table: pd.DataFrame) -> None:
    rng = np.random.default_rng(1)
    new = pd.DataFrame({"size": rng.uniform(10, 20, 300), "kind": "a", "gaps": np.nan})
    assert said(table, new.head(20)) == []
    assert said(table, table) == []


def test_numbers_beyond_the_training_are_counted(table: pd.DataFrame) -> None:
    new = table.head(100).assign(size=np.r_[np.full(30, 20.4), np.full(70, 15.0)])
    (line,) = said(table, new)
    assert line.startswith("column 'size': 30 numbers of 100 beyond those of the training rows (10")
    assert line.endswith("such as 20.4")


def test_a_number_slightly_beyond_is_chance(table: pd.DataFrame) -> None:
    new = table.head(100).assign(size=np.r_[20.05, np.full(99, 15.0)])
    assert said(table, new) == []


def test_one_number_far_beyond_is_told(table: pd.DataFrame) -> None:
    (line,) = said(table, table.head(1).assign(size=1500.0))
    assert "1 number of 1 beyond" in line
    assert "1500" in line


def test_an_empty_column_is_told_unless_it_usually_is(table: pd.DataFrame) -> None:
    (line,) = said(table, table.head(20).assign(size=np.nan, gaps=np.nan))
    assert line == "column 'size': empty in all 20 rows, but filled in 100% of the training rows"
    (line,) = said(table, table.head(20).assign(kind=None, gaps=np.nan))
    assert line.startswith("column 'kind': empty in all 20 rows")


def test_text_of_many_columns_is_short() -> None:
    rng = np.random.default_rng(0)
    many = pd.DataFrame(rng.normal(size=(100, 30)), columns=[f"c{i}" for i in range(30)])
    encoder, _ = encode_task(make_task(many.assign(y=rng.normal(size=100)), target="y"), seed=0)
    with pytest.warns(UnlikeTrainingWarning, match="and 25 more columns"):
        encoder.transform(many + 1000)
