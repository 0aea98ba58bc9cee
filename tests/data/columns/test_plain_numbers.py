"""Columns of plain numbers at once, and columns as one text."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from metatune.data.columns import inference
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.column_text import columns_of_text, text_of_columns
from metatune.data.columns.inference import infer_columns
from metatune.data.columns.plain_numbers import finite_names, infer_plain, plain_values

RNG = np.random.default_rng(0)
N = 60
FRAME = pd.DataFrame(
    {
        "float": RNG.normal(size=N),
        "gaps": np.where(RNG.random(N) < 0.3, np.nan, RNG.normal(size=N)),
        "infinite": np.where(np.arange(N) == 3, np.inf, RNG.normal(size=N)),
        "few": RNG.integers(0, 5, N),
        "small": RNG.integers(0, 5, N).astype("int8"),
        "counts rows": np.arange(N),
        "unique": RNG.permutation(10**5)[:N],
        "host_id": np.arange(N) % 7 + 100,
        "id": RNG.normal(size=N),
        "day": 20200101 + np.arange(N) % 28,
        "large": 2**60 + np.arange(N) % 3,
        "same": np.full(N, 2.5),
        "empty": np.full(N, np.nan),
        "zeros": np.where(np.arange(N) % 2, 0.0, -0.0),
        "word": np.where(np.arange(N) % 2, "a", "b"),
        "flag": np.arange(N) % 2 == 0,
    }
)


def test_at_once_columns_are_understood_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = infer_columns(FRAME)
    monkeypatch.setattr(inference, "infer_plain", lambda frame: {})
    assert at_once == infer_columns(FRAME)


def test_only_what_is_certain_is_inferred_at_once() -> None:
    certain = {FRAME.columns[i] for i in infer_plain(FRAME)}
    assert certain == {
        *("float", "gaps", "infinite", "few", "small", "id", "same", "empty", "zeros")
    }


def test_finite_columns_are_taken_as_they_are() -> None:
    names = finite_names(FRAME, ["float", "gaps", "infinite", "few", "word", "flag"])
    assert names == {"float", "gaps", "few"}
    np.testing.assert_array_equal(plain_values(FRAME, ["few", "gaps"]), FRAME[["few", "gaps"]])


def test_columns_come_back_from_their_text() -> None:
    columns = [
        *infer_columns(FRAME),
        *infer_columns(pd.DataFrame({"d": ["1.2.2020", "13.2.2020"] * 9})),
    ]
    text = text_of_columns(columns)
    assert list(columns_of_text(text)) == columns
    assert '["float",0,60]' in text


def test_of_columns_left_out_the_name_is_kept() -> None:
    column = replace(infer_columns(FRAME)[0], kind=ColumnKind.LEFT_OUT)
    (back,) = columns_of_text(text_of_columns([column]))
    assert back == Column(name="float", kind=ColumnKind.LEFT_OUT, n_missing=0, n_unique=0)
    assert not back.kind.is_used


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '[["a",0]]',
        '[["a",0,"b"]]',
        '[["a",true,1]]',
        '["a","a"]',
        '[{"name":"a"}]',
        '[{"name":"a","kind":"number","n_missing":0,"n_unique":1,"evil":1}]',
        '[{"name":"a","kind":"code","n_missing":0,"n_unique":1}]',
        "[" * 100_000,
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"column|Expecting|valid ColumnKind"):
        columns_of_text(text)
