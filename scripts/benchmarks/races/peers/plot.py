"""Picture of a race against peers: mean normalised score over budget."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from benchmarks.races.documents import save_picture
from benchmarks.races.peers.runs import PARTS
from benchmarks.races.peers.scores import Field

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_peers"]

_OWN = "#d62728"
_OTHERS = (
    "#1f77b4",
    "#2ca02c",
    "#ff7f0e",
    "#9467bd",
    "#8c564b",
    "#e377c2",
    "#17becf",
    "#bcbd22",
    "#7f7f7f",
    "#000000",
)
_MARKERS = "osD^vP*X<>"
_APART = 1.035  # neighbours at a budget, so that their intervals can be told apart


def plot_peers(path: Path, fields: Sequence[Field], of: str) -> Path:
    """Draw the mean normalised score of each system over the budget, clean and raw tables apart.

    The points of a budget are means over the tables of that budget, which may be others than those
    of the next one. The name's ending says whether it becomes a PNG or an SVG file.
    """
    parts = [part for part in PARTS if any(field.part == part for field in fields)]
    names = sorted({name for field in fields for name in field.systems}, key=lambda n: (n == of, n))
    figure = Figure(figsize=(6.5 * len(parts), 5.2), layout="constrained")
    axes = figure.subplots(1, len(parts), squeeze=False, sharey=True)[0]
    for one, part in zip(axes, parts, strict=True):
        _draw(one, [field for field in fields if field.part == part], names, of)
        one.set_title(f"{part} tables")
    axes[0].set_ylabel("mean normalised score on held-out rows (1: best of all)")
    axes[-1].legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), reverse=True)
    save_picture(figure, path, "peers")
    return path


def _draw(axes: "Axes", fields: list[Field], names: list[str], of: str) -> None:
    """Draw the systems of a part."""
    for place, name in enumerate(names):
        mine = [field for field in fields if name in field.systems]
        means = [field.mean_score(name) for field in mine]
        shift = _APART ** (place - (len(names) - 1) / 2)
        axes.errorbar(
            [field.budget * shift for field in mine],
            [m.mean for m in means],
            yerr=[[m.mean - m.low for m in means], [m.high - m.mean for m in means]],
            color=_OWN if name == of else _OTHERS[place % len(_OTHERS)],
            marker=_MARKERS[place % len(_MARKERS)],
            linewidth=2.5 if name == of else 1.3,
            markersize=5,
            capsize=2,
            elinewidth=0.8,
            label=name,
        )
    budgets = [field.budget for field in fields]
    axes.set_xscale("log")
    axes.set_xticks(budgets, [f"{f.budget:g} s\n{len(f.tables)} tables" for f in fields])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("budget, one core")
    axes.grid(visible=True, alpha=0.3)
