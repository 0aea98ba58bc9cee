"""Names of columns: kinship with the target, and words for what is known only afterwards."""

import re
from functools import lru_cache

__all__ = ["is_afterwards", "is_kin"]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SAME_BEGINNING = 4  # letters by which words count as the same
_USUAL = frozenset(
    (
        *("the", "of", "per", "and", "for", "in", "at", "to", "by", "is", "a", "or", "on"),
        *("total", "avg", "average", "mean", "median", "min", "max", "sum", "num", "number"),
        *("count", "value", "type", "name", "code", "id", "rate", "ratio", "level", "index"),
        *("class", "target", "time", "date", "year", "day", "size", "you", "your"),
    )
)
"""Words that say nothing about kinship."""

_AFTERWARDS = frozenset(
    (
        *("actual", "outcome", "result", "results", "final", "finish", "finished", "label"),
        *("target", "gross", "profit", "profitability", "revenue", "verdict", "decision"),
        *("discharge", "discharged", "cancelled", "canceled", "closed", "settled", "realized"),
        *("realised", "resolved", "diagnosis", "prediction", "predicted", "response", "answer"),
        *("class", "after", "afterwards", "post", "tax", "rank", "ranking", "rating", "paid"),
        *("status", "approved", "rejected", "survived", "died", "death", "convicted"),
    )
)
"""Words of columns that are filled when the target is known already."""


def is_kin(column: str, target: str) -> bool:
    """Return True if a column's name shares a telling word with the target's.

    ``logwage`` and ``Wage``, ``Audit_Risk`` and ``Risk``, ``OpenProfit`` and ``OpeningWeekend``.
    """
    own, wanted = _words(column), _words(target)
    if _without_numbers(column) == _without_numbers(target):
        return False  # one of a series, such as grades or sensors: each is of use to the others
    if any(_same(a, b) for a in own for b in wanted):
        return True
    whole, other = "".join(own), "".join(wanted)
    shorter = min(len(whole), len(other))
    return shorter >= _SAME_BEGINNING and (whole in other or other in whole)


def is_afterwards(column: str) -> bool:
    """Return True if a column's name says that it is known only afterwards."""
    return any(word in _AFTERWARDS for word in map(str.lower, _WORD.findall(column)))


def _without_numbers(name: str) -> str:
    return re.sub(r"\d+", "", name).strip().lower()


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[str, ...]:
    words = (word.lower() for word in _WORD.findall(name))
    return tuple(word for word in words if word not in _USUAL and len(word) > 2)


def _same(a: str, b: str) -> bool:
    if a == b:
        return True
    shorter, longer = sorted((a, b), key=len)
    return len(shorter) >= _SAME_BEGINNING and longer.startswith(shorter)
