"""Numbers as people write them: ``1,234``, ``$4.99``, ``12%``, ``19M``, ``10,000+``, ``48,0``."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from metatune.data.columns.missing import is_weak_marker

__all__ = ["NumberStyle", "decimal_evidence", "find_number_style", "parse_number"]

_SCALE = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9}
_CURRENCY = r"(?:US\$|[$€£¥₹]|USD|EUR|GBP)"
_UNIT_TAIL = re.compile(r"[-+.,\d\s]*\d\s?([A-Za-zµ°][A-Za-zµ°/²³%]{0,14})")
_SURE_COMMA = re.compile(r"0,\d+|\d{1,3}(\.\d{3})+,\d+|\d+,(\d{1,2}|\d{4,})|\d{4,},\d+")
_SURE_POINT = re.compile(r"0?\.\d+|\d{1,3}(,\d{3})+\.\d+|\d+\.(\d{1,2}|\d{4,})|\d{1,3}(,\d{3}){2,}")
_MAX_LENGTH = 40
_MOSTLY = 0.95  # share of cells that must be numbers
_WITH_WORDS = 0.8  # enough where all others are at most three words ("Varies with device")
_FEW_WORDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberStyle:
    """Notation of the numbers of a text column.

    Attributes
    ----------
    decimal : str
        "." or ","; the other one groups thousands.
    unit : str
        Unit after each number; empty if there is none.
    others : tuple of str
        The distinct cells that are neither numbers nor common markers, most frequent first.
    n_others : int
        Cells of these values.
    markers : tuple of str
        The distinct cells such as ``-`` that mean "missing" among numbers.
    n_markers : int
        Cells of these values.
    """

    decimal: str = "."
    unit: str = ""
    others: tuple[str, ...] = ()
    n_others: int = 0
    markers: tuple[str, ...] = ()
    n_markers: int = 0


def parse_number(text: str, decimal: str = ".", unit: str = "") -> float:
    """Read one cell as a number.

    Parameters
    ----------
    text : str
        The cell; blanks around it do not matter.
    decimal : str
        "." or ","; the other one, blanks and apostrophes may group thousands.
    unit : str
        A unit that may follow the number.

    Returns
    -------
    float
        NaN where the cell is not a finite number. A currency sign, a percent sign and a trailing
        plus are dropped; k, M and B multiply; parentheses mean negative.
    """
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        return math.nan
    if unit and text.endswith(unit):
        text = text[: -len(unit)].rstrip()
    match = _number_pattern(decimal).fullmatch(text)
    if match is None:
        return math.nan
    body = match["body"].replace("," if decimal == "." else ".", "").replace(decimal, ".")
    body = body.replace(" ", "").replace("\xa0", "").replace("'", "")
    value = float(body) * _SCALE.get(match["scale"] or "", 1.0)
    negative = (match["sign"] or match["sign2"] or "") in ("-", "−") or (
        match["open"] is not None and match["close"] is not None
    )
    if (match["open"] is None) != (match["close"] is None) or math.isinf(value):
        return math.nan
    return -value if negative else value


@cache
def _number_pattern(decimal: str) -> re.Pattern[str]:
    group = r"[,\s']" if decimal == "." else r"[.\s']"
    point = re.escape(decimal)
    return re.compile(
        rf"(?P<open>\()?\s*(?P<sign>[-+−])?\s*{_CURRENCY}?\s*(?P<sign2>[-+−])?"
        rf"(?P<body>(?:\d{{1,3}}(?:{group}\d{{3}})+|\d+)(?:{point}\d*)?(?:[eE][-+]?\d+)?"
        rf"|{point}\d+(?:[eE][-+]?\d+)?)"
        rf"\s?(?P<scale>[kKMB])?\s*{_CURRENCY}?\s*(?:%|\+)?\s*(?P<close>\))?"
    )


def decimal_evidence(texts: Iterable[str]) -> int:
    """Count the cells with a certain decimal comma, less those with a certain decimal point.

    ``1,234`` and ``1.234`` prove nothing.
    """
    evidence = 0
    for text in texts:
        bare = text.strip().lstrip("-+−$€£¥ ").rstrip("%+ ")
        if len(bare) > _MAX_LENGTH or ("," not in bare and "." not in bare):
            continue
        if _SURE_COMMA.fullmatch(bare):
            evidence += 1
        elif _SURE_POINT.fullmatch(bare):
            evidence -= 1
    return evidence


def find_number_style(counts: Mapping[str, int], hint: int = 0) -> NumberStyle | None:
    """Find the notation of a column's numbers, if its cells are numbers.

    Parameters
    ----------
    counts : Mapping of str to int
        Distinct cells that are not missing, with how often each occurs.
    hint : int
        `decimal_evidence` of the whole table, for columns that leave it open.

    Returns
    -------
    NumberStyle or None
        None if the cells are not numbers: too many of them, or too many different ones, are not.
    """
    evidence = decimal_evidence(counts) or hint
    decimal = "," if evidence > 0 else "."
    unit = _common_unit(counts)
    others = [text for text in counts if math.isnan(parse_number(text, decimal, unit))]
    words = [text for text in others if not is_weak_marker(text)]
    n_cells, n_words = sum(counts.values()), sum(counts[text] for text in words)
    n_numbers = n_cells - sum(counts[text] for text in others)
    share = n_numbers / max(1, n_numbers + n_words)
    distinct_numbers = len(counts) - len(others)
    if n_numbers == 0 or distinct_numbers < min(2, n_numbers):
        return None
    if share < (_WITH_WORDS if len(words) <= _FEW_WORDS else _MOSTLY):
        return None
    markers = [text for text in others if is_weak_marker(text)]
    return NumberStyle(
        decimal=decimal,
        unit=unit,
        others=tuple(sorted(words, key=lambda text: -counts[text])),
        n_others=n_words,
        markers=tuple(markers),
        n_markers=sum(counts[text] for text in markers),
    )


def _common_unit(counts: Mapping[str, int]) -> str:
    """Return the one unit that follows most of the numbers, if there is one."""
    units: dict[str, int] = {}
    for text, count in counts.items():
        match = _UNIT_TAIL.fullmatch(text.strip()) if len(text) <= _MAX_LENGTH else None
        if match is not None and match[1] not in _SCALE:
            units[match[1]] = units.get(match[1], 0) + count
    if not units:
        return ""
    best = max(units, key=lambda unit: units[unit])
    return best if units[best] >= _WITH_WORDS * sum(counts.values()) else ""
