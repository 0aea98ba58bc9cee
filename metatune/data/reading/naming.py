"""Names or data: the judgement whether the first row of a table names its columns.

Either story has a likelihood. A row of data holds what its column holds below: a cell of another
type is unlikely, and a new value as unlikely as values that occur once are rare among the others
(Good, 1953, The population frequencies of species and the estimation of population parameters).
A header holds words that differ from the values; numbers among them are rare, and then usually in
order: years, dates, wavelengths, 0, 1, 2.
"""

import math
import re
from collections import Counter
from collections.abc import Collection
from itertools import pairwise

from metatune.data.columns.missing import is_marker, is_weak_marker

__all__ = ["is_value", "names_columns"]

_NUMBER = re.compile(r"[-+]?[$€£]?(\d[\d.,]*|[.,]\d+)([eE][-+]?\d+)?%?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?|\d{1,2}:\d{2}(:\d{2})?")
_MANGLED = re.compile(r"(.+)\.(\d+)")
_JUDGED_CELLS = 30_000
_MOSTLY = 0.9
_WIDE = 8
_REPEATED = 0.05  # share of rows up to which they are copies of a header
_ORDERED = 3  # numbers at least that are in order

# Logarithms of probabilities, by which the stories are told apart.
_ORDERED_NAMES = math.log(0.05)  # a header holds numbers, and they are in order
_NUMBER_NAME = math.log(0.1)  # a header holds a number out of order
_NAME_IS_VALUE = math.log(0.05)  # a name is a value of its column
_LEAST_NEW_NUMBER = 0.1  # a number that its column does not hold otherwise
_LEAST_NEW_WORD = 0.02


def is_value(cell: str) -> bool:
    """Return True if a cell is a number or a date, and so hardly a name."""
    bare = cell.strip()
    return _NUMBER.fullmatch(bare) is not None or _DATE.fullmatch(bare) is not None


def names_columns(
    first: list[str], body: list[list[str]], width: int, wanted: Collection[str] = ()
) -> bool:
    """Return True if the first row of a table names the columns.

    Parameters
    ----------
    first : list of str
        The row in question.
    body : list of list of str
        Rows below it.
    width : int
        Their usual number of fields.
    wanted : collection of str
        Names that the table should have.
    """
    if _holds_wanted(first, wanted):
        return True
    if not body:
        return not any(is_value(cell) for cell in first)
    body = _without_repeats(first, body[: max(50, _JUDGED_CELLS // max(1, width))])
    if _counts_columns(first, body) or _marks_repeats(first):
        return True
    shift = 1 if width == len(first) + 1 else 0
    as_data = _order_as_data(first, body, shift)
    as_names = _numbers_as_names(first)
    for i, cell in enumerate(first):
        column = [row[i + shift].strip() for row in body if i + shift < len(row)]
        known = [c for c in column if not is_marker(c) and not is_weak_marker(c)]
        if known and not is_marker(cell):
            data, name = _cell(cell.strip(), known)
            as_data += data
            as_names += name
    if as_names == as_data:
        return not any(is_value(cell) for cell in first)
    return as_names > as_data


def _without_repeats(first: list[str], body: list[list[str]]) -> list[list[str]]:
    """Leave out rows that repeat the first one, where files with headers were joined."""
    if any(is_value(cell) for cell in first):
        return body
    others = [row for row in body if row != first]
    return others if len(body) - len(others) <= _REPEATED * len(body) else body


def _cell(cell: str, known: list[str]) -> tuple[float, float]:
    """Return how likely a cell is as one more value of its column, and as its name."""
    n = len(known)
    if cell in known:
        return 0.0, 0.0 if is_value(cell) else _NAME_IS_VALUE
    n_values = sum(map(is_value, known))
    alike = n_values if is_value(cell) else n - n_values
    if alike < (1 - _MOSTLY) * n:
        return math.log((alike + 0.5) / (n + 1)), 0.0
    n_once = sum(count == 1 for count in Counter(known).values())
    new = min(1.0, (n_once + 0.5) / (n + 1))
    return math.log(max(_LEAST_NEW_NUMBER if is_value(cell) else _LEAST_NEW_WORD, new)), 0.0


def _numbers_as_names(first: list[str]) -> float:
    values = [cell for cell in first if is_value(cell)]
    if not values:
        return 0.0
    if _is_ordered(values):
        return _ORDERED_NAMES
    return _NUMBER_NAME * len(values)


def _order_as_data(first: list[str], body: list[list[str]], shift: int) -> float:
    """Return how likely the numbers of a row of data are in order, if those of the first are."""
    places = [i for i, cell in enumerate(first) if is_value(cell)]
    if not _is_ordered([first[i] for i in places]):
        return 0.0
    rows = [[row[i + shift] for i in places if i + shift < len(row)] for row in body]
    ordered = sum(len(row) == len(places) and _is_ordered(row) for row in rows)
    return math.log((ordered + 0.5) / (len(rows) + 1))


def _is_ordered(cells: list[str]) -> bool:
    """Return True if three or more numbers or dates rise from cell to cell."""
    if len(cells) < _ORDERED or not all(map(is_value, cells)):
        return False
    return all(a < b for a, b in pairwise(map(_rank, cells)))


def _rank(cell: str) -> tuple[float, ...]:
    """Return numbers that order values: those of a date from year to second."""
    bare = cell.strip()
    if _DATE.fullmatch(bare) is None:
        return (_number(bare),)
    parts = re.findall(r"\d+", bare)
    year_last = len(parts) >= 3 and len(parts[2]) == 4
    return tuple(map(float, [*parts[2::-1], *parts[3:]] if year_last else parts))


def _number(bare: str) -> float:
    try:
        return float(bare.replace(",", "").strip("$€£%"))
    except ValueError:
        return 0.0


def _holds_wanted(first: list[str], wanted: Collection[str]) -> bool:
    """Return True if a wanted name stands in the row, and is not the number of a column."""
    cells = {cell.strip() for cell in first}
    return any(
        name.strip() in cells and not (name.strip().isdecimal() and int(name) < len(first))
        for name in wanted
    )


def _counts_columns(first: list[str], body: list[list[str]]) -> bool:
    """Return True if a row counts the columns: 0, 1, 2, ..., or years.

    In a narrow table of whole numbers 1, 2, 3 may well be data.
    """
    cells = [cell.strip() for cell in first]
    if len(cells) < _ORDERED or not all(cell.isdigit() for cell in cells):
        return False
    if {int(b) - int(a) for a, b in pairwise(cells)} != {1}:
        return False
    return len(cells) >= _WIDE or not all(c.strip().isdigit() for row in body[:50] for c in row)


def _marks_repeats(first: list[str]) -> bool:
    """Return True if a row has repeated numbers as pandas renames them: 0, 0.1, 0.2, ..."""
    cells = [cell.strip() for cell in first]
    if len(set(cells)) < len(cells) or not all(is_value(cell) for cell in cells):
        return False
    repeats: Counter[str] = Counter()
    for cell in cells:
        match = _MANGLED.fullmatch(cell)
        if match and match[1] in cells and int(match[2]) == repeats[match[1]] + 1:
            repeats[match[1]] += 1
    return sum(repeats.values()) >= max(3, len(cells) / 2)
