"""Formats and compressions, by suffix and by magic bytes."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from metatune.data.reading.table_reader import read_table
from metatune.errors import TableError


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"n": [1, 2, 3], "x": [0.5, np.nan, 2.5], "s": ["a", "b", None]})


def as_csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


def zipped(content: bytes, name: str = "inner.csv") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue())


COMPRESSIONS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    ".gz": ("gzip", gzip.compress),
    ".bz2": ("bz2", bz2.compress),
    ".xz": ("xz", lzma.compress),
    ".zip": ("zip", zipped),
    ".zst": ("zstd", zstd),
}


@pytest.mark.parametrize("suffix", COMPRESSIONS)
@pytest.mark.parametrize("named", [True, False])
def test_compressed_text(tmp_path: Path, frame: pd.DataFrame, suffix: str, named: bool) -> None:
    name, compress = COMPRESSIONS[suffix]
    path = tmp_path / ("data.csv" + (suffix if named else ""))
    path.write_bytes(compress(as_csv(frame)))
    table = read_table(path)
    assert table.source.compression == name
    assert table.name == "data"
    pd.testing.assert_frame_equal(table.frame, frame, check_dtype=False)


def test_other_formats_may_be_compressed_too(tmp_path: Path, frame: pd.DataFrame) -> None:
    frame.to_parquet(tmp_path / "data.parquet")
    (tmp_path / "data.parquet.gz").write_bytes(
        gzip.compress((tmp_path / "data.parquet").read_bytes())
    )
    table = read_table(tmp_path / "data.parquet.gz")
    assert (table.source.format, table.source.compression) == ("parquet", "gzip")


@pytest.mark.parametrize("form", ["parquet", "feather"])
@pytest.mark.parametrize("suffix", [None, ".bin", ".csv", ""])
def test_columnar_formats_are_known_by_their_magic(
    tmp_path: Path, frame: pd.DataFrame, form: str, suffix: str | None
) -> None:
    path = tmp_path / ("data" + (f".{form}" if suffix is None else suffix))
    getattr(frame, f"to_{form}")(path)
    table = read_table(path)
    assert table.source.format == form
    pd.testing.assert_frame_equal(table.frame, frame, check_dtype=False)


def test_a_named_index_becomes_a_column(tmp_path: Path, frame: pd.DataFrame) -> None:
    frame.set_index("n").to_parquet(tmp_path / "data.parquet")
    assert list(read_table(tmp_path / "data.parquet").frame.columns) == ["n", "x", "s"]


def test_json_lines_records_and_columns(tmp_path: Path, frame: pd.DataFrame) -> None:
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    frame.to_json(tmp_path / "b.json", orient="records")
    frame.to_json(tmp_path / "c.json", orient="split", index=False)
    (tmp_path / "d.json").write_text(
        json.dumps({"rows": json.loads(frame.to_json(orient="records"))})
    )
    frame.to_json(tmp_path / "e.ndjson", orient="records", lines=True)
    (tmp_path / "f.json").write_bytes((tmp_path / "a.jsonl").read_bytes())
    for name in ("a.jsonl", "b.json", "c.json", "d.json", "e.ndjson", "f.json"):
        table = read_table(tmp_path / name)
        assert list(table.frame.columns) == ["n", "x", "s"], name
        assert table.frame["n"].tolist() == [1, 2, 3], name
        assert table.frame["s"].isna().tolist() == [False, False, True], name


def test_excel(tmp_path: Path, frame: pd.DataFrame) -> None:
    with pd.ExcelWriter(tmp_path / "data.xlsx") as writer:
        frame.to_excel(writer, sheet_name="first", index=False)
        frame.to_excel(writer, sheet_name="second", index=False)
    table = read_table(tmp_path / "data.xlsx")
    assert table.source.format == "xlsx"
    assert table.frame["x"].isna().tolist() == [False, True, False]
    assert table.frame["n"].dtype.kind == "i"
    assert any("sheet 'first' of 2" in note for note in table.notes)


def test_excel_without_header(tmp_path: Path) -> None:
    pd.DataFrame([[1.5, "a"], [2.5, "b"], [3.5, "a"]]).to_excel(
        tmp_path / "data.xlsx", header=False, index=False
    )
    table = read_table(tmp_path / "data.xlsx")
    assert not table.source.has_header
    assert table.frame["0"].tolist() == [1.5, 2.5, 3.5]


ARFF = """% a comment
@RELATION 'my data'

@attribute 'a name, quoted' numeric
@ATTRIBUTE colour {red, 'dark blue', none}
@attribute when date 'yyyy-MM-dd HH:mm:ss'
@attribute text string
@attribute "class" { yes,
   no }
@data
% another comment
1.5, red, '2020-01-02 03:04:05', 'it\\'s, fine', yes
?, 'dark blue', ?, ?, no

-2e3, none, '2021-01-02 03:04:05', plain, yes
"""


def test_arff(tmp_path: Path) -> None:
    (tmp_path / "data.arff").write_text(ARFF)
    table = read_table(tmp_path / "data.arff")
    frame = table.frame
    assert list(frame.columns) == ["a name, quoted", "colour", "when", "text", "class"]
    assert frame["a name, quoted"].tolist()[::2] == [1.5, -2000.0]
    assert frame["colour"].tolist() == ["red", "dark blue", "none"]
    assert frame["colour"].cat.categories.tolist() == ["red", "dark blue", "none"]
    assert frame["when"].iloc[0] == pd.Timestamp(2020, 1, 2, 3, 4, 5)
    assert frame["text"].tolist()[::2] == ["it's, fine", "plain"]
    assert frame["text"].isna().tolist() == [False, True, False]
    assert frame["class"].tolist() == ["yes", "no", "yes"]
    assert table.source.format == "arff"


def test_arff_with_both_kinds_of_quotes_and_any_suffix(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text(
        "@relation r\n@attribute a string\n@attribute b string\n@attribute c real\n@data\n"
        '\'x, y\',"p, q",1\n"it\'s",\'say "hi"\',2\n'
    )
    frame = read_table(tmp_path / "data.txt").frame
    assert frame["a"].tolist() == ["x, y", "it's"]
    assert frame["b"].tolist() == ["p, q", 'say "hi"']
    assert frame["c"].tolist() == [1, 2]


def test_sparse_arff(tmp_path: Path) -> None:
    (tmp_path / "data.arff").write_text(
        "@relation r\n@attribute a real\n@attribute b {no, yes}\n@attribute c real\n@data\n"
        "{0 1.5, 1 yes}\n{2 3}\n{}\n{0 ?, 2 4}\n"
    )
    frame = read_table(tmp_path / "data.arff").frame
    assert frame["a"].tolist()[:3] == [1.5, 0.0, 0.0]
    assert np.isnan(frame["a"].iloc[3])
    assert frame["b"].tolist() == ["yes", "no", "no", "no"]
    assert frame["c"].tolist() == [0.0, 3.0, 0.0, 4.0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 100)[:-12], "damaged gzip file"),
        ("a.csv.gz", b"a,b\n1,2\n", "named as a gzip file but is not one"),
        ("a.csv.xz", lzma.compress(b"a,b\n1,2\n")[:-9], "damaged xz file"),
        ("a.csv.bz2", bz2.compress(b"a,b\n1,2\n" * 9)[:-9], "damaged bz2 file"),
        ("a.csv.zst", zstd(b"a,b\n1,2\n" * 9)[:-9] + b"garbage", "damaged zstd file"),
        ("a.zip", zipped(b"a,b\n1,2\n")[:-30], "damaged zip file"),
        ("a.parquet", b"a,b\n1,2\n", "named as a parquet file but is not one"),
        ("a.parquet", b"PAR1" + b"\x00" * 40, "damaged parquet file"),
        ("a.xlsx", b"a,b\n1,2\n", "named as a xlsx file but is not one"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 40, "old Excel file"),
        ("a.json", b'{"a": [1, 2', "no valid JSON"),
        ("a.json", b'{"a": [1, 2], "b": [1]}', "no table"),
        ("a.json", b"[]", "holds no rows"),
        ("a.arff", b"@relation r\n@attribute a real\n", "no line @data"),
        ("a.arff", b"@relation r\n@attribute a real\n@data\n", "a header but no rows"),
        ("a.arff", b"@relation r\n@attribute a\n@data\n1\n", "no ARFF attribute"),
        (
            "a.arff",
            b"@relation r\n@attribute a real\n@attribute a real\n@data\n1,2\n",
            "several columns are called 'a'",
        ),
        (
            "a.arff",
            b"@relation r\n@attribute a real\n@attribute b real\n@data\n1,2\n1,2,3\n",
            "Expected 2 fields",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",
)
def test_damaged_files_are_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=message) as caught:
        read_table(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_an_archive_of_several_files_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("one.csv", "a,b\n1,2\n")
        archive.writestr("two.csv", "a,b\n1,2\n")
    with pytest.raises(TableError, match=r"must hold one file, but holds one\.csv, two\.csv"):
        read_table(tmp_path / "a.zip")


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(b"a,b\n1,2\n"))
    content[6] |= 1  # the flag "encrypted" of the local header, and of the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(bytes(content))
    with pytest.raises(TableError, match="encrypted"):
        read_table(tmp_path / "a.zip")
