"""Header of a text table: its place, the names of the columns, and lines around it."""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

from metatune.data.columns.missing import is_marker, is_weak_marker
from metatune.data.reading.naming import is_value, names_columns
from metatune.data.wording import counted, listed
from metatune.errors import TableError

__all__ = ["Header", "find_header", "with_stand_ins"]

_RULE = re.compile(r"[-=_+:*~|]+")
_UNIT = re.compile(
    r"[(\[].*[)\]]|[%°‰]\s?[A-Za-z]?|[A-Za-zµμΩ°%]{1,4}([/·^*-][A-Za-z0-9²³-]{1,4}){0,3}"
)
_MAX_TITLE_ROWS = 20
_MAX_UNIT_ROWS = 2
_JUDGED = 1_000  # rows
_MOSTLY = 0.9
_SHOWN = 3
_LEAST_SHORT = 5  # rows that make a header with a name too many a fault

_Row = list[str]


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
    is_single : bool
        Whether no further lines belong to it, such as units.
    unnamed : frozenset of str
        The names that were not in the file.
    notes : tuple of str
        Oddities found, one sentence each.
    """

    names: tuple[str, ...]
    present: bool
    n_skipped: int
    is_single: bool = True
    unnamed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """Place where a table begins: the index of its first row, and what stands above it."""

    index: int
    named: bool | None = None  # whether that row names the columns; None if that is to be found
    notes: tuple[str, ...] = ()


def find_header(
    rows: list[_Row],
    label: str,
    choice: int | str | None = None,
    wanted: Collection[str] = (),
    lines: list[int] | None = None,
    *,
    single: bool = False,
) -> Header:
    """Find the names of the columns in the first rows of a table.

    Parameters
    ----------
    rows : list of list of str
        The first rows; blank lines have no cells.
    label : str
        Name of the file in messages.
    choice : int, "yes", "no" or None
        What the user says of the header: its line, whether there is one, or nothing.
    wanted : collection of str
        Names that the table should have.
    lines : list of int, optional
        The line in which each row ends; the number of the row without.
    single : bool
        Whether all rows below the names are data, whatever they look like, and even without cells.

    Raises
    ------
    TableError
        If there is no row of data, the names do not fit the rows, or two columns have the same
        name.
    """
    start = _start(rows, label, choice, lines)
    if start.index >= len(rows):
        raise TableError(f"{label} is empty")
    first = rows[start.index]
    body = _filled(rows[start.index + 1 :])[:_JUDGED]
    width = _usual_width(body) if body else len(first)
    named = start.named
    if named is None:
        named = names_columns(first, body, width, wanted)
    if not named:
        return _nameless(start, max(width, len(first)))
    if not body and not (single and len(rows) > start.index + 1):
        raise TableError(f"{label} holds a header but no rows")
    return _named(rows, start, body, width, label, single=single)


def with_stand_ins(names: list[str]) -> tuple[str, ...]:
    """Return names as they are, and "Unnamed: 3" in the place of column 3 if it has none."""
    return tuple(n if n.strip() else f"Unnamed: {i}" for i, n in enumerate(names))


def _nameless(start: _Start, width: int) -> Header:
    names = tuple(str(i) for i in range(width))
    return Header(
        names=names,
        present=False,
        n_skipped=start.index,
        unnamed=frozenset(names),
        notes=start.notes,
    )


def _named(
    rows: list[_Row], start: _Start, body: list[_Row], width: int, label: str, *, single: bool
) -> Header:
    """Take the names of a header, with the lines below it that belong to it."""
    first, notes = rows[start.index], list(start.notes)
    below = iter(i for i in range(start.index + 1, len(rows)) if _is_filled(rows[i]))
    n_skipped = start.index + 1
    if not single and _is_rule(body[0]) and len(body) > 1:
        first, body = [cell.strip() for cell in first], body[1:]
        n_skipped = next(below) + 1
    names = _aligned(first, body, width, label)
    if names[0] == "" and len(names) > len(first):
        notes.append("the first column has no name: it names the rows")
    if not single and _is_second_header(first, body):
        whole = _is_under_groups(first, body[0])
        names, body = _joined(names, body[0], whole=whole), body[1:]
        n_skipped = next(below) + 1
        notes.append("the header has two lines, the second names the columns left unnamed")
    n_units = 0 if single else _count_units(body)
    if n_units:
        n_skipped = [next(below) for _ in range(n_units)][-1] + 1
        notes.append(f"{counted(n_units, 'line')} of units or labels below the header skipped")
    header = Header(
        names=with_stand_ins(names),
        present=True,
        n_skipped=n_skipped,
        is_single=n_skipped == start.index + 1,
        unnamed=frozenset(f"Unnamed: {i}" for i, n in enumerate(names) if not n.strip()),
        notes=tuple(notes),
    )
    _check_unique(header.names, label)
    return header


def _start(
    rows: list[_Row], label: str, choice: int | str | None, lines: list[int] | None
) -> _Start:
    if isinstance(choice, int):
        numbers = lines if lines is not None else list(range(1, len(rows) + 1))
        for index, number in enumerate(numbers):
            if number >= choice and _is_filled(rows[index]):
                return _Start(index=index, named=True)
        raise TableError(f"{label} has no line {choice} that could be its header")
    start = _below_titles(rows)
    return start if choice is None else replace(start, named=choice == "yes")


def _below_titles(rows: list[_Row]) -> _Start:
    """Skip blank lines, and titles, comments or rules above the table."""
    filled = [i for i, row in enumerate(rows) if _is_filled(row)]
    if not filled:
        return _Start(index=len(rows))
    judged = [rows[i] for i in filled[:_JUDGED]]
    width, n_usual = _usual_width(judged), _usual_filled(judged)
    for count, i in enumerate(filled[:_MAX_TITLE_ROWS]):
        below = [rows[k] for k in filled[count + 1 : count + 1 + _JUDGED]]
        if not below or not _is_title(rows[i], below, width, n_usual):
            note = f"{counted(count, 'line')} above the table skipped" if count else ""
            return _Start(index=i, notes=(note,) if note else ())
    return _Start(index=filled[0])


def _is_title(row: _Row, below: list[_Row], width: int, n_usual: int) -> bool:
    """Return True if a row is above the table: a title, a comment, a rule, or Excel's ``sep=;``."""
    n_filled = _n_filled(row)
    if n_filled == 1 and row[0].strip().lower().startswith("sep="):
        return True
    alone = width >= 3 and n_filled == 1
    if alone and (len(row) != width or all(cell.strip() for cell in below[0][:width])):
        return True
    if width >= 2 and len(row) != width and row[0].lstrip().startswith(("#", "%")):
        return True
    if _is_rule(row):
        return True
    return _is_facts(row, below, width, n_usual)


def _is_facts(row: _Row, below: list[_Row], width: int, n_usual: int) -> bool:
    """Return True if a few cells at the left, such as a source and its name, precede a header.

    The header is the first row below that is filled as the table usually is; it holds words.
    """
    n_filled = _n_filled(row)
    if width < 3 or n_filled >= n_usual or not all(cell.strip() for cell in row[:n_filled]):
        return False
    full = next((i for i, r in enumerate(below) if _n_filled(r) >= _MOSTLY * n_usual), None)
    if full is None or full >= _MAX_TITLE_ROWS:
        return False
    header, rows = below[full], below[full + 1 :]
    if n_filled > n_usual / 2:  # it may well be a header itself, that lacks a name
        return _stands_over_values(header, rows)
    between = any(
        _n_filled(r) > n_usual / 2 and not _stands_over_values(header, rows) for r in below[:full]
    )
    return not between and (len(row) != width or names_columns(header, rows, width))


def _stands_over_values(row: _Row, below: list[_Row]) -> bool:
    """Return True if a row has words only, and one of them stands over numbers or dates."""
    if not below or any(is_value(cell) for cell in row):
        return False
    for i in range(len(row)):
        column = [r[i] for r in below if i < len(r) and not is_marker(r[i])]
        if row[i].strip() and sum(map(is_value, column)) > _MOSTLY * len(column):
            return True
    return False


def _is_filled(row: _Row) -> bool:
    return any(cell.strip() for cell in row)


def _filled(rows: list[_Row]) -> list[_Row]:
    return [row for row in rows if _is_filled(row)]


def _n_filled(row: _Row) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _usual_width(rows: list[_Row]) -> int:
    return Counter(len(row) for row in rows).most_common(1)[0][0]


def _usual_filled(rows: list[_Row]) -> int:
    return Counter(_n_filled(row) for row in rows).most_common(1)[0][0]


def _is_rule(row: _Row) -> bool:
    """Return True if a row is drawn: ``-----,---`` or ``|:---|---|``."""
    cells = [cell.strip() for cell in row if cell.strip()]
    drawn = all(_RULE.fullmatch(cell) for cell in cells)
    return bool(cells) and drawn and any(len(cell) >= 3 for cell in cells)


def _aligned(first: _Row, body: list[_Row], width: int, label: str) -> _Row:
    """Fit the names to rows that are longer: row names without a title, or trailing separators."""
    missing = width - len(first)
    if missing <= 0:
        _check_not_short(first, body, label)
        return first
    if not any(_is_filled(row[len(first) :]) for row in body):
        return [*first, *[""] * missing]
    if missing == 1 and _names_rows([row[0].strip() for row in body if row]):
        return ["", *first]  # R leaves out the title of the row names
    raise TableError(
        f"{label}: the header names {counted(len(first), 'column')}, but most rows have {width} "
        "fields: give every column a name, or quote the fields that hold the separator"
    )


def _check_not_short(first: _Row, body: list[_Row], label: str) -> None:
    """Refuse a header with more names than any row has fields: names would move in silence."""
    longest = max((len(row) for row in body), default=0)
    if len(body) >= _LEAST_SHORT and longest < len(first) and _is_filled(first[longest:]):
        raise TableError(
            f"{label}: the header names {counted(len(first), 'column')}, but no row has more than "
            f"{counted(longest, 'field')}: take the names without a column out of the header"
        )


def _names_rows(cells: list[str]) -> bool:
    """Return True if cells can be names of rows: words that differ, or numbers in order."""
    if len(set(cells)) < len(cells):
        return False
    if all(cell.isdecimal() for cell in cells):
        numbers = [int(cell) for cell in cells]
        return numbers == sorted(numbers)
    return not any(is_value(cell) for cell in cells)


def _is_second_header(first: _Row, body: list[_Row]) -> bool:
    """Return True if the second row is a header, too: new words in the gaps of the first."""
    second, rest = body[0], body[1:]
    gaps = [i for i, cell in enumerate(first) if not cell.strip() and i < len(second)]
    if len(rest) < 2 or len(gaps) < (1 if _is_under_groups(first, second) else 2):
        return False
    if sum(bool(second[i].strip()) for i in gaps) < _MOSTLY * len(gaps):
        return False
    grouped = {*gaps, *(i - 1 for i in gaps)}  # ticked boxes repeat their label
    for i, cell in enumerate(second):
        column = {row[i].strip() for row in rest if i < len(row)}
        if cell.strip() and (is_value(cell) or (i not in grouped and cell.strip() in column)):
            return False
    return True


def _is_under_groups(first: _Row, second: _Row) -> bool:
    """Return True if a row names the columns of groups only, whose names stand in merged cells."""
    grouped = [
        i
        for i in range(len(first))
        if not first[i].strip() or not "".join(first[i + 1 : i + 2]).strip()
    ]
    others = [i for i in range(min(len(first), len(second))) if i not in grouped]
    filled = [i for i in grouped if i < len(second) and second[i].strip()]
    return len(filled) >= 2 and all(second[i].strip() in ("", first[i].strip()) for i in others)


def _joined(first: _Row, second: _Row, *, whole: bool) -> _Row:
    """Name the gaps of the first header line by the second, with the group they stand in.

    `whole` is for the first column of each group as well, whose group stands above it.
    """
    names: list[str] = []
    group = ""
    for i, name in enumerate(first):
        below = second[i].strip() if i < len(second) else ""
        group = name.strip() or group
        alone = name.strip() and not (whole and below and below != name.strip())
        names.append(name if alone or not below else f"{group}: {below}".lstrip(": "))
    return names


def _count_units(body: list[_Row]) -> int:
    """Count the lines below the header that say units or labels instead of values."""
    count = 0
    while count < _MAX_UNIT_ROWS and _is_unit_row(body[count : count + 1], body[count + 1 :]):
        count += 1
    return count


def _is_unit_row(row: list[_Row], body: list[_Row]) -> bool:
    """Return True if a row has words over columns of numbers, and nothing that looks like data."""
    if not row or len(body) < _LEAST_SHORT:
        return False
    n_units = n_plain = n_words = 0
    for i, cell in enumerate(row[0]):
        bare = cell.strip()
        column = [r[i].strip() for r in body[: _JUDGED // 4] if i < len(r)]
        known = [c for c in column if not is_marker(c) and not is_weak_marker(c)]
        if is_marker(bare) or is_weak_marker(bare) or not known:
            continue
        if is_value(bare) or bare in known:
            return False
        if sum(is_value(c) for c in known) >= _MOSTLY * len(known):
            n_units += 1
            n_plain += _UNIT.fullmatch(bare) is not None
        else:
            n_words += 1
    return n_units >= 2 or (n_units == n_plain == 1 and not n_words)


def _check_unique(names: tuple[str, ...], label: str) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        shown = listed(repeated, _SHOWN)
        raise TableError(
            f"{label}: several columns are called {shown}: give every column its own name"
        )
