"""Tables of which rows are held out: chosen, split, fitted, and remembered once they are done."""

import hashlib
import json
import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from sklearn.model_selection import train_test_split

from metatune import MetaTuneClassifier, MetaTuneRegressor
from metatune.building.catalogue import CatalogueEntry
from metatune.data.reading.table_reader import read_table
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["SplitTable", "choose_tables", "read_done", "split_table", "write_done"]

Line = TypeVar("Line")

_LEAST_ROWS = 200
_MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitTable:
    """Table of which rows are held out.

    Attributes
    ----------
    X, y
        Features and target of the rows to learn from.
    X_out, y_out
        Of those held out.
    is_classification : bool
    """

    X: "pd.DataFrame"
    y: "NDArray[Any]"
    X_out: "pd.DataFrame"
    y_out: "NDArray[Any]"
    is_classification: bool

    def fit(self, *, seconds: float, jobs: int, seed: int, run_dir: Path | None = None) -> Any:
        """Fit metatune's estimator on the rows to learn from, without a warning."""
        kind = MetaTuneClassifier if self.is_classification else MetaTuneRegressor
        model = kind(budget=seconds, n_jobs=jobs, random_state=seed, run_dir=run_dir)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return model.fit(self.X, self.y)


def choose_tables(entries: Iterable[CatalogueEntry], n_tables: int) -> list[CatalogueEntry]:
    """Choose tables of 200 to 20,000 rows in an arbitrary but fixed order, one of each family."""
    chosen: dict[str, CatalogueEntry] = {}
    for entry in sorted(entries, key=_arbitrary):
        if _LEAST_ROWS <= entry.n_rows <= _MOST_ROWS:
            chosen.setdefault(entry.family, entry)
    return list(chosen.values())[:n_tables]


def split_table(entry: CatalogueEntry, *, share: float, seed: int) -> SplitTable:
    """Read a table and hold out a share of its rows, stratified by class."""
    X, y = _read_rows(entry)
    classes = entry.kind is not TaskKind.REGRESSION
    X, X_out, y, y_out = train_test_split(
        X, y, test_size=share, random_state=seed, stratify=_strata(y) if classes else None
    )
    return SplitTable(X=X, y=y, X_out=X_out, y_out=y_out, is_classification=classes)


def read_done(path: Path, kind: type[Line]) -> dict[str, Line]:
    """Read what is known of tables that are done; a torn last line is one that is not.

    Parameters
    ----------
    path : Path
        Journal; perhaps there is none.
    kind : type
        Dataclass of a line, with the name of the table as `table`.
    """
    found: dict[str, Line] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            values = json.loads(line)
            found[values["table"]] = kind(**values)
        except (ValueError, TypeError, KeyError):
            continue
    return found


def write_done(path: Path, one: Any) -> None:
    """Append what is known of a table that is done."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(one)) + "\n")


def _arbitrary(entry: CatalogueEntry) -> str:
    return hashlib.sha256(entry.name.encode()).hexdigest()


def _read_rows(entry: CatalogueEntry) -> "tuple[pd.DataFrame, NDArray[Any]]":
    frame = read_table(entry.path).frame
    frame = frame[frame[entry.target].notna()].reset_index(drop=True)
    for name in entry.categorical:
        if name in frame.columns:
            frame[name] = frame[name].astype("category")
    left_out = [name for name in (*entry.left_out, entry.target) if name in frame.columns]
    y = frame[entry.target]
    if entry.kind is TaskKind.REGRESSION:
        return frame.drop(columns=left_out), y.to_numpy(dtype=np.float64)
    return frame.drop(columns=left_out), y.astype(str).to_numpy(dtype=object)


def _strata(y: "NDArray[Any]") -> "NDArray[Any]":
    """Return the labels, those with a single row as one."""
    names, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    rare = counts[codes] < 2
    return np.where(rare, names[counts.argmax()], y)
