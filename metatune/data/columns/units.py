"""Currencies, scales and units that people write beside a number."""

import re
from functools import cache

__all__ = [
    "CURRENCY_AFTER",
    "CURRENCY_BEFORE",
    "SCALE_WORDS",
    "UNIT",
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

_PREFIXES = {"": 1.0, "n": 1e-9, "µ": 1e-6, "u": 1e-6, "m": 1e-3, "c": 1e-2, "d": 1e-1}
_PREFIXES |= {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_PREFIXES |= {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
_BASES = ("B", "b", "bit", "bps", "bp", "g", "m", "l", "L", "Hz", "W", "Wh", "V", "A", "J", "Pa")
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
        1 for another spelling (``Kg``, ``kg.``, ``days`` for ``day``), the ratio where both have
        the same base with other prefixes (``g`` and ``kg``); None for other units.
    """
    if found == unit or _spelling(found) == _spelling(unit):
        return 1.0
    one, other = _PREFIXED.fullmatch(found), _PREFIXED.fullmatch(unit)
    if one is None or other is None or one[2] != other[2]:
        return None
    return _PREFIXES[one[1]] / _PREFIXES[other[1]]


def scale_of(word: str) -> float | None:
    """Return what k, M, B or a word such as ``million`` multiplies by; None for other words."""
    return _SHORT.get(word) or SCALE_WORDS.get(word.rstrip(".").lower())


def _spelling(unit: str) -> str:
    """Return what spellings of a unit have in common; single letters keep their case."""
    bare = unit.rstrip(".")
    if len(bare) < 2 or _PREFIXED.fullmatch(bare):
        return bare
    bare = bare.casefold()
    return bare[:-1] if len(bare) > 2 and bare.endswith("s") else bare
