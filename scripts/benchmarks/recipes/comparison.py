"""Recipes compared with each other, table by table."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from benchmarks.races.statistics import duel
from benchmarks.recipes.measured import Measured

__all__ = ["comparison_table"]

_LEAST_LOSS = 1e-6  # a smaller one is none
_SAME = 1e-4  # relative differences below count as ties


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """A recipe against another one on one table: means over the seeds.

    Attributes
    ----------
    kind : str
        Of the table's task.
    folds, refit : float
        Logarithm of the ratio of held-out losses, of the mean of the folds' models and of the
        model of all rows; less than 0 where the recipe is better.
    optimism : float
        Logarithm of the ratio of the recipe's held-out loss (of its folds) to its own
        cross-validated loss.
    seconds : float
        Ratio of processor times.
    """

    kind: str
    folds: float
    refit: float
    optimism: float
    seconds: float


def comparison_table(
    measured: Iterable[Measured], base: str, recipes: Iterable[str], chosen: str | None = None
) -> str:
    """Return a Markdown table with a row for each recipe and kind of task.

    Parameters
    ----------
    measured : iterable of Measured
        On the same splits.
    base : str
        Label of what the recipes are compared with.
    recipes : iterable of str
        Their labels.
    chosen : str, optional
        Adds a recipe of this name: on each split the one with the best cross-validated loss, the
        base included.
    """
    recipes = list(recipes)
    by_label: dict[str, dict[tuple[str, int], Measured]] = defaultdict(dict)
    for one in measured:
        by_label[one.label][one.table, one.seed] = one
    if chosen:
        by_label[chosen] = _chosen([by_label[label] for label in (base, *recipes)], chosen)
        recipes.append(chosen)
    lines = [
        "| recipe | kind | tables | folds: median, mean | better:worse | p "
        "| refit: median, mean | better:worse | p | held out / validated | time |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for label in recipes:
        ratios = _ratios(by_label[label], by_label[base])
        kinds = ["all", *sorted({ratio.kind for ratio in ratios})]
        lines += [
            _line(label, kind, [r for r in ratios if kind in ("all", r.kind)]) for kind in kinds
        ]
    return "\n".join(lines)


def _chosen(
    candidates: list[dict[tuple[str, int], Measured]], name: str
) -> dict[tuple[str, int], Measured]:
    splits = set.intersection(*(set(candidate) for candidate in candidates))
    best = {}
    for split in splits:
        ones = [candidate[split] for candidate in candidates]
        best[split] = replace(
            min(ones, key=lambda one: one.validated),
            label=name,
            fold_seconds=sum(one.fold_seconds for one in ones),
        )
    return best


def _ratios(
    new: Mapping[tuple[str, int], Measured], base: Mapping[tuple[str, int], Measured]
) -> list[Ratios]:
    by_table: dict[str, list[tuple[Measured, Measured]]] = defaultdict(list)
    for split in sorted(new.keys() & base.keys()):
        by_table[split[0]].append((new[split], base[split]))
    return [
        Ratios(
            kind=pairs[0][0].kind,
            folds=float(np.mean([_log(a.folds) - _log(b.folds) for a, b in pairs])),
            refit=float(np.mean([_log(a.refit) - _log(b.refit) for a, b in pairs])),
            optimism=float(np.mean([_log(a.folds) - _log(a.validated) for a, _ in pairs])),
            seconds=sum(a.fold_seconds for a, _ in pairs) / sum(b.fold_seconds for _, b in pairs),
        )
        for pairs in by_table.values()
    ]


def _log(loss: float) -> float:
    return float(np.log(max(loss, _LEAST_LOSS)))


def _line(label: str, kind: str, ratios: list[Ratios]) -> str:
    cells = [label, kind, str(len(ratios))]
    for values in (np.array([r.folds for r in ratios]), np.array([r.refit for r in ratios])):
        decided = np.where(np.abs(values) < _SAME, 0.0, values)
        result = duel(-decided, np.zeros(len(values)))
        cells += [
            f"{np.expm1(np.median(values)):+.2%}, {np.expm1(np.mean(values)):+.2%}",
            f"{result.wins}:{result.losses}",
            f"{result.p_value:.2g}",
        ]
    cells += [
        f"{np.expm1(np.median([r.optimism for r in ratios])):+.2%}",
        f"{median(r.seconds for r in ratios):.2f}",
    ]
    return f"| {' | '.join(cells)} |"
