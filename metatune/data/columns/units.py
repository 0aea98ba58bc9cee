"""Currencies, scales and units that people write beside a number."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache

__all__ = [
    "CURRENCY_AFTER",
    "CURRENCY_BEFORE",
    "RANKS",
    "SCALE_WORDS",
    "UNIT",
    "differ_in_currency",
    "scale_of",
    "unit_ratio",
]

_SIGNS = r"[A-Za-z]{0,3}\$|[€£¥₹₽₩₺₴₦฿₫₪₱₡₲₵₸₼₾¢￥﷼¤]"
_USUAL = "USD|EUR|GBP|CHF|JPY|INR|CNY|RMB|BRL|PLN|SEK|NOK|DKK|CAD|AUD|Rs|Rp"
_CODES = (
    f"{_USUAL}|RUB|ISK|CZK|HUF|RON|BGN|TRY|ZAR|MXN|ARS|CLP|COP|PEN|NZD|HKD|SGD|TWD|KRW|THB|IDR|"
    "MYR|PHP|VND|ILS|AED|SAR|QAR|KWD|EGP|NGN|KES|GHS|MAD|PKR|BDT|LKR|UAH|KZT|BTC|ETH"
)
_NAMES = r"RM|kr|zł|zl|Kč|Kc|Ft|S?Fr|lei|leu|лв|руб|грн|TL|евро|euros?|dollars?|pounds?|S/"
CURRENCY_BEFORE = rf"(?:{_SIGNS}|(?:{_USUAL})\.?|(?i:{_CODES}|{_NAMES})(?:\.\s?|\s))"
"""Pattern of a currency before an amount. Names need a blank: ``RM101`` is a room."""

CURRENCY_AFTER = rf"(?:{_SIGNS}|[円元원]|(?i:{_CODES}|{_NAMES})\.?)"
"""Pattern of a currency after an amount."""

_CURRENCY = re.compile(
    rf"(?:^|[\s(+-]){CURRENCY_BEFORE}(?=\s*[-+−]?[\d.,])|(?<=[\d\s.,]){CURRENCY_AFTER}(?=\)?\s*$)"
)
_RARE = 0.05  # share of the amounts in another currency than most

_SHORT = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9}
SCALE_WORDS = {
    **{"thousand": 1e3, "tsd": 1e3, "mille": 1e3},
    **{"lakh": 1e5, "lakhs": 1e5, "lac": 1e5, "lacs": 1e5, "crore": 1e7, "crores": 1e7, "cr": 1e7},
    **{"million": 1e6, "millions": 1e6, "mn": 1e6, "mln": 1e6, "mio": 1e6, "mil": 1e6},
    **{"billion": 1e9, "billions": 1e9, "bn": 1e9, "mrd": 1e9, "bln": 1e9, "trillion": 1e12},
    **{"万": 1e4, "亿": 1e8, "億": 1e8},
}
"""Words in small letters that multiply the number before them; a full stop may follow."""

UNIT = r"(?:[^\W\d_]|[°‰])(?:[^\W\d_]|[°%‰/.^]| (?=[^\W\d_])){0,19}"
"""Pattern of a unit after a number: ``kg``, ``km/l``, ``sq. ft.``, ``°C``, ``лет``."""

_PREFIXES = {
    **{"": 1.0, "n": 1e-9, "µ": 1e-6, "u": 1e-6, "m": 1e-3, "c": 1e-2, "d": 1e-1},
    **{"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15},
    **{"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40},
}
RANKS = ("st", "nd", "rd", "th")
"""Endings of ranks such as ``3rd``."""

_MEASURES: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("gram", "grams", "gr", "gm", "gms"), ("g", 1.0)),
    **dict.fromkeys(("kilogram", "kilograms", "kilo", "kilos", "kgs"), ("g", 1e3)),
    **dict.fromkeys(("tonne", "tonnes"), ("g", 1e6)),
    **dict.fromkeys(("mcg", "micrograms"), ("g", 1e-6)),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds"), ("g", 453.59237)),
    **dict.fromkeys(("oz", "ounce", "ounces"), ("g", 28.349523125)),
    **dict.fromkeys(("stone", "stones"), ("g", 6350.29318)),
    **dict.fromkeys(("meter", "meters", "metre", "metres"), ("m", 1.0)),
    **dict.fromkeys(("kilometer", "kilometers", "kilometre", "kilometres", "kms"), ("m", 1e3)),
    **dict.fromkeys(("centimeter", "centimeters", "centimetre", "centimetres"), ("m", 1e-2)),
    **dict.fromkeys(("millimeter", "millimeters", "millimetre", "millimetres"), ("m", 1e-3)),
    **dict.fromkeys(("in", "inch", "inches"), ("m", 0.0254)),
    **dict.fromkeys(("ft", "foot", "feet"), ("m", 0.3048)),
    **dict.fromkeys(("yd", "yds", "yard", "yards"), ("m", 0.9144)),
    **dict.fromkeys(("mi", "mile", "miles"), ("m", 1609.344)),
    **dict.fromkeys(("liter", "liters", "litre", "litres", "ltr"), ("l", 1.0)),
    **dict.fromkeys(("gal", "gallon", "gallons"), ("l", 3.785411784)),
    **dict.fromkeys(("qt", "quart", "quarts"), ("l", 0.946352946)),
    **dict.fromkeys(("pt", "pint", "pints"), ("l", 0.473176473)),
    **dict.fromkeys(("fl oz", "floz", "fl. oz"), ("l", 0.0295735295625)),
    "cc": ("l", 1e-3),
    **dict.fromkeys(("sqm", "sq m", "sq. m", "m²", "m2", "square meters"), ("m²", 1.0)),
    **dict.fromkeys(("sqft", "sq ft", "sq. ft", "ft²", "ft2", "square feet"), ("m²", 0.09290304)),
    **dict.fromkeys(("sqyd", "sq yd", "sq. yd", "square yards"), ("m²", 0.83612736)),
    **dict.fromkeys(("ha", "hectare", "hectares"), ("m²", 1e4)),
    **dict.fromkeys(("ac", "acre", "acres"), ("m²", 4046.8564224)),
    **dict.fromkeys(("km/h", "kmh", "kph", "kmph"), ("m/s", 1 / 3.6)),
    **dict.fromkeys(("m/s", "mps"), ("m/s", 1.0)),
    "mph": ("m/s", 0.44704),
    **dict.fromkeys(("kn", "kt", "kts", "knot", "knots"), ("m/s", 1852 / 3600)),
    **dict.fromkeys(("hp", "bhp"), ("W", 745.6998715822702)),
    **dict.fromkeys(("cal", "calories"), ("J", 4.184)),
    "kcal": ("J", 4184.0),
    **{"bar": ("Pa", 1e5), "psi": ("Pa", 6894.757293168), "atm": ("Pa", 101_325.0)},
    **dict.fromkeys(RANKS, ("place", 1.0)),
}
"""Quantity, named by its unit here, and amount of units in small letters; pints are American."""
_BASES = ("B", "b", "bit", "bps", "bp", "g", "m", "l", "L", "Hz", "W", "Wh", "V", "A", "J", "Pa")
_BASE_NAMES = {"L": "l"}
_PREFIXED = re.compile(rf"(Ki|Mi|Gi|Ti|[nµumcdkKMGTP]?)({'|'.join(_BASES)})")


@cache
def unit_ratio(found: str, unit: str) -> float | None:
    """Return by what to multiply amounts in one unit to have them in another.

    Parameters
    ----------
    found : str
        Unit as written in a cell.
    unit : str
        Unit of the column.

    Returns
    -------
    float or None
        1 for another spelling (``Kg``, ``kg.``, ``days`` for ``day``), the ratio where both
        measure the same (``g`` and ``kg``, ``lbs`` and ``kg``); None for other units.
    """
    if found == unit or _spelling(found) == _spelling(unit):
        return 1.0
    one, other = _measure(found), _measure(unit)
    return one[1] / other[1] if one and other and one[0] == other[0] else None


def differ_in_currency(counts: Mapping[str, int]) -> bool:
    """Return True if not nearly all amounts of a column are in the same currency, where one stands.

    Parameters
    ----------
    counts : mapping of str to int
        Distinct cells that are not missing, with how often each occurs.
    """
    found: Counter[str] = Counter()
    for text, n in counts.items():
        match = _CURRENCY.search(text.strip())
        if match is not None:
            found[match[0].strip(" (+-.").casefold()] += n
    return len(found) > 1 and found.most_common(2)[1][1] >= _RARE * found.total()


def scale_of(word: str) -> float | None:
    """Return what k, M, B or a word such as ``million`` multiplies by; None for other words."""
    return _SHORT.get(word) or SCALE_WORDS.get(word.rstrip(".").lower())


def _measure(unit: str) -> tuple[str, float] | None:
    """Return the quantity that a unit measures, and its amount; None for an unknown unit."""
    bare = unit.rstrip(".")
    prefixed = _PREFIXED.fullmatch(bare)
    if prefixed is not None:
        return _BASE_NAMES.get(prefixed[2], prefixed[2]), _PREFIXES[prefixed[1]]
    return _MEASURES.get(bare.casefold())


def _spelling(unit: str) -> str:
    """Return what spellings of a unit have in common; single letters keep their case."""
    bare = unit.rstrip(".")
    if len(bare) < 2 or _PREFIXED.fullmatch(bare):
        return bare
    bare = bare.casefold()
    return bare[:-1] if len(bare) > 2 and bare.endswith("s") else bare
