"""Workbooks: the right sheet, merged cells, cells far away, damage and passwords."""

import datetime
import random
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from refusals import refusal

from metatune.data.reading.table_reader import Table, read_table
from metatune.errors import TableError

DATA = [["a", "b", "y"], *([i * 0.3, i % 5, "uv"[i % 2]] for i in range(60))]


def write(
    folder: Path,
    sheets: Mapping[str, Sequence[Any]],
    change: Callable[[Any], object] | None = None,
) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    if change is not None:
        change(book[next(iter(sheets))])
    book.save(folder / "t.xlsx")
    return folder / "t.xlsx"


def read(path: Path, *wanted: str) -> Table:
    return read_table(path, wanted=wanted)


def test_the_sheet_that_holds_the_target_is_read(tmp_path: Path) -> None:
    notes = [["Report of sales"], ["Prepared by y"], ["Contact: Mrs X"]]
    other = [["k", "z"], *([i, i] for i in range(9))]
    path = write(tmp_path, {"README": notes, "Data": DATA, "More": other})
    assert list(read(path, "y").frame.columns) == ["a", "b", "y"]
    assert list(read(path, "z").frame.columns) == ["k", "z"]
    table = read(path)  # the first that is a table
    assert table.source.sheet == "Data"
    assert "sheet 'Data' of 3 read" in table.notes


def test_dates_and_years_may_be_names(tmp_path: Path) -> None:
    rows = [[i % 9, i % 5, i % 4, "uv"[i % 2]] for i in range(60)]
    dates = [datetime.datetime(2020, month, 1) for month in (1, 2, 3)]
    table = read(write(tmp_path, {"s": [[*dates, "t"], *rows]}))
    assert list(table.frame.columns) == ["2020-01-01", "2020-02-01", "2020-03-01", "t"]
    table = read(write(tmp_path, {"s": [[2018, 2019, 2020, "t"], *rows]}))
    assert list(table.frame.columns) == ["2018", "2019", "2020", "t"]


def test_titles_units_and_repeated_headers(tmp_path: Path) -> None:
    titled = [["Report"], [], ["Source", "me"], *DATA[:1], ["cm", "kg", None], *DATA[1:]]
    table = read(write(tmp_path, {"s": [*titled, *DATA]}))
    assert list(table.frame.columns) == ["a", "b", "y"]
    assert len(table.frame) == 120
    assert [table.frame[name].dtype.kind for name in "ab"] == ["f", "i"]


def test_groups_above_the_header(tmp_path: Path) -> None:
    rows = [[i, i % 5, i % 3, i % 7, i % 2, "uv"[i % 2]] for i in range(60)]
    header = [["id", "2020", None, "2021", None, "y"], [None, "men", "women", "men", "women", None]]

    def merge(sheet: Any) -> None:
        for cells in ("A1:A2", "B1:C1", "D1:E1"):
            sheet.merge_cells(cells)

    table = read(write(tmp_path, {"s": [*header, *rows]}, merge))
    names = ["id", "2020: men", "2020: women", "2021: men", "2021: women", "y"]
    assert list(table.frame.columns) == names


def test_a_cell_over_several_rows_counts_for_each(tmp_path: Path) -> None:
    rows = [[f"g{i // 10}" if i % 10 == 0 else None, i % 5, "uv"[i % 2]] for i in range(60)]

    def merge(sheet: Any) -> None:
        for k in range(6):
            sheet.merge_cells(f"A{2 + 10 * k}:A{11 + 10 * k}")

    table = read(write(tmp_path, {"s": [["g", "b", "y"], *rows]}, merge))
    assert table.frame["g"].tolist() == [f"g{i // 10}" for i in range(60)]


def test_merged_ranges_without_end_cost_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, {"s": DATA}, lambda sheet: sheet.merge_cells("A61:A62"))
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content.replace(b"A61:A62", b"A2:A1048576"))
    assert len(read(path).frame) == 60


@pytest.mark.parametrize(("row", "column"), [(1_048_576, 16_384), (5, 16_000), (900_000, 2)])
def test_a_cell_far_away_is_left_out(tmp_path: Path, row: int, column: int) -> None:
    table = read(write(tmp_path, {"s": DATA}, lambda sheet: sheet.cell(row, column, "x")))
    assert table.frame.shape == (60, 3)
    assert "cells far from the table left out" in table.notes


def test_a_password_is_named(tmp_path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    (tmp_path / "t.xlsx").write_bytes(ole + "EncryptedPackage".encode("utf-16-le") + bytes(900))
    with pytest.raises(TableError, match=r"t\.xlsx has a password"):
        read(tmp_path / "t.xlsx")
    (tmp_path / "t.xls").write_bytes(ole)
    with pytest.raises(TableError, match="old Excel file"):
        read(tmp_path / "t.xls")


@pytest.mark.parametrize("seed", range(25))
def test_damaged_workbooks_are_refused_in_one_line(tmp_path: Path, seed: int) -> None:
    path = write(tmp_path, {"s": DATA})
    content, draw = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(draw.choice((1, 5, 60))):
        content[draw.randrange(len(content))] = draw.randrange(256)
    path.write_bytes(content[: draw.choice((len(content), 100, 2000))])
    message = refusal(path)
    assert "\n" not in message
    assert not message or "t.xlsx" in message
