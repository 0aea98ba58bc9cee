"""Notation of numbers with something around them, for the scripts that read them."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from metatune.data.columns.composites import MIDDLE, is_composite, parser_of
from metatune.data.columns.numbers import parse_number
from metatune.reporting.code.writing import Raw

__all__ = ["READERS", "Notation", "notation_of"]

_NUMBER = re.compile(r"[-+]?(?:\d[\d,.\s'’]*\d|\d|[.,]\d+)(?:[eE][-+]?\d+)?")
_BOUND = re.compile(r"[<>≤≥]")  # read as a little less, or more
_MOST_AFFIXES = 40


READERS = {
    "amount": "to_amounts({cells}, *{options})",
    "amount, comma": "to_amounts_with_comma({cells}, *{options})",
    "amount, duration": "to_parsed({cells}, parse_duration)",
    "amount, angle": "to_parsed({cells}, parse_degrees)",
    "amount, fraction": "to_parsed({cells}, parse_fraction)",
    "amount, mark": "to_parsed({cells}, parse_mark, *{options})",
    "amount, two units": "to_parsed({cells}, parse_sum, *{options})",
    "amount, any form": "to_parsed({cells}, parse_number, *{options})",
}
"""Code that reads cells, by the kind of their notation."""

_PARSERS = {
    "parse_duration": "amount, duration",
    "parse_degrees": "amount, angle",
    "parse_fraction": "amount, fraction",
    "parse_mark": "amount, mark",
    "parse_sum": "amount, two units",
}
"""Kinds of amounts of several parts, by the function that reads a cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notation:
    """Notation of the numbers of a column, as a script reads them.

    Attributes
    ----------
    kind : str
        One of `READERS`.
    options : tuple
        What the function that reads the cells is given besides.
    """

    kind: str
    options: tuple[Any, ...]

    def code(self, cells: str, options: str) -> str:
        """Return the code that reads cells, given that of the cells and of the options."""
        return READERS[self.kind].format(cells=cells, options=options)


def notation_of(texts: Collection[str], decimal: str, unit: str) -> Notation:
    """Find the notation of the numbers of a column.

    Numbers with the same things around them are read by a pattern, which is quick, all others one
    by one, by the functions of metatune.

    Parameters
    ----------
    texts : collection of str
        Distinct cells.
    decimal, unit : str
        As in `Column`.
    """
    if is_composite(unit) and not unit.startswith(MIDDLE):
        parse, options = parser_of(unit)
        return Notation(kind=_PARSERS[parse.__name__], options=options)
    found = _pattern_of(texts, decimal, unit)
    if found is None:
        return Notation(kind="amount, any form", options=(decimal, unit))
    return Notation(kind="amount, comma" if decimal == "," else "amount", options=found)


def _pattern_of(
    texts: Collection[str], decimal: str, unit: str
) -> tuple[Raw, dict[str, float]] | None:
    """Return the pattern of numbers, and by what each ending multiplies; None for many forms."""
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
        told = told and not any(map(str.isdigit, f"{before}{after}"))  # of ranges or footnotes
        told = told and (plain == 0 or np.isclose(factors.get(after, factor), factor, rtol=1e-12))
        if not told or factor <= 0:
            return None
        prefixes.add(before)
        if plain == 0:
            of_zeros.add(after)
        else:
            factors[after] = factor
    factors = dict.fromkeys(of_zeros, 1.0) | factors
    if len(prefixes) + len(factors) > _MOST_AFFIXES:
        return None
    before = "|".join(re.escape(text) for text in sorted(prefixes) if text)
    after = "|".join(re.escape(text) for text in sorted(factors, key=len, reverse=True) if text)
    gap = r"[\d.,\s'’]" if any(" " in t or "'" in t for t in texts) else r"[\d.,]"
    number = rf"([-+]?{gap}*\d{gap}*(?:[eE][-+]?\d+)?)"
    pattern = (rf"(?:{before})?" if before else "") + number
    pattern += rf"\s*({after})?" if after else "()"
    quoted = "'" in pattern or '"' in pattern
    written = Raw(text=repr(pattern) if quoted else f'r"{pattern}"')
    return written, {"": 1.0, **dict(sorted(factors.items()))}


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
