"""Readers of the single formats, given the bytes of a table."""

import bz2
import gzip
import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from metatune.data.reading.arff import looks_like_arff, read_arff
from metatune.data.reading.columnar import read_columnar
from metatune.data.reading.delimited import read_delimited
from metatune.data.reading.options import ReadingOptions
from metatune.data.reading.payload import Payload, check_file, open_payload
from metatune.data.reading.records import read_json
from metatune.data.reading.unpacking import compression_of, is_workbook, unpack
from metatune.data.reading.workbook import read_workbook
from metatune.errors import TableError

ARFF = b"""% weather
@relation weather
@attribute outlook {sunny, 'very rainy'}
@attribute humidity numeric
@data
sunny, 85
'very rainy', ?
"""


def payload(content: bytes, form: str) -> Payload:
    return Payload(
        label=f"t.{form}",
        stem="t",
        suffix=f".{form}",
        format=form,
        compression="",
        path=None,
        content=content,
    )


def workbook(**sheets: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer) as writer:
        for name, frame in sheets.items():
            frame.to_excel(writer, sheet_name=name, index=False)
    return buffer.getvalue()


def test_the_head_of_a_payload_says_whether_it_is_all() -> None:
    table = payload(b"a,b\n1,2\n", "csv")
    assert table.head(3) == (b"a,b", False)
    assert table.head(8) == (b"a,b\n1,2\n", True)
    assert table.n_bytes() == 8


def test_a_file_is_opened_under_the_format_that_its_bytes_tell(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "t.csv")
    (tmp_path / "u.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert open_payload(tmp_path / "t.csv").format == "parquet"
    packed = open_payload(tmp_path / "u.csv.gz")
    assert (packed.compression, packed.stem, packed.content) == ("gzip", "u", b"a,b\n1,2\n")


def test_missing_files_and_directories_are_refused_before_they_are_opened(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="there is no file"):
        check_file(tmp_path / "none.csv")
    with pytest.raises(TableError, match="is a directory"):
        check_file(tmp_path)
    (tmp_path / "t.csv").touch()
    assert check_file(tmp_path / "t.csv") == (tmp_path / "t.csv", False)


@pytest.mark.parametrize(
    ("content", "compression"),
    [
        (gzip.compress(b"x", mtime=0), "gzip"),
        (bz2.compress(b"x"), "bz2"),
        (b"a,b\n", ""),
        (b"", ""),
    ],
    ids=["gzip", "bz2", "text", "nothing"],
)
def test_a_compression_is_known_by_its_first_bytes(content: bytes, compression: str) -> None:
    assert compression_of(content[:8]) == compression


def test_unpacking_takes_the_suffix_of_the_compression_away() -> None:
    content, name = unpack(gzip.compress(b"x"), "gzip", Path("t.csv.gz"), frozenset({".csv"}))
    assert (content, name) == (b"x", Path("t.csv"))


def test_workbooks_are_archives_that_are_not_unpacked() -> None:
    content = workbook(s=pd.DataFrame({"a": [1]}))
    assert compression_of(content[:8]) == "zip"
    assert is_workbook(content)
    assert not is_workbook(b"PK\x03\x04")


def test_arff_keeps_its_categories_and_has_missing_cells() -> None:
    assert looks_like_arff(ARFF)
    assert not looks_like_arff(b"outlook,humidity\nsunny,85\n")
    frame, encoding = read_arff(payload(ARFF, "arff"))
    assert frame["outlook"].cat.categories.tolist() == ["sunny", "very rainy"]
    assert frame["humidity"].isna().tolist() == [False, True]
    assert encoding in ("ascii", "utf-8")


def test_sparse_rows_of_arff_hold_zeros() -> None:
    sparse = b"@relation r\n@attribute a numeric\n@attribute b numeric\n@data\n{1 3}\n{0 2}\n"
    frame, _ = read_arff(payload(sparse, "arff"))
    assert frame.to_numpy(dtype=float).tolist() == [[0, 3], [2, 0]]


def test_arff_without_data_is_refused() -> None:
    with pytest.raises(TableError, match="no line @data"):
        read_arff(payload(b"@relation r\n@attribute a numeric\n", "arff"))


def test_records_of_columnar_files_are_taken_apart_and_lists_left_out() -> None:
    sink = pa.BufferOutputStream()
    rows = [{"user": {"age": 3}, "tags": [1, 2], "raw": b"text"}]
    pq.write_table(pa.Table.from_pylist(rows), sink)
    frame, notes = read_columnar(payload(sink.getvalue().to_pybytes(), "parquet"))
    assert dict(frame.iloc[0]) == {"user.age": 3, "raw": "text"}
    assert any("lists" in note for note in notes)


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b'[{"a": 1, "b": {"c": 2}}, {"a": 3}]', "json"),
        (b'{"a": 1, "b": {"c": 2}}\n{"a": 3}\n', "jsonl"),
    ],
)
def test_json_is_a_list_of_records_or_one_in_each_line(content: bytes, form: str) -> None:
    frame, _, _ = read_json(payload(content, form))
    assert list(frame.columns) == ["a", "b.c"]
    assert frame["b.c"].isna().tolist() == [False, True]


def test_text_tables_come_with_what_was_detected_and_columns_without_names() -> None:
    frame, source, _, unnamed = read_delimited(payload(b"a;\n1,5;x\n2,5;y\n3,5;x\n", "csv"))
    assert frame["a"].tolist() == [1.5, 2.5, 3.5]
    assert (source.separator, source.decimal, source.has_header) == (";", ",", True)
    assert unnamed == {"Unnamed: 1"}


def test_options_go_before_what_would_be_detected() -> None:
    options = ReadingOptions(separator=",")
    frame, source, _, _ = read_delimited(payload(b"a;b,c\n1;2,3\n4;5,6\n", "csv"), options)
    assert list(frame.columns) == ["a;b", "c"]
    assert source.separator == ","


def test_the_sheet_with_the_wanted_names_is_read_else_the_first_with_a_table() -> None:
    content = workbook(
        cover=pd.DataFrame({"Title": ["Report"]}),
        data=pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]}),
        more=pd.DataFrame({"a": [1, 2, 3], "y": [4, 5, 6]}),
    )
    assert read_workbook(payload(content, "xlsx")).name == "data"
    assert read_workbook(payload(content, "xlsx"), wanted=["y"]).name == "more"
    with pytest.raises(TableError, match="sheet"):
        read_workbook(payload(content, "xlsx"), ReadingOptions(sheet="absent"))
