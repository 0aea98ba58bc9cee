"""`metatune describe`."""

from itertools import groupby
from typing import TYPE_CHECKING

import click

from metatune.cli import options
from metatune.cli.console import Voice, show, show_json, table
from metatune.notation.numbers import quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metatune.api import Description
    from metatune.data.columns.column import Column

__all__ = ["describe"]

_MOST_LINES = 200  # of columns; beyond it, neighbours that are alike share a line


@click.command()
@options.data_argument()
@options.target()
@options.task_kind()
@click.option("--metric", metavar="NAME", help="What counts; see metatune fit --help.")
@options.positive()
@options.roles()
@options.reading()
@options.openml_server()
@options.as_json()
@options.quiet()
def describe(  # one parameter for each option
    data: str,
    target: str | None,
    task: str | None,
    metric: str | None,
    positive: str | None,
    openml_server: str | None,
    as_json: bool,
    quiet: bool,
    **given: str | None,
) -> None:
    """Say how DATA is understood: its columns, target, task and meta-features."""
    from metatune.api import describe_for
    from metatune.cli.data import open_data
    from metatune.cli.wording import announce_source
    from metatune.data.task.make_task import make_task

    voice = Voice(quiet=quiet)
    reading = options.reading_of(given)
    named = options.role_columns(**given)
    opened = open_data(
        data,
        target=target,
        server=openml_server,
        reading=reading,
        keep=named.given.values(),
    )
    read = opened.table
    announce_source(read, reading, voice)
    understood = describe_for(
        make_task(
            read,
            target=opened.target,
            task=task or opened.task,
            metric=metric or opened.metric,
            positive=positive,
            roles=named,
        )
    )
    voice.notes(understood.notes)
    for risk in understood.warnings:
        voice.warn(risk.text)
    if as_json:
        show_json({"source": read.source.summary(), **understood.to_dict()})
    else:
        _show(understood)


def _show(understood: "Description") -> None:
    from metatune.metafeatures import FEATURES, GROUP_NAMES

    facts = [
        ("target", understood.target),
        ("task", understood.task),
        ("metric", understood.metric),
        *([] if understood.positive is None else [("positive class", understood.positive)]),
        ("rows", f"{understood.n_rows:,}" + _dropped(understood.n_dropped)),
    ]
    if understood.classes is not None:
        counts = ", ".join(f"{name} {count:,}" for name, count in understood.classes.items())
        facts.append(("classes", counts if len(counts) < 400 else f"{len(understood.classes)}"))
    show(table(("", ""), facts), "")
    headings = ("column", "kind", "missing", "unique", "note")
    show(table(headings, _column_cells(understood.columns), right=("missing", "unique")))
    values = understood.meta_features.values
    for group in GROUP_NAMES:
        rows = [
            (name, quantity(values[name]), FEATURES[name].definition)
            for name in values
            if FEATURES[name].group == group
        ]
        show("", table((f"{group} meta-features", "value", ""), rows, right=("value",)))
    if understood.meta_features.skipped:
        show("", f"left out for lack of time: {', '.join(understood.meta_features.skipped)}")


def _column_cells(columns: "Sequence[Column]") -> list[tuple[str, ...]]:
    """Return the cells of a line for each column; in a wide table, for each run of alike ones."""
    if len(columns) <= _MOST_LINES:
        runs = [[column] for column in columns]
    else:
        runs = [list(run) for _, run in groupby(columns, key=lambda c: (c.kind, c.note))]
    return [_run_cells(run) for run in runs]


def _run_cells(run: "Sequence[Column]") -> tuple[str, ...]:
    first, last = run[0], run[-1]
    name = first.name
    if len(run) > 1:
        name = f"{first.name} to {last.name} ({len(run):,} columns)"
    missing = _range([column.n_missing for column in run])
    return name, str(first.kind), missing, _range([column.n_unique for column in run]), first.note


def _range(values: "Sequence[int]") -> str:
    least, most = min(values), max(values)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _dropped(n_dropped: int) -> str:
    return f", {n_dropped:,} without target dropped" if n_dropped else ""
