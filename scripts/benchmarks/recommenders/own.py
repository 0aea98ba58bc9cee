"""Metatune's own meta-dataset as matrices, one for each pool of configurations."""

import zlib
from pathlib import Path
from typing import TYPE_CHECKING

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

__all__ = ["POOLS", "hold_out", "load_own", "partly_evaluated"]

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
        knows from its first second on. One fold of each dataset is held out: searches see the mean
        of the others.
    """
    metadata = load_metadata(directory)
    pool = pool_of(POOLS[name])
    kinds = [str(kind) for kind in TaskKind if pool_of(kind) == pool]
    datasets = metadata.datasets[metadata.datasets["kind"].isin(kinds)]
    datasets = datasets[~datasets["dataset"].isin(partly_evaluated(metadata))]
    keys = metadata.configurations.loc[metadata.configurations["pool"] == pool, "key"].tolist()
    configurations = [metadata.pool[key] for key in keys]
    families = tuple(str(family) for family in datasets["family"])
    loss, held_out, seconds = _cells(metadata.evaluations, datasets, keys)
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
        held_out=held_out,
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
) -> "tuple[FloatArray, FloatArray, FloatArray]":
    """Read the highest rung of each pair; what failed or was never tried costs the most.

    Returns
    -------
    loss, held_out, seconds : ndarray of shape (n_datasets, n_configurations)
    """
    rows = {str(name): row for row, name in enumerate(datasets["dataset"])}
    columns = {key: column for column, key in enumerate(keys)}
    metrics = [DEFAULT_METRIC[TaskKind(kind)] for kind in datasets["kind"]]
    constants = [
        float(row[constant_column(metric)])
        for metric, row in zip(metrics, datasets.to_dict("records"), strict=True)
    ]
    n_folds = max(2, int(evaluations["n_folds"].max()))
    shares = np.full((len(rows), len(columns), n_folds), np.nan)
    seconds = np.full(shares.shape[:2], np.nan)
    known = evaluations["dataset"].isin(list(rows)) & evaluations["configuration"].isin(keys)
    pairs = ["dataset", "configuration"]
    top = evaluations[known].sort_values("rung").drop_duplicates(pairs, keep="last")
    for cell in top.to_dict("records"):
        row, column = rows[cell["dataset"]], columns[cell["configuration"]]
        done = cell["status"] == "ok"
        spent = cell["cpu_seconds"] if done else max(cell["cpu_seconds"], cell["seconds"])
        seconds[row, column] = max(float(spent), _MIN_SECONDS)
        if done and cell["n_folds"] > 1:
            scores = np.asarray(cell[score_column(metrics[row])], dtype=np.float64)
            perfect = PERFECT_SCORE[metrics[row]]
            shares[row, column, : len(scores)] = [
                error_share(score, constant=constants[row], perfect=perfect) for score in scores
            ]
    longest = np.fmax.reduce(seconds, axis=1, keepdims=True, initial=_MIN_SECONDS)
    parts = [hold_out(of_dataset, name) for name, of_dataset in zip(rows, shares, strict=True)]
    loss, held_out = (np.array([part[side] for part in parts]) for side in (0, 1))
    return loss, held_out, np.where(np.isnan(seconds), longest, seconds)


def hold_out(shares: "FloatArray", dataset: str) -> "tuple[FloatArray, FloatArray]":
    """Part the folds of a dataset: one, drawn by its name, is held out.

    Parameters
    ----------
    shares : ndarray of shape (n_configurations, n_folds)
        Losses; NaN where unknown.
    dataset : str
        Its name.

    Returns
    -------
    loss, held_out : ndarray of shape (n_configurations,)
        Mean of the folds that searches see, and the fold that they do not see.
    """
    known = np.isfinite(shares)
    (folds,) = np.nonzero(known.any(axis=0))
    if len(folds) == 0:
        return shares[:, 0], shares[:, 0]
    held = folds[zlib.crc32(dataset.encode()) % len(folds)]
    seen = np.delete(np.where(known, shares, 0.0), held, axis=1).sum(axis=1)
    counts = np.delete(known, held, axis=1).sum(axis=1)
    return np.where(counts > 0, seen / np.maximum(counts, 1), np.nan), shares[:, held]
