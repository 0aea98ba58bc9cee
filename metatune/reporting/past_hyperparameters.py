"""Importance of hyperparameters over past tables, from the evaluations of the meta-dataset.

The variance among the configurations of the pool is divided for each table, with a forest of its
own (van Rijn and Hutter 2018, "Hyperparameter importance across datasets").
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from metatune.kinds import TaskKind
from metatune.metadataset.schema import constant_column, pool_of, score_column
from metatune.metadataset.store import MetaDataset
from metatune.metrics import DEFAULT_METRIC, PERFECT_SCORE, RECORDED_METRICS
from metatune.reporting.functional_anova import decompose_variance
from metatune.reporting.hyperparameter_importance import Importance, SpaceImportance
from metatune.reporting.hyperparameters import (
    ALL_FAMILIES,
    LEAST_CONFIGURATIONS,
    Divided,
    axes_of,
    joined_shares,
    lies_in,
    places_of,
    summarised,
)
from metatune.space import SearchSpace

if TYPE_CHECKING:
    import pandas as pd

    from metatune._typing import FloatArray

__all__ = ["PastLosses", "past_losses", "past_metric", "with_past"]

_MOST_MISSING = 0.3  # of the configurations of a table, which else is left out
_N_TREES = 8  # for each table, whose means are averaged


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PastLosses:
    """Losses on past tables of a task kind.

    Attributes
    ----------
    metadata : MetaDataset
        Meta-dataset that they come from.
    losses : DataFrame
        A row for each configuration of the pool, by key, and a column for each table: the loss
        where most rows and folds were used, not above that of the constant prediction; NaN where
        there is none.
    """

    metadata: MetaDataset
    losses: "pd.DataFrame"


def past_metric(metric: str, kind: TaskKind) -> str:
    """Return the metric in which past tables are looked at: the run's if it is recorded."""
    return metric if metric in RECORDED_METRICS[kind] else DEFAULT_METRIC[kind]


def past_losses(metadata: MetaDataset, kind: TaskKind, metric: str) -> PastLosses:
    """Collect the losses of the pool on past tables.

    Parameters
    ----------
    metadata : MetaDataset
        Meta-dataset.
    kind : TaskKind
        Tables of this kind count.
    metric : str
        Recorded metric.
    """
    import pandas as pd

    datasets = metadata.datasets[metadata.datasets["kind"] == str(kind)].set_index("dataset")
    known = metadata.evaluations
    known = known[known["dataset"].isin(datasets.index) & (known["status"] == "ok")]
    known = known.sort_values(["row_share", "n_folds"], kind="stable")
    known = known.drop_duplicates(["dataset", "configuration"], keep="last")
    sign = -1.0 if PERFECT_SCORE[metric] > 0 else 1.0
    losses = known[score_column(metric)].map(lambda scores: sign * _mean(scores))
    constant = known["dataset"].map(sign * datasets[constant_column(metric)])
    # Worse than the constant counts as the constant, and so does what is no number.
    capped = np.fmin(losses.to_numpy(dtype=float), constant.to_numpy(dtype=float))
    table = pd.DataFrame(
        {"dataset": known["dataset"], "configuration": known["configuration"], "loss": capped}
    )
    table = table.pivot_table(index="configuration", columns="dataset", values="loss")
    return PastLosses(metadata=metadata, losses=table)


def with_past(
    found: Sequence[SpaceImportance],
    spaces: Mapping[str, SearchSpace],
    past: PastLosses,
    kind: TaskKind,
    *,
    seed: int = 0,
) -> tuple[SpaceImportance, ...]:
    """Return importances with what past tables say about the same hyperparameters.

    Parameters
    ----------
    found : sequence of SpaceImportance
        Importances in a run.
    spaces : Mapping of str to SearchSpace
        Search spaces of the families.
    past : PastLosses
        Losses on past tables.
    kind : TaskKind
        Task kind.
    seed : int
        Seed of the forests.
    """
    told = [space.family for space in found if not space.note and space.family in spaces]
    pools = {family: _pool(past, spaces[family], kind) for family in told}
    pools = {name: pool for name, pool in pools.items() if len(pool) >= LEAST_CONFIGURATIONS}
    table = _complete(past.losses.reindex([key for pool in pools.values() for key in pool]))
    if table.empty:
        return tuple(found)
    pairs = {space.family: [one.hyperparameters for one in space.interactions] for space in found}
    divided = {
        name: _divide(spaces[name], past, table.loc[pool], pairs[name], seed)
        for name, pool in pools.items()
    }
    shares = {name: own.shares for name, own in divided.items()}
    if len(divided) == len(told) > 1:
        shares[ALL_FAMILIES] = joined_shares(list(divided.values()))
    return tuple(
        _beside(space, shares[space.family], len(table.columns))
        if space.family in shares
        else space
        for space in found
    )


def _pool(past: PastLosses, space: SearchSpace, kind: TaskKind) -> list[str]:
    """Return the configurations of the pool that lie in a space, by key."""
    listed = past.metadata.configurations
    keys = listed.loc[listed["pool"] == pool_of(kind), "key"]
    known = ((key, past.metadata.pool[key]) for key in keys if key in past.losses.index)
    return [key for key, c in known if c.algorithm == space.algorithm and lies_in(c, space)]


def _divide(
    space: SearchSpace,
    past: PastLosses,
    table: "pd.DataFrame",
    pairs: Sequence[tuple[str, ...]],
    seed: int,
) -> Divided:
    places = places_of((past.metadata.pool[key] for key in table.index), space)
    varied = np.flatnonzero(np.ptp(places, axis=0) > 0.0)
    axes, names = axes_of(space), [list(space.domains)[i] for i in varied]
    decompositions = [
        decompose_variance(
            places[:, varied],
            losses,
            [axes[i] for i in varied],
            pairs=[(names.index(a), names.index(b)) for a, b in pairs if {a, b} <= set(names)],
            n_trees=_N_TREES,
            seed=seed,
        )
        for losses in table.to_numpy().T
    ]
    return Divided.of(space.algorithm, names, decompositions)


def _complete(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return the tables that most configurations were tried on, each with a variance of 1.

    What is missing counts as the worst that there is: it failed, or took too long.
    """
    table = table.loc[:, table.isna().mean() <= _MOST_MISSING]
    table = table.fillna(table.max())
    spread = table.std(ddof=0)
    table = table.loc[:, spread > 0.0]
    return (table - table.mean()) / spread[table.columns]


def _beside(
    space: SpaceImportance, shares: "Mapping[tuple[str, ...], FloatArray]", n_tables: int
) -> SpaceImportance:
    def beside(one: Importance) -> Importance:
        if one.hyperparameters not in shares:
            return one
        mean, low, high = summarised(shares[one.hyperparameters])
        known = math.isfinite(mean)
        return replace(one, past=mean, past_low=low, past_high=high) if known else one

    return replace(
        space,
        hyperparameters=tuple(map(beside, space.hyperparameters)),
        interactions=tuple(map(beside, space.interactions)),
        n_past=n_tables,
    )


def _mean(scores: Sequence[float] | None) -> float:
    finite = [] if scores is None else [s for s in scores if s is not None and math.isfinite(s)]
    return sum(finite) / len(finite) if finite else math.nan
