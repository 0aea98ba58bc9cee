"""Forecasts against what happened, as tables and figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from scipy.stats import binomtest, norm

from benchmarks.recommenders.unseen import N_RANDOM, N_TRIALS, Unseen
from metatune.recommender.past import MAX_REGRET

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["forecast_tables", "plot_forecasts"]

mpl.use("Agg")

_REPEATS = 200
_SAME = 1e-9  # regrets nearer than this are a tie
_REACH = float(norm.ppf(0.9))  # standard deviations to the end of an 80 % interval


def forecast_tables(pool: str, found: Sequence[Unseen], algorithms: Sequence[str]) -> str:
    """Write Markdown tables: first recommendations, trials needed, intervals, run times."""
    regret = np.array([np.where(np.isfinite(u.regret), u.regret, MAX_REGRET) for u in found])
    return "\n".join(
        [
            f"## Forecasts for {len(found)} unseen datasets, pool of {pool}",
            "",
            *_first(found, regret, algorithms),
            "",
            *_needed(found, regret),
            "",
            *_intervals(found),
            "",
            *_times(found, algorithms),
            "",
        ]
    )


def _first(found: Sequence[Unseen], regret: "FloatArray", algorithms: Sequence[str]) -> list[str]:
    rows = np.arange(len(found))
    first = regret[rows, [u.tried[0] for u in found]]
    defaults = {"LightGBM default": "lightgbm", "RandomForest default": "random_forest"}
    others = {
        title: regret[:, algorithms.index(name)]
        for title, name in defaults.items()
        if name in algorithms
    }
    others["best single fixed configuration"] = regret[rows, [u.fixed for u in found]]
    lines = [
        f"First recommendation: mean regret {first.mean():.3f}.",
        "",
        "| against | its regret | better | worse | same | better, of those that differ | "
        "sign test p |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, other in others.items():
        wins, losses = int((first < other - _SAME).sum()), int((first > other + _SAME).sum())
        share = wins / max(1, wins + losses)
        p = binomtest(wins, max(1, wins + losses), alternative="greater").pvalue
        lines.append(
            f"| {name} | {other.mean():.3f} | {wins} | {losses} | {len(first) - wins - losses} "
            f"| {share:.0%} | {p:.4f} |"
        )
    return lines


def _needed(found: Sequence[Unseen], regret: "FloatArray") -> list[str]:
    ours = np.array(
        [np.minimum.accumulate(row[_padded(u.tried)]) for row, u in zip(regret, found, strict=True)]
    )
    rng = np.random.default_rng(0)
    drawn = np.array(
        [
            [row[rng.permutation(len(row))[:N_RANDOM]].min() for _ in range(_REPEATS)]
            for row in regret
        ]
    ).mean(axis=1)
    reached = float(np.mean(ours[:, 4] <= drawn + _SAME))
    return [
        "| trials | " + " | ".join(str(n) for n in range(1, N_TRIALS + 1)) + " |",
        "|---|" + "---|" * N_TRIALS,
        "| mean regret | " + " | ".join(f"{value:.3f}" for value in ours.mean(axis=0)) + " |",
        "",
        f"Random search over the pool: mean regret {drawn.mean():.3f} after {N_RANDOM} trials; "
        f"metatune is there after 5 on {reached:.0%} of the datasets.",
        "",
        *_held_out(found),
    ]


def _held_out(found: Sequence[Unseen]) -> list[str]:
    """Compare with random search where the folds that choose are not the one that judges."""
    ours = np.array([one.judged for one in found])
    drawn = np.array([one.judged_random for one in found])
    known = np.isfinite(ours).all(axis=1) & np.isfinite(drawn)
    if not known.any():
        return []
    ours, drawn = ours[known], drawn[known]
    needed = np.flatnonzero(ours.mean(axis=0) <= drawn.mean() + _SAME)
    there = f"after {needed[0] + 1}" if len(needed) else f"not within {N_TRIALS}"
    return [
        "Chosen on all folds but one, judged on that one (1: the median configuration there):",
        "",
        "| trials | " + " | ".join(str(n) for n in range(1, N_TRIALS + 1)) + " |",
        "|---|" + "---|" * N_TRIALS,
        "| mean regret | " + " | ".join(f"{value:.3f}" for value in ours.mean(axis=0)) + " |",
        "",
        f"Random search: {drawn.mean():.3f} after {N_RANDOM} trials, which metatune reaches "
        f"{there}; after 5 it is there on {_share(ours[:, 4] <= drawn + _SAME)} of the datasets.",
    ]


def _share(held: "NDArray[np.bool_]") -> str:
    return f"{np.mean(held):.0%}"


def _padded(tried: "NDArray[np.intp]") -> "NDArray[np.intp]":
    return np.asarray(np.pad(tried, (0, N_TRIALS - len(tried)), mode="edge"))


def _intervals(found: Sequence[Unseen]) -> list[str]:
    every = _finite([u.surprise for u in found])
    best = _finite([u.surprise[u.recommended] for u in found])
    return [
        "| 80 % intervals before the first trial | held |",
        "|---|---|",
        f"| all configurations | {np.mean(np.abs(every) <= 1):.1%} |",
        f"| the ten recommended first | {np.mean(np.abs(best) <= 1):.1%} |",
    ]


def _times(found: Sequence[Unseen], algorithms: Sequence[str]) -> list[str]:
    names = np.array(algorithms)
    lines = [
        f"| predicted seconds within a factor of 2 | before any trial | after {N_TRIALS} trials |",
        "|---|---|---|",
    ]
    for name in ("all", *sorted(set(algorithms))):
        of = np.ones(len(names), dtype=bool) if name == "all" else names == name
        before = _finite([u.log_ratio[of] for u in found])
        after = _finite([u.log_ratio_later[of] for u in found])
        lines.append(f"| {name} | {_within(before)} | {_within(after)} |")
    return lines


def _within(log_ratio: "FloatArray") -> str:
    return f"{np.mean(np.abs(log_ratio) <= np.log(2)):.1%}" if len(log_ratio) else "-"


def _finite(parts: "Sequence[FloatArray]") -> "FloatArray":
    values = np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])
    return np.asarray(values[np.isfinite(values)])


def plot_forecasts(path: Path, found: Sequence[Unseen], algorithms: Sequence[str]) -> Path:
    """Draw how often intervals of each width held, and how predicted times compare."""
    figure = Figure(figsize=(13, 5.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    promised = np.linspace(0.02, 0.98, 49)
    surprise = np.abs(_finite([u.surprise for u in found])) * _REACH
    held = [float(np.mean(surprise <= norm.ppf(0.5 + p / 2))) for p in promised]
    left.plot([0, 1], [0, 1], color="#999999", linestyle="--", label="perfect")
    left.plot(promised, held, color="#d62728", linewidth=2.5, label="metatune")
    left.set(xlabel="promised", ylabel="held", title="Intervals before the first trial")
    left.legend()
    names = np.array(algorithms)
    ratios = [_finite([u.log_ratio[names == n] for u in found]) for n in sorted(set(algorithms))]
    right.axvspan(0.5, 2.0, color="#e8e8e8", label="within a factor of 2")
    for position, ratio in enumerate(ratios):
        if len(ratio):
            low, q1, middle, q3, high = np.exp(np.quantile(ratio, [0.05, 0.25, 0.5, 0.75, 0.95]))
            right.plot([low, high], [position] * 2, color="#0072b2", linewidth=1)
            right.plot([q1, q3], [position] * 2, color="#0072b2", linewidth=7)
            right.plot(middle, position, "o", color="white", markersize=4)
    right.set_yticks(range(len(ratios)), sorted(set(algorithms)))
    right.set_ylim(-1.8, len(ratios) - 0.4)  # a row more at the bottom, for the legend
    right.set(xscale="log", xlabel="predicted / measured seconds (5, 25, 50, 75, 95 %)")
    right.set_title("Run times before any trial")
    right.legend(loc="lower right")
    figure.savefig(path, dpi=110)
    return path
