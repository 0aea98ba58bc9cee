"""JSON, Parquet and Arrow: records, lists, bytes, indexes, and damage."""

import gzip
import io
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from refusals import refusal

from metatune.data.reading.table_reader import Table, read_table
from metatune.errors import TableError

N = 60
Y = pa.array([i % 2 for i in range(N)])


def read(folder: Path, content: str | bytes, name: str) -> Table:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path)


def lines(records: Sequence[Any], end: str = "\n") -> str:
    return end.join(json.dumps(record, ensure_ascii=False) for record in records)


def test_only_line_ends_divide_json_lines(tmp_path: Path) -> None:
    table = read(tmp_path, lines([{"a": f"x\u2028\x85\x1e{i}"} for i in range(9)]), "t.jsonl")
    assert table.frame["a"].iloc[3] == "x\u2028\x85\x1e3"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_a_broken_record_is_named_by_its_line(tmp_path: Path, end: str) -> None:
    text = lines([{"a": i} for i in range(6)], end) + end + "{oops"
    number = 13 if end == "\n\n" else 7
    with pytest.raises(TableError, match=rf"^t\.jsonl, line {number}: no valid JSON"):
        read(tmp_path, text, "t.jsonl")
    with pytest.raises(TableError, match=r"^t\.jsonl, line 1: '3' is no record"):
        read(tmp_path, f"3{end}4", "t.jsonl")


@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
def test_records_within_records_are_flattened(tmp_path: Path, name: str) -> None:
    records = [{"u": {"age": i, "home": {"land": "de"}}, "none": {}, "y": i % 2} for i in range(9)]
    text = json.dumps(records) if name == "t.json" else lines(records)
    frame = read(tmp_path, text, name).frame
    assert list(frame.columns) == ["u.age", "u.home.land", "none", "y"]
    assert frame["u.age"].tolist() == list(range(9))


def test_lists_are_left_out_and_said(tmp_path: Path) -> None:
    records = [{"tags": ["a", "b"], "x": i} for i in range(9)]
    table = read(tmp_path, json.dumps(records), "t.json")
    assert list(table.frame.columns) == ["x"]
    assert "1 column left out that holds lists: 'tags'" in table.notes
    with pytest.raises(TableError, match="lists in every column"):
        read(tmp_path, json.dumps([{"tags": [1]}] * 9), "t.json")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.json", '[{"a":' + "[" * 100_000 + "]" * 100_000 + "}]"),
        ("t.json", '{"a":' * 100_000 + "1" + "}" * 100_000),
        ("t.jsonl", '{"a":' * 100_000 + "1" + "}" * 100_000 + "\n"),
    ],
)
def test_values_nested_beyond_measure_are_refused(tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(TableError, match="nested too deeply"):
        read(tmp_path, content, name)


@pytest.mark.parametrize("content", ['"hello"', "3", "null", "true"])
def test_single_values_are_no_table(tmp_path: Path, content: str) -> None:
    with pytest.raises(TableError, match="no table"):
        read(tmp_path, content, "t.json")


def test_enormous_numbers(tmp_path: Path) -> None:
    text = '[{"a": 1, "y": 0}, {"a": ' + "9" * 5000 + ', "y": 1}]'
    assert read(tmp_path, text, "t.json").frame["a"].iloc[0] == 1


def written(folder: Path, table: pa.Table) -> Table:
    parquet.write_table(table, folder / "t.parquet")
    return read_table(folder / "t.parquet")


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([str(i).encode() for i in range(N)], pa.binary()),
        pa.array([str(i).encode() for i in range(N)], pa.large_binary()),
        pa.array([b"%04d" % i for i in range(N)], pa.binary(4)),
        pa.array([str(i).encode() for i in range(N)]).dictionary_encode(),
    ],
    ids=["binary", "large", "fixed", "dictionary"],
)
def test_bytes_are_text(tmp_path: Path, cells: pa.Array) -> None:
    frame = written(tmp_path, pa.table({"c": cells, "y": Y})).frame
    assert [int(cell) for cell in frame["c"]] == list(range(N))
    assert isinstance(frame["c"].iloc[0], str)


def test_bytes_that_are_no_text_are_left_out(tmp_path: Path) -> None:
    table = written(tmp_path, pa.table({"image": pa.array([b"\xff\xd8\x00"] * N), "a": Y, "y": Y}))
    assert list(table.frame.columns) == ["a", "y"]
    assert "1 column of bytes that are no text left out: 'image'" in table.notes


def test_nested_columns(tmp_path: Path) -> None:
    struct = pa.array([{"a": i, "b": {"c": str(i)}} for i in range(N)])
    maps = pa.array([[("k", 1)]] * N, pa.map_(pa.string(), pa.int32()))
    table = written(tmp_path, pa.table({"s": struct, "l": [[1, 2]] * N, "m": maps, "y": Y}))
    assert list(table.frame.columns) == ["s.a", "s.b.c", "y"]
    assert "2 columns left out that hold lists: 'l', 'm'" in table.notes


def test_doubled_names_are_named(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([Y, Y, Y], names=["a", "a", "y"])
    with pytest.raises(TableError, match=r"t\.parquet: several columns are called 'a'"):
        written(tmp_path, table)
    table = pa.table({"s.a": Y, "s": pa.array([{"a": i} for i in range(N)])})
    with pytest.raises(TableError, match=r"several columns are called 's\.a'"):
        written(tmp_path, table)


@pytest.mark.parametrize(
    ("index", "names"),
    [
        (pd.Index(range(N), name="a"), ["a", "y"]),
        (pd.Index(range(N), name="id"), ["id", "a", "y"]),
        (pd.MultiIndex.from_product([range(6), range(10)], names=["a", "k"]), ["k", "a", "y"]),
    ],
)
def test_an_index_is_a_column_once(tmp_path: Path, index: pd.Index, names: list[str]) -> None:
    frame = pd.DataFrame({"a": range(N), "y": [0, 1] * 30}).set_axis(index, axis="index")
    frame.to_parquet(tmp_path / "t.parquet")
    assert list(read_table(tmp_path / "t.parquet").frame.columns) == names


@pytest.mark.parametrize("name", ["t.arrow", "t.feather", "t", "t.arrow.gz"])
def test_streams_of_arrow(tmp_path: Path, name: str) -> None:
    table = pa.table({"a": Y, "s": ["x"] * N, "y": Y})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    content = gzip.compress(sink.getvalue()) if name.endswith("gz") else sink.getvalue()
    assert read(tmp_path, content, name).frame.shape == (N, 3)
    with pytest.raises(TableError, match="damaged"):
        read(tmp_path, sink.getvalue()[:300], "cut.arrow")


@pytest.mark.parametrize("seed", range(20))
def test_damaged_parquet_is_refused_in_one_line(tmp_path: Path, seed: int) -> None:
    parquet.write_table(pa.table({"a": Y, "s": ["x"] * N, "y": Y}), tmp_path / "t.parquet")
    content, draw = bytearray((tmp_path / "t.parquet").read_bytes()), random.Random(seed)
    for _ in range(20):
        content[draw.randrange(4, len(content))] ^= 0x55
    (tmp_path / "t.parquet").write_bytes(content)
    assert "\n" not in refusal(tmp_path / "t.parquet")
