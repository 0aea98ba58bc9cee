"""Tables of odd shapes, as scripts read them."""

from pathlib import Path
from typing import Any

import pandas as pd

from metatune.data.reading.table_reader import read_table
from metatune.reporting.code.reading import TableFile, reading_options


def read_by_options(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read a file with the options of a script, and return the columns that a fit has."""
    read = read_table(path)
    names = tuple(map(str, read.frame.columns))
    options = reading_options(TableFile(path=str(path), source=read.source, names=names))
    return pd.read_csv(path, **options)[list(names)], options


def test_empty_columns_at_the_end_do_not_shift_a_table_without_names(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("".join(f"{i},50;{i * 7},25;{i}{i},5;;\n" for i in range(1, 40)))
    table, options = read_by_options(path)
    assert options["header"] is None
    assert table.iloc[:, 0].tolist() == [i + 0.5 for i in range(1, 40)]


def test_names_in_two_lines_are_written_out(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    rows = "".join(f"{i},{i * 3},{i % 5},{i / 7:.2f}\n" for i in range(1, 60))
    path.write_text(f"id,size,,price\n,width,height,total\n{rows}")
    read = read_table(path)
    assert not read.source.has_single_header
    table, options = read_by_options(path)
    assert options["skiprows"] == 2
    assert table.iloc[:, 1].tolist() == [i * 3 for i in range(1, 60)]
