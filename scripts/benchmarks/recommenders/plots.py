"""Curves as figures: regret after k evaluations, regret over time."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from benchmarks.recommenders.curves import N_EVALUATIONS, TIME_GRID
from benchmarks.recommenders.matrix import Matrix
from benchmarks.recommenders.registry import COST, OURS, TITLES, is_ours
from benchmarks.recommenders.results import Results
from benchmarks.recommenders.tables import common_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["plot_matrix"]

mpl.use("Agg")

_COLOURS = {  # Okabe and Ito: told apart by colour-blind readers too
    "random": "#999999",
    "average-rank": "#bbbbbb",
    "average-regret": "#555555",
    "greedy": "#56b4e9",
    "nearest": "#0072b2",
    "forest": "#009e73",
    "oboe": "#cc79a7",
    "regressor": "#e69f00",
    "ranker": "#b8860b",
}
_OURS = "#d62728"
_LOWEST = 1e-3  # of the logarithmic axis


def plot_matrix(directory: Path, matrix: Matrix, results: Mapping[str, Results]) -> Path:
    """Draw ``<matrix>.png`` with both curves of every strategy.

    Of the two forms of a strategy, the one over evaluations is shown on the left, the one per cost
    on the right. Metatune's own is drawn thick, its variants dotted.

    Returns
    -------
    Path
        Of the figure.
    """
    rows = common_rows(results)
    figure = Figure(figsize=(13, 5.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    counts = np.arange(1, N_EVALUATIONS + 1, dtype=np.float64)
    for name in _shown(results, over_time=False):
        _draw(left, counts, results[name].evaluations[rows].mean(axis=0), name)
    for name in _shown(results, over_time=True):
        _draw(right, TIME_GRID, results[name].times[rows].mean(axis=0), name)
    left.set(xlabel="evaluations", ylabel="mean regret (1: median configuration)")
    right.set(xlabel="time, in run times of the dataset's median configuration")
    _ticks(left, [2.0**power for power in range(7)])
    _ticks(right, [0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
    figure.suptitle(f"{matrix.name}: {int(rows.sum())} unseen datasets")
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{matrix.name}.png"
    figure.savefig(path, dpi=130)
    return path


def _shown(results: Mapping[str, Results], over_time: bool) -> list[str]:
    def wanted(name: str) -> bool:
        if over_time:
            return name.endswith(COST) or f"{name}{COST}" not in results
        return not name.endswith(COST) or name.removesuffix(COST) not in results

    return sorted(filter(wanted, results), key=is_ours)


def _draw(axes: "Axes", at: "FloatArray", regret: "FloatArray", name: str) -> None:
    ours = is_ours(name)
    colour = _OURS if ours else _COLOURS.get(name.removesuffix(COST))
    axes.plot(
        at,
        np.maximum(regret, _LOWEST),
        color=colour,
        linewidth=3.0 if ours else 1.5,
        linestyle=_line_style(name),
        label=TITLES.get(name, name),
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize=8, loc="lower left")


def _line_style(name: str) -> str:
    if name.startswith(OURS):
        return "-" if is_ours(name) else ":"
    return "--" if name.startswith(("random", "average")) else "-"


def _ticks(axes: "Axes", at: list[float]) -> None:
    axes.set_xticks(at, [f"{tick:g}" for tick in at])
    axes.set_xticks([], minor=True)
    axes.yaxis.set_major_formatter("{x:g}")
