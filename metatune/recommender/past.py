"""Past evaluations as matrices: datasets x configurations."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.errors import MetadataError
from metatune.kinds import TaskKind
from metatune.metadataset.schema import feature_column, pool_of, score_column
from metatune.metadataset.store import MetaDataset
from metatune.metafeatures import FEATURE_NAMES
from metatune.metrics import DEFAULT_METRIC, RECORDED_METRICS, Metric, resolve_metric
from metatune.space import Configuration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["MAX_REGRET", "Past", "collect_past", "normalised_regret"]

MAX_REGRET = 3.0
"""Regrets are cut here; a configuration that failed has this regret."""

_MIN_SPREAD = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """What is known about one pool of configurations on past datasets.

    Attributes
    ----------
    datasets : DataFrame of n_datasets rows
        Identity and sizes, in the order of the matrices' rows.
    configurations : tuple of Configuration
        In the order of the matrices' columns.
    features : ndarray of shape (n_datasets, n_features)
        Meta-features in the order of `FEATURE_NAMES`; NaN where not known.
    regret : ndarray of shape (n_datasets, n_configurations)
        Normalised regret at the top rung; NaN where never evaluated.
    times : DataFrame
        One row per successful evaluation: dataset position, configuration position, training rows
        of a fold, processor seconds per fold.
    """

    datasets: pd.DataFrame
    configurations: tuple[Configuration, ...]
    features: "FloatArray"
    regret: "FloatArray"
    times: pd.DataFrame

    def without(self, rows: "NDArray[np.bool_]") -> "Past":
        """Leave out the datasets where `rows` is true."""
        keep = ~rows
        position = np.cumsum(keep) - 1
        times = self.times[keep[self.times["dataset"].to_numpy()]]
        return Past(
            datasets=self.datasets[keep].reset_index(drop=True),
            configurations=self.configurations,
            features=self.features[keep],
            regret=self.regret[keep],
            times=times.assign(dataset=position[times["dataset"].to_numpy()]),
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


def collect_past(metadata: MetaDataset, kind: TaskKind, metric: Metric) -> Past:
    """Collect what past datasets say about a metric.

    Binary and multiclass datasets share one pool and are used together; a metric that was not
    recorded is represented by the default one of the dataset's task kind.

    Raises
    ------
    MetadataError
        If the meta-dataset holds nothing for the task kind.
    """
    pool = pool_of(kind)
    rows = metadata.configurations[metadata.configurations["pool"] == pool]
    kinds = [k for k in TaskKind if pool_of(k) == pool]
    datasets = metadata.datasets[metadata.datasets["kind"].isin([str(k) for k in kinds])]
    datasets = datasets.reset_index(drop=True)
    if datasets.empty or rows.empty:
        raise MetadataError(f"the meta-dataset holds no {pool} datasets: rebuild it")
    evaluations = _positions(metadata.evaluations, datasets, rows)
    loss = np.full((len(datasets), len(rows)), np.nan)
    for k in kinds:
        of_kind = datasets["kind"].to_numpy() == str(k)
        part = evaluations[evaluations["row"].isin(np.flatnonzero(of_kind))]
        if not part.empty:
            _fill_losses(loss, part, _recorded(metric, k))
    return Past(
        datasets=datasets,
        configurations=tuple(metadata.pool[key] for key in rows["key"]),
        features=_features(datasets),
        regret=normalised_regret(loss),
        times=_times(evaluations, datasets),
    )


def _recorded(metric: Metric, kind: TaskKind) -> Metric:
    known = RECORDED_METRICS[kind]
    return metric if metric.name in known else resolve_metric(DEFAULT_METRIC[kind], kind)


def _positions(
    evaluations: pd.DataFrame, datasets: pd.DataFrame, configurations: pd.DataFrame
) -> pd.DataFrame:
    row = pd.Index(datasets["dataset"]).get_indexer(pd.Index(evaluations["dataset"]))
    column = pd.Index(configurations["key"]).get_indexer(pd.Index(evaluations["configuration"]))
    known = (row >= 0) & (column >= 0)
    kept: pd.DataFrame = evaluations[known].assign(row=row[known], column=column[known])
    return kept


def _fill_losses(loss: "FloatArray", evaluations: pd.DataFrame, metric: Metric) -> None:
    """Write the loss of the top rung; a configuration that failed on its way up is infinite."""
    failed = evaluations[evaluations["status"] != "ok"]
    loss[failed["row"].to_numpy(), failed["column"].to_numpy()] = np.inf
    top = evaluations[(evaluations["status"] == "ok") & (evaluations["n_folds"] > 1)]
    scores = [_mean(cells) for cells in top[score_column(metric.name)]]
    losses = [metric.loss(score) for score in scores]
    loss[top["row"].to_numpy(), top["column"].to_numpy()] = losses


def _mean(cells: Any) -> float:
    values = np.asarray(cells, dtype=np.float64)
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else float("nan")


def _features(datasets: pd.DataFrame) -> "FloatArray":
    columns = [feature_column(name) for name in FEATURE_NAMES]
    return datasets.reindex(columns=columns).to_numpy(dtype=np.float64)


def _times(evaluations: pd.DataFrame, datasets: pd.DataFrame) -> pd.DataFrame:
    done = evaluations[evaluations["status"] == "ok"]
    sizes = datasets.loc[done["row"].to_numpy()]
    n_folds = done["n_folds"].to_numpy()
    folds = sizes["protocol:n_folds"].to_numpy()
    rows = sizes["n_rows"].to_numpy() * (1 - 1 / folds) * done["row_share"].to_numpy()
    return pd.DataFrame(
        {
            "dataset": done["row"].to_numpy(),
            "configuration": done["column"].to_numpy(),
            "n_rows": rows,
            "n_columns": sizes["n_columns"].to_numpy(),
            "n_classes": sizes["n_classes"].to_numpy(),
            "seconds": done["cpu_seconds"].to_numpy() / n_folds,
        }
    )
