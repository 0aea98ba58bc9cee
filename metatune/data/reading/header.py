"""Header of a text table: detection of its column names."""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from metatune.data.columns.missing import is_marker, is_weak_marker
from metatune.data.wording import counted, listed
from metatune.errors import TableError

__all__ = ["Header", "find_header"]

_NUMBER = re.compile(r"[-+]?[$€£]?(\d[\d.,]*|[.,]\d+)([eE][-+]?\d+)?%?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?|\d{1,2}:\d{2}(:\d{2})?")
_MANGLED = re.compile(r"(.+)\.(\d+)")
_MAX_TITLE_ROWS = 20
_JUDGED = 1_000  # rows
_JUDGED_CELLS = 30_000
_MOSTLY = 0.9
_WIDE = 8
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Names of the columns.

    Attributes
    ----------
    names : tuple of str
        As written; "Unnamed: 3" where there is none, "0", "1", ... without a header.
    present : bool
        Whether they were in the file.
    n_skipped : int
        Rows before the first row of data, blank lines included.
    unnamed : frozenset of str
        The names that were not in the file.
    notes : tuple of str
        Oddities found, one sentence each.
    """

    names: tuple[str, ...]
    present: bool
    n_skipped: int
    unnamed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def find_header(rows: list[list[str]], label: str) -> Header:
    """Find the names of the columns in the first rows of a table.

    Parameters
    ----------
    rows : list of list of str
        The first rows; blank lines have no cells.
    label : str
        Name of the file in messages.

    Raises
    ------
    TableError
        If there is no row of data, or two columns have the same name.
    """
    start, notes = _first_row(rows)
    body = [row for row in rows[start + 1 :] if any(cell.strip() for cell in row)][:_JUDGED]
    if start >= len(rows):
        raise TableError(f"{label} is empty")
    width = _usual_width(body) if body else len(rows[start])
    first = rows[start]
    if not _is_header(first, body, width):
        width = max(width, len(first))
        names = tuple(str(i) for i in range(width))
        empty = frozenset(names)
        return Header(names=names, present=False, n_skipped=start, unnamed=empty, notes=notes)
    if not body:
        raise TableError(f"{label} holds a header but no rows")
    names_in_file = _aligned(first, body, width)
    n_skipped = start + 1
    if _is_second_header(first, body):
        names_in_file = _joined(names_in_file, body[0])
        n_skipped = rows.index(body[0], start + 1) + 1
        notes = (*notes, "the header has two lines, the second names the columns left unnamed")
    names = tuple(n if n.strip() else f"Unnamed: {i}" for i, n in enumerate(names_in_file))
    _check_unique(names, label)
    unnamed = frozenset(f"Unnamed: {i}" for i, n in enumerate(names_in_file) if not n.strip())
    return Header(names=names, present=True, n_skipped=n_skipped, unnamed=unnamed, notes=notes)


def _first_row(rows: list[list[str]]) -> tuple[int, tuple[str, ...]]:
    """Skip blank lines, and titles or comments above the table."""
    filled = [i for i, row in enumerate(rows) if any(cell.strip() for cell in row)]
    if not filled:
        return len(rows), ()
    width = _usual_width([rows[i] for i in filled[:_JUDGED]])
    for count, i in enumerate(filled[:_MAX_TITLE_ROWS]):
        below = rows[filled[count + 1]] if count + 1 < len(filled) else []
        if not _is_title(rows[i], below, width):
            note = f"{counted(count, 'line')} above the table skipped" if count else ""
            return i, (note,) if note else ()
    return filled[0], ()


def _is_title(row: list[str], below: list[str], width: int) -> bool:
    """Return True if a row is above the table: a title, a comment, or Excel's ``sep=;``."""
    n_filled = sum(bool(cell.strip()) for cell in row)
    if n_filled == 1 and row[0].strip().lower().startswith("sep="):
        return True
    if width >= 3 and n_filled == 1:
        return len(row) != width or all(cell.strip() for cell in below[:width])
    return width >= 2 and len(row) != width and row[0].lstrip().startswith(("#", "%"))


def _usual_width(rows: list[list[str]]) -> int:
    return Counter(len(row) for row in rows).most_common(1)[0][0]


def _aligned(first: list[str], body: list[list[str]], width: int) -> list[str]:
    """Fit the names to rows that are longer: row names without a title, or trailing separators."""
    missing = width - len(first)
    if missing <= 0:
        return first
    tails_empty = all(not any(cell.strip() for cell in row[len(first) :]) for row in body)
    if missing == 1 and not tails_empty:
        return ["", *first]  # R leaves out the title of the row names
    return [*first, *[""] * missing]


def _is_header(first: list[str], body: list[list[str]], width: int) -> bool:
    """Return True if the first row differs from the columns below it as a header does."""
    if not body:
        return not any(_is_value(cell) for cell in first)
    body = body[: max(50, _JUDGED_CELLS // max(1, width))]
    if _counts_columns(first, body) or _marks_repeats(first):
        return True
    shift = 1 if width == len(first) + 1 else 0
    words_over_numbers = numbers_over_numbers = seen_again = 0
    for i, cell in enumerate(first):
        column = [row[i + shift].strip() for row in body if i + shift < len(row)]
        known = [c for c in column if not is_marker(c) and not is_weak_marker(c)]
        bare = cell.strip()
        if not known or is_marker(bare):
            continue
        if sum(_is_value(c) for c in known) >= _MOSTLY * len(known):
            words_over_numbers += not _is_value(bare)
            numbers_over_numbers += _is_value(bare)
        elif bare in known:
            seen_again += 1
    for_header, against = words_over_numbers, numbers_over_numbers + seen_again
    if for_header or against:
        return for_header >= against
    return not any(_is_value(cell) for cell in first)


def _is_value(cell: str) -> bool:
    bare = cell.strip()
    return _NUMBER.fullmatch(bare) is not None or _DATE.fullmatch(bare) is not None


def _counts_columns(first: list[str], body: list[list[str]]) -> bool:
    """Return True if a row counts the columns: 0, 1, 2, ..., or years.

    In a narrow table of whole numbers 1, 2, 3 may well be data.
    """
    cells = [cell.strip() for cell in first]
    if len(cells) < 3 or not all(cell.isdigit() for cell in cells):
        return False
    if {int(b) - int(a) for a, b in pairwise(cells)} != {1}:
        return False
    return len(cells) >= _WIDE or not all(c.strip().isdigit() for row in body[:50] for c in row)


def _marks_repeats(first: list[str]) -> bool:
    """Return True if a row has repeated numbers as pandas renames them: 0, 0.1, 0.2, ..."""
    cells = [cell.strip() for cell in first]
    if len(set(cells)) < len(cells) or not all(_is_value(cell) for cell in cells):
        return False
    repeats: Counter[str] = Counter()
    for cell in cells:
        match = _MANGLED.fullmatch(cell)
        if match and match[1] in cells and int(match[2]) == repeats[match[1]] + 1:
            repeats[match[1]] += 1
    return sum(repeats.values()) >= max(3, len(cells) / 2)


def _is_second_header(first: list[str], body: list[list[str]]) -> bool:
    """Return True if the second row is a header, too: new words in the gaps of the first."""
    second, rest = body[0], body[1:]
    gaps = [i for i, cell in enumerate(first) if not cell.strip() and i < len(second)]
    if len(gaps) < 2 or len(rest) < 2:
        return False
    if sum(bool(second[i].strip()) for i in gaps) < _MOSTLY * len(gaps):
        return False
    grouped = {*gaps, *(i - 1 for i in gaps)}  # ticked boxes repeat their label
    for i, cell in enumerate(second):
        column = {row[i].strip() for row in rest if i < len(row)}
        if cell.strip() and (_is_value(cell) or (i not in grouped and cell.strip() in column)):
            return False
    return True


def _joined(first: list[str], second: list[str]) -> list[str]:
    """Name the gaps of the first header line by the second, with the group they stand in."""
    names: list[str] = []
    group = ""
    for i, name in enumerate(first):
        below = second[i].strip() if i < len(second) else ""
        group = name.strip() or group
        names.append(name if name.strip() or not below else f"{group}: {below}".lstrip(": "))
    return names


def _check_unique(names: tuple[str, ...], label: str) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        shown = listed(repeated, _SHOWN)
        raise TableError(
            f"{label}: several columns are called {shown}: give every column its own name"
        )
