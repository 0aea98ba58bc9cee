"""Section of a report about the hyperparameters that mattered in the search."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from metatune.algorithms.registry import FAMILIES
from metatune.data.wording import counted
from metatune.reporting import markup
from metatune.reporting.hyperparameter_importance import Importance
from metatune.reporting.hyperparameters import importance_in_history
from metatune.reporting.svg import INK, SERIES, SIZE, draw_svg, short_label
from metatune.reporting.view import RunView
from metatune.reporting.wording import share
from metatune.search.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["hyperparameter_section"]

_TOP = 8
_N_TREES = 16  # a report has to be ready within seconds


def hyperparameter_section(view: RunView) -> markup.Section | None:
    """Return the section; None where no family has enough configurations, or all is chance."""
    kind, history = view.record.task.task, view.history
    spaces = {name: family.space(kind) for name, family in FAMILIES.items() if kind in family.kinds}
    found = importance_in_history(
        history,
        spaces,
        constant_loss=_constant_loss(view, history),
        n_trees=_N_TREES,
        n_paired=0,
        seed=view.record.seed,
    )
    told = [space for space in found if not space.note and not _is_chance(space.explained)]
    pictures = ""
    for place, space in enumerate(told):
        figures = space.hyperparameters[:_TOP]
        about = f"{markup.text(space.family)}, {counted(space.n_configurations, 'configuration')}"
        plot = _importance_plot(figures, place)
        schedules = markup.paragraph(space.about_schedules) if space.n_scheduled else ""
        pictures += f"<div><h3>{about}</h3>{plot}{schedules}</div>"
    if not pictures:
        return None
    said = (
        "The share of the differences between scores that each hyperparameter explains alone, over "
        "its whole range; the lines hold four of five trees of the forest that says so. "
        f"Interactions, and what past tables say: metatune importance {markup.name(view.directory)}"
    )
    return markup.section(
        "mattered",
        "Which hyperparameters mattered",
        markup.paragraph(said),
        f'<div class="plots">{pictures}</div>',
    )


def _constant_loss(view: RunView, history: History) -> float:
    outcome = view.record.outcome
    constant = None if outcome is None else outcome.constant_score
    return math.inf if constant is None else history.loss_of(constant)


def _is_chance(explained: float | None) -> bool:
    return explained is not None and explained <= 0.0


def _importance_plot(figures: Sequence[Importance], place: int) -> str:
    """Draw shares as bars with their intervals, the largest above."""
    ordered = list(reversed(figures))
    rows = list(range(len(ordered)))

    def draw(axes: "Axes") -> None:
        axes.barh(rows, [one.share for one in ordered], color=SERIES[0], height=0.6)
        axes.hlines(
            rows,
            [one.low for one in ordered],
            [one.high for one in ordered],
            color=INK,
            linewidth=1,
        )
        axes.set_yticks(rows, [short_label(one.name) for one in ordered])
        axes.set_xlim(0.0, max(0.1, *(one.high for one in ordered)))
        axes.xaxis.set_major_formatter(lambda value, _: share(value))
        axes.set(xlabel="share of the differences explained")

    size = (SIZE[0], 0.9 + 0.28 * len(ordered))
    return draw_svg(f"mattered{place}", draw, "Importance of hyperparameters", size=size)
