"""Bounds in words: ``under 5``, ``at least 10``, ``90 and over``."""

import re

__all__ = ["ABOVE", "AND_LESS", "AND_MORE", "BELOW", "split_bound"]

BELOW = (
    "under|below|less than|fewer than|shorter than|lighter than|younger than|up to|at most|until|"
    "before"
)
"""Pattern of words before the least number that something does not reach."""

ABOVE = (
    "over|above|more than|greater than|older than|longer than|taller than|heavier than|at least|"
    "from|after"
)
"""Pattern of words before a number that something goes beyond."""

AND_LESS = r"(?:and|or|&)\s+(?:under|below|less|fewer|younger|lower|earlier|shorter|lighter)"
"""Pattern of words after a number, and less."""

AND_MORE = (
    r"(?:(?:and|or|&)\s+(?:up|more|over|above|older|greater|higher|later|taller|longer|heavier)|"
    "plus)"
)
"""Pattern of words after a number, and more."""

_WITH_BOUND = re.compile(
    rf"(?:(?P<below>{BELOW})\s+|(?P<above>{ABOVE})\s+)?(?P<amount>.*\d.*?)"
    rf"(?:\s+(?:(?P<less>{AND_LESS})|(?P<more>{AND_MORE})))?",
    re.IGNORECASE,
)


def split_bound(text: str) -> tuple[str, int]:
    """Split a cell into an amount and the side of it that is meant.

    Parameters
    ----------
    text : str
        The cell.

    Returns
    -------
    amount : str
        The cell without the words.
    side : int
        -1 for less, 1 for more, 0 without such words.
    """
    match = _WITH_BOUND.fullmatch(text) if " " in text else None
    if match is None:
        return text, 0
    above, below = match["above"] or match["more"], match["below"] or match["less"]
    return match["amount"], (above is not None) - (below is not None)
