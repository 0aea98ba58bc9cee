"""Separators: unusual ones are found, and none is preferred that the header does not hold."""

from pathlib import Path

import pytest

from metatune.data.reading.table_reader import Table, read_table
from metatune.errors import TableError


def read(folder: Path, lines: list[str]) -> Table:
    path = folder / "table.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_table(path)


UNUSUAL = [
    "^",
    "~",
    "::",
    "||",
    "¦",
    "§",
    "¬",
    "，",
    "~~",
    "|~|",
    "$$",
    "@@",
    "\x01",
    "\x02",
    "\x07",
    "\x1e",
    "\x1f",
]


@pytest.mark.parametrize("separator", UNUSUAL, ids=repr)
def test_unusual_separators_are_found(tmp_path: Path, separator: str) -> None:
    rows = [separator.join((str(i % 7), f"{i * 0.37:.2f}", "uv"[i % 2])) for i in range(60)]
    table = read(tmp_path, [separator.join(("a", "b", "y")), *rows])
    assert list(table.frame.columns) == ["a", "b", "y"]
    assert table.frame["b"].iloc[2] == 0.74
    assert "separator" in table.source.summary()


@pytest.mark.parametrize("separator", ["^", "~", "\x01"])
def test_bars_inside_texts_separate_nothing(tmp_path: Path, separator: str) -> None:
    texts = ["a|b", "a", "c|d|e"]
    rows = [separator.join((str(i % 7), texts[i % 3], "pq"[i % 2])) for i in range(60)]
    table = read(tmp_path, [separator.join(("u", "genre", "target")), *rows])
    assert list(table.frame.columns) == ["u", "genre", "target"]


@pytest.mark.parametrize(
    ("header", "row", "separator"),
    [
        ("id,tags,price", "{i},a|b,{i}.5", ","),
        ("id,tags,price", "{i},a;b;c,{i}.5", ","),
        ("c|x,d,y", "a|b,{i},u", ","),
        ("name;age", "Doe, John;{i}", ";"),
        ("time,value", "10:{i}:00,3.5", ","),
        ("x;y", "{i},5;{i},7", ";"),
        ("text\tlabel", "good; bad, ugly\t{i}", "\t"),
    ],
)
def test_a_separator_holds_in_the_header(
    tmp_path: Path, header: str, row: str, separator: str
) -> None:
    for n_rows in (1, 2, 40):
        table = read(tmp_path, [header, *(row.format(i=10 + i % 40) for i in range(n_rows))])
        assert table.source.separator == separator
        assert list(table.frame.columns) == header.split(separator)


def test_ties_do_not_favour_rare_separators(tmp_path: Path) -> None:
    table = read(tmp_path, [f"{i},a|b,c^d,{i % 3}" for i in range(30)])
    assert table.source.separator == ","
    assert table.frame.shape == (30, 4)


def test_quotes_may_follow_a_blank(tmp_path: Path) -> None:
    table = read(tmp_path, ["a, b, y", *(f'{i}, "x, {i}", "u"' for i in range(30))])
    assert table.frame.iloc[3].tolist() == [3, "x, 3", "u"]
    inside = read(tmp_path, ["a,b", *(f'{i},"he said, ""no"" {i}"' for i in range(30))])
    assert inside.frame["b"].iloc[1] == 'he said, "no" 1'
    leading = read(tmp_path, ["a,b", *(f'{i},"{i}, "" x"' if i else '0, "y"' for i in range(30))])
    assert len(leading.frame) == 30


def test_a_backslash_may_escape_a_separator(tmp_path: Path) -> None:
    table = read(tmp_path, ["a,b,y", *(f"{i},x\\, {i % 3},u" for i in range(30))])
    assert table.frame["b"].iloc[4] == "x, 1"


def test_lines_that_nothing_divides_name_the_option(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="separator"):
        read(tmp_path, ["title", *["one", "two, three"] * 20])
