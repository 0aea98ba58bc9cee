"""Console of the commands: news on standard error, results on standard output.

Whatever a table or a run may hold, no character of it steers the terminal.
"""

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from metatune.files.plain import without_nan
from metatune.files.text import json_text, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Voice", "number", "seconds", "show", "show_json", "table"]

_WIDTH = 80  # where there is no terminal to ask


class Voice:
    """Says on standard error what the user should know.

    Parameters
    ----------
    quiet : bool
        Say nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    def say(self, text: str) -> None:
        """Say a line."""
        if not self._quiet:
            click.echo(visible(text), err=True)

    def warn(self, text: str) -> None:
        """Say a line that matters too much to be left out on demand."""
        click.echo(f"warning: {visible(text)}", err=True)

    def notes(self, notes: Iterable[str]) -> None:
        """Say notes, each in a line of its own."""
        for note in notes:
            self.say(f"  - {note}")


def show(*renderables: "RenderableType") -> None:
    """Write a result to standard output: as wide as the terminal, plain where there is none."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _WIDTH
    console = Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)
    for renderable in renderables:
        if isinstance(renderable, str):
            console.print(visible(renderable, lines=True), soft_wrap=True)
        else:
            console.print(renderable)


def show_json(value: Mapping[str, Any]) -> None:
    """Write one JSON object to standard output."""
    click.echo(json_text(without_nan(value), indent=2, default=str))


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()
) -> "RenderableType":
    """Lay out a table.

    Parameters
    ----------
    headings : sequence of str
        One for each column; all empty for a table without headings.
    rows : iterable of sequence of str
        The cells.
    right : sequence of str
        Headings of the columns whose cells are numbers.
    """
    from rich.table import Table

    grid = Table(box=None, show_header=any(headings), pad_edge=False, header_style="bold")
    for heading in headings:
        if heading in right:
            grid.add_column(visible(heading), justify="right", no_wrap=True)
        else:
            grid.add_column(visible(heading), overflow="fold")
    for row in rows:
        grid.add_row(*map(visible, row))
    return grid


def number(value: float | None) -> str:
    """Write a score: four or more significant digits, ``-`` where there is none."""
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.4f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:.5g}"


def seconds(value: float) -> str:
    """Write a duration for people."""
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
