"""Local folds of catalogued tables for the public AutoML benchmark, and their definition.

Each table is read as `metatune fit` does, without the columns that give its target away, and
written as a training and a test file for each fold; `folds.yaml` beside them is the benchmark of
all. Rows without a target are left out. Rows of a class that is rarer than there are folds are
trained on in each, and never tested.

    python scripts/benchmarks amlb-folds --catalogue CATALOGUE.csv --only a,b,c --out results/amlb
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from benchmarks import options
from metatune.building.catalogue import CatalogueEntry, read_catalogue, read_entry
from metatune.errors import OptionError, TableError
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

BENCHMARK = "folds.yaml"
"""File that defines the benchmark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedTable:
    """Table of which all folds are written.

    Attributes
    ----------
    name : str
        As the benchmark spells it.
    kind : TaskKind
    target : str
        Column.
    train, test : tuple of Path
        Files, one for each fold.
    """

    name: str
    kind: TaskKind
    target: str
    train: tuple[Path, ...]
    test: tuple[Path, ...]


@click.command(help=__doc__)
@options.catalogue()
@options.only
@click.option(
    "--folds",
    "n_folds",
    type=click.IntRange(2),
    default=10,
    show_default=True,
    help="So many of each table.",
)
@options.seed
@options.out(None, "Directory of the folds.", required=True)
def folds(catalogue: Path, only: tuple[str, ...], n_folds: int, seed: int, out: Path) -> None:
    written = []
    for entry in choose(read_catalogue(catalogue), only):
        written.append(write_folds(entry, out, n_folds=n_folds, seed=seed))
        print(f"{entry.name}: {n_folds} folds", flush=True)
    path = out / BENCHMARK
    path.write_text(definition(written), encoding="utf-8")
    print(f"\n{path.resolve()}")


def choose(entries: list[CatalogueEntry], only: tuple[str, ...]) -> list[CatalogueEntry]:
    """Choose the named tables of a catalogue; all of them without names.

    Raises
    ------
    OptionError
        If the catalogue lacks one.
    """
    unknown = sorted(set(only) - {entry.name for entry in entries})
    if unknown:
        raise OptionError(f"the catalogue has no table {unknown[0]!r}: see its column 'name'")
    return [entry for entry in entries if entry.name in only or not only]


def write_folds(entry: CatalogueEntry, out: Path, *, n_folds: int, seed: int) -> FoldedTable:
    """Write the files of a table's folds below a folder of its name.

    Raises
    ------
    TableError
        If the table lacks its target, or has too few rows.
    """
    frame = read_entry(entry)
    if entry.target not in frame.columns:
        raise TableError(f"{entry.path}: the table has no column {entry.target!r}")
    frame = frame[frame[entry.target].notna()].reset_index(drop=True)
    name = re.sub(r"[^\w-]", "_", entry.name)
    folder = (out / name).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    train, test = [], []
    try:
        parts = list(split(frame[entry.target], entry.kind, n_folds=n_folds, seed=seed))
    except ValueError as error:
        raise TableError(f"{entry.path}: {n_folds} folds are too many for its rows") from error
    for fold, tested in enumerate(parts):
        train.append(folder / f"train_{fold}.csv")
        test.append(folder / f"test_{fold}.csv")
        frame[~tested].to_csv(train[-1], index=False)
        frame[tested].to_csv(test[-1], index=False)
    return FoldedTable(
        name=name, kind=entry.kind, target=entry.target, train=tuple(train), test=tuple(test)
    )


def split(
    y: "pd.Series[Any]", kind: TaskKind, *, n_folds: int, seed: int
) -> "Iterator[NDArray[np.bool_]]":
    """Yield the rows that each fold tests, as a mask, by class where there are classes."""
    can_be_tested = np.ones(len(y), dtype=bool)
    splitter = KFold(n_folds, shuffle=True, random_state=seed)
    if kind is not TaskKind.REGRESSION:
        can_be_tested = (y.groupby(y, observed=True).transform("size") >= n_folds).to_numpy()
        splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    (rows,) = can_be_tested.nonzero()
    labels = y.iloc[rows].astype(str)
    for _, tested in splitter.split(rows, labels):
        mask = np.zeros(len(y), dtype=bool)
        mask[rows[tested]] = True
        yield mask


def definition(tables: list[FoldedTable]) -> str:
    """Return the benchmark of these tables in its YAML format."""
    lines = ["---"]
    for table in tables:
        lines += ["", f"- name: {json.dumps(table.name)}", "  dataset:"]
        for part, paths in (("train", table.train), ("test", table.test)):
            lines += [f"    {part}:", *(f"      - {json.dumps(str(path))}" for path in paths)]
        lines += [f"    target: {json.dumps(table.target)}", f"    type: {table.kind}"]
        lines += [f"  folds: {len(table.train)}"]
    return "\n".join(lines) + "\n"
