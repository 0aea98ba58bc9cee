"""Tables of the study of tuning methods, in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.races.progress import progress
from benchmarks.races.standings import SINGLE, columns_of, compare, normalised
from benchmarks.races.statistics import Duel, chance, duel, mean_with_interval
from benchmarks.races.variants import COLD, WARM

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Method", "methods_of", "tables_of"]

OWN = "metatune"
"""The default, which every other method meets."""

_EARLY = (0.1, 0.2, 0.5, 1.0)
"""Shares of the budget after which warm meets cold within the runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A tuning method that was raced.

    Attributes
    ----------
    name : str
        Name of the strategy.
    warm : str
        Variant that begins with recommendations.
    cold : str or None
        Variant that does not; None for a strategy that is made of recommendations.
    """

    name: str
    warm: str
    cold: str | None


def methods_of(variants: Iterable[str]) -> list[Method]:
    """Return the methods of variants that were raced; a variant alone is a method, too."""
    present = set(variants)
    names = {name.removesuffix(WARM).removesuffix(COLD) for name in present}
    found = []
    for name in sorted(names):
        warm = name + WARM if name + WARM in present else name
        cold = name + COLD if name + COLD in present else None
        if warm in present:
            found.append(Method(name=name, warm=warm, cold=cold))
    return found


def tables_of(records: Sequence[Mapping[str, Any]]) -> str:
    """Write all tables: those of each budget; empty if no table was run by every variant.

    Parameters
    ----------
    records : sequence of mapping
        Runs as `race` writes them.
    """
    scores = normalised(records)
    if scores.empty:
        return ""
    budgets = sorted({budget for _, budget in columns_of(scores)})
    blocks = [_of_budget(scores, records, budget) for budget in budgets]
    found = [block for block in blocks if block]
    if not found:
        return ""
    failed = sum("error" in record for record in records)
    reading = (
        "Every strategy once with the recommendations of past datasets first (warm) and once "
        "without (cold), the same engine, workers and ensembles for all, on a third of the rows "
        "held out. Normalised score: 1 is the best model of any run on the table, 0 the constant "
        "prediction; in brackets the 95 % interval of the bootstrap over tables. Better : worse "
        "counts tables, with p of the sign test; equal ones count for neither. "
        f"{len(records)} runs, {failed} of which failed and count as the constant."
    )
    return "\n\n".join([reading, *found])


def _of_budget(
    scores: "pd.DataFrame", records: Sequence[Mapping[str, Any]], budget: float
) -> str | None:
    names = [n for n, b in columns_of(scores) if b == budget and not n.endswith(SINGLE)]
    common = scores[[(name, budget) for name in names]].dropna()
    if common.empty or OWN not in names:
        return None
    methods = methods_of(names)
    order = sorted(methods, key=lambda method: -float(common[method.warm, budget].mean()))
    ranks = common.rank(axis=1, ascending=False)
    lines = [
        f"### {budget:g} s: {len(common)} tables",
        "",
        "| strategy | warm | cold | mean rank, warm | cold | warm against cold | p "
        f"| {OWN} against it, warm | p | difference |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for method in order:
        sides = [method.warm, method.cold]
        cells = [f"**{method.name}**" if method.name == OWN else method.name]
        cells += [_mean(common, side, budget) for side in sides]
        cells += [_rank(ranks, side, budget) for side in sides]
        cells += _duel(common, method.warm, method.cold, budget)[:2]
        cells += _duel(common, OWN, None if method.name == OWN else method.warm, budget)
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", _summary(common, methods, budget)]
    lines += ["", _early(records, order, budget), "", _by_table(common, ranks, records, budget)]
    return "\n".join(lines)


def _mean(common: "pd.DataFrame", name: str | None, budget: float) -> str:
    return "" if name is None else str(mean_with_interval(common[name, budget].to_numpy()))


def _rank(ranks: "pd.DataFrame", name: str | None, budget: float) -> str:
    return "" if name is None else f"{float(ranks[name, budget].mean()):.1f}"


def _duel(common: "pd.DataFrame", first: str, second: str | None, budget: float) -> list[str]:
    """Return better : worse, p and the difference; empty cells where nobody is met."""
    met = None if second is None else compare(common, (first, budget), (second, budget))
    if met is None:
        return ["", "", ""]
    return [f"{met.wins} : {met.losses}", chance(met.p_value), str(met.difference)]


def _summary(common: "pd.DataFrame", methods: Sequence[Method], budget: float) -> str:
    """Say for how many methods warm is better than cold, and how many are above the default."""
    pairs = [(method.warm, method.cold) for method in methods if method.cold is not None]
    met = [compare(common, (warm, budget), (cold, budget)) for warm, cold in pairs]
    shares = [_share(found) for found in met if found is not None]
    own = float(common[OWN, budget].mean())
    above = [
        name
        for method in methods
        for name in (method.warm, method.cold)
        if name is not None and name != OWN and float(common[name, budget].mean()) > own
    ]
    warm = (
        f"Warm is better than cold on {np.mean(shares):.0%} of the tables that differ, all methods "
        f"together, and on 60 % and more for {sum(s >= 0.6 for s in shares)} of {len(shares)} "
        "methods. "
        if shares
        else ""
    )
    others = f"In the mean above {OWN}: {', '.join(above)}." if above else f"None is above {OWN}."
    return warm + others


def _share(met: Duel) -> float:
    decided = met.wins + met.losses
    return met.wins / decided if decided else 0.5


def _early(records: Sequence[Mapping[str, Any]], methods: Sequence[Method], budget: float) -> str:
    """Write warm against cold within the runs, by what their best single models seemed worth."""
    names = {name for method in methods for name in (method.warm, method.cold)}
    runs = [r for r in records if r["budget"] == budget and r["strategy"] in names]
    times = [budget * share for share in _EARLY]
    curves = progress(runs, np.array(times))
    lines = [
        "Within these runs, warm against cold by the cross-validated score of the best single "
        "model so far:",
        "",
        "| strategy | " + " | ".join(f"after {time:g} s" for time in times) + " |",
        "|---|" + "--:|" * len(times),
    ]
    totals = np.zeros((len(times), 2), dtype=int)
    for method in methods:
        if method.cold is None or method.warm not in curves or method.cold not in curves:
            continue
        pairs = zip(curves[method.warm].T, curves[method.cold].T, strict=True)
        counts = [(won.wins, won.losses) for won in (duel(warm, cold) for warm, cold in pairs)]
        totals += np.array(counts)
        lines.append(f"| {method.name} | " + " | ".join(f"{w} : {x}" for w, x in counts) + " |")
    lines.append("| all | " + " | ".join(f"{w} : {x}" for w, x in totals.tolist()) + " |")
    return "\n".join(lines)


def _by_table(
    common: "pd.DataFrame",
    ranks: "pd.DataFrame",
    records: Sequence[Mapping[str, Any]],
    budget: float,
) -> str:
    """Write a line for each table: the best method, and where the default stands."""
    facts = {record["table"]: record for record in records if "error" not in record}
    lines = [
        f"| table | kind | rows | best variant | {OWN} behind by | rank of {OWN} |",
        "|---|---|--:|---|--:|--:|",
    ]
    for table in common.index:
        row = common.loc[table]
        best, _ = row.idxmax()
        own, gap = float(ranks.loc[table, (OWN, budget)]), row.max() - row[OWN, budget]
        fact = facts[table]
        lines.append(
            f"| {table} | {fact['kind']} | {fact['rows']} | {best} | {gap:.3f} "
            f"| {own:g} of {len(row)} |"
        )
    return "\n".join(lines)
