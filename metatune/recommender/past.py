"""Past evaluations as arrays: datasets x configurations x levels."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.errors import MetadataError
from metatune.kinds import TaskKind
from metatune.metadataset.schema import (
    PROTOCOL_VERSION,
    READABLE_PROTOCOLS,
    constant_column,
    feature_column,
    pool_of,
    protocol_column,
    score_column,
    stated_versions,
)
from metatune.metafeatures import FEATURE_NAMES
from metatune.metrics import DEFAULT_METRIC, PERFECT_SCORE, RECORDED_METRICS
from metatune.recommender.levels import LEVELS, TOP, level_of
from metatune.recommender.losses import FAILED, error_share, log_share, share_of_log
from metatune.space import Configuration

if TYPE_CHECKING:
    import pandas as pd

    from metatune._typing import BoolArray, FloatArray, IndexArray
    from metatune.metadataset.store import MetaDataset


__all__ = ["MAX_REGRET", "Past", "Times", "collect_past", "normalised_regret"]

MAX_REGRET = 3.0
"""Upper bound of regrets, and the regret of a configuration that failed."""

_MIN_SPREAD = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Times:
    """Times of successful past evaluations, one entry each.

    Attributes
    ----------
    dataset, configuration : ndarray of int, shape (n_times,)
        Positions in `Past`.
    sizes : ndarray of shape (n_times, 3)
        Training rows of a fold, columns, classes.
    seconds : ndarray of shape (n_times,)
        Processor seconds for each fold.
    """

    dataset: "IndexArray"
    configuration: "IndexArray"
    sizes: "FloatArray"
    seconds: "FloatArray"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """Past evaluations of one pool of configurations, in one metric.

    Attributes
    ----------
    names, families, fingerprints : tuple of str
        Names, families and content fingerprints of the n_datasets datasets.
    sizes : ndarray of shape (n_datasets, 3)
        Rows, columns, classes.
    configurations : tuple of Configuration
        Configurations of the pool.
    features : ndarray of shape (n_datasets, n_features)
        Meta-features in the order of `FEATURE_NAMES`; NaN where not known.
    values : ndarray of shape (n_datasets, n_configurations, n_levels)
        Logarithm of the share of the constant's error that remains (`log_share`); the value of the
        constant where a configuration failed, NaN where it was never evaluated.
    times : Times
        Times of past evaluations.
    """

    names: tuple[str, ...]
    families: tuple[str, ...]
    fingerprints: tuple[str, ...]
    sizes: "FloatArray"
    configurations: tuple[Configuration, ...]
    features: "FloatArray"
    values: "FloatArray"
    times: Times

    @property
    def regret(self) -> "FloatArray":
        """Normalised regret at the top level, (n_datasets, n_configurations)."""
        return normalised_regret(share_of_log(self.values[:, :, -1]))

    def without(self, rows: "BoolArray") -> "Past":
        """Leave out the datasets where `rows` is true."""
        keep = np.flatnonzero(~rows)
        position = np.cumsum(~rows) - 1
        timed = ~rows[self.times.dataset]
        times = Times(
            dataset=position[self.times.dataset[timed]],
            configuration=self.times.configuration[timed],
            sizes=self.times.sizes[timed],
            seconds=self.times.seconds[timed],
        )
        return replace(
            self,
            names=tuple(self.names[i] for i in keep),
            families=tuple(self.families[i] for i in keep),
            fingerprints=tuple(self.fingerprints[i] for i in keep),
            sizes=self.sizes[keep],
            features=self.features[keep],
            values=self.values[keep],
            times=times,
        )


def normalised_regret(loss: "FloatArray") -> "FloatArray":
    """Scale losses of shape (n_datasets, n_configurations) to regrets within each dataset.

    0 is the best configuration, 1 the median one; cut at `MAX_REGRET`. An infinite loss (a failed
    trial) has `MAX_REGRET`; NaN (never evaluated) stays NaN. A dataset on which configurations do
    not differ has regret 0 everywhere.
    """
    finite = np.where(np.isfinite(loss), loss, np.nan)
    empty = np.asarray(np.isnan(finite).all(axis=1))
    finite[empty] = 0.0
    best = np.nanmin(finite, axis=1, keepdims=True)
    spread = np.nanmedian(finite, axis=1, keepdims=True) - best
    flat = spread < _MIN_SPREAD
    regret = np.where(flat, 0.0, (finite - best) / np.where(flat, 1.0, spread))
    regret = np.clip(regret, 0.0, MAX_REGRET)
    regret[np.isposinf(loss)] = MAX_REGRET
    regret[np.isnan(loss) | empty[:, None]] = np.nan
    return np.asarray(regret)


def collect_past(metadata: "MetaDataset", kind: TaskKind, metric: str) -> Past:
    """Collect the past evaluations in a metric.

    Binary and multiclass datasets share one pool and are used together; a metric that was not
    recorded is represented by the default one of the dataset's task kind. Where datasets were
    evaluated under different versions of the protocol, those of the latest are used alone.

    Raises
    ------
    MetadataError
        If the meta-dataset holds nothing for the task kind under this protocol.
    """
    pool = pool_of(kind)
    rows = metadata.configurations[metadata.configurations["pool"] == pool]
    kinds = [k for k in TaskKind if pool_of(k) == pool]
    datasets = metadata.datasets[metadata.datasets["kind"].isin([str(k) for k in kinds])]
    if datasets.empty or rows.empty:
        raise MetadataError(f"the meta-dataset holds no {pool} datasets: rebuild it")
    versions = stated_versions(datasets, protocol_column("version"))
    readable = versions[versions.isin(READABLE_PROTOCOLS)]
    if readable.empty:
        raise MetadataError(
            f"the meta-dataset's {pool} datasets were evaluated under protocol version "
            f"{versions.iloc[0]}, this metatune uses {PROTOCOL_VERSION}: rebuild it"
        )
    datasets = datasets[versions == readable.max()].reset_index(drop=True)
    evaluations = _positions(metadata.evaluations, datasets, rows)
    values = np.full((len(datasets), len(rows), len(LEVELS)), np.nan)
    for k in kinds:
        of_kind = datasets["kind"].to_numpy() == str(k)
        part = evaluations[evaluations["row"].isin(np.flatnonzero(of_kind))]
        recorded = metric if metric in RECORDED_METRICS[k] else DEFAULT_METRIC[k]
        _fill(values, part, datasets, recorded)
    return Past(
        names=tuple(datasets["dataset"]),
        families=tuple(datasets["family"]),
        fingerprints=tuple(datasets["fingerprint"]),
        sizes=datasets[["n_rows", "n_columns", "n_classes"]].to_numpy(dtype=np.float64),
        configurations=tuple(metadata.pool[key] for key in rows["key"]),
        features=_features(datasets),
        values=values,
        times=_times(evaluations, datasets),
    )


def _positions(
    evaluations: "pd.DataFrame", datasets: "pd.DataFrame", configurations: "pd.DataFrame"
) -> "pd.DataFrame":
    import pandas as pd

    row = pd.Index(datasets["dataset"]).get_indexer(pd.Index(evaluations["dataset"]))
    column = pd.Index(configurations["key"]).get_indexer(pd.Index(evaluations["configuration"]))
    known = (row >= 0) & (column >= 0)
    kept: pd.DataFrame = evaluations[known].assign(row=row[known], column=column[known])
    return kept


def _fill(
    values: "FloatArray", evaluations: "pd.DataFrame", datasets: "pd.DataFrame", metric: str
) -> None:
    """Write the value of every level; a configuration that failed once has failed above as well."""
    constants = datasets[constant_column(metric)].to_numpy(dtype=np.float64)
    perfect = PERFECT_SCORE[metric]
    columns = ["row", "column", "row_share", "n_folds", "status", score_column(metric)]
    for row, column, row_share, n_folds, status, scores in evaluations[columns].itertuples(
        index=False, name=None
    ):
        level = level_of(row_share, n_folds)
        if status != "ok":
            values[row, column, level:] = FAILED
            continue
        values[row, column, level] = _value(_mean(scores), constants[row], perfect)
        if level == TOP:  # its first fold is what the level below would have found
            values[row, column, TOP - 1] = _value(float(scores[0]), constants[row], perfect)


def _value(score: float, constant: float, perfect: float) -> float:
    share = error_share(score, constant=constant, perfect=perfect)
    return float(log_share(np.array(share)))


def _mean(cells: Any) -> float:
    values = np.asarray(cells, dtype=np.float64)
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else float("nan")


def _features(datasets: "pd.DataFrame") -> "FloatArray":
    columns = [feature_column(name) for name in FEATURE_NAMES]
    return datasets.reindex(columns=columns).to_numpy(dtype=np.float64)


def _times(evaluations: "pd.DataFrame", datasets: "pd.DataFrame") -> Times:
    done = evaluations[evaluations["status"] == "ok"]
    of_dataset = datasets.loc[done["row"].to_numpy()]
    folds = of_dataset["protocol:n_folds"].to_numpy()
    rows = of_dataset["n_rows"].to_numpy() * (1 - 1 / folds) * done["row_share"].to_numpy()
    return Times(
        dataset=done["row"].to_numpy(dtype=np.intp),
        configuration=done["column"].to_numpy(dtype=np.intp),
        sizes=np.column_stack(
            [rows, of_dataset["n_columns"].to_numpy(), of_dataset["n_classes"].to_numpy()]
        ).astype(np.float64),
        seconds=(done["cpu_seconds"].to_numpy() / done["n_folds"].to_numpy()).astype(np.float64),
    )
