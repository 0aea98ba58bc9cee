"""Pictures of a race."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.races.progress import progress
from benchmarks.races.standings import SINGLE, TITLES, columns_of, title
from benchmarks.races.statistics import mean_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_race", "plot_tables"]

_COLOURS = {"metatune": "#d62728", "prior": "#ff9896", "portfolio": "#1f77b4", "random": "#7f7f7f"}
_N_TIMES = 80


def plot_race(path: Path, scores: "pd.DataFrame", records: Iterable[Mapping[str, Any]]) -> Path:
    """Draw held-out scores by budget, and the incumbents' cross-validated scores over time."""
    figure = Figure(figsize=(13, 5.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_budgets(left, scores)
    _draw_time(right, list(records))
    figure.suptitle(f"{len(scores.dropna())} tables whose families the meta-dataset does not hold")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    return path


def plot_tables(path: Path, scores: "pd.DataFrame", budget: float) -> Path:
    """Draw every table: metatune against each other contestant at one budget."""
    names = [n for n in TITLES if n != "metatune" and (n, budget) in scores]
    names.append("metatune" + SINGLE)
    figure = Figure(figsize=(4.2 * len(names), 4.6), layout="constrained")
    least = float(np.nanmin(scores[[(n, budget) for n in (*names, "metatune")]].to_numpy()))
    limits = (min(least - 0.03, 0.9), 1.03)
    for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
        axes.scatter(scores[name, budget], scores["metatune", budget], s=18, color="#d62728")
        axes.plot(limits, limits, color="black", linewidth=0.8)
        axes.set(xlabel=title(name), ylabel="metatune", title=f"{budget:g} s, one dot a table")
        axes.set(xlim=limits, ylim=limits)
        axes.grid(visible=True, alpha=0.3)
    figure.savefig(path, dpi=130)
    return path


def _draw_budgets(axes: "Axes", scores: "pd.DataFrame") -> None:
    common = scores.dropna()
    for name in dict.fromkeys(contestant for contestant, _ in columns_of(scores)):
        budgets = sorted(budget for contestant, budget in columns_of(scores) if contestant == name)
        means = [mean_with_interval(common[name, budget].to_numpy()) for budget in budgets]
        alone = name.endswith(SINGLE)
        axes.errorbar(
            [budget * (1.03 if alone else 1.0) for budget in budgets],
            [m.mean for m in means],
            yerr=[[m.mean - m.low for m in means], [m.high - m.mean for m in means]],
            color=_COLOURS.get(name.removesuffix(SINGLE)),
            linestyle="--" if alone else "-",
            linewidth=2.5 if name == "metatune" else 1.4,
            marker="o",
            markersize=4,
            capsize=2,
            elinewidth=0.7,
            label=title(name),
        )
        axes.set_xscale("log")
        axes.set_xticks(budgets, [f"{budget:g}" for budget in budgets])
        axes.set_xticks([], minor=True)
    axes.set(
        xlabel="budget in seconds, one job",
        ylabel="normalised score on held-out rows (1: best of all)",
    )
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")


def _draw_time(axes: "Axes", records: list[Mapping[str, Any]]) -> None:
    longest = max((record["budget"] for record in records), default=2.0)
    grid = np.geomspace(1.0, longest, _N_TIMES)
    for name, scores in progress(records, grid).items():
        axes.plot(
            grid, scores.mean(axis=0), color=_COLOURS.get(name), label=title(name), linewidth=1.8
        )
    axes.set_xscale("log")
    ticks = [tick for tick in (1, 2, 5, 10, 20, 60, 120) if tick <= longest]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set(
        xlabel=f"seconds since the start of runs of {longest:g} s",
        ylabel="normalised cross-validated score of the incumbent",
    )
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")
