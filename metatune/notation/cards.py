"""Cards: values as a short text for a console, and as HTML for a notebook.

Names and cells come from tables of any origin. No character of them steers a terminal, and none is
markup.
"""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from metatune.files.text import visible

__all__ = ["MOST_LINES", "Card", "Grid", "without_empty_columns"]

MOST_LINES = 40
"""Lines of a card's text."""

_WIDTH = 100
_CELL = 48  # characters of a cell in a text; names of 300 would leave no room for the others
_HTML_CELL = 200
_GAP = "  "
_TABLE = "border-collapse:collapse;margin:.4em 0"
_LEFT = "text-align:left;vertical-align:top;padding:.1em .8em .1em 0"
_RIGHT = "text-align:right;vertical-align:top;padding:.1em .8em .1em 0"
_SHORT = 24  # characters up to which a cell stays in one line


def without_empty_columns(
    headings: Sequence[str], rows: Iterable[Sequence[str]]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Leave out the columns in which every cell is empty; none of a table without rows.

    Parameters
    ----------
    headings : sequence of str
        One for each column.
    rows : iterable of sequence of str
        The cells.

    Returns
    -------
    tuple of str, list of tuple of str
        Headings and rows of the others.
    """
    cells = [tuple(row) for row in rows]
    kept = [place for place in range(len(headings)) if any(row[place] for row in cells)]
    if not cells:
        kept = list(range(len(headings)))
    return (
        tuple(headings[place] for place in kept),
        [tuple(row[place] for place in kept) for row in cells],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Table of a card.

    Attributes
    ----------
    headings : tuple of str
        One for each column.
    rows : tuple of tuple of str
        Cells.
    right : tuple of str
        Headings of the columns that hold numbers.
    more : str
        A last line: what was left out, and where it is; empty if nothing was.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[str, ...] = ()
    more: str = ""

    @classmethod
    def of(
        cls,
        headings: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        right: Sequence[str] = (),
        most: int,
        rest: str,
    ) -> "Grid":
        """Make a grid of the first rows, which says how many it leaves out.

        A column without a cell in any row is left out.

        Parameters
        ----------
        headings, right : sequence of str
            See the attributes.
        rows : iterable of sequence of str
            All of them.
        most : int
            How many are shown.
        rest : str
            Where the others are.
        """
        shown, cells = without_empty_columns(headings, rows)
        n_more = len(cells) - most
        return cls(
            headings=shown,
            rows=tuple(cells[:most]),
            right=tuple(right),
            more=f"... {n_more:,} more: {rest}" if n_more > 0 else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Value for people: a title, facts with a label each, and tables.

    Attributes
    ----------
    title : str
        First line.
    facts : tuple of (str, str)
        Labels and texts; an empty label goes on with the fact before.
    grids : tuple of Grid
        Tables below the facts.
    """

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    grids: tuple[Grid, ...] = ()

    def text(self) -> str:
        """Return at most 40 lines of 100 characters."""
        width = max((len(label) for label, _ in self.facts), default=0)
        lines = [visible(line) for line in self.title.splitlines()]
        lines += [
            f"{_GAP}{visible(label):{width}}{_GAP}{visible(said)}" for label, said in self.facts
        ]
        for grid in self.grids:
            lines += ["", *_grid_lines(grid)]
        lines = [_clipped(line, _WIDTH) for line in lines]
        if len(lines) > MOST_LINES:
            lines = [*lines[: MOST_LINES - 1], "..."]
        return "\n".join(lines)

    def html(self) -> str:
        """Return a fragment of HTML; everything in it is escaped."""
        facts = "".join(
            f'<tr><th scope="row" style="{_LEFT};{_wrapping(label)}">{_escaped(label)}</th>'
            f'<td dir="auto" style="{_LEFT};{_wrapping(said)}">{_escaped(said)}</td></tr>'
            for label, said in self.facts
        )
        parts = [f"<b>{_escaped(self.title)}</b>"]
        if facts:
            parts.append(f'<table style="{_TABLE}"><tbody>{facts}</tbody></table>')
        parts += [_grid_html(grid) for grid in self.grids]
        return f'<div style="max-width:72em">{"".join(parts)}</div>'


def _grid_lines(grid: Grid) -> list[str]:
    rows = [tuple(_clipped(visible(cell), _CELL) for cell in row) for row in grid.rows]
    widths = [max(map(len, column)) for column in zip(grid.headings, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        placed = [
            f"{cell:>{width}}" if heading in grid.right else f"{cell:{width}}"
            for cell, width, heading in zip(cells, widths, grid.headings, strict=True)
        ]
        return (_GAP + _GAP.join(placed)).rstrip()

    return [line(grid.headings), *map(line, rows), *([_GAP + grid.more] if grid.more else [])]


def _grid_html(grid: Grid) -> str:
    styles = [_RIGHT if heading in grid.right else _LEFT for heading in grid.headings]

    def line(cells: Sequence[str], tag: str) -> str:
        placed = "".join(
            f'<{tag} dir="auto" style="{style};{_wrapping(cell)}">{_escaped(cell)}</{tag}>'
            for cell, style in zip(cells, styles, strict=True)
        )
        return f"<tr>{placed}</tr>"

    body = "".join(line(row, "td") for row in grid.rows)
    more = f"<div>{_escaped(grid.more)}</div>" if grid.more else ""
    head = line(grid.headings, "th")
    return f'<table style="{_TABLE}"><thead>{head}</thead><tbody>{body}</tbody></table>{more}'


def _wrapping(text: str) -> str:
    return "white-space:nowrap" if len(text) <= _SHORT else "overflow-wrap:anywhere"


def _escaped(text: str) -> str:
    return html.escape(_clipped(visible(text), _HTML_CELL))


def _clipped(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."
