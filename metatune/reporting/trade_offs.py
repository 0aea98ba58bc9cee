"""Section of a report about a run with several objectives: its front, drawn against each cost."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from metatune.data.wording import counted
from metatune.evaluation.trial import TrialResult
from metatune.reporting import markup
from metatune.reporting.svg import MUTED, SERIES, draw_svg
from metatune.reporting.view import RunView
from metatune.reporting.wording import number
from metatune.search.front import Front
from metatune.search.objectives import COSTS
from metatune.space import Configuration
from metatune.storage.front_record import front_record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["front_section"]


def front_section(view: RunView) -> markup.Section | None:
    """Return the section about the front; None for a run with the metric as its only objective."""
    front = view.history.front()
    if front is None or not front.points:
        return None
    outcome = view.record.outcome
    winner = None if outcome is None or outcome.winner is None else outcome.winner.configuration
    objectives = front.objectives
    names = ", ".join(map(markup.text, objectives.names))
    choice = front_record(front, winner).choice
    model = f"The model is {markup.text(choice)}." if choice else ""
    said = (
        f"{counted(len(front.points), 'configuration')} of {len(front.candidates)} are beaten by "
        f"no other one in all of {names}. {model} At the knee less cost begins to lose most."
    )
    pictures = "".join(
        f"<div>{_front_plot(front, place, winner)}</div>" for place in range(len(objectives.costs))
    )
    headings = ("", "configuration", objectives.metric, *objectives.costs)
    rows = [_row(point, front, winner) for point in front.points]
    numbers = range(2, 3 + len(objectives.costs))
    return markup.section(
        "front",
        "Score against cost",
        markup.paragraph(said),
        f'<div class="plots">{pictures}</div>',
        markup.table(tuple(map(markup.text, headings)), rows, right=numbers),
    )


def _row(point: TrialResult, front: Front, winner: Configuration | None) -> tuple[str, ...]:
    configuration = point.trial.configuration
    params = ", ".join(f"{name}={value}" for name, value in configuration.params.items())
    costs = front.objectives.costs
    return (
        "model" if configuration == winner else "",
        markup.cell(markup.text(configuration.algorithm), small=markup.text(params)),
        number(point.score),
        *(markup.text(COSTS[name].in_words(getattr(point, name))) for name in costs),
    )


def _front_plot(front: Front, place: int, winner: Configuration | None) -> str:
    """Draw the scores of all candidates against one cost."""
    name = front.objectives.costs[place]
    ordered = sorted(front.points, key=lambda point: float(getattr(point, name)))
    model = [point for point in front.points if point.trial.configuration == winner]

    def draw(axes: "Axes") -> None:
        for results, colour, size, label in (
            (front.candidates, MUTED, 3.0, "tried"),
            (ordered, SERIES[0], 5.0, "front"),
            (model, SERIES[1], 8.0, "the model"),
        ):
            if results:
                x = [float(getattr(result, name)) for result in results]
                y = [result.score for result in results]
                axes.plot(x, y, "o", color=colour, markersize=size, label=label)
        axes.set(xlabel=name, ylabel=front.objectives.metric, xscale="log")
        _cost_ticks(axes, name, [float(getattr(result, name)) for result in front.candidates])
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)

    return draw_svg(f"front{place}", draw, "Scores of configurations against what they cost")


def _cost_ticks(axes: "Axes", name: str, values: Sequence[float]) -> None:
    """Name the ends of the range and its middle, with their units."""
    from matplotlib.ticker import FixedLocator, NullLocator

    low, high = min(values), max(values)
    ticks = [low, math.sqrt(low * high), high] if high > 1.2 * low else [low]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: COSTS[name].in_words(value))
