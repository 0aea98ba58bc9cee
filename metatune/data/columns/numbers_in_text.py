"""Several numbers in one cell: ``12 x 30 x 5 cm``, ``1920x1080``, ``POINT (-73.97 40.78)``."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from functools import cache
from itertools import islice

from metatune.data.columns.column import MOST_NUMBERS
from metatune.data.columns.missing import is_weak_marker

__all__ = ["are_codes", "count_numbers", "read_numbers", "split_numbers"]

_MAX_LENGTH = 60
_MOST_FORMS = 6
_MOSTLY = 0.95  # share of cells that must have one of the forms, and the same count of numbers
_TRIAL = 100  # distinct cells that are tried first: most columns are something else
_LONG = 5  # digits of a number that is part of a code rather than an amount
_FEWEST_DIGITS = 7  # of codes whose parts have the same lengths in all cells
_MOSTLY_CODES = 0.5
_WHOLE = re.compile(r"\d+")
_TIME = re.compile(r"\d:\d\d")
_CAPITALS = re.compile(r"[A-Z]{3}")
_CHAIN = re.compile(r"\d\.\d+\.\d")
_RUPEES = r"(?i:(?<=₹)|(?<=₹ )|(?<=rs)|(?<=rs )|(?<=rs\.)|(?<=rs\. )|(?<=inr)|(?<=inr ))"
_BLANKS = re.compile(r"\s+")


def read_numbers(text: str, decimal: str = ".") -> tuple[float, ...]:
    """Read all numbers of a cell, in their order.

    Parameters
    ----------
    text : str
        The cell.
    decimal : str
        "." or ","; the other one groups thousands.

    Returns
    -------
    tuple of float
        A minus counts as a sign where no word or number stands before it. Chains such as
        ``3.10.2`` are whole numbers.
    """
    if len(text) > _MAX_LENGTH:
        return ()
    return tuple(_value(found, decimal) for found in _pattern(decimal).findall(text))


def split_numbers(text: str, decimal: str = ".") -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Split a cell at its numbers.

    Parameters
    ----------
    text : str
        The cell.
    decimal : str
        As in `read_numbers`.

    Returns
    -------
    numbers : tuple of float
        As `read_numbers` reads them.
    pieces : tuple of str
        What stands before each number, and after the last one.
    """
    numbers = read_numbers(text, decimal)
    return numbers, tuple(_pattern(decimal).split(text)) if numbers else (text,)


def count_numbers(counts: Mapping[str, int], decimal: str = ".") -> int:
    """Return how many numbers each cell holds, if nearly all cells hold them in the same way.

    Parameters
    ----------
    counts : mapping of str to int
        Distinct cells that are not missing, with how often each occurs.
    decimal : str
        As in `read_numbers`.

    Returns
    -------
    int
        At least 2; 0 if cells have no few forms in common, or not the same number of numbers.
    """
    cells = {text: n for text, n in counts.items() if not is_weak_marker(text)}
    n_numbers = _common_count(dict(islice(cells.items(), _TRIAL)), decimal)
    if not n_numbers or _common_count(cells, decimal) != n_numbers:
        return 0
    forms: Counter[str] = Counter()
    for text, n in cells.items():
        forms[_form(text, decimal)] += n
    usual = sum(n for _, n in forms.most_common(_MOST_FORMS))
    return n_numbers if usual >= _MOSTLY * sum(cells.values()) else 0


def are_codes(texts: Collection[str], decimal: str = ".") -> bool:
    """Return True if the numbers of texts are parts of codes, and measure nothing.

    So are whole numbers of five digits and more or with a zero before them, those beside three
    capitals, chains such as those of addresses in a network and of versions, and numbers that are
    all as long as in the other texts.
    ``131/82``, ``1920x1080`` and ``09:00-17:30`` are none.
    """
    lengths = {tuple(map(len, _WHOLE.findall(text))) for text in texts}
    if len(lengths) == 1 and sum(*lengths) >= _FEWEST_DIGITS and not any(map(_TIME.search, texts)):
        return True
    coded = [_is_code(text, decimal) for text in texts]
    return sum(coded) > _MOSTLY_CODES * len(coded)


def _is_code(text: str, decimal: str) -> bool:
    if _CHAIN.search(text) or _CAPITALS.search(text):
        return True
    whole = [found for found in _pattern(decimal).findall(text) if found.isdigit()]
    return not _TIME.search(text) and any(
        len(found) >= _LONG or (len(found) > 1 and found[0] == "0") for found in whole
    )


def _common_count(cells: Mapping[str, int], decimal: str) -> int:
    """Return how many numbers nearly all cells hold; 0 if that is one, many, or not the same."""
    found: Counter[int] = Counter()
    for text, n in cells.items():
        found[len(read_numbers(text, decimal))] += n
    best, n_best = found.most_common(1)[0] if found else (0, 0)
    enough = n_best >= _MOSTLY * sum(cells.values())
    return best if enough and 2 <= best <= MOST_NUMBERS else 0


@cache
def _pattern(decimal: str) -> re.Pattern[str]:
    point = re.escape(decimal)
    group = "," if decimal == "." else r"\."
    indian = rf"{_RUPEES}\d{{1,2}}(?:,\d{{2}})+,\d{{3}}(?:\.\d+)?(?!\d|,\d)|"
    indian = indian if decimal == "." else ""
    return re.compile(
        rf"(?:(?<![\w.,)\]])[-−])?"
        rf"(?:{indian}\d{{1,3}}(?:{group}\d{{3}})+(?:{point}\d+)?(?![\d]|{group}\d)"
        rf"|(?<![\d]{point})\d+{point}\d+(?:[eE][-+]?\d\d?(?!\w))?(?!\d|{point}\d)|\d+)"
    )


def _value(found: str, decimal: str) -> float:
    group = "," if decimal == "." else "."
    return float(found.replace("−", "-").replace(group, "").replace(decimal, "."))


def _form(text: str, decimal: str) -> str:
    """Return a cell with a sign in the place of each number."""
    return _BLANKS.sub(" ", _pattern(decimal).sub("#", text.strip().lower()))
