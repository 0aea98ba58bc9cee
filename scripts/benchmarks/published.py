"""Meta-features against those that Oboe published for the same OpenML datasets.

Reads the tables of a catalogue whose OpenML data id Oboe describes too, and prints for each
meta-feature on how many of them both values agree. Only tables that are truly the same (rows,
columns, kinds of columns and class sizes are equal) can be expected to agree.

    python scripts/benchmarks published --catalogue ../shared/datasets/catalog.csv
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

from benchmarks import options
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.kinds import TaskKind
from metatune.metafeatures import FEATURES, extract_metafeatures

IDENTITY = (
    "NumberOfInstances",
    "NumberOfNumericFeatures",
    "NumberOfCategoricalFeatures",
    "NumberOfClasses",
    "ClassProbabilityMin",
    "ClassProbabilityMax",
)
LANDMARK_TOLERANCE = 0.05
RELATIVE_TOLERANCE = 1e-4

_FOLDS = "shuffled folds, <= 1,500 rows, <= 60 columns; categories as indicators here, codes there"
_PCA = (
    "categories as indicators here, codes there; <= 5,000 rows; constant columns; tied components"
)
_CONSTANT = "constant columns count as kurtosis -3, skewness 0 there, not at all here"
KNOWN_REASONS = {
    **dict.fromkeys((name for name in FEATURES if name.startswith("Landmark")), _FOLDS),
    **dict.fromkeys((name for name in FEATURES if name.startswith("PCA")), _PCA),
    **dict.fromkeys((name for name in FEATURES if name.startswith(("Kurt", "Skew"))), _CONSTANT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Agreement of one meta-feature over tables.

    Attributes
    ----------
    name : str
        The meta-feature.
    n_tables : int
        Tables on which both sides have a value.
    agreeing : float
        Share of them within the tolerance.
    median_difference : float
        Median relative difference.
    """

    name: str
    n_tables: int
    agreeing: float
    median_difference: float


@click.command(help=__doc__)
@options.catalogue()
@options.history
def published(catalogue: Path, history: Path) -> None:
    own, theirs = collect(catalogue, history)
    same = same_tables(own, theirs)
    numeric = same & (own["NumberOfCategoricalFeatures"] == 0.0)
    print(f"{len(own)} tables in both; the same rows, kinds of columns and classes: {same.sum()}")
    show("Same tables", compare(own[same], theirs[same]))
    show("Same tables of numbers alone", compare(own[numeric], theirs[numeric]))
    others = ", ".join(own.index[~same])
    print(f"\nNot the same table (rows dropped, kinds of columns or classes differ): {others}")


def encode(table: pd.DataFrame, target: str, categories: set[str]) -> EncodedTask:
    """Turn a classification table whose categories are known into an encoded task."""
    codes, classes = pd.factorize(table[target], sort=True)
    features = table.drop(columns=[target])
    columns, n_levels = [], []
    for name in features.columns:
        if name in categories:
            values, levels = pd.factorize(features[name], sort=True)
            columns.append(np.where(values < 0, np.nan, values.astype(np.float64)))
            n_levels.append(len(levels))
        else:
            columns.append(pd.to_numeric(features[name]).to_numpy(dtype=np.float64))
            n_levels.append(0)
    return EncodedTask(
        X=np.column_stack(columns),
        y=codes.astype(np.int64),
        layout=Layout(names=tuple(map(str, features.columns)), n_levels=tuple(n_levels)),
        kind=TaskKind.BINARY if len(classes) == 2 else TaskKind.MULTICLASS,
        n_classes=len(classes),
    )


def collect(catalogue: Path, history: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return own and published values, one row for each table that both sides describe."""
    published = pd.read_csv(history / "oboe" / "datasets.csv")
    published = published.set_index("dataset_id")
    catalog = pd.read_csv(catalogue)
    known = catalog[catalog.openml_id.isin(published.index) & (catalog.pack == "pmlb")]
    known = known[known.task != "regression"].drop_duplicates("openml_id")
    own: dict[str, dict[str, float]] = {}
    theirs: dict[str, dict[str, Any]] = {}
    for entry in known.to_dict("records"):
        table = pd.read_parquet(catalogue.parent / entry["file"])
        named = entry["categorical_columns"]
        categories = set(named.split("|")) if isinstance(named, str) else set()
        task = encode(table, entry["target"], categories)
        own[entry["name"]] = dict(extract_metafeatures(task, max_seconds=60.0).values)
        row = published.loc[int(entry["openml_id"])]
        theirs[entry["name"]] = {str(name): value for name, value in row.items()}
    return pd.DataFrame.from_dict(own, "index"), pd.DataFrame.from_dict(theirs, "index")


def same_tables(own: pd.DataFrame, theirs: pd.DataFrame) -> "pd.Series[bool]":
    """Tell which tables are the same on both sides."""
    names = list(IDENTITY)
    mine, other = own[names].to_numpy(np.float64), theirs[names].to_numpy(np.float64)
    return pd.Series(np.isclose(mine, other, rtol=RELATIVE_TOLERANCE).all(axis=1), index=own.index)


def compare(own: pd.DataFrame, theirs: pd.DataFrame) -> list[Comparison]:
    """Compare every meta-feature that both sides have."""
    return [
        _compare_one(name, own[name].to_numpy(np.float64), theirs[name].to_numpy(np.float64))
        for name in own.columns
        if name in theirs.columns
    ]


def _compare_one(name: str, mine: Any, other: Any) -> Comparison:
    both = np.isfinite(mine) & np.isfinite(other)
    mine, other = mine[both], other[both]
    difference = np.abs(mine - other)
    if name.startswith("Landmark"):
        agrees = difference <= LANDMARK_TOLERANCE
    else:
        agrees = difference <= RELATIVE_TOLERANCE * np.maximum(1.0, np.abs(other))
    relative = difference / np.maximum(np.abs(other), 1e-6)
    return Comparison(
        name=name,
        n_tables=len(mine),
        agreeing=float(agrees.mean()) if len(mine) else float("nan"),
        median_difference=float(np.median(relative)) if len(mine) else float("nan"),
    )


def show(title: str, comparisons: list[Comparison]) -> None:
    print(f"\n{title}\n{'meta-feature':<46}{'tables':>7}{'agree':>8}{'median diff':>13}  reason")
    for one in comparisons:
        reason = KNOWN_REASONS.get(one.name, "") if one.agreeing < 1.0 else ""
        print(
            f"{one.name:<46}{one.n_tables:>7}{one.agreeing:>8.0%}"
            f"{one.median_difference:>13.2g}  {reason}"
        )
