"""Real files as users have them: what is understood against what the catalogue says."""

import csv
import os
from functools import cache
from pathlib import Path

import pytest

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import ColumnKind
from metatune.data.reading.source import Source
from metatune.data.reading.table_reader import read_table
from metatune.data.task.make_task import make_task
from metatune.data.task.task import Task

ROOT = Path(__file__).parents[3]
DATASETS = (ROOT / os.environ.get("METATUNE_SHARED", "../shared") / "datasets").resolve()
CATALOGUE = DATASETS / "catalog.csv"
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "arff": ""}
FAMILIES = {"cp1252": "latin-1"}

# A third class in a single row, which the catalogue's judgement leaves out.
OTHER_KIND = {"raw/credit_scoring.csv": "multiclass"}

# Points of maps ("POINT (-73.97 40.78)") are texts to the catalogue and two numbers to metatune.
KINDS = {
    "text_columns": {
        ColumnKind.TEXT,
        ColumnKind.IDENTIFIER,
        ColumnKind.HIGH_CARDINALITY,
        ColumnKind.NUMBERS,
    },
    "date_columns": {ColumnKind.DATETIME, ColumnKind.CONSTANT},
    "id_columns": {ColumnKind.IDENTIFIER, ColumnKind.CONSTANT, ColumnKind.HIGH_CARDINALITY},
}


@cache
def understood(file: str, target: str) -> tuple[Source, Task]:
    table = read_table(DATASETS / file)
    return table.source, make_task(table, target=target)


def entries() -> list[dict[str, str]]:
    if not CATALOGUE.exists():
        return []
    with CATALOGUE.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["pack"] == "raw"]


pytestmark = pytest.mark.skipif(not CATALOGUE.exists(), reason=f"{DATASETS} is not there")


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry["name"])
def test_raw_file(entry: dict[str, str]) -> None:
    source, task = understood(entry["file"], entry["target"])
    assert source.separator == SEPARATORS[entry["separator"]]
    assert FAMILIES.get(source.encoding, source.encoding) == entry["encoding"]
    assert source.has_header == (entry["header"] == "yes")
    assert source.decimal == entry["decimal"]
    assert task.kind == OTHER_KIND.get(entry["file"], entry["task"])
    n_header_rows = any("two lines" in note for note in task.notes)
    assert task.n_rows + task.n_dropped + n_header_rows == int(entry["n_rows"])
    for column in task.columns:
        cells = clean_column(task.X[column.name], column)
        assert len(cells) == task.n_rows
        assert cells.isna().sum() == column.n_missing, column
    assert any(column.kind.is_used for column in task.columns)


@pytest.mark.parametrize(
    ("field", "at_least"), [("text_columns", 1.0), ("date_columns", 1.0), ("id_columns", 0.75)]
)
def test_columns_judged_by_hand_are_recognised(field: str, at_least: float) -> None:
    right = total = 0
    for entry in entries():
        wanted = [name for name in entry[field].split("|") if name]
        if not wanted:
            continue
        task = understood(entry["file"], entry["target"])[1]
        kinds = {column.name: column.kind for column in task.columns}
        right += sum(kinds[name] in KINDS[field] for name in wanted)
        total += len(wanted)
    assert right >= at_least * total, f"{right} of {total}"
