"""Catalogue of local tables to build the meta-dataset from."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.encoder import TableEncoder, encode_task
from metatune.data.reading.table_reader import read_table
from metatune.data.task.make_task import make_task
from metatune.errors import TableError
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CatalogueEntry", "LoadedEntry", "load_entry", "read_catalogue", "read_entry"]

_NEEDED = ("file", "name", "family", "task", "target")


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """Table of a catalogue.

    Attributes
    ----------
    name : str
        Short name, unique in the catalogue.
    path : Path
        The table's file.
    file : str
        Its path below the catalogue's folder.
    n_rows, n_columns, n_classes : int
        Sizes as the catalogue states them; 0 where it does not.
    family : str
        Datasets with the same rows, source or generator share a family; validation keeps a family
        together.
    kind : TaskKind
        What is predicted.
    target : str
        Name of the target column.
    categorical : tuple of str
        Columns known to hold categories although their cells are numbers.
    left_out : tuple of str
        Columns that restate the target or are known only afterwards.
    openml_id : int or None
        Id of the same data on OpenML.
    source, licence : str
        Origin and licence of the data.
    """

    name: str
    path: Path
    file: str
    family: str
    kind: TaskKind
    target: str
    n_rows: int = 0
    n_columns: int = 0
    n_classes: int = 0
    categorical: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    openml_id: int | None = None
    source: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedEntry:
    """Table of a catalogue: its raw features, and the encoded task."""

    table: "pd.DataFrame"
    encoder: TableEncoder
    encoded: EncodedTask


def read_catalogue(path: Path) -> list[CatalogueEntry]:
    """Read a catalogue: a CSV file with one line per table.

    Columns ``file`` (below the catalogue's folder), ``name``, ``family``, ``task``, ``target`` are
    needed; ``categorical_columns``, ``leak_columns`` (separated by ``|``), ``openml_id``,
    ``source_repo``, ``licence`` are used where they exist.

    Raises
    ------
    TableError
        If the file cannot be read or lacks a column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise TableError(f"{path}: the catalogue cannot be read ({error.strerror})") from error
    missing = [name for name in _NEEDED if not rows or name not in rows[0]]
    if missing:
        raise TableError(f"{path}: the catalogue lacks the columns {', '.join(missing)}")
    return [_entry(row, path.parent) for row in rows]


def read_entry(entry: CatalogueEntry) -> "pd.DataFrame":
    """Read a table with its target, without the columns that give the target away."""
    table = read_table(entry.path)
    frame = table.frame.drop(columns=[c for c in entry.left_out if c in table.frame.columns])
    for name in entry.categorical:
        if name in frame.columns:
            frame[name] = frame[name].astype("category")
    return frame


def load_entry(entry: CatalogueEntry, seed: int) -> LoadedEntry:
    """Read and encode a table, without the columns that give the target away."""
    frame = read_entry(entry)
    task = make_task(frame, target=entry.target, task=str(entry.kind), name=entry.name)
    encoder, encoded = encode_task(task, seed)
    return LoadedEntry(table=task.X, encoder=encoder, encoded=encoded)


def _entry(row: dict[str, str], folder: Path) -> CatalogueEntry:
    return CatalogueEntry(
        name=row["name"],
        path=folder / row["file"],
        file=row["file"],
        n_rows=int(row.get("n_rows") or 0),
        n_columns=int(row.get("n_features") or 0),
        n_classes=int(row.get("n_classes") or 0),
        family=row["family"],
        kind=TaskKind(row["task"]),
        target=row["target"],
        categorical=_listed(row.get("categorical_columns", "")),
        left_out=_listed(row.get("leak_columns", "")),
        openml_id=int(row["openml_id"]) if row.get("openml_id") else None,
        source=row.get("source_repo", ""),
        licence=row.get("licence", ""),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split("|") if name)
