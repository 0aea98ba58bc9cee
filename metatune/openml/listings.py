"""Listings read page by page from a server that does not keep an order."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

__all__ = ["Listing", "Pages", "read_listing"]

_MAX_PASSES = 5
_MAX_PAGE_ROWS = 10_000  # that a server gives at once

Row = TypeVar("Row")


class Pages(Protocol):
    """Source of answers: a `PageStore` or an `OpenMLClient`."""

    def get(self, path: str) -> str | None:
        """Return the XML of a path, None for an empty listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[Row]):
    """Rows of a listing.

    Attributes
    ----------
    rows : tuple
        Distinct rows.
    n_repeated : int
        Rows that were in the pages more than once.
    n_missing : int
        Rows that the server counts but never returned.
    capped : bool
        Whether there may be more rows than were asked for.
    """

    rows: tuple[Row, ...]
    n_repeated: int
    n_missing: int
    capped: bool = False


def read_listing(
    pages: Pages,
    path: str,
    parse: Callable[[str], list[Row]],
    key: Callable[[Row], Hashable],
    *,
    page_rows: int = 10_000,
    max_rows: int | None = None,
) -> Listing[Row]:
    """Read all pages of a listing.

    Offsets count rows in an order that the server does not promise to keep: two pages may show the
    same row, and then another one is in neither. One pass over the pages reads as many rows as
    there are; where fewer of them are distinct, further passes with larger pages look for the rest.

    Parameters
    ----------
    pages : Pages
        Source of the pages.
    path : str
        Path of the listing with its filters, without limit and offset.
    parse : callable
        Turns the XML of a page into rows.
    key : callable
        Returns the key that distinguishes rows.
    page_rows : int
        Rows of a page in the first pass; 10,000 at most.
    max_rows : int, optional
        Stop after so many rows.

    Returns
    -------
    Listing
    """
    found: dict[Hashable, Row] = {}
    total = n_read = 0
    for n_pass in range(_MAX_PASSES):
        # Never the same size twice: a kept answer would come again.
        size = min(page_rows << n_pass, _MAX_PAGE_ROWS - n_pass)
        if max_rows is not None:
            size = min(size, max_rows)
        n_rows, full = _one_pass(pages, path, parse, key, found, page_rows=size, max_rows=max_rows)
        total, n_read = max(total, n_rows), n_read + n_rows
        if full or len(found) >= total:
            break
    return Listing(
        rows=tuple(found.values())[:max_rows],
        n_repeated=n_read - len(found),
        n_missing=max(0, total - len(found)),
        capped=full,
    )


def _one_pass(
    pages: Pages,
    path: str,
    parse: Callable[[str], list[Row]],
    key: Callable[[Row], Hashable],
    found: dict[Hashable, Row],
    *,
    page_rows: int,
    max_rows: int | None,
) -> tuple[int, bool]:
    """Add the rows of all pages to `found`; return their number, and whether the cap ended it."""
    offset = 0
    while True:
        text = pages.get(f"{path}/limit/{page_rows}/offset/{offset}")
        rows = [] if text is None else parse(text)
        for row in rows:
            found.setdefault(key(row), row)
        offset += len(rows)
        # A short page need not be the last one on every server: only an empty one is.
        if not rows:
            return offset, False
        if max_rows is not None and len(found) >= max_rows:
            return offset, True
