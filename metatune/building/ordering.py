"""Ordering of the pool by the marginal gain of each configuration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.algorithms.registry import FAMILIES, is_optional
from metatune.kinds import TaskKind
from metatune.metadataset.recipes import STAGES, Recipe
from metatune.metadataset.schema import pool_of
from metatune.recommender.cost import CostModel
from metatune.recommender.past import Past, collect_past
from metatune.space import Configuration

if TYPE_CHECKING:
    from metatune._typing import FloatArray
    from metatune.metadataset.store import MetaDataset


__all__ = ["Evidence", "collect_evidence", "greedy_steps", "order_pool"]

_METRICS = {"classification": ("log_loss", "roc_auc"), "regression": ("rmse", "mae")}
_WORST = 0.7  # nearly twice the error of the best: how much more it is does not matter
_PLACES = (0.6, 0.25, 0.15)  # an ensemble lives by its best family first, but not by it alone
_PATIENCE = 10.0  # core-seconds of five folds below which costs hardly count
_TYPICAL_ROWS, _TYPICAL_COLUMNS, _FOLDS = 3_000, 15, 5
_MOST_OF_A_FAMILY = 0.25  # of the configurations up to a stage


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Evidence on candidates from past evaluations: regrets and costs.

    Attributes
    ----------
    candidates : tuple of Configuration
        Configurations to choose from.
    regret : ndarray of shape (n_tables, n_candidates)
        Logarithm of a candidate's error over that of the best, from 0 to 0.7.
    weights : ndarray of shape (n_tables,)
        Weight of each table; those of a family count as one.
    seconds : ndarray of shape (n_candidates,)
        Expected core-seconds of five folds of a table of 3,000 rows and 15 columns.
    """

    candidates: tuple[Configuration, ...]
    regret: "FloatArray"
    weights: "FloatArray"
    seconds: "FloatArray"


def collect_evidence(metadata: "MetaDataset", kind: TaskKind) -> Evidence:
    """Collect the evidence of a meta-dataset on its pool, in the two main metrics."""
    pasts = [collect_past(metadata, kind, metric) for metric in _METRICS[pool_of(kind)]]
    families, counts = np.unique(pasts[0].families, return_counts=True)
    size = dict(zip(families, counts, strict=True))
    weights = np.array([1.0 / size[name] for name in pasts[0].families] * len(pasts))
    return Evidence(
        candidates=pasts[0].configurations,
        regret=np.vstack([_regret(past) for past in pasts]),
        weights=weights / weights.sum(),
        seconds=_seconds(pasts[0], kind),
    )


def order_pool(
    kind: TaskKind,
    evidence: Evidence,
    recipes: Sequence[Recipe],
    spare: Sequence[Configuration] = (),
) -> list[Configuration]:
    """Order the pool of a task kind.

    Defaults come first, then, stage by stage, the recipes of the stage and the candidates with the
    largest marginal gains.

    Parameters
    ----------
    kind : TaskKind
        Binary and multiclass share one pool.
    evidence : Evidence
        Evidence on the candidates.
    recipes : sequence of Recipe
        Configurations picked by hand.
    spare : sequence of Configuration
        Configurations for the places left at the end.
    """
    families = [a for a in FAMILIES.values() if kind in a.kinds and not is_optional(a.name)]
    order = {c.key: c for c in (a.space(kind).default() for a in families)}
    for stage in STAGES:
        picked = [r.configuration(kind) for r in recipes if r.stage == stage]
        order |= {c.key: c for c in picked if c is not None and c.key not in order}
        most = round(_MOST_OF_A_FAMILY * stage)
        for configuration in (*greedy_steps(evidence, tuple(order.values()), most), *spare):
            if _n_required(order) >= stage:
                break
            order.setdefault(configuration.key, configuration)
    return list(order.values())


def greedy_steps(
    evidence: Evidence, before: Sequence[Configuration], most: int
) -> Iterator[Configuration]:
    """Yield candidates, each with the largest marginal gain per cost given those before.

    The regret of a table is a weighted mean over its three best families, since ensembles need
    diversity.

    Parameters
    ----------
    evidence : Evidence
        Evidence on the candidates.
    before : sequence of Configuration
        Configurations chosen already.
    most : int
        Maximum number of configurations of one family, those before included.
    """
    names = [c.algorithm for c in evidence.candidates]
    chosen = {c.key for c in before}
    counts = {name: sum(c.algorithm == name for c in before) for name in set(names)}
    best = {name: np.full(len(evidence.regret), _WORST) for name in set(names)}
    for regret, configuration in zip(evidence.regret.T, evidence.candidates, strict=True):
        if configuration.key in chosen:
            best[configuration.algorithm] = np.minimum(best[configuration.algorithm], regret)
    while True:
        worth = np.full(len(names), -np.inf)
        now = evidence.weights @ _served(best)
        for column, configuration in enumerate(evidence.candidates):
            name = configuration.algorithm
            if configuration.key in chosen or counts[name] >= most:
                continue
            better = {**best, name: np.minimum(best[name], evidence.regret[:, column])}
            gain = now - evidence.weights @ _served(better)
            worth[column] = gain / (evidence.seconds[column] + _PATIENCE)
        found = int(np.argmax(worth))
        if not np.isfinite(worth[found]):
            return
        configuration = evidence.candidates[found]
        name = configuration.algorithm
        chosen.add(configuration.key)
        counts[name] += 1
        best[name] = np.minimum(best[name], evidence.regret[:, found])
        yield configuration


def _served(best: "dict[str, FloatArray]") -> "FloatArray":
    """Return the regret of each table, weighted over its best families."""
    ranked = np.sort(np.stack(list(best.values())), axis=0)
    places = np.array(_PLACES[: len(ranked)])
    return np.asarray(places @ ranked[: len(places)])


def _regret(past: Past) -> "FloatArray":
    values = past.values[:, :, -1]
    regret = values - np.nanmin(values, axis=1, keepdims=True)
    return np.clip(np.where(np.isfinite(regret), regret, _WORST), 0.0, _WORST)


def _seconds(past: Past, kind: TaskKind) -> "FloatArray":
    algorithms = tuple(c.algorithm for c in past.configurations)
    cost = CostModel.fit(past.times, algorithms, len(past.names))
    even = np.full(len(past.names), 1.0 / len(past.names))
    rows = round(_TYPICAL_ROWS * (1 - 1 / _FOLDS))
    n_classes = 2 if kind.is_classification else 0
    return np.asarray(_FOLDS * np.exp(cost.log_seconds(rows, _TYPICAL_COLUMNS, n_classes, even)))


def _n_required(order: dict[str, Configuration]) -> int:
    return sum(not is_optional(c.algorithm) for c in order.values())
