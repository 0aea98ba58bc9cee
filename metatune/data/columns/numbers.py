"""Numbers as people write them: ``1,234``, ``$4.99``, ``12%``, ``19M``, ``Rs. 1,23,456``."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice

from metatune.data.columns.bounds import split_bound
from metatune.data.columns.composites import (
    MIDDLE,
    composite_units,
    is_composite,
    parse_composite,
    range_ends,
)
from metatune.data.columns.missing import is_weak_marker
from metatune.data.columns.units import (
    CURRENCY_AFTER,
    CURRENCY_BEFORE,
    SCALE_WORDS,
    UNIT,
    scale_of,
    unit_ratio,
)

__all__ = [
    "NumberStyle",
    "decimal_evidence",
    "find_composite",
    "find_number_style",
    "groups_with_dots",
    "parse_number",
]

_BOUND = r"(?:[<>≤≥]=?|[~≈]|(?i:ca|approx|about|circa)\.?\s)"
_SCALE = rf"(?:[kKMB]|(?i:{'|'.join(SCALE_WORDS)})\.?)"
_BEFORE = (
    rf"\s*(?:(?P<bound>{_BOUND})\s*)?(?P<sign>[-+−])?\s*{CURRENCY_BEFORE}?\s*(?P<sign2>[-+−])?"
)
_FOOTNOTE = r"(?:(?:\*{1,3}|[†‡§]|\[\w{1,3}\])\s*)"
_SIDES = {"<": -1, ">": 1}
_LITTLE = 1e-6  # by which less than 5 is less than 5, in float32, too
_IS_BOUND = re.compile(r"\s*[<>≤≥]")
_HEXADECIMAL = re.compile(r"([-+]?)0[xX]([0-9a-fA-F]{1,16})")
_WITH_UNIT = re.compile(rf"(?P<number>{_BEFORE}[-+.,'’\d\s]*\d\.?)\s?(?P<unit>{UNIT})")
_AMOUNT = re.compile(
    rf"\(?{_BEFORE}(?P<body>[.,]?\d[\d.,\s'’]*?)(?:[.,][-–—]{{1,2}})?"
    rf"\s?{_SCALE}?\s*(?:{CURRENCY_AFTER}|{UNIT})?\s*[%+]?\s*{_FOOTNOTE}?\)?"
)
_SURE_COMMA = re.compile(r"0,\d+|\d{1,3}(\.\d{3})+,\d+|\d+,(\d{1,2}|\d{4,})|\d{4,},\d+")
_MANY_DOTS = re.compile(r"\d{1,3}(\.\d{3}){2,}")
_SURE_POINT = re.compile(
    r"0?\.\d+|\d{1,3}(,\d{3})+\.\d+|\d+\.(\d{1,2}|\d{4,})|\d{1,3}(,\d{3}){2,}|\d{1,2}(,\d{2})+,\d{3}"
)
_DOTTED = re.compile(r"[1-9]\d{0,2}(\.\d{3})+")
_DECIMAL_COMMA = re.compile(r"\d,\d")
_GAPS = re.compile(r"[\s'’]")
_FEWEST_DOTTED = 5
_LONGEST_NUMBER = 40
_MOSTLY = 0.95  # share of cells that must be numbers
_WITH_WORDS = 0.8  # enough where all others are at most three words ("Varies with device")
_FEW_WORDS = 3
_TRIAL = 100  # distinct cells that tell if it is worth looking for ranges
_MOSTLY_SAMPLED = 0.6  # of them are numbers then
_FEW_LEVELS = 10  # distinct values, which may be classes rather than amounts
_FEWEST_EXACT = 3  # numbers among which bounds such as <0.5 are numbers, too
_EXACT = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberStyle:
    """Notation of the numbers of a text column.

    Attributes
    ----------
    decimal : str
        "." or ","; the other one groups thousands.
    unit : str
        Unit after each number, or what cells of several parts are read as (`composite_units`);
        empty if there is none.
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
        A unit that may follow the number, or one of cells of several parts.

    Returns
    -------
    float
        NaN where the cell is not a finite number. A currency, a percent sign, a trailing plus, the
        mark of a footnote and ``~`` before the number are dropped; what is under or over a number
        is a little less or more; k, M, B and words such as ``million`` multiply; parentheses mean
        negative; ``0x1F`` is hexadecimal.
    """
    text = text.strip()
    if len(text) > _LONGEST_NUMBER:
        return math.nan
    amount, side = split_bound(text)
    value = _amount_in(amount, decimal, unit)
    return value + side * _LITTLE * (abs(value) or 1.0)


def _amount_in(text: str, decimal: str, unit: str) -> float:
    if unit.startswith(MIDDLE):
        return _number_or_middle(text, decimal, unit.removeprefix(MIDDLE))
    if is_composite(unit):
        return parse_composite(text, unit)
    factor = 1.0
    if unit:
        text, factor = _without_unit(text, unit)
    match = _number_pattern(decimal).fullmatch(text)
    if match is None:
        return _hexadecimal(text)
    body = match["body"].replace("," if decimal == "." else ".", "").replace(decimal, ".")
    value = float(_GAPS.sub("", body))
    if match["scale"]:
        value *= scale_of(match["scale"]) or 1.0
    value *= factor
    negative = (match["sign"] or match["sign2"] or "") in ("-", "−") or (
        match["open"] is not None and match["close"] is not None
    )
    if (match["open"] is None) != (match["close"] is None) or math.isinf(value):
        return math.nan
    value = -value if negative else value
    return value + _SIDES.get(match["bound"] or "", 0) * _LITTLE * (abs(value) or 1.0)


def _number_or_middle(text: str, decimal: str, unit: str) -> float:
    value, ends = parse_number(text, decimal, unit), range_ends(text)
    if not math.isnan(value) or ends is None:
        return value
    low, high = (parse_number(end, decimal, unit) for end in ends)
    return (low + high) / 2 if low < high else math.nan


def decimal_evidence(texts: Iterable[str]) -> int:
    """Count the cells with a certain decimal comma, less those with a certain decimal point.

    ``1,234`` and ``1.234`` prove nothing.
    """
    evidence = 0
    for text in texts:
        if "," not in text and "." not in text:
            continue
        body = _body(text)
        if _SURE_COMMA.fullmatch(body) or _MANY_DOTS.fullmatch(body):
            evidence += 1
        elif _SURE_POINT.fullmatch(body):
            evidence -= 1
    return evidence


def groups_with_dots(texts: Iterable[str]) -> bool:
    """Return True if dots group thousands, as ``1.230`` beside ``850`` shows.

    Whoever writes decimals gives all numbers the same number of them, or none of them a zero at
    the end; and a decimal of less than 1 begins with a zero.
    """
    n_dotted, whole, zero_at_end = 0, False, False
    for text in texts:
        body = _body(text)
        if body.isdigit():
            if len(body) > 3:
                return False
            whole = True
        elif body:
            if not _DOTTED.fullmatch(body):
                return False
            n_dotted += 1
            zero_at_end = zero_at_end or body.endswith("0")
    return n_dotted >= _FEWEST_DOTTED and whole and zero_at_end


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
        None if the cells are not numbers: too many of them, or too many different ones, are not;
        or numbers would make different cells the same.
    """
    evidence = decimal_evidence(counts)
    if not evidence:
        dotted = any("." in text for text in counts) and groups_with_dots(counts)
        evidence = 1 if dotted else hint
    decimal, unit = "," if evidence > 0 else ".", _common_unit(counts)
    style = _style(counts, decimal, unit)
    if style is not None and not style.n_others:
        return style
    middle = _middle_style(counts, decimal, unit)
    return style if middle is None else middle


def _middle_style(counts: Mapping[str, int], decimal: str, unit: str) -> NumberStyle | None:
    """Return the style of many numbers, of which some cells are ranges; None for others."""
    sample = list(islice(counts, _TRIAL))
    n_numbers = sum(not math.isnan(parse_number(text, decimal, unit)) for text in sample)
    if n_numbers < _MOSTLY_SAMPLED * len(sample) or len(counts) <= _FEW_LEVELS:
        return None
    middle = MIDDLE + unit
    n_ranges = sum(
        n
        for text, n in counts.items()
        if range_ends(text)
        and math.isnan(parse_number(text, decimal, unit))
        and not math.isnan(parse_number(text, decimal, middle))
    )
    few = 0 < n_ranges <= (1 - _WITH_WORDS) * sum(counts.values())
    return _style(counts, decimal, middle) if few else None


def find_composite(counts: Mapping[str, int]) -> NumberStyle | None:
    """Find out if a column's cells are amounts of several parts, such as durations; else None.

    Parameters
    ----------
    counts : Mapping of str to int
        Distinct cells that are not missing, with how often each occurs.
    """
    has_commas = any(map(_DECIMAL_COMMA.search, counts)) and not any("." in t for t in counts)
    decimal = "," if has_commas else "."
    found = (_style(counts, decimal, unit) for unit in composite_units(counts))
    return min(
        (style for style in found if style is not None and not _loses_a_level(counts, style)),
        key=lambda style: style.n_others,
        default=None,
    )


def _loses_a_level(counts: Mapping[str, int], style: NumberStyle) -> bool:
    """Return True if a word stands among few levels, such as "never" beside "1 hour"."""
    n_read = len(counts) - len(style.others) - len(style.markers)
    return bool(style.others) and n_read <= _FEW_LEVELS


def _style(counts: Mapping[str, int], decimal: str, unit: str) -> NumberStyle | None:
    values = {text: parse_number(text, decimal, unit) for text in counts}
    others = [text for text, value in values.items() if math.isnan(value)]
    words = [text for text in others if not is_weak_marker(text)]
    few = len(set(values.values())) <= _FEW_LEVELS
    doubtful = [text for text in values if few and _is_bound(text)]
    n_cells, n_words = sum(counts.values()), sum(counts[text] for text in words)
    n_numbers = n_cells - sum(counts[text] for text in others)
    share = n_numbers / max(1, n_numbers + n_words)
    distinct_numbers = len(counts) - len(others)
    if n_numbers == 0 or distinct_numbers < min(2, n_numbers):
        return None
    if share < (_WITH_WORDS if len(words) <= _FEW_WORDS else _MOSTLY):
        return None
    if doubtful and n_words + sum(counts[text] for text in doubtful) > (1 - _WITH_WORDS) * n_cells:
        return None  # levels such as <1, 1, 2, none
    if _are_ranges(values) or _merges_large(values):
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


@cache
def _number_pattern(decimal: str) -> re.Pattern[str]:
    group = r"[,\s'’]" if decimal == "." else r"[.\s'’]"
    indian = r"|\d{1,2}(?:,\d{2})+,\d{3}" if decimal == "." else ""
    point = re.escape(decimal)
    return re.compile(
        rf"(?P<open>\()?{_BEFORE}"
        rf"(?P<body>(?:\d{{1,3}}(?:{group}\d{{3}})+{indian}|\d+)(?:{point}\d*)?(?:[eE][-+]?\d+)?"
        rf"|{point}\d+(?:[eE][-+]?\d+)?)(?:[.,][-–—]{{1,2}})?"
        rf"\s?(?P<scale>{_SCALE})?\s*{CURRENCY_AFTER}?\s*(?:%|\+)?\s*{_FOOTNOTE}?(?P<close>\))?"
    )


def _without_unit(text: str, unit: str) -> tuple[str, float]:
    """Cut a unit off; also return by what to multiply to have the number in that of the column."""
    if text.endswith(unit) and not text[: -len(unit)][-1:].isalpha():
        return text[: -len(unit)].rstrip(), 1.0
    match = _WITH_UNIT.fullmatch(text)
    ratio = None if match is None else unit_ratio(match["unit"], unit)
    if match is None or ratio is None:
        return text, 1.0
    return match["number"].rstrip(), ratio


def _hexadecimal(text: str) -> float:
    match = _HEXADECIMAL.fullmatch(text)
    if match is None:
        return math.nan
    value = float(int(match[2], 16))
    return -value if match[1] == "-" else value


def _body(text: str) -> str:
    """Return the digits, points and commas of an amount; empty for other texts."""
    match = _AMOUNT.fullmatch(text.strip()) if len(text) <= _LONGEST_NUMBER else None
    return "" if match is None else _GAPS.sub("", match["body"])


def _are_ranges(values: Mapping[str, float]) -> bool:
    """Return True if bounds such as ``<=50K`` and ``over 50K`` are the classes of a column.

    Among other numbers ``<0.5`` is a number: below what a method detects.
    """
    known = {text: value for text, value in values.items() if not math.isnan(value)}
    bounds = set(filter(_is_bound, known))
    exact = {value for text, value in known.items() if text not in bounds}
    return bool(bounds) and (len(exact) < _FEWEST_EXACT or len(bounds) > len(exact))


def _is_bound(text: str) -> bool:
    return _IS_BOUND.match(text) is not None or split_bound(text.strip())[1] != 0


def _merges_large(values: Mapping[str, float]) -> bool:
    """Return True if whole numbers beyond 2**53, ids as a rule, are the same as numbers."""
    large = {text: value for text, value in values.items() if abs(value) >= _EXACT}
    return bool(large) and len(set(large.values())) < len({text.lstrip("+0") for text in large})


def _common_unit(counts: Mapping[str, int]) -> str:
    """Return the unit that follows most of the numbers, if there is one."""
    units: dict[str, int] = {}
    for text, count in counts.items():
        match = _WITH_UNIT.fullmatch(text.strip()) if len(text) <= _LONGEST_NUMBER else None
        if match is None or scale_of(match["unit"]) is not None:
            continue
        if " " not in match["unit"] or len(counts) > _FEW_LEVELS:  # "2 per year" may be a class
            units[match["unit"]] = units.get(match["unit"], 0) + count
    if not units:
        return ""
    best = max(units, key=lambda unit: units[unit])
    alike = sum(count for unit, count in units.items() if unit_ratio(unit, best) is not None)
    return best if alike >= _WITH_WORDS * sum(counts.values()) else ""
