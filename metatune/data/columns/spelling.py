"""Spellings of one level: ``Low Fat``, ``low fat`` and ``low-fat``."""

import re
from collections import defaultdict
from collections.abc import Iterable

__all__ = ["common_spelling", "spelled_alike"]

_GAP = re.compile(r"(?<=\w)[\s_-]+(?=\w)")


def common_spelling(text: str) -> str:
    """Return a text without what its spellings differ in: case, and what stands between words."""
    return _GAP.sub(" ", text.casefold()).strip()


def spelled_alike(texts: Iterable[str]) -> list[list[str]]:
    """Return the groups of texts that differ in spelling alone, in the order of the first ones."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for text in texts:
        groups[common_spelling(text)].append(text)
    return [group for group in groups.values() if len(group) > 1]
