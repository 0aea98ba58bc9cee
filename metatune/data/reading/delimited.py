"""Reader of text tables: fields separated by commas, semicolons, tabs, bars or blanks."""

import csv
import re
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from metatune.data.columns.missing import ALWAYS_MISSING, is_marker, is_weak_marker
from metatune.data.columns.numbers import groups_with_dots, parse_number
from metatune.data.reading.charset import find_encoding, single_byte_encoding
from metatune.data.reading.dialect import Dialect, Rows, find_decimal, find_dialect, split_rows
from metatune.data.reading.header import Header, find_header
from metatune.data.reading.payload import Payload
from metatune.data.reading.source import Source
from metatune.errors import TableError

__all__ = ["read_delimited", "seen_markers"]

_HEAD_BYTES = 1_000_000
_JUDGED_CELLS = 50_000
_GROUPED = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_PARSER_TROUBLE = (pd.errors.ParserError, pd.errors.ParserWarning)
_NOT_CLOSED = re.compile(r"EOF inside string starting at row (\d+)")
_TOO_MANY = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Format of a text table, detected before it is read."""

    encoding: str
    dialect: Dialect
    header: Header
    decimal: str
    rows: Rows


def read_delimited(
    payload: Payload,
) -> tuple[pd.DataFrame, Source, tuple[str, ...], frozenset[str]]:
    """Read a text table.

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
    head, complete = payload.head(_HEAD_BYTES)
    encoding = find_encoding(head, complete=complete, label=payload.label)
    plan = _make_plan(payload, head, encoding, complete)
    try:
        frame, plan = _parse_somehow(payload, plan, head, complete)
    except UnicodeDecodeError as error:
        plan = replace(plan, encoding=single_byte_encoding(error.object))
        frame, plan = _parse_somehow(payload, plan, head, complete)
    data = _judged(plan.rows, plan.header)
    source = Source(
        format="csv",
        compression=payload.compression,
        separator=plan.dialect.separator,
        quote=plan.dialect.quote,
        encoding=plan.encoding,
        decimal=find_decimal(data),
        has_header=plan.header.present,
        missing_markers=seen_markers(data),
    )
    return frame, source, plan.header.notes, plan.header.unnamed


def seen_markers(rows: list[list[str]]) -> tuple[str, ...]:
    """List the missing markers among the first rows, the most frequent first.

    Markers such as ``-`` count in columns of numbers only.
    """
    counts: Counter[str] = Counter()
    width = max((len(row) for row in rows), default=0)
    for i in range(width):
        column = Counter(row[i].strip() for row in rows if i < len(row))
        strong = {cell: n for cell, n in column.items() if is_marker(cell)}
        weak = {
            cell: n for cell, n in column.items() if cell not in strong and is_weak_marker(cell)
        }
        rest = [cell for cell in column if cell not in strong and cell not in weak]
        counts.update(strong)
        if weak and rest and all(cell.replace(".", "").replace(",", "").isdigit() for cell in rest):
            counts.update(weak)
    return tuple(marker for marker, _ in counts.most_common())


def _make_plan(payload: Payload, head: bytes, encoding: str, complete: bool) -> _Plan:
    text = head.decode(encoding, errors="ignore")
    dialect = find_dialect(text, complete=complete, suffix=payload.suffix)
    return _plan_with(payload, text, encoding, dialect, complete)


def _plan_with(
    payload: Payload, text: str, encoding: str, dialect: Dialect, complete: bool
) -> _Plan:
    rows = split_rows(text, dialect, complete=complete)
    if not any(any(cell.strip() for cell in row) for row in rows.cells):
        raise TableError(f"{payload.label} is empty")
    header = find_header(rows.cells, payload.label)
    data = _judged(rows, header)
    _check_widths(rows, header, payload.label)
    # Commas inside fields of a comma-separated table are left to the columns they stand in.
    decimal = find_decimal(data) if dialect.separator != "," else "."
    return _Plan(encoding=encoding, dialect=dialect, header=header, decimal=decimal, rows=rows)


def _judged(rows: Rows, header: Header) -> list[list[str]]:
    """Return as many of the first rows as suffice to detect the notation of cells."""
    n_rows = max(50, _JUDGED_CELLS // max(1, len(header.names)))
    return rows.cells[header.n_skipped : header.n_skipped + n_rows]


def _check_widths(rows: Rows, header: Header, label: str) -> None:
    width = len(header.names)
    for row, line in zip(
        rows.cells[header.n_skipped :], rows.lines[header.n_skipped :], strict=True
    ):
        if len(row) > width:
            raise TableError(_too_many(label, line, len(row), width))


def _too_many(label: str, line: int, found: int, expected: int) -> str:
    return (
        f"{label}, line {line}: {found} fields where {expected} are expected: "
        "quote the field that holds the separator, or mend the line"
    )


def _parse(payload: Payload, plan: _Plan) -> pd.DataFrame:
    grouped = _grouped_columns(plan)
    frame = _parse_as(payload, plan, grouped)
    if all(groups_with_dots(frame[name].dropna().unique()) for name in grouped):
        return frame
    return _parse_as(payload, plan, [])


def _grouped_columns(plan: _Plan) -> list[str]:
    """Return the columns in which dots group thousands, by the first rows: kept as text."""
    if plan.decimal == ",":
        return []
    rows = _judged(plan.rows, plan.header)
    columns = (
        [row[i].strip() for row in rows if i < len(row)] for i in range(len(plan.header.names))
    )
    return [
        name
        for name, cells in zip(plan.header.names, columns, strict=True)
        if groups_with_dots(cell for cell in cells if not is_marker(cell))
    ]


def _parse_as(payload: Payload, plan: _Plan, texts: list[str]) -> pd.DataFrame:
    dialect = plan.dialect
    options: dict[str, Any] = {}
    if dialect.quote is None:
        options["quoting"] = csv.QUOTE_NONE
    else:
        options["quotechar"] = dialect.quote
        options["doublequote"] = dialect.escape is None
        options["escapechar"] = dialect.escape
    with warnings.catch_warnings(), payload.open() as stream:
        # a row longer than the names would be cut with a warning only
        warnings.simplefilter("error", pd.errors.ParserWarning)
        frame: pd.DataFrame = pd.read_csv(
            stream,
            sep=dialect.separator,
            header=None,
            names=list(plan.header.names),
            skiprows=plan.header.n_skipped,
            index_col=False,
            encoding=plan.encoding,
            decimal=plan.decimal,
            na_values=list(ALWAYS_MISSING),
            keep_default_na=False,
            dtype=dict.fromkeys(texts, "str"),
            low_memory=False,
            **options,
        )
    return _with_grouped_thousands(frame) if plan.decimal == "," else frame


def _with_grouped_thousands(frame: pd.DataFrame) -> pd.DataFrame:
    """Read ``1.234`` and ``1.234,5`` as numbers, as the decimal commas of the table demand.

    The parser's own option would read the date 31.12.2020 as a number, too.
    """
    for name in frame.columns:
        cells = frame[name]
        if pd.api.types.is_string_dtype(cells.dtype):
            texts = cells.dropna().unique()
            if len(texts) and all(_GROUPED.fullmatch(text.strip()) for text in texts):
                values = {text: parse_number(text, ",") for text in texts}
                frame[name] = cells.map(values).astype("float64")
    return frame


def _parse_somehow(
    payload: Payload, plan: _Plan, head: bytes, complete: bool
) -> tuple[pd.DataFrame, _Plan]:
    """Read a table, without quoting if its quotes are text; raise TableError if neither works."""
    try:
        return _parse(payload, plan), plan
    except _PARSER_TROUBLE as error:
        trouble: Exception = error
    if plan.dialect.quote is not None and "EOF inside string" in str(trouble):
        text = head.decode(plan.encoding, errors="ignore")
        dialect = replace(plan.dialect, quote=None, escape=None)
        try:
            plain = _plan_with(payload, text, plan.encoding, dialect, complete)
            if plain.header.names == plan.header.names:
                return _parse(payload, plain), plain
        except (*_PARSER_TROUBLE, TableError):  # the quotes are quotes, and one lacks its partner
            pass
    match = _TOO_MANY.search(str(trouble))
    if match:
        expected, line, found = (int(group) for group in match.groups())
        raise TableError(_too_many(payload.label, line, found, expected))
    raise TableError(f"{payload.label} cannot be read as a table: {_reason(trouble)}")


def _reason(trouble: Exception) -> str:
    match = _NOT_CLOSED.search(str(trouble))
    if match:
        return f"a quote that opens near line {int(match[1]) + 1} is never closed: mend it"
    return str(trouble).replace("Error tokenizing data. C error: ", "").strip()
