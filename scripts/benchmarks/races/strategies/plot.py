"""Picture of the study of tuning methods: score over time, a panel for each method."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.races.documents import save_picture
from benchmarks.races.progress import progress
from benchmarks.races.statistics import mean_with_interval
from benchmarks.races.strategies.tables import OWN, methods_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["plot_strategies"]

_COLUMNS = 6
_N_TIMES = 40
_OWN, _WARM, _COLD = "#d62728", "#ff7f0e", "#1f77b4"


def plot_strategies(path: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    """Draw the incumbents' cross-validated scores over time, with intervals over tables.

    Each method has a panel with its warm and its cold variant, and the default for comparison. The
    budget with the most runs is drawn, the longest one of several. The name's ending says whether
    it becomes a PNG or an SVG file.
    """
    counts = Counter(float(record["budget"]) for record in records)
    budget = max(counts, key=lambda seconds: (counts[seconds], seconds))
    grid = np.geomspace(1.0, budget, _N_TIMES)
    curves = progress((record for record in records if record["budget"] == budget), grid)
    methods = [method for method in methods_of(curves) if method.name != OWN]
    n_rows = -(-len(methods) // _COLUMNS)
    figure = Figure(figsize=(2.6 * _COLUMNS, 2.4 * n_rows), layout="constrained")
    rows = figure.subplots(n_rows, _COLUMNS, squeeze=False, sharex=True, sharey=True)
    panels = list(rows.flat)
    for axes in panels[len(methods) :]:
        axes.set_axis_off()
    for axes, method in zip(panels, methods, strict=False):
        _draw(axes, grid, curves.get(OWN), OWN, _OWN)
        _draw(axes, grid, curves.get(method.cold or ""), "cold", _COLD)
        _draw(axes, grid, curves.get(method.warm), "warm", _WARM)
        axes.set_title(method.name, fontsize=10)
        axes.set_xscale("log")
        ticks = [tick for tick in (1, 3, 10, 30, 120) if tick <= budget]
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.grid(visible=True, alpha=0.3)
    # the first method may have no cold variant
    legend = max((axes.get_legend_handles_labels() for axes in panels), key=lambda h: len(h[0]))
    figure.legend(*legend, loc="outside lower right", ncols=len(legend[0]), fontsize=9)
    n_tables = len(next(iter(curves.values()))) if curves else 0
    figure.suptitle(
        f"Normalised cross-validated score of the incumbent over {budget:g} s, {n_tables} "
        "tables (mean, 95 % interval)",
        fontsize=11,
    )
    figure.supxlabel("seconds since the start of the run", fontsize=10)
    save_picture(figure, path, "strategies")
    return path


def _draw(
    axes: "Axes", grid: "FloatArray", found: "FloatArray | None", label: str, colour: str
) -> None:
    """Draw the mean of curves of shape (n_tables, n_times), with its interval."""
    if found is None:
        return
    means = [mean_with_interval(scores) for scores in found.T]
    axes.plot(grid, [m.mean for m in means], color=colour, linewidth=1.4, label=label)
    low, high = [m.low for m in means], [m.high for m in means]
    axes.fill_between(grid, low, high, color=colour, alpha=0.15, linewidth=0)
