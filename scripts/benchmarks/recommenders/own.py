"""Metatune's own meta-dataset as matrices, one for each pool of configurations."""

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.recommenders.encoding import encode_configurations
from benchmarks.recommenders.matrix import Matrix, grouped_folds
from metatune.kinds import TaskKind
from metatune.metadataset.schema import (
    constant_column,
    feature_column,
    pool_of,
    protocol_column,
    score_column,
)
from metatune.metadataset.store import MetaDataset, load_metadata
from metatune.metafeatures import FEATURE_NAMES
from metatune.metrics import DEFAULT_METRIC, PERFECT_SCORE
from metatune.recommender.losses import error_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["POOLS", "load_own", "partly_evaluated"]

POOLS = {
    "metatune_classification": TaskKind.BINARY,
    "metatune_regression": TaskKind.REGRESSION,
}
"""Matrices of the meta-dataset, and one task kind of each."""

_SIZES = ("NumberOfInstances", "NumberOfFeatures", "NumberOfClasses")
_MIN_SECONDS = 1e-3


def load_own(name: str, directory: Path | None = None) -> Matrix:
    """Load one pool of a meta-dataset; each family of datasets is a fold of its own.

    Parameters
    ----------
    name : str
        One of `POOLS`.
    directory : Path, optional
        Of the meta-dataset; the one that comes with metatune by default.

    Returns
    -------
    Matrix
        Losses and processor seconds of the top rung in the default metric of each dataset's task
        kind. A loss is the share of the constant prediction's error that remains, which a search
        knows from its first second on.
    """
    metadata = load_metadata(directory)
    pool = pool_of(POOLS[name])
    kinds = [str(kind) for kind in TaskKind if pool_of(kind) == pool]
    datasets = metadata.datasets[metadata.datasets["kind"].isin(kinds)]
    datasets = datasets[~datasets["dataset"].isin(partly_evaluated(metadata))]
    keys = metadata.configurations.loc[metadata.configurations["pool"] == pool, "key"].tolist()
    configurations = [metadata.pool[key] for key in keys]
    families = tuple(str(family) for family in datasets["family"])
    loss, seconds = _cells(metadata.evaluations, datasets, keys)
    return Matrix(
        name=name,
        datasets=tuple(str(dataset) for dataset in datasets["dataset"]),
        families=families,
        folds=grouped_folds(families, 0),
        features=datasets.reindex(
            columns=[feature_column(feature) for feature in FEATURE_NAMES]
        ).to_numpy(dtype=np.float64),
        sizes=(
            FEATURE_NAMES.index(_SIZES[0]),
            FEATURE_NAMES.index(_SIZES[1]),
            FEATURE_NAMES.index(_SIZES[2]),
        ),
        loss=loss,
        seconds=seconds,
        algorithms=tuple(one.algorithm for one in configurations),
        configurations=encode_configurations(
            [one.algorithm for one in configurations], [one.params for one in configurations]
        ),
    ).usable()


def partly_evaluated(metadata: MetaDataset) -> frozenset[str]:
    """Name the datasets on which only the best configurations rose to the top.

    What a choice from the whole pool is worth there cannot be told.
    """
    column = protocol_column("keep")
    datasets = metadata.datasets
    if column not in datasets:
        return frozenset()
    return frozenset(datasets.loc[datasets[column] < 1, "dataset"])


def _cells(
    evaluations: pd.DataFrame, datasets: pd.DataFrame, keys: list[str]
) -> "tuple[FloatArray, FloatArray]":
    """Read the highest rung of each pair; what failed or was never tried costs the most."""
    rows = {str(name): row for row, name in enumerate(datasets["dataset"])}
    columns = {key: column for column, key in enumerate(keys)}
    metrics = [DEFAULT_METRIC[TaskKind(kind)] for kind in datasets["kind"]]
    constants = [
        float(row[constant_column(metric)])
        for metric, row in zip(metrics, datasets.to_dict("records"), strict=True)
    ]
    loss = np.full((len(rows), len(columns)), np.nan)
    seconds = np.full_like(loss, np.nan)
    known = evaluations["dataset"].isin(list(rows)) & evaluations["configuration"].isin(keys)
    pairs = ["dataset", "configuration"]
    top = evaluations[known].sort_values("rung").drop_duplicates(pairs, keep="last")
    for cell in top.to_dict("records"):
        row, column = rows[cell["dataset"]], columns[cell["configuration"]]
        done = cell["status"] == "ok"
        spent = cell["cpu_seconds"] if done else max(cell["cpu_seconds"], cell["seconds"])
        seconds[row, column] = max(float(spent), _MIN_SECONDS)
        if done and cell["n_folds"] > 1:
            loss[row, column] = _loss(cell, metrics[row], constants[row])
    longest = np.fmax.reduce(seconds, axis=1, keepdims=True, initial=_MIN_SECONDS)
    return loss, np.where(np.isnan(seconds), longest, seconds)


def _loss(cell: "dict[Hashable, Any]", metric: str, constant: float) -> float:
    scores = np.asarray(cell[score_column(metric)], dtype=np.float64)
    scores = scores[np.isfinite(scores)]
    if scores.size == 0:
        return float("nan")
    return error_share(float(scores.mean()), constant=constant, perfect=PERFECT_SCORE[metric])
