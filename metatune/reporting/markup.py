"""Pieces of a page, in which every text from the data is escaped."""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from metatune.files.text import visible

__all__ = [
    "Section",
    "cards",
    "cell",
    "lines",
    "name",
    "paragraph",
    "section",
    "table",
    "text",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Section of a page.

    Attributes
    ----------
    key : str
        Its anchor.
    title : str
        Its heading.
    whole : str
        All of it.
    """

    key: str
    title: str
    whole: str


_LONGEST = 60  # characters of a name that are shown; all of them appear where the pointer rests
_LONGEST_TITLE = 600
_BLANKS = re.compile("[ \\t\\r\\n\\f\\v]+")  # others are there on purpose


def text(value: object) -> str:
    """Escape a text: markup, quotes, controls, and marks that turn the direction of writing."""
    return html.escape(visible(_in_one_line(str(value))), quote=True)


def name(value: object, longest: int = _LONGEST) -> str:
    """Return a name from the data: kept apart from the direction of the text around it, and cut."""
    whole = visible(_in_one_line(str(value))) or "(empty)"
    if len(whole) <= longest:
        return f"<bdi>{html.escape(whole)}</bdi>"
    title = html.escape(whole[:_LONGEST_TITLE], quote=True)
    return f'<bdi title="{title}">{html.escape(whole[: longest - 1])}…</bdi>'


def paragraph(*sentences: str, small: bool = False) -> str:
    """Return a paragraph of sentences that are HTML already; empty if all of them are."""
    said = " ".join(filter(None, sentences))
    kind = ' class="note"' if small else ""
    return f"<p{kind}>{said}</p>" if said else ""


def cell(value: str, *, small: str = "") -> str:
    """Return the content of a cell with a smaller line below it; both are HTML already."""
    return f"{value}<small>{small}</small>" if small else value


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Iterable[int] = (),
    kind: str = "",
) -> str:
    """Return a table.

    Parameters
    ----------
    headings : sequence of str
        One for each column, as escaped text.
    rows : iterable of sequence of str
        Cells, as HTML.
    right : iterable of int
        Columns of numbers.
    kind : str
        Class of the table; what suits the headings by default.
    """
    numbers = set(right)

    def line(cells: Sequence[str], tag: str) -> str:
        row = ""
        for place, value in enumerate(cells):
            labelled = tag == "td" and place > 0 and headings[place]
            label = f' data-label="{headings[place]}"' if labelled else ""
            aligned = ' class="n"' if place in numbers else ""
            row += f"<{tag}{aligned}{label}>{value}</{tag}>"
        return f"<tr>{row}</tr>"

    body = "".join(line(row, "td") for row in rows)
    head = f"<thead>{line(headings, 'th')}</thead>" if any(headings) else ""
    # On a phone the cells of a row stand below each other.
    kind = kind or ("stack" if head else "facts")
    return f'<div class="scroll"><table class="{kind}">{head}<tbody>{body}</tbody></table></div>'


def cards(items: Iterable[tuple[str, str, str]]) -> str:
    """Return figures side by side: heading, value and explanation of each, as HTML."""
    inner = "".join(
        f'<div class="card"><h3>{heading}</h3><div class="value">{value}</div>'
        f"<small>{said}</small></div>"
        for heading, value, said in items
    )
    return f'<div class="cards">{inner}</div>'


def _in_one_line(value: str) -> str:
    return _BLANKS.sub(" ", value).strip()


def lines(value: str) -> str:
    """Escape a text whose line ends stay."""
    return html.escape(visible(value, lines=True), quote=True)


def section(key: str, title: str, *parts: str) -> Section | None:
    """Return a section; None if all of its parts are empty: what does not apply is absent."""
    inner = "".join(parts)
    if not inner:
        return None
    whole = f'<section id="{key}"><h2>{title}</h2>{inner}</section>'
    return Section(key=key, title=title, whole=whole)
