"""Amounts of several parts: ``5'7"``, ``6 lb 4 oz``, ``40° 26' N``, ``1 1/2``, ``4.3 out of 5``."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from functools import cache

from metatune.data.columns.durations import DURATION, parse_duration
from metatune.data.columns.units import unit_ratio

__all__ = [
    "MIDDLE",
    "composite_note",
    "composite_units",
    "is_composite",
    "is_rating",
    "parse_composite",
    "parse_degrees",
    "parse_fraction",
    "parse_mark",
    "parse_sum",
    "parser_of",
    "range_ends",
]

MIDDLE = "middle of ranges: "
"""Stands before the unit, which may be empty, of numbers among which there are ranges."""

# No unit that stands after a number has such signs or digits.
_DEGREES = "degrees:minutes"
_FRACTIONS = "whole:fraction"
_RATING = "out of "
_AND = " + "
_NOTES = {
    DURATION: "durations in seconds",
    _DEGREES: "degrees, minutes and seconds, in degrees",
    _FRACTIONS: "numbers with fractions",
}
_SAMPLE = 50  # distinct cells that tell what is worth reading
_MOSTLY_MARKS = 0.9  # of the ratings of a sample have the same best mark
_LONGEST = 60

_NUMBER = r"\d+(?:[.,]\d+)?"
_SIGN = r"(?P<sign>[-+−])?\s*"
_MARKS = {
    **dict.fromkeys(("'", "′", "’", "´"), "ft"),
    **dict.fromkeys(('"', "″", "”", "''", "′′", "’’"), "in"),
}
_UNIT = rf"(?:{'|'.join(sorted(_MARKS, key=len, reverse=True))}|[^\W\d_]+)"
_PART = re.compile(rf"({_NUMBER})\s*({_UNIT})\.?")
_PARTS = re.compile(
    rf"{_SIGN}(?:{_NUMBER}\s*{_UNIT}\.?(?:[\s,-]*(?:(?:and|&)\s*)?))+(?P<last>{_NUMBER})?"
)
_ANGLE = re.compile(
    rf"(?P<before>[NSEW])?\s*{_SIGN}(?P<degrees>{_NUMBER})\s*(?P<sign_of_degrees>[°º]\s*)?"
    rf"(?:(?P<minutes>{_NUMBER})\s*['′’´]\s*)?"
    rf"(?:(?P<seconds>{_NUMBER})\s*(?:[\"″”]|''|′′|’’)\s*)?(?P<after>[NSEW])?",
    re.IGNORECASE,
)
_VULGAR = "[¼-¾⅐-⅞]"
_FRACTION = re.compile(
    rf"{_SIGN}(?:(?P<whole>{_NUMBER})(?:[\s-]+(?=\d+/)|\s*(?={_VULGAR})|$))?"
    rf"(?:(?P<upper>\d+)/(?P<lower>\d+)|(?P<one>{_VULGAR}))?"
)
_MIXED = re.compile(rf"[-+−]?\d+(?:[\s-]+\d+/\d+|\s*{_VULGAR})")
_PARTS_OF_ONE = frozenset((2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 32, 64))
_MARKED = re.compile(
    rf"(?P<mark>{_NUMBER})(?:\s*(?:/|(?:out\s+)?of)\s*(?P<best>{_NUMBER})(?:\s+[^\W\d_]+)?\.?)?"
)
_LEAST_RATED = 2  # distinct marks
_RANGE = re.compile(r"(?!0\d)(\S.*?)\s*(?:[-–—]|(?<=\s)to(?=\s))\s*(?!0\d)(\S.*)")


def is_composite(unit: str) -> bool:
    """Return True if a unit stands for cells of several parts, which `parse_composite` reads."""
    return unit in _NOTES or is_rating(unit) or _AND in unit or unit.startswith(MIDDLE)


def is_rating(unit: str) -> bool:
    """Return True if a unit stands for marks of which the best one is named: only one counts."""
    return unit.startswith(_RATING)


def composite_note(unit: str) -> str:
    """Return what to say about a column of such cells."""
    if is_rating(unit):
        return f"marks {unit}"
    if unit in _NOTES:
        return _NOTES[unit]
    if unit.startswith(MIDDLE):
        bare = unit.removeprefix(MIDDLE)
        return f"numbers and ranges{f' in {bare}' if bare else ''}, read as their middle"
    first, _, second = unit.partition(_AND)
    return f"amounts in {first} and {second}, read as {first}"


def range_ends(text: str) -> tuple[str, str] | None:
    """Split a range such as ``2100 - 2850`` or ``5 to 10``; None for other cells."""
    match = _RANGE.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    return (match[1], match[2]) if match is not None else None


def composite_units(texts: Collection[str]) -> Iterator[str]:
    """Yield what the cells of a column may be read as, going by the first ones.

    Parameters
    ----------
    texts : collection of str
        Distinct cells that are not missing.

    Yields
    ------
    str
        Unit for `parse_composite`.
    """
    yield DURATION
    sample = [text.strip() for text, _ in zip(texts, range(_SAMPLE), strict=False)]
    found = Counter(filter(None, map(_units_of, sample)))
    yield from (unit for unit, _ in found.most_common(1))
    if _are_angles(sample):
        yield _DEGREES
    if any(map(_MIXED.fullmatch, sample)):
        yield _FRACTIONS
    marks = [match for match in map(_MARKED.fullmatch, sample) if match and match["best"]]
    for best, n_marks in Counter(match["best"] for match in marks).most_common(1):
        distinct = {match["mark"] for match in marks}
        if n_marks >= _MOSTLY_MARKS * len(marks) and len(distinct) >= _LEAST_RATED:
            yield f"{_RATING}{best}"


def _are_angles(texts: Collection[str]) -> bool:
    """Return True if some texts have minutes, or some point one way and some the other."""
    angles = [angle for angle in map(_ANGLE.fullmatch, texts) if angle is not None]
    sides = {angle["before"] or angle["after"] for angle in angles}
    opposite = {"N", "S"} <= sides or {"E", "W"} <= sides
    return opposite or any(a["minutes"] and a["sign_of_degrees"] for a in angles)


def parse_composite(text: str, unit: str) -> float:
    """Read one cell as an amount of several parts; NaN where it is none.

    Parameters
    ----------
    text : str
        The cell; blanks around it do not matter.
    unit : str
        As `composite_units` names it. Durations are read as seconds, angles as degrees (south and
        west are negative), other amounts in the first unit.
    """
    parse, options = parser_of(unit)
    text = text.strip()
    return parse(text, *options) if len(text) <= _LONGEST else math.nan


@cache
def parser_of(unit: str) -> tuple[Callable[..., float], tuple[str, ...]]:
    """Return the function that reads a cell, and what else it is given."""
    if is_rating(unit):
        return parse_mark, (unit.removeprefix(_RATING),)
    known = {DURATION: parse_duration, _DEGREES: parse_degrees, _FRACTIONS: parse_fraction}
    if unit in known:
        return known[unit], ()
    first, _, second = unit.partition(_AND)
    return parse_sum, (first, second)


def parse_mark(text: str, best: str) -> float:
    """Read a mark such as ``4.1/5``; NaN where there is none, or it is out of another best one."""
    match = _MARKED.fullmatch(text)
    if match is None or match["best"] not in (None, best):
        return math.nan
    mark = _amount(match["mark"])
    return mark if mark <= _amount(best) else math.nan


def _units_of(text: str) -> str:
    """Return the first two units of a cell of parts of one quantity; empty for other cells."""
    match = _PARTS.fullmatch(text) if len(text) <= _LONGEST else None
    parts = _parts(text) if match is not None else []
    if match is not None and match["last"] and len(parts) == 1 and parts[0][1] == "ft":
        return f"ft{_AND}in"
    if len(parts) < 2:
        return ""
    (_, first), (_, second), *_ = parts
    ratio = unit_ratio(second, first)
    return f"{first}{_AND}{second}" if ratio is not None and ratio < 1.0 else ""


def _parts(text: str) -> list[tuple[float, str]]:
    return [(_amount(n), _MARKS.get(unit, unit)) for n, unit in _PART.findall(text)]


def parse_sum(text: str, first: str, second: str) -> float:
    """Add up parts in units that get smaller, none of them as much as one of the unit before."""
    match = _PARTS.fullmatch(text)
    if match is None:
        return math.nan
    parts = _parts(match[0])
    if match["last"]:  # the unit of 5'7 goes without saying
        parts.append((_amount(match["last"]), second))
    total, before = 0.0, math.inf
    for amount, unit in parts:
        ratio = unit_ratio(unit, first)
        if ratio is None or ratio >= before or amount * ratio >= before * (1 - 1e-9):
            return math.nan
        total, before = total + amount * ratio, ratio
    return -total if match["sign"] in ("-", "−") else total


def parse_degrees(text: str) -> float:
    """Read an angle such as ``40° 26' 46" N`` or ``10.2S`` in degrees; NaN where it is none."""
    match = _ANGLE.fullmatch(text)
    if match is None or not (match["sign_of_degrees"] or match["before"] or match["after"]):
        return math.nan
    minutes, seconds = (_amount(match[name] or "0") for name in ("minutes", "seconds"))
    if minutes >= 60.0 or seconds >= 60.0:
        return math.nan
    value = _amount(match["degrees"]) + minutes / 60.0 + seconds / 3600.0
    side = (match["before"] or match["after"] or "").upper()
    return -value if side in ("S", "W") or match["sign"] in ("-", "−") else value


def parse_fraction(text: str) -> float:
    """Read a number that may have a fraction, such as ``1 1/2``; NaN where it is none."""
    match = _FRACTION.fullmatch(text)
    if match is None or not (match["whole"] or match["upper"] or match["one"]):
        return math.nan
    value = _amount(match["whole"] or "0")
    if match["upper"]:
        upper, lower = int(match["upper"]), int(match["lower"])
        if lower not in _PARTS_OF_ONE or upper >= lower:
            return math.nan
        value += upper / lower
    if match["one"]:
        value += _vulgar(match["one"])
    return -value if match["sign"] in ("-", "−") else value


@cache
def _vulgar(sign: str) -> float:
    return unicodedata.numeric(sign)


def _amount(text: str) -> float:
    return float(text.replace(",", "."))
