"""A part of the report: a heading, what it means, a table."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Section", "most_first", "percent"]

Cell = str | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table with a heading.

    Attributes
    ----------
    title : str
        Heading.
    note : str
        What the table shows, for readers who did not make it.
    header : tuple of str
        Names of the columns.
    rows : sequence of tuples
        Cells: numbers are formatted, texts stay.
    """

    title: str
    note: str = ""
    header: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]

    def markdown(self, level: int = 2) -> str:
        """Render as Markdown under a heading of a level; a table without rows says so."""
        parts = [f"{'#' * level} {self.title}"]
        if self.note:
            parts.append(self.note)
        if self.rows:
            numeric = [not isinstance(cell, str) for cell in self.rows[0]]
            line = ("--:" if right else "---" for right in numeric)
            lines = [_line(self.header), _line(line), *(_line(map(_text, r)) for r in self.rows)]
            parts.append("\n".join(lines))
        else:
            parts.append("None.")
        return "\n\n".join(parts)


def most_first(rows: list[tuple[Any, ...]], column: int) -> list[tuple[Any, ...]]:
    """Sort rows by a column of numbers, the largest first."""
    return sorted(rows, key=lambda row: -row[column])


def percent(share: float) -> str:
    """Write a share as a percentage."""
    return f"{100 * share:.0f} %" if math.isfinite(share) else "-"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell.replace("|", "\\|")
    if isinstance(cell, float):
        return "-" if math.isnan(cell) else f"{cell:.3g}" if abs(cell) < 100 else f"{cell:,.0f}"
    return f"{cell:,}"
