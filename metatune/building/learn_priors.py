"""Learning of hyperparameter priors from published runs.

For each hyperparameter, the values of the best runs on a dataset are compared with those of all,
because histories are grids and random samples of ranges other than metatune's: a region counts as
good where runs won more often than elsewhere, not where many were made. Where nothing was tried
the prior stays even, and few datasets move it little.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.building.mapping.run import MappedRun, PublishedRun, UnmappedRun
from metatune.building.mapping.translate import map_run, space_of
from metatune.metadataset.priors import Density, HyperparameterPriors, footprint, n_bins
from metatune.space import Choice, Domain, Value

if TYPE_CHECKING:
    import pandas as pd

    from metatune._typing import FloatArray


__all__ = ["LearnedPriors", "learn_priors", "shares_of_winners"]

_BEST_SHARE = 0.2
_FULL_WEIGHT = 10  # runs of a family on a dataset from which on the dataset counts fully
_SHRINKAGE = 20.0  # datasets that weigh as much as the even prior
_PSEUDO_RUNS = 2.0  # runs added to each bin, won as often as all
_SMOOTHING = 0.7  # standard deviation of the smoothing over neighbouring bins, in bins
_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedPriors:
    """Learned priors, and counts of the runs behind them.

    Attributes
    ----------
    priors : HyperparameterPriors
    mapped : Counter of (source, family)
        Runs that metatune could have made.
    unmapped : Counter of (source, algorithm, reason)
        Runs that it could not.
    """

    priors: HyperparameterPriors
    mapped: Counter[tuple[str, str]] = field(default_factory=Counter)
    unmapped: Counter[tuple[str, str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Runs of one family on one dataset of a source.

    `tried` are the runs that could have won; where a source kept winners only, all that occur in
    it, as they would have been on this dataset.
    """

    source: str
    winners_only: bool
    runs: list[MappedRun] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    tried: list[MappedRun] = field(default_factory=list)


_Key = tuple[str, str, str, str]  # pool, family, source, dataset


def learn_priors(runs: "pd.DataFrame") -> LearnedPriors:
    """Learn hyperparameter priors from published runs.

    Parameters
    ----------
    runs : DataFrame
        Tidy runs with the columns `metatune.building.run_history.RUN_COLUMNS`. Runs of the same
        source and dataset are compared with each other, others never are.

    Returns
    -------
    LearnedPriors
    """
    mapped: Counter[tuple[str, str]] = Counter()
    unmapped: Counter[tuple[str, str, str]] = Counter()
    groups: dict[_Key, _Group] = {}
    for (source, dataset, winners_only), own in runs.groupby(["source", "dataset", "winners_only"]):
        for run, loss in _published(own):
            found = map_run(run)
            if isinstance(found, UnmappedRun):
                unmapped[found.source, found.algorithm, found.reason] += 1
                continue
            mapped[found.source, found.algorithm] += 1
            key = (found.pool, found.algorithm, str(source), str(dataset))
            group = groups.setdefault(
                key, _Group(source=str(source), winners_only=bool(winners_only))
            )
            group.runs.append(found)
            group.losses.append(loss)
    _add_tried(groups, runs)
    densities: dict[tuple[str, str, str], Density] = {}
    for pool, family in sorted({key[:2] for key in groups}):
        alike = [group for key, group in sorted(groups.items()) if key[:2] == (pool, family)]
        for name, domain in space_of(family, pool).domains.items():
            density = _learn(name, domain, alike)
            if density is not None:
                densities[pool, family, name] = density
    priors = HyperparameterPriors(densities=densities, family_wins=_family_wins(groups))
    return LearnedPriors(priors=priors, mapped=mapped, unmapped=unmapped)


def _published(runs: "pd.DataFrame") -> Iterable[tuple[PublishedRun, float]]:
    row: Any
    for row in runs.itertuples(index=False):
        run = PublishedRun(
            source=str(row.source),
            algorithm=str(row.algorithm),
            hyperparameters=json.loads(str(row.hyperparameters)),
            pool=str(row.pool),
            n_rows=None if math.isnan(row.n_rows) else float(row.n_rows),
            n_columns=None if math.isnan(row.n_columns) else int(row.n_columns),
        )
        yield run, float(row.loss)


def _add_tried(groups: dict[_Key, _Group], runs: "pd.DataFrame") -> None:
    """Complete the groups with the runs that could have won."""
    for group in groups.values():
        if not group.winners_only:
            group.tried.extend(group.runs)
    winners = runs[runs["winners_only"]]
    for (source, pool), history in winners.groupby(["source", "pool"]):
        distinct = history.drop_duplicates(["algorithm", "hyperparameters"])
        for dataset, own in history.groupby("dataset"):
            sizes = {"n_rows": own["n_rows"].iloc[0], "n_columns": own["n_columns"].iloc[0]}
            for run, _ in _published(distinct.assign(**sizes)):
                found = map_run(run)
                if isinstance(found, MappedRun):
                    key = (str(pool), found.algorithm, str(source), str(dataset))
                    if key in groups:
                        groups[key].tried.append(found)


def shares_of_winners(losses: Sequence[float], share: float = _BEST_SHARE) -> "FloatArray":
    """Return the weight of each run among the best: 1, 0, or a part where runs are tied.

    The weights sum to `share` of the runs, or to 1 if that is less than one run.
    """
    values = np.asarray(losses, dtype=np.float64)
    quota = max(1.0, share * len(values))
    border = np.sort(values)[math.ceil(quota) - 1]
    better, tied = values < border, values == border
    return np.asarray(better + tied * ((quota - better.sum()) / tied.sum()))


def _learn(name: str, domain: Domain, groups: list[_Group]) -> Density | None:
    """Average the datasets' densities of one hyperparameter, shrunk to the uniform one."""
    total, weight, n_datasets = np.zeros(n_bins(domain)), 0.0, 0
    sources: set[str] = set()
    for group in groups:
        tried = [run.values[name] for run in group.tried if name in run.values]
        if group.winners_only:
            tried = list(dict.fromkeys(tried))
        chosen = [(r.values[name], x) for r, x in _with_loss(group) if name in r.values]
        if not chosen or len(set(tried)) < 2:
            continue
        values, losses = zip(*chosen, strict=True)
        won = shares_of_winners(losses, 1.0 if group.winners_only else _BEST_SHARE)
        own = 1.0 if group.winners_only else min(1.0, len(tried) / _FULL_WEIGHT)
        total += own * relative_success(domain, values, won, tried)
        weight += own
        n_datasets += 1
        sources.add(group.source)
    if not n_datasets:
        return None
    even = np.full(len(total), 1.0 / len(total))
    trust = weight / (weight + _SHRINKAGE)
    density = trust * total / weight + (1.0 - trust) * even
    return Density(
        domain=domain,
        weights=tuple(round(float(w), _DIGITS) for w in density),
        n_datasets=n_datasets,
        sources=tuple(sorted(sources)),
    )


def _with_loss(group: _Group) -> Iterable[tuple[MappedRun, float]]:
    return zip(group.runs, group.losses, strict=True)


def relative_success(
    domain: Domain, values: Sequence[Value], won: "FloatArray", tried: Sequence[Value]
) -> "FloatArray":
    """Return the success of each bin's runs relative to the average, as a density.

    Parameters
    ----------
    domain : Domain
        Domain of the hyperparameter.
    values : sequence of Value
        Values of the runs that could win.
    won : array of shape (n_values,)
        Their weights among the winners.
    tried : sequence of Value
        Values of all runs.

    Returns
    -------
    array of shape (n_bins,)
        Sums to 1; bins far from everything tried have the average.
    """
    kernel = _kernel(domain)
    all_runs = kernel @ _histogram(domain, tried, np.ones(len(tried)))
    winners = kernel @ _histogram(domain, values, won) * (len(tried) / won.sum())
    ratio = (winners + _PSEUDO_RUNS) / (all_runs + _PSEUDO_RUNS)
    return np.asarray(ratio / ratio.sum())


def _histogram(domain: Domain, values: Sequence[Value], weights: "FloatArray") -> "FloatArray":
    by_value: dict[tuple[type, Value], float] = defaultdict(float)
    for value, weight in zip(values, weights, strict=True):
        by_value[type(value), value] += float(weight)
    histogram = np.zeros(n_bins(domain))
    for (_, value), weight in by_value.items():
        histogram += weight * np.asarray(footprint(domain, value))
    return histogram


def _kernel(domain: Domain) -> "FloatArray":
    """Return the smoothing weights between bins; the identity for options."""
    bins = n_bins(domain)
    if isinstance(domain, Choice):
        return np.eye(bins)
    steps = np.arange(bins)[:, None] - np.arange(bins)[None, :]
    kernel = np.exp(-0.5 * (steps / _SMOOTHING) ** 2)
    return np.asarray(kernel / kernel.sum(axis=0))


def _family_wins(groups: dict[_Key, _Group]) -> dict[str, dict[str, dict[str, float]]]:
    """Count the datasets on which each family was the best, for sources of several families."""
    best: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    for (pool, family, source, dataset), group in groups.items():
        best[pool, source, dataset][family] = min(group.losses)
    wins: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for (pool, source, _), losses in best.items():
        winners = [family for family, loss in losses.items() if loss == min(losses.values())]
        for family in losses:
            wins[pool, source][family] += (family in winners) / len(winners)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for (pool, source), counts in sorted(wins.items()):
        if len(counts) > 1:
            ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
            found.setdefault(pool, {})[source] = {name: round(n, 1) for name, n in ordered}
    return found
