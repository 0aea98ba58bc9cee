"""`metatune importance`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from metatune.cli import options
from metatune.cli.console import show, show_json, table
from metatune.data.wording import counted
from metatune.notation.numbers import percent

if TYPE_CHECKING:
    from metatune.reporting.hyperparameter_importance import Importance, SpaceImportance

__all__ = ["importance"]

_HEADINGS = ("hyperparameter", "share", "80 % of trees", "past tables", "80 % of tables")
_NUMBERS = _HEADINGS[1:]


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--top",
    type=click.IntRange(1),
    default=6,
    show_default=True,
    metavar="N",
    help="Tell of so many hyperparameters of each family, and half as many interactions.",
)
@options.metadata()
@options.as_json()
def importance(directory: Path, top: int, metadata: Path | None, as_json: bool) -> None:
    """Say which hyperparameters of the run in DIR mattered, alone and in pairs.

    The share is that of the differences between scores which a hyperparameter explains over its
    whole range, by functional analysis of variance; an interaction is what two explain together
    beyond that. Beside it stands the same over past tables of the same kind of task. Families with
    fewer than 12 configurations are not judged.
    """
    from metatune.reporting.run_importance import importance as importance_of_run

    found = importance_of_run(directory, metadata=metadata)
    if as_json:
        show_json(found.to_dict())
        return
    if not found.spaces:
        show("No configuration has a score yet.")
        return
    told = [space for space in found.spaces if not space.note]
    for space in told:
        _show(space, top)
    for space in found.spaces:
        if space.note:
            show(f"{space.family}: {space.note}")
    if told:
        past = "" if found.past_metric == found.metric else f"; past tables by {found.past_metric}"
        show("", f"share of the differences in {found.metric} that is explained{past}")


def _show(space: "SpaceImportance", top: int) -> None:
    configurations = counted(space.n_configurations, "configuration")
    past = f", {counted(space.n_past, 'past table')}" if space.n_past else ""
    show(f"{space.family}: {configurations}{past}")
    rows = [_cells(one) for one in space.hyperparameters[:top]]
    rows += [_cells(one) for one in space.interactions[: (top + 1) // 2]]
    show(table(_HEADINGS, rows, right=_NUMBERS))
    if space.n_scheduled:
        show(space.about_schedules)
    if space.explained is not None and space.explained <= 0.0:
        show("these are chance: the trials say nothing about configurations that were not tried")
    if space.not_varied and len(space.not_varied) <= 2 * top:
        show(f"the same in all trials: {', '.join(space.not_varied)}")
    show("")


def _cells(one: "Importance") -> tuple[str, ...]:
    past, interval = "", ""
    if one.past is not None and one.past_low is not None and one.past_high is not None:
        past, interval = percent(one.past), _interval(one.past_low, one.past_high)
    return one.name, percent(one.share), _interval(one.low, one.high), past, interval


def _interval(low: float, high: float) -> str:
    return f"{percent(low)} .. {percent(high)}"
