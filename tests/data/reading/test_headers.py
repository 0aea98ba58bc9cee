"""Headers: numbers as names, repeated ones, and lines around the table."""

from itertools import count
from pathlib import Path

import pytest

from metatune.data.reading.table_reader import Table, read_table
from metatune.errors import TableError

CLASSES = [f"{i % 9},{i % 5},{i % 4},{'high' if i % 2 else 'low'}" for i in range(60)]
MEASURED = [f"{i % 7},{i * 0.37:.2f},{'uv'[i % 2]}" for i in range(60)]


def read(folder: Path, lines: list[str], name: str = "table.csv") -> Table:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_table(path)


@pytest.mark.parametrize(
    "header",
    [
        "0,1,2,target",
        "2018,2019,2020,target",
        "101,102,205,target",
        "0.5,1.0,1.5,target",
        "400.25,410.5,420.75,target",
        "2020-01-01,2020-01-02,2020-01-03,target",
        "01.01.2020,01.02.2020,01.03.2020,target",
        "2019Q1,2019Q2,2019Q3,target",
    ],
)
def test_numbers_may_be_names(tmp_path: Path, header: str) -> None:
    table = read(tmp_path, [header, *CLASSES])
    assert list(table.frame.columns) == header.split(",")
    assert len(table.frame) == 60


def test_years_and_wavelengths_over_measurements(tmp_path: Path) -> None:
    for first in (range(1995, 2005), [400 + 2.5 * i for i in range(10)]):
        rows = [
            f"Land{i}," + ",".join(f"{i * 1.7 + k % 3:.2f}" for k in range(10)) for i in range(60)
        ]
        table = read(tmp_path, ["country," + ",".join(map(str, first)), *rows])
        assert table.source.has_header
        assert len(table.frame) == 60


@pytest.mark.parametrize(
    "rows",
    [
        [f"{1990 + i},{1991 + i},{1995 + i},{i * 7 % 3}" for i in range(60)],  # always in order
        [f"{i + 1},{i * 7 % 10},{i % 2}" for i in range(60)],
        [f"{i * 0.37 % 3:.2f},{i * 1.7 % 5:.1f},{'abc'[i // 20]}" for i in range(60)],
        [f"{'abc'[i % 3]},{'xy'[i % 2]},{['red', 'blue'][i // 3 % 2]}" for i in range(60)],
        ["4,7.01,w", *MEASURED],  # a class that occurs once
    ],
)
def test_rows_that_are_no_header(tmp_path: Path, rows: list[str]) -> None:
    table = read(tmp_path, rows)
    assert not table.source.has_header
    assert len(table.frame) == len(rows)


@pytest.mark.parametrize("header", ["age,score,label", '"age","score","label"'])
def test_a_header_between_the_rows_is_left_out(tmp_path: Path, header: str) -> None:
    table = read(tmp_path, [header, *MEASURED, header, *MEASURED, header, *MEASURED])
    assert len(table.frame) == 180
    assert table.frame.dtypes.iloc[0].kind == "i"
    assert table.frame.dtypes.iloc[1].kind == "f"
    assert "2 rows left out that repeat the header" in table.notes


def test_a_header_of_words_between_words_is_left_out(tmp_path: Path) -> None:
    rows = [f"{'rs'[i % 2]},{'kl'[i % 2]},{'yes' if i % 3 else 'no'}" for i in range(200)]
    rows.insert(100, "shape,color,label")
    table = read(tmp_path, ["shape,color,label", *rows])
    assert list(table.frame.columns) == ["shape", "color", "label"]
    assert len(table.frame) == 200


def test_decimal_commas_survive_a_repeated_header(tmp_path: Path) -> None:
    rows = [f"{i};{i},5;{'uv'[i % 2]}" for i in range(30)]
    table = read(tmp_path, ["a;b;y", *rows, "a;b;y", *rows])
    assert table.frame["b"].sum() == 2 * sum(i + 0.5 for i in range(30))


@pytest.mark.parametrize(
    "above",
    [
        ['"Data Source","World Development Indicators",', "", '"Last Updated","2020-01-01",', ""],
        ["Station,Berlin", "Latitude,52.5", "Longitude,13.4", ""],
        ["Report of 2020,,,,", "made by hand,,,,", ",,,,"],
        ["# station 5", "# by hand"],
        ["=====,=====,,,"],
    ],
)
def test_lines_above_the_table_are_skipped(tmp_path: Path, above: list[str]) -> None:
    rows = [f"2020-01-{i % 28 + 1:02d},{i * 0.3:.1f},{i},{i % 3},{'uv'[i % 2]}" for i in range(60)]
    table = read(tmp_path, [*above, "date,t,p,h,y", *rows])
    assert list(table.frame.columns) == ["date", "t", "p", "h", "y"]
    assert len(table.frame) == 60
    assert "above the table skipped" in table.notes[0]


@pytest.mark.parametrize(
    "units", ["cm,kg,class", "[m],[s],", "float64,float64,string", "Height in cm,Weight in kg,"]
)
def test_a_line_of_units_or_labels_is_skipped(tmp_path: Path, units: str) -> None:
    table = read(tmp_path, ["h,w,y", units, *MEASURED])
    assert len(table.frame) == 60
    assert table.frame.dtypes.iloc[0].kind == "i"
    assert "1 line of units or labels below the header skipped" in table.notes


def test_a_word_among_numbers_is_no_line_of_units(tmp_path: Path) -> None:
    table = read(tmp_path, ["name,age", "Anna,thirty", *(f"P{i},{i}" for i in range(30))])
    assert len(table.frame) == 31


@pytest.mark.parametrize(
    "drawing",
    [
        ["h,w,y", "-----,---,---"],
        ["|h|w|y|", "|---|:-:|--:|"],
        [" h | w | y ", "---+---+---"],
        ["+---+---+---+", "| h | w | y |", "+---+---+---+"],
    ],
)
def test_drawn_lines_are_no_rows(tmp_path: Path, drawing: list[str]) -> None:
    bars, framed = "|" in drawing[-2], drawing[-2].startswith("|")
    rows = [row.replace(",", "|") if bars else row for row in MEASURED]
    rows = [f"|{row}|" if framed else row for row in rows]
    below = {"---+---+---": ["(60 rows)"], "+---+---+---+": ["+---+---+---+"]}.get(drawing[-1], [])
    table = read(tmp_path, [*drawing, *rows, *below])
    assert list(table.frame.columns) == ["h", "w", "y"]
    assert len(table.frame) == 60
    assert table.frame["w"].dtype == "float64"


@pytest.mark.parametrize("name", ["car", ""])
def test_rows_with_names_may_have_one_field_more(tmp_path: Path, name: str) -> None:
    numbers = count(1)
    table = read(tmp_path, ["a,b,y", *(f"{name}{next(numbers)},{row}" for row in MEASURED)])
    assert list(table.frame.columns) == ["Unnamed: 0", "a", "b", "y"]
    assert "the first column has no name: it names the rows" in table.notes


def test_names_never_move_in_silence(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="the header names 3 columns, but most rows have 4 fields"):
        read(tmp_path, ["age,name,y", *(f"{20 + i % 7},Doe, J{i % 5},u" for i in range(60))])
    with pytest.raises(TableError, match="the header names 4 columns, but no row has more than 3"):
        read(tmp_path, ["id,a,b,y", *MEASURED])
