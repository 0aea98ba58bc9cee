"""Options for reading win over detection, and are refused in one line where they cannot be."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest

import metatune
from metatune.data.reading.options import DETECT, ReadingOptions, reading_options
from metatune.data.reading.table_reader import Table, read_table
from metatune.errors import InputError, OptionError, TableError

ROWS = [f"{i};{i}.5;{'uv'[i % 2]}" for i in range(30)]


def read(folder: Path, content: str | bytes, wanted: tuple[str, ...] = (), **given: Any) -> Table:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, options=reading_options(given), wanted=wanted)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("tab", "\t"),
        ("Comma", ","),
        (r"\t", "\t"),
        (r"\x01", "\x01"),
        ("blanks", r"\s+"),
        (r"\s+", r"\s+"),
        ("::", "::"),
    ],
)
def test_separators_may_be_named_or_escaped(written: str, meant: str) -> None:
    assert reading_options({"separator": written}).separator == meant


@pytest.mark.parametrize("separator", [":", "*", "::", "#|#", "\x01", "¦", "tab"])
def test_any_separator_can_be_given(tmp_path: Path, separator: str) -> None:
    mark = "\t" if separator == "tab" else separator
    lines = [mark.join(("a", "b", "y")), *(mark.join(row.split(";")) for row in ROWS)]
    table = read(tmp_path, "\n".join(lines), separator=separator)
    assert list(table.frame.columns) == ["a", "b", "y"]
    assert table.frame["b"].iloc[3] == 3.5
    assert table.source.separator == mark


def test_a_separator_of_several_characters_may_stand_inside_quotes(tmp_path: Path) -> None:
    lines = ["a::b::y", *(f'{i}::"x::y"::u' for i in range(9))]
    table = read(tmp_path, "\n".join(lines), separator="::")
    assert set(table.frame["b"]) == {"x::y"}


def test_a_given_separator_wins_over_the_likelier_one(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b;y\n" + "1,2;3\n" * 5, separator="semicolon", decimal=",")
    assert list(table.frame.columns) == ["a,b", "y"]
    assert table.frame["a,b"].tolist() == [1.2] * 5


@pytest.mark.parametrize("separator", ["::", "|", "tab"])
def test_a_separator_that_never_occurs_is_refused(tmp_path: Path, separator: str) -> None:
    with pytest.raises(TableError, match=r"does not occur in table\.csv, but ';' does"):
        read(tmp_path, "\n".join(["a;b;y", *ROWS]), separator=separator)


def test_a_table_of_one_wanted_column_needs_no_separator(tmp_path: Path) -> None:
    table = read(tmp_path, "price\n12,5\n13,5\n", ("price",), separator=";", decimal=",")
    assert table.frame["price"].tolist() == [12.5, 13.5]


def test_encoding(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b\né,1\nè,2\n".encode("cp850"), encoding="cp850")
    assert table.frame["a"].tolist() == ["é", "è"]
    with pytest.raises(TableError, match=r"table\.csv is not encoded in utf-8"):
        read(tmp_path, "a,b\né,1\n".encode("cp850"), encoding="utf-8")


@pytest.mark.parametrize(
    ("header", "n_rows", "names"),
    [
        ("no", 31, ["0", "1", "2"]),
        (False, 31, ["0", "1", "2"]),
        ("yes", 30, ["a", "b", "y"]),
        (True, 30, ["a", "b", "y"]),
        ("2", 29, ["0", "0.5", "u"]),
        (3, 28, ["1", "1.5", "v"]),
        ("auto", 30, ["a", "b", "y"]),
    ],
)
def test_header(tmp_path: Path, header: str | bool | int, n_rows: int, names: list[str]) -> None:
    table = read(tmp_path, "\n".join(["a;b;y", *ROWS]), header=header)
    assert (len(table.frame), list(table.frame.columns)) == (n_rows, names)


@pytest.mark.parametrize("na", ["-999, void", ["-999", "void"]])
def test_markers_of_missing_cells(tmp_path: Path, na: str | list[str]) -> None:
    table = read(tmp_path, "a,b,c\n1,x,1\n-999,void,2\n3,y,3\n", na=na)
    assert table.frame["a"].isna().tolist() == [False, True, False]
    assert table.frame["b"].isna().tolist() == [False, True, False]
    assert "'-999' and 'void' mean missing" in table.source.summary()


def test_markers_hold_in_every_format(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1, "b": "x", "c": 1}\n{"a": -999, "b": "void", "c": 2}\n')
    frame = read_table(path, options=ReadingOptions(na=("-999", "void"))).frame
    assert frame.isna().to_numpy().tolist() == [[False, False, False], [True, True, False]]


def test_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "First"
    for title, names in (("First", ("a", "y")), ("Second", ("k", "z"))):
        sheet = book["First"] if title == "First" else book.create_sheet(title)
        for row in (names, *((i, i % 2) for i in range(9))):
            sheet.append(row)
    path = tmp_path / "t.xlsx"
    book.save(path)
    for sheet in ("Second", "second", "2"):
        table = read_table(path, options=ReadingOptions(sheet=sheet))
        assert list(table.frame.columns) == ["k", "z"]
        assert table.source.sheet == "Second"
    with pytest.raises(TableError, match=r"t\.xlsx has no sheet 'Third': it has 'First', 'Second'"):
        read_table(path, options=ReadingOptions(sheet="Third"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"separator": ""}, "separator ''"),
        ({"separator": "ab"}, "separator 'ab'"),
        ({"separator": "a long, long one"}, "separator"),
        ({"separator": 3}, "separator 3 is no text"),
        ({"encoding": "utf-9"}, "encoding 'utf-9' is unknown"),
        ({"encoding": "hex"}, "encoding 'hex' is unknown"),
        ({"encoding": "a\0b"}, "is unknown"),
        ({"decimal": ":"}, "decimal ':'"),
        ({"header": "maybe"}, "header 'maybe'"),
        ({"header": 0}, "header 0"),
        ({"header": 1.5}, r"header 1\.5"),
        ({"na": 1j}, "na 1j"),
    ],
)
def test_values_that_cannot_be_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message) as caught:
        reading_options(given)
    assert "\n" not in str(caught.value)


def test_a_line_that_is_not_there_is_no_header(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no line 99 that could be its header"):
        read(tmp_path, "a,b\n1,2\n", header=99)


def test_nothing_said_means_detection() -> None:
    assert reading_options(dict.fromkeys(("separator", "encoding", "header", "na"))) == DETECT


def test_a_wanted_name_makes_its_row_the_header(tmp_path: Path) -> None:
    rows = [f"{i % 3},{i % 5}" for i in range(30)]
    assert not read(tmp_path, "\n".join(["1,2", *rows])).source.has_header
    table = read(tmp_path, "\n".join(["1,x1", *["a,b"] * 9]), ("x1",))
    assert list(table.frame.columns) == ["1", "x1"]
    position = read(tmp_path, "\n".join(["1,2", *rows]), ("1",))
    assert not position.source.has_header  # the number of a column is no name


def test_options_in_python(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(
        "größe*y\n".encode("cp850") + b"".join(b"%d*u\n%d*v\n" % (i, i) for i in range(20))
    )
    seen = metatune.describe(path, "y", separator="*", encoding="cp850")
    assert [column.name for column in seen.columns] == ["größe"]
    with pytest.raises(InputError, match="how a file is read, but a table was given"):
        metatune.describe(read_table(path).frame, separator="*")
    with pytest.raises(TypeError, match="'seperator'"):
        metatune.describe(path, "y", seperator="*")  # type: ignore[call-arg]
