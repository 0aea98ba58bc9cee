"""Notation of numbers with something around them, for the scripts that read them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from metatune.data.columns.composites import MIDDLE, range_ends
from metatune.data.columns.numbers import parse_number
from metatune.errors import ExportError

__all__ = ["Amounts", "amounts_of"]

_NUMBER = re.compile(r"[-+]?(?:\d[\d,.\s'’]*\d|\d|[.,]\d+)(?:[eE][-+]?\d+)?")
_BOUND = re.compile(r"[<>≤≥]")  # read as a little less, or more
_MOST_AFFIXES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Notation of the numbers of a column.

    Attributes
    ----------
    pattern : str
        Regular expression with a group for the number and one for what multiplies it.
    factors : dict of str to float
        By what stands after the number.
    decimal : str
        "." or ",".
    ranges : bool
        Whether ranges are read as their middle.
    """

    pattern: str
    factors: dict[str, float]
    decimal: str
    ranges: bool = False

    @property
    def reader(self) -> str:
        """Name of the function of a script that reads such cells."""
        if self.ranges:
            return "to_amounts_or_middles"
        return "to_amounts_with_comma" if self.decimal == "," else "to_amounts"


def amounts_of(name: str, texts: Iterable[str], decimal: str, unit: str) -> Amounts:
    """Find the notation of the numbers of a column.

    Parameters
    ----------
    name : str
        Name of the column.
    texts : iterable of str
        Distinct cells.
    decimal, unit : str
        As in `Column`.

    Raises
    ------
    ExportError
        If the cells are written in too many ways, or in one that a pattern does not tell.
    """
    ranges = unit.startswith(MIDDLE)
    if ranges and decimal == ".":
        unit = unit.removeprefix(MIDDLE)
        texts = list(_ends(texts, unit))
    elif ranges:
        raise ExportError(f"column {name!r} holds ranges with commas, which no script reads")
    prefixes: set[str] = set()
    factors: dict[str, float] = {}
    of_zeros: set[str] = set()
    for text in texts:
        value = parse_number(text, decimal, unit)
        match = None if np.isnan(value) else _NUMBER.search(text.strip())
        if match is None:
            continue
        plain = _plain_value(match[0], decimal)
        before, after = text.strip()[: match.start()], text.strip()[match.end() :].strip()
        factor = 1.0 if plain == 0 else _rounded(value / plain)
        told = np.isclose(plain * factor, value, rtol=1e-12) and not _BOUND.match(before)
        told = told and (plain == 0 or np.isclose(factors.get(after, factor), factor, rtol=1e-12))
        if not told or factor <= 0:
            raise ExportError(f"column {name!r} holds {text!r}, a number that no script reads")
        prefixes.add(before)
        if plain == 0:
            of_zeros.add(after)
        else:
            factors[after] = factor
    factors = dict.fromkeys(of_zeros, 1.0) | factors
    if len(prefixes) + len(factors) > _MOST_AFFIXES:
        raise ExportError(f"column {name!r} holds numbers written in too many ways for a script")
    before = "|".join(re.escape(text) for text in sorted(prefixes) if text)
    after = "|".join(re.escape(text) for text in sorted(factors, key=len, reverse=True) if text)
    gap = r"[\d.,\s'’]" if any(" " in t or "'" in t for t in texts) else r"[\d.,]"
    number = rf"([-+]?{gap}*\d{gap}*(?:[eE][-+]?\d+)?)"
    pattern = (rf"(?:{before})?" if before else "") + number
    pattern += rf"\s*({after})?" if after else "()"
    factors = {"": 1.0, **dict(sorted(factors.items()))}
    return Amounts(pattern=pattern, factors=factors, decimal=decimal, ranges=ranges)


def _ends(texts: Iterable[str], unit: str) -> Iterator[str]:
    """Yield the numbers among texts, and the ends of the ranges."""
    for text in texts:
        ends = range_ends(text) if np.isnan(parse_number(text, ".", unit)) else None
        yield from (text,) if ends is None else ends


def _plain_value(text: str, decimal: str) -> float:
    other = "," if decimal == "." else "."
    try:
        return float(re.sub(r"[\s'’]", "", text).replace(other, "").replace(decimal, "."))
    except ValueError:
        return float("nan")


def _rounded(factor: float) -> float:
    """Return a factor without the last digits, which a division gets wrong."""
    short = float(f"{factor:.12g}")
    return short if np.isclose(short, factor, rtol=1e-14) else factor
