"""Console of the commands: news on standard error, results on standard output.

Everything that is said while a run goes on goes through one console, which knows of the live
display below the news. Whatever a table or a run may hold, no character of it steers the terminal.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from metatune.files.plain import without_nan
from metatune.files.text import json_text, visible
from metatune.notation.cards import without_empty_columns

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType

__all__ = ["Voice", "can_redraw", "show", "show_command", "show_json", "table"]

_WIDTH = 80  # where there is no terminal to ask
_INDENT = 2  # of the lines that go on with one that is too long
_LEAST_WIDTH = 30  # below, words are left to the terminal
_DUMB = ("", "dumb", "unknown")
_GAP = 2  # blanks between the columns of a table
_LEAST_COLUMN = 14  # width of a column that wraps
_KEPT = "\ue000"  # stands for a space at which no line ends


class Voice:
    """Says on standard error what the user should know.

    On a terminal lines end between words, at its width; elsewhere each thing said is one line.

    Parameters
    ----------
    quiet : bool
        Say nothing but warnings.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self._console: Console | None = None

    def say(self, text: str) -> None:
        """Say a line."""
        if not self.quiet:
            self._write(visible(text))

    def warn(self, text: str) -> None:
        """Say a line that matters too much to be left out on demand."""
        self._write(visible(f"warning: {text}"))

    def notes(self, notes: Iterable[str]) -> None:
        """Say notes, each in a line of its own."""
        for note in notes:
            self.say(f"  - {note}")

    def command(self, text: str) -> None:
        """Say a line that ends with a command: it stays in one piece, so that it can be copied."""
        if self.quiet:
            return
        if self._console is None:
            click.echo(visible(text), err=True)
        else:
            self._console.print(visible(text), soft_wrap=True)

    def live_console(self) -> "Console":
        """Return the console for a live display; from now on everything is said above it."""
        from rich.console import Console

        if self._console is None:
            self._console = Console(
                file=sys.stderr, force_terminal=True, highlight=False, markup=False, emoji=False
            )
        return self._console

    def _write(self, text: str) -> None:
        for line in _wrapped(text):
            if self._console is None:
                click.echo(line, err=True)
            else:
                self._console.print(line, soft_wrap=True)


def can_redraw() -> bool:
    """Return True if standard error is a terminal on which a display can be drawn anew."""
    return sys.stderr.isatty() and os.environ.get("TERM", "") not in _DUMB


def _wrapped(text: str) -> list[str]:
    """Break a line between words where a terminal would break it anywhere."""
    width = _terminal_width()
    if width is None or width < _LEAST_WIDTH or len(text) < width // 2:
        return [text]
    from rich.cells import cell_len
    from rich.console import Console
    from rich.text import Text

    if cell_len(text) < width:
        return [text]
    indent = len(text) - len(text.lstrip()) + _INDENT
    console = Console(width=width, file=sys.stderr)
    text = _kept(text)
    first, *rest = Text(text).wrap(console, width - 1)
    lines = [first.plain.rstrip()]
    if rest:
        after = text[len(first.plain.rstrip()) :].strip()
        lines += [
            " " * indent + line.plain.rstrip()
            for line in Text(after).wrap(console, width - 1 - indent)
        ]
    return [line.replace(_KEPT, " ") for line in lines]


def _kept(text: str) -> str:
    """Return a text that no line ends in between a number and its per cent sign."""
    return text.replace(" %", f"{_KEPT}%")


def _terminal_width() -> int | None:
    """Return the columns of the terminal that standard error is; None if it is none."""
    if not sys.stderr.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _WIDTH
    except (OSError, ValueError):
        return _WIDTH


def show(*renderables: "RenderableType") -> None:
    """Write a result to standard output: as wide as the terminal, plain where there is none."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _WIDTH
    console = Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)
    for renderable in renderables:
        with console.capture() as captured:
            if isinstance(renderable, str):
                text = _kept(visible(renderable, lines=True))
                console.print(text, soft_wrap=not sys.stdout.isatty())
            else:
                console.print(renderable)
        sys.stdout.write(captured.get().replace(_KEPT, " "))


def show_command(text: str) -> None:
    """Write a line that ends with a command: it stays in one piece, so that it can be copied."""
    click.echo(visible(text))


def show_json(value: Mapping[str, Any]) -> None:
    """Write one JSON object to standard output."""
    click.echo(json_text(without_nan(value), indent=2, default=str))


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()
) -> "RenderableType":
    """Lay out a table; a column without a cell in any row is left out.

    Parameters
    ----------
    headings : sequence of str
        One for each column; all empty for a table without headings.
    rows : iterable of sequence of str
        The cells.
    right : sequence of str
        Headings of the columns whose cells are numbers.
    """
    return _Grid(*without_empty_columns(headings, rows), right=right)


class _Grid:
    """Table that is laid out for the width it gets: names stay whole where sentences can wrap."""

    def __init__(
        self, headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]
    ) -> None:
        self._headings = [visible(heading) for heading in headings]
        self._rows = [[_kept(visible(cell)) for cell in row] for row in rows]
        self._right = [heading in right for heading in headings]

    def __rich_console__(
        self, console: "Console", options: "ConsoleOptions"
    ) -> "Iterator[RenderableType]":
        """Yield the table of rich."""
        from rich.table import Table

        grid = Table(box=None, show_header=any(self._headings), pad_edge=False, header_style="bold")
        widths = self._widths(options.max_width)
        for heading, right, width in zip(self._headings, self._right, widths, strict=True):
            justify: JustifyMethod = "right" if right else "left"
            grid.add_column(heading, justify=justify, no_wrap=right, overflow="fold", width=width)
        for row in self._rows:
            grid.add_row(*row)
        yield grid

    def _widths(self, width: int) -> list[int | None]:
        """Return the width of each column such that no word is broken; None where that is too much.

        What is left when every column has its longest word goes to those that wrap, the ones that
        need the least of it first.
        """
        from rich.cells import cell_len

        columns = list(zip(self._headings, *self._rows, strict=True))
        widest = [max(map(cell_len, cells)) for cells in columns]
        least = [
            whole
            if right
            else max(*(cell_len(w) for c in cells for w in c.split(" ")), _LEAST_COLUMN)
            for whole, right, cells in zip(widest, self._right, columns, strict=True)
        ]
        widths = list(map(min, widest, least))
        left = width - sum(widths) - _GAP * (len(columns) - 1)
        if left < 0:
            return [None] * len(columns)
        growing = sorted(range(len(columns)), key=lambda i: widest[i] - widths[i])
        for n_after, i in zip(reversed(range(len(columns))), growing, strict=True):
            more = min(widest[i] - widths[i], left // (n_after + 1))
            widths[i] += more
            left -= more
        return list(widths)
