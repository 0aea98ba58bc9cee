"""Winners, and what never wins: algorithms, configurations, values of hyperparameters."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metadata_report.grid import Grid
from metadata_report.overview import evaluation_frame
from metadata_report.section import Section, most_first, percent
from metatune.algorithms.registry import get_algorithm
from metatune.evaluation.trial import TrialStatus
from metatune.kinds import TaskKind
from metatune.metadataset.store import MetaDataset
from metatune.space import Choice, Configuration, Domain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["dominated", "greedy_cover", "never_winning", "telling_tables", "winners"]

NEAR = 0.05
"""A regret up to this counts as almost the best."""

_TIE = 1e-9
_MANY = 1 / 3
_OFTEN = 0.1
_PARTS = ("low", "middle", "high")
_EXPECTED = 2.0  # wins, by the number of configurations: fewer say nothing


def winners(metadata: MetaDataset, grid: Grid) -> Iterator[Section]:
    """Say for one pool what wins and what does not."""
    yield _algorithms(metadata, grid)
    yield _failing(metadata, grid)
    yield _dominated(metadata, grid)
    yield _values(grid)


def greedy_cover(regret: "FloatArray") -> list[int]:
    """Choose configurations, each lowering the mean best regret most, until nothing is gained."""
    best = np.full(len(regret), np.inf)
    chosen: list[int] = []
    while True:
        reached = np.minimum(best[:, None], regret).mean(axis=0)
        first = int(np.argmin(reached))
        if best.mean() - reached[first] <= _TIE:
            return chosen
        chosen.append(first)
        best = np.minimum(best, regret[:, first])


def telling_tables(regret: "FloatArray") -> "NDArray[np.bool_]":
    """Find the tables that tell configurations apart: not too many are almost the best."""
    return np.asarray((regret <= NEAR).mean(axis=1) <= _MANY)


def dominated(regret: "FloatArray") -> "NDArray[np.intp]":
    """Find configurations that are nowhere almost the best and that no cover needs."""
    needed = np.zeros(regret.shape[1], dtype=bool)
    needed[greedy_cover(regret)] = True
    return np.flatnonzero(~needed & (regret > NEAR).all(axis=0))


def never_winning(
    regret: "FloatArray", configurations: tuple[Configuration, ...], domains: Mapping[str, Domain]
) -> Iterator[tuple[str, str, int, float]]:
    """Find values of hyperparameters that never were in the best configuration of their family.

    Parameters
    ----------
    regret : ndarray of shape (n_datasets, n_configurations)
        Of the configurations of one family.
    configurations : tuple of Configuration
        Of one family.
    domains : mapping of str to Domain
        Its hyperparameters.

    Yields
    ------
    tuple
        Hyperparameter, option or third of its range, configurations that have it, wins to expect
        from their number.
    """
    tied = regret <= regret.min(axis=1, keepdims=True) + _TIE
    wins = (tied / tied.sum(axis=1, keepdims=True)).sum(axis=0)
    for name, domain in domains.items():
        parts = np.array([_part(c, name, domain) for c in configurations])
        active = parts != ""
        for part in sorted(set(parts[active])):
            has = parts == part
            expected = wins[active].sum() * has.sum() / active.sum()
            if has.sum() > 1 and wins[has].sum() <= _TIE and expected >= _EXPECTED:
                yield name, str(part), int(has.sum()), float(expected)


def _part(configuration: Configuration, name: str, domain: Domain) -> str:
    if name not in configuration.params:
        return ""
    value = configuration.params[name]
    if isinstance(domain, Choice):
        return str(value)
    return _PARTS[min(int(3 * domain.to_unit(value)), 2)]


def _algorithms(metadata: MetaDataset, grid: Grid) -> Section:
    evaluations = _of_pool(metadata, grid)
    spent = evaluations.groupby("algorithm")["spent"].sum()
    tied = grid.regret <= grid.regret.min(axis=1, keepdims=True) + _TIE
    names = sorted(set(grid.algorithms))
    won = np.array([tied[:, grid.columns(name)].any(axis=1) for name in names])
    credit = won / won.sum(axis=0)
    cover = Counter(grid.algorithms[i] for i in greedy_cover(grid.regret))
    rows: list[tuple[Any, ...]] = []
    for position, name in enumerate(names):
        columns = grid.columns(name)
        tried = grid.evaluated[:, columns].any(axis=1)
        best = grid.regret[tried][:, columns].min(axis=1)
        rows.append(
            (
                name,
                len(columns),
                int(tried.sum()),
                percent(float(credit[position].mean())),
                percent(float((best <= NEAR).sum() / len(grid.names))),
                float(np.median(best)) if len(best) else float("nan"),
                cover[name],
                percent(float(spent.get(name, 0.0) / spent.sum())),
            )
        )
    rows.sort(key=lambda row: -float(row[3].split()[0]))
    return Section(
        title=f"Algorithms for {grid.pool}",
        note="Best: share of the tables where one of its configurations is the best (ties are "
        f"shared). Regret: 0 is the best configuration of a table, 1 the median one; near: up to "
        f"{NEAR}. Cover: how many of its configurations a greedy cover of all tables takes, of "
        f"{sum(cover.values())}. Cost: share of the processor time.",
        header=(
            *("algorithm", "configurations", "tables", "best", "near the best"),
            *("median regret of its best", "in the cover", "cost"),
        ),
        rows=rows,
    )


def _failing(metadata: MetaDataset, grid: Grid) -> Section:
    evaluations = _of_pool(metadata, grid)
    bad = evaluations[evaluations["status"] != str(TrialStatus.OK)]
    tables = evaluations.groupby("configuration")["dataset"].nunique()
    failed = bad.groupby("configuration")["dataset"].nunique()
    rows: list[tuple[Any, ...]] = []
    for key, count in failed[failed > np.maximum(_OFTEN * tables[failed.index], 1)].items():
        of_key = bad[bad["configuration"] == key]
        how = ", ".join(f"{n} {s}" for s, n in of_key["status"].value_counts().items())
        error = of_key["error"].value_counts().index[0]
        said = _said(metadata, str(key))
        rows.append((said, int(count), int(tables[str(key)]), how, str(error)[:80]))
    return Section(
        title=f"Configurations for {grid.pool} that fail often",
        note=f"On more than {percent(_OFTEN)} of the tables, and on more than one.",
        header=("configuration", "failed on", "of tables", "how", "most often"),
        rows=most_first(rows, 1),
    )


def _dominated(metadata: MetaDataset, grid: Grid) -> Section:
    evaluations = _of_pool(metadata, grid)
    seconds = evaluations.groupby("configuration")["spent"].sum()
    share = seconds / seconds.sum()
    rows: list[tuple[Any, ...]] = []
    telling = telling_tables(grid.regret)
    columns = dominated(grid.regret[telling])
    for column in columns:
        key = grid.configurations[column].key
        regret = grid.regret[telling & grid.evaluated[:, column], column]
        if len(regret):
            cost = percent(float(share.get(key, 0.0)))
            best, middle = float(regret.min()), float(np.median(regret))
            rows.append((_said(metadata, key), len(regret), best, middle, cost))
    together = share.reindex([grid.configurations[c].key for c in columns]).sum()
    return Section(
        title=f"Configurations for {grid.pool} that are dominated",
        note=f"{len(rows)} of {len(grid.configurations)}: nowhere within {NEAR} of the best, and "
        f"not needed by the cover. Together they cost {percent(float(together))}. "
        f"{int((~telling).sum())} of {len(telling)} tables do not count here: more than "
        f"{percent(_MANY)} of the configurations are almost the best there.",
        header=("configuration", "tables", "best regret", "median regret", "cost"),
        rows=most_first(rows, 2),
    )


def _values(grid: Grid) -> Section:
    telling = telling_tables(grid.regret)
    kind = TaskKind.REGRESSION if grid.pool == "regression" else TaskKind.BINARY
    rows: list[tuple[Any, ...]] = []
    for name in sorted(set(grid.algorithms)):
        columns = grid.columns(name)
        tried = telling & grid.evaluated[:, columns].any(axis=1)
        if tried.any():
            found = never_winning(
                grid.regret[tried][:, columns],
                tuple(grid.configurations[c] for c in columns),
                get_algorithm(name).space(kind).domains,
            )
            rows += [(name, *row) for row in found]
    return Section(
        title=f"Values that never win, {grid.pool}",
        note="Never in the best configuration of their family, though by the number of "
        f"configurations at least {_EXPECTED:g} wins were to be expected. Numbers by thirds of "
        "their range, on its scale.",
        header=("algorithm", "hyperparameter", "value", "configurations", "wins to expect"),
        rows=most_first(rows, 4),
    )


def _of_pool(metadata: MetaDataset, grid: Grid) -> pd.DataFrame:
    evaluations = evaluation_frame(metadata)
    return evaluations[evaluations["dataset"].isin(grid.names)]


def _said(metadata: MetaDataset, key: str) -> str:
    """Write out a configuration; the defaults are named so, because the pool needs them."""
    configuration = metadata.pool[key]
    origins = metadata.configurations.set_index("key")["origin"]
    mark = " (default)" if (origins[[key]] == "default").any() else ""
    params = ", ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in configuration.params.items()
    )
    return f"{configuration.algorithm} {key[:8]}{mark}: {params}"
