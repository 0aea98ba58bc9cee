"""From records to normalised scores and the tables that compare them.

On every table, 0 is the constant prediction and 1 the best model of all contestants at all budgets,
judged on the rows that were held out. A contestant is a strategy with the model that its run saved,
or with the best single pipeline of the very same run.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.races.statistics import Duel, duel, mean_with_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = [
    "SINGLE",
    "TITLES",
    "Contender",
    "columns_of",
    "compare",
    "duels",
    "normalised",
    "standings",
    "title",
    "usual_pairs",
]

SINGLE = ":single"
"""Ends the name of a contestant that stands for the best single pipeline of a run."""

TITLES = {
    "metatune": "metatune",
    "prior": "metatune without posterior",
    "portfolio": "cost-aware portfolio",
    "random": "random search",
}

Contender = tuple[str, float]
"""A contestant and a budget in seconds."""

_WORST = -1.0  # one disaster must not decide a mean
_LEAST_GAIN = 1e-9


def title(contestant: str) -> str:
    """Return how tables and plots call a contestant."""
    name = contestant.removesuffix(SINGLE)
    return TITLES.get(name, name) + (", best single" if contestant != name else "")


def normalised(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return normalised scores: a row for each table, a column for each (contestant, budget).

    Several seeds are averaged. A run that failed has the score of the constant; what was not run,
    or has an undefined score, is NaN. Tables on which no model beats the constant are left out.
    """
    rows = [row for record in records for row in _rows(record)]
    if not rows:
        return pd.DataFrame()
    frame = pd.DataFrame(rows)
    best = frame.groupby(["table", "seed"])["gain"].transform("max").to_numpy(dtype=np.float64)
    gain = frame["gain"].fillna(0.0).to_numpy(dtype=np.float64)
    told = best > _LEAST_GAIN
    score = np.clip(gain / np.where(told, best, 1.0), _WORST, None)
    frame["score"] = np.where(frame["undefined"].to_numpy(dtype=bool), np.nan, score)
    kept = frame[told]
    if kept.empty:
        return pd.DataFrame()
    return kept.pivot_table(index="table", columns=["contestant", "budget"], values="score")


def _rows(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return how much better than the constant both models of a run are."""
    failed = "error" in record
    constant = float("nan") if failed else record["constant"]
    sign = 1.0 if failed or record["greater_is_better"] else -1.0
    found = []
    for suffix, name in (("", "score"), (SINGLE, "single")):
        gain = float("nan") if failed else sign * (record[name] - constant)
        found.append(
            {
                "table": record["table"],
                "seed": record["seed"],
                "contestant": record["strategy"] + suffix,
                "budget": float(record["budget"]),
                "gain": gain,
                "undefined": not failed and not np.isfinite(gain),
            }
        )
    return found


def compare(scores: pd.DataFrame, first: Contender, second: Contender) -> Duel | None:
    """Compare two (contestant, budget) on the tables that both have; None if there are none."""
    if first not in scores or second not in scores:
        return None
    both = scores[[first, second]].dropna()
    return duel(both[first].to_numpy(), both[second].to_numpy()) if len(both) else None


def columns_of(scores: pd.DataFrame) -> list[Contender]:
    """Return the columns of normalised scores."""
    return [(str(key[0]), float(key[1])) for key in scores.columns.to_list()]


def standings(scores: pd.DataFrame) -> str:
    """Write the table of means: contestants by budgets, on the tables that all have."""
    common = scores.dropna()
    budgets = sorted({budget for _, budget in columns_of(scores)})
    lines = [
        f"Mean normalised score on {len(common)} tables that all contestants have run "
        "(95 % interval of the bootstrap over tables):",
        "",
        "| | " + " | ".join(f"{budget:g} s" for budget in budgets) + " |",
        "|---|" + "---|" * len(budgets),
    ]
    for contestant in _in_order(scores):
        cells = [
            str(mean_with_interval(common[contestant, budget].to_numpy()))
            if (contestant, budget) in common
            else "-"
            for budget in budgets
        ]
        lines.append(f"| {title(contestant)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def duels(scores: pd.DataFrame, pairs: Sequence[tuple[Contender, Contender]]) -> str:
    """Write the table of duels."""
    lines = [
        "| | against | tables | wins | ties | losses | wins of all | sign test p | difference |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for first, second in pairs:
        found = compare(scores, first, second)
        if found is None:
            continue
        n_tables = found.wins + found.ties + found.losses
        names = (f"{title(name)}, {budget:g} s" for name, budget in (first, second))
        lines.append(
            f"| {' | '.join(names)} | {n_tables} | {found.wins} | {found.ties} | {found.losses} "
            f"| {found.win_share:.0%} | {found.p_value:.3f} | {found.difference} |"
        )
    return "\n".join(lines)


def usual_pairs(
    scores: pd.DataFrame,
) -> list[tuple[Contender, Contender]]:
    """Return the duels worth telling of.

    Metatune against every other at the same budget; each strategy's saved model against the best
    single pipeline of the same run; metatune at each budget against random search at the longest.
    """
    budgets = sorted({budget for _, budget in columns_of(scores)})
    names = [name for name in _in_order(scores) if not name.endswith(SINGLE)]
    pairs = [(("metatune", b), (n, b)) for n in names if n != "metatune" for b in budgets]
    pairs += [((n, b), (n + SINGLE, b)) for n in names for b in budgets]
    last = budgets[-1]
    pairs += [
        (("metatune", b), (other, last))
        for other in ("random", "random" + SINGLE)
        for b in budgets[:-1]
    ]
    return pairs


def _in_order(scores: pd.DataFrame) -> list[str]:
    present = {contestant for contestant, _ in columns_of(scores)}
    known = [name + suffix for name in TITLES for suffix in ("", SINGLE)]
    return [name for name in known if name in present] + sorted(present - set(known))
