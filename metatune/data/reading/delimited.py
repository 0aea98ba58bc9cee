"""Reader of text tables: fields separated by commas, semicolons, tabs, bars, blanks or others."""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

import pandas as pd

from metatune.data.columns.missing import is_marker, is_weak_marker
from metatune.data.reading.charset import find_encoding, other_encoding
from metatune.data.reading.dialect import (
    Dialect,
    Rows,
    find_decimal,
    find_dialect,
    split_rows,
)
from metatune.data.reading.header import Header, find_header
from metatune.data.reading.options import DETECT, ReadingOptions
from metatune.data.reading.parser import Plan, judged_rows, parse
from metatune.data.reading.payload import Payload
from metatune.data.reading.repeats import without_repeated_header, without_tail
from metatune.data.reading.room import check_room
from metatune.data.reading.source import Source
from metatune.data.reading.verbatim import NOTHING, Verbatim
from metatune.errors import TableError

__all__ = ["read_delimited", "seen_markers"]

_HEAD_BYTES = 1_000_000
_BYTES_FOR_CELL = 24  # a number, while pieces of the table are joined
_PARSER_TROUBLE = (pd.errors.ParserError, pd.errors.ParserWarning)
_NOT_CLOSED = re.compile(r"EOF inside string starting at row (\d+)")
_TOO_MANY = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """First bytes of a text table, and what the user says about it."""

    payload: Payload
    data: bytes
    complete: bool
    options: ReadingOptions
    wanted: Collection[str]
    verbatim: Verbatim

    def text(self, encoding: str) -> str:
        return self.data.decode(encoding, errors="ignore")


def read_delimited(
    payload: Payload,
    options: ReadingOptions = DETECT,
    wanted: Collection[str] = (),
    verbatim: Verbatim = NOTHING,
) -> tuple[pd.DataFrame, Source, tuple[str, ...], frozenset[str]]:
    """Read a text table.

    Parameters
    ----------
    payload : Payload
    options : ReadingOptions
        What is known; the rest is detected.
    wanted : collection of str
        Names of columns that the table should hold.
    verbatim : Verbatim
        What is taken as it stands.

    Returns
    -------
    tuple of (DataFrame, Source, tuple of str, frozenset of str)
        The table, what was detected, notes, and the names that were not in the file.

    Raises
    ------
    TableError
        If the bytes are no text, there are no rows, a row has too many fields, or two columns
        have the same name.
    """
    data, complete = payload.head(_HEAD_BYTES)
    head = _Head(
        payload=payload,
        data=data,
        complete=complete,
        options=options,
        wanted=wanted,
        verbatim=verbatim,
    )
    frame, plan = _read_as(head, _encoding(head))
    judged = judged_rows(plan)
    left_out: tuple[str, ...] = ()
    if not verbatim.rows:
        frame, tail = without_tail(frame)
        frame, repeats = without_repeated_header(frame, plan.header, plan.decimal, plan.verbatim)
        left_out = (*repeats, *tail)
    source = Source(
        format="csv",
        compression=payload.compression,
        separator=plan.dialect.separator,
        quote=plan.dialect.quote,
        encoding=plan.encoding,
        decimal=options.decimal or find_decimal(judged),
        column_decimal=plan.decimal,
        has_header=plan.header.present,
        has_single_header=plan.header.is_single,
        missing_markers=(*seen_markers(judged), *options.na),
    )
    return frame, source, (*plan.header.notes, *left_out), plan.header.unnamed


def seen_markers(rows: list[list[str]]) -> tuple[str, ...]:
    """List the missing markers among the first rows, the most frequent first.

    Markers such as ``-`` count in columns of numbers only.
    """
    cells = {cell.strip() for row in rows for cell in row}
    markers = {cell for cell in cells if is_marker(cell) or is_weak_marker(cell)}
    counts: Counter[str] = Counter()
    for i in _places(rows, markers):
        column = Counter(row[i].strip() for row in rows if i < len(row))
        strong = {cell: n for cell, n in column.items() if is_marker(cell)}
        weak = {cell: n for cell, n in column.items() if cell in markers and cell not in strong}
        rest = [cell for cell in column if cell not in markers]
        counts.update(strong)
        if weak and rest and all(cell.replace(".", "").replace(",", "").isdigit() for cell in rest):
            counts.update(weak)
    return tuple(marker for marker, _ in counts.most_common())


def _places(rows: list[list[str]], cells: set[str]) -> list[int]:
    """Return the positions of the columns that hold some cells: few in a wide table."""
    if not cells:
        return []
    return sorted({i for row in rows for i, cell in enumerate(row) if cell.strip() in cells})


def _encoding(head: _Head) -> str:
    if head.options.encoding is not None:
        return head.options.encoding
    return find_encoding(head.data, complete=head.complete, label=head.payload.label)


def _read_as(head: _Head, encoding: str) -> tuple[pd.DataFrame, Plan]:
    """Read a table in an encoding, and in another one if it turns out to be wrong far down."""
    try:
        return _parse_somehow(head, _make_plan(head, encoding))
    except UnicodeDecodeError as error:
        wrong = error
    label = head.payload.label
    if head.options.encoding is not None:
        raise TableError(
            f"{label} is not encoded in {encoding} ({wrong.reason}): name another encoding, "
            "or none to have it detected"
        )
    other = other_encoding(_foreign_lines(head.payload), encoding)
    try:
        return _parse_somehow(head, _make_plan(head, other))
    except UnicodeDecodeError as error:
        raise TableError(
            f"{label} is encoded neither in {encoding} nor in {other} ({error.reason}): "
            "say how with the option encoding"
        ) from None


def _foreign_lines(payload: Payload) -> bytes:
    """Return the first lines that hold other characters than those of ASCII."""
    lines: list[bytes] = []
    n_bytes = 0
    with payload.open() as stream:
        for line in stream:
            if not line.isascii():
                lines.append(line)
                n_bytes += len(line)
            if n_bytes > _HEAD_BYTES:
                break
    return b"".join(lines)


def _make_plan(head: _Head, encoding: str) -> Plan:
    payload, options, text = head.payload, head.options, head.text(encoding)
    dialect = find_dialect(text, complete=head.complete, suffix=payload.suffix, options=options)
    if options.separator is not None and not _occurs(options.separator, text):
        _check_single(head, text)
    return _plan_with(head, text, encoding, dialect)


def _occurs(separator: str, text: str) -> bool:
    return re.search(separator if separator == r"\s+" else re.escape(separator), text) is not None


def _check_single(head: _Head, text: str) -> None:
    """Refuse a separator that never occurs, unless the table has one column by all that is known.

    Raises
    ------
    TableError
        If another separator divides the lines, or the known one has several characters.
    """
    separator, label = head.options.separator or "", head.payload.label
    first = text.lstrip().partition("\n")[0].strip()
    if first in {name.strip() for name in head.wanted}:
        return
    found = find_dialect(text, complete=head.complete, suffix=head.payload.suffix)
    divides = found.separator in first if found.separator != r"\s+" else " " in first
    if divides or len(separator) > 1:
        hint = f", but {found.separator!r} does" if divides else ""
        raise TableError(f"separator {separator!r} does not occur in {label}{hint}: name another")


def _plan_with(head: _Head, text: str, encoding: str, dialect: Dialect) -> Plan:
    label, options = head.payload.label, head.options
    rows = split_rows(text, dialect, complete=head.complete)
    if not any(any(cell.strip() for cell in row) for row in rows.cells):
        raise TableError(f"{label} is empty")
    header = find_header(
        rows.cells,
        label,
        options.header,
        head.wanted,
        rows.lines,
        single=head.verbatim.single_header,
    )
    _check_widths(rows, header, dialect, label)
    # Commas inside fields of a comma-separated table are left to the columns they stand in.
    plan = Plan(
        encoding=encoding,
        dialect=dialect,
        header=header,
        decimal=options.decimal or ".",
        rows=rows,
        na=options.na,
        verbatim=head.verbatim.among(header.names),
        every_row=head.verbatim.rows,
    )
    if options.decimal or dialect.separator == ",":
        return plan
    return replace(plan, decimal=find_decimal(judged_rows(plan)))


def _check_widths(rows: Rows, header: Header, dialect: Dialect, label: str) -> None:
    width = len(header.names)
    for row, line in zip(
        rows.cells[header.n_skipped :], rows.lines[header.n_skipped :], strict=True
    ):
        if len(row) > width:
            raise TableError(_too_many(label, line, len(row), width, dialect))


def _too_many(label: str, line: int, found: int, expected: int, dialect: Dialect) -> str:
    if expected == 1:
        return (
            f"{label}, line {line}: {dialect.separator!r} does not separate the fields of every "
            "line alike: say with the option separator what does, or mend the line"
        )
    return (
        f"{label}, line {line}: {found} fields where {expected} are expected: "
        "quote the field that holds the separator, or mend the line"
    )


def _check_room(head: _Head, plan: Plan) -> None:
    """Refuse a table whose cells would not fit into memory: short rows take many times the file."""
    n_bytes = head.payload.n_bytes()
    n_rows = len(plan.rows.cells) * n_bytes / max(1, len(head.data))
    n_cells = n_rows * len(plan.header.names)
    check_room(2 * n_bytes + _BYTES_FOR_CELL * n_cells, head.payload.label)


def _parse(head: _Head, plan: Plan) -> pd.DataFrame:
    _check_room(head, plan)
    return parse(head.payload, plan)


def _parse_somehow(head: _Head, plan: Plan) -> tuple[pd.DataFrame, Plan]:
    """Read a table, without quoting if its quotes are text; raise TableError if neither works."""
    try:
        return _parse(head, plan), plan
    except _PARSER_TROUBLE as error:
        trouble: Exception = error
    if plan.dialect.quote is not None and "EOF inside string" in str(trouble):
        dialect = replace(plan.dialect, quote=None, escape=None, skips_blanks=False)
        try:
            plain = _plan_with(head, head.text(plan.encoding), plan.encoding, dialect)
            if plain.header.names == plan.header.names:
                return _parse(head, plain), plain
        except (*_PARSER_TROUBLE, TableError):  # the quotes are quotes, and one lacks its partner
            pass
    match = _TOO_MANY.search(str(trouble))
    if match:
        expected, line, found = (int(group) for group in match.groups())
        raise TableError(_too_many(head.payload.label, line, found, expected, plan.dialect))
    raise TableError(f"{head.payload.label} cannot be read as a table: {_reason(trouble)}")


def _reason(trouble: Exception) -> str:
    match = _NOT_CLOSED.search(str(trouble))
    if match:
        return f"a quote that opens near line {int(match[1]) + 1} is never closed: mend it"
    return str(trouble).replace("Error tokenizing data. C error: ", "").strip()
