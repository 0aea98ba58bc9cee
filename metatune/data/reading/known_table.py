"""Tables like one that a model was fitted on: its notation is followed rather than guessed anew."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metatune.data.columns.missing import is_marker, is_weak_marker
from metatune.data.columns.numbers import decimal_evidence
from metatune.data.reading.charset import find_encoding
from metatune.data.reading.dialect import Dialect, Rows, split_rows
from metatune.data.reading.header import find_header, with_stand_ins
from metatune.data.reading.naming import is_value
from metatune.data.reading.options import DETECT, ReadingOptions
from metatune.data.reading.payload import Payload, open_payload
from metatune.data.reading.source import Source, Table, described_separator
from metatune.data.reading.table_reader import format_of, read_payload
from metatune.data.reading.verbatim import Verbatim
from metatune.errors import TableError

__all__ = ["KnownTable", "read_like"]

_HEAD_BYTES = 1_000_000
_TITLE_ROWS = 20  # that may stand above the names
_JUDGED_ROWS = 1_000
_UTF8 = ("utf-8", "utf-8-sig")
_WIDE = ("utf-16", "utf-32")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTable:
    """Knowledge of a model about the table that it was fitted on.

    Attributes
    ----------
    names : tuple of str
        Feature columns in their order.
    needed : frozenset of str
        Those without which the model cannot predict.
    numbers : frozenset of str
        Those that were numbers when they were read.
    texts : frozenset of str
        Those that were texts.
    target : str
        Column of the target.
    source : Source or None
        Format of its file; None if it came from no file.
    """

    names: tuple[str, ...]
    needed: frozenset[str]
    numbers: frozenset[str]
    texts: frozenset[str]
    target: str
    source: Source | None = None

    @property
    def n_fields(self) -> int:
        """Number of columns of a table without header, called by their positions; 0 if named."""
        if self.source is not None and self.source.n_fields:
            return self.source.n_fields
        names = [*self.names, self.target]
        counted = sorted(str(i) for i in range(len(names)))
        return len(names) if sorted(names) == counted else 0

    @property
    def is_nameless(self) -> bool:
        """True if the table had no header: its columns are called by their positions."""
        return self.n_fields > 0

    def places(self, is_empty: Sequence[bool]) -> dict[str, int] | None:
        """Return where the known columns are in a table without header.

        The table holds all columns of the known one, or all but the target, with or without those
        that held no value there.

        Parameters
        ----------
        is_empty : sequence of bool
            Whether a column holds no value, for each column of the table.

        Returns
        -------
        dict of str to int, or None
            Positions by name, in the table's order; None if it has too few columns or too many.
        """
        known = {*self.names, self.target}
        full = tuple(str(i) if str(i) in known else None for i in range(self.n_fields))
        rows = [full, tuple(name for name in full if name != self.target)]
        rows += [tuple(name for name in row if name is not None) for row in rows]
        fitting = [row for row in rows if len(row) == len(is_empty)]
        # Where two fit, columns without values are those that had none in training.
        likely = [r for r in fitting if all(is_empty[i] for i, n in enumerate(r) if n is None)]
        if not fitting:
            return None
        return {name: i for i, name in enumerate((*likely, *fitting)[0]) if name is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """Place of the table in the head of a file that is written like the known one.

    `header` is the line of the names, 0 if there is none; `rows` follow it; `places` tells the
    position of each known column.
    """

    header: int
    rows: list[list[str]]
    places: dict[str, int]

    def cells(self, names: Collection[str]) -> list[list[str]]:
        """Return the filled cells of each of some columns."""
        places = [self.places[name] for name in names if name in self.places]
        columns = ([row[i].strip() for row in self.rows if i < len(row)] for i in places)
        return [[c for c in cells if not (is_marker(c) or is_weak_marker(c))] for cells in columns]


def read_like(path: str | Path, known: KnownTable, given: ReadingOptions = DETECT) -> Table:
    """Read a table that a model shall predict like the one that it was fitted on.

    A text table is read with the separator, quotes, encoding, decimal separator, header and
    markers of the known one, unless it plainly contradicts: then these are detected, and a note
    says so. Columns that were texts stay texts. No row is left out.

    Parameters
    ----------
    path : str or Path
        The file, ``-`` for standard input.
    known : KnownTable
    given : ReadingOptions
        What the user says; it wins over everything.

    Raises
    ------
    TableError
        If it cannot be read.
    """
    payload = open_payload(path)
    if known.source is not None and not given.na:
        given = replace(given, na=known.source.na)
    if known.source is None or known.source.format != "csv" or given.separator or given.header:
        return _read(payload, known, given)
    if format_of(payload) != "csv":
        note = "read by its own format: the model was fitted on a text table"
        return _with_notes(_read(payload, known, given), (note,))
    options, notes, fit = _followed(payload, known, known.source, given)
    try:
        return _with_notes(_read(payload, known, options, fit), notes)
    except TableError:
        if options == given:
            raise
    note = "read by what the file shows: it is written unlike the training table"
    return _with_notes(_read(payload, known, given), (note,))


def _read(
    payload: Payload, known: KnownTable, options: ReadingOptions, fit: _Fit | None = None
) -> Table:
    texts = known.texts | {known.target}
    single = known.source is None or known.source.has_single_header
    if known.is_nameless:
        # Names are positions here, and which ones is known where the number of columns is.
        places = {str(i): i for i in range(known.n_fields)} if fit is None else fit.places
        chosen = places if fit is None else {n: i for n, i in places.items() if n in texts}
        texts = frozenset(str(i) for i in chosen.values())
    verbatim = Verbatim(names=texts, rows=True, single_header=single)
    wanted = () if known.is_nameless else (*known.names, known.target)
    return read_payload(payload, options=options, wanted=wanted, verbatim=verbatim)


def _with_notes(table: Table, notes: tuple[str, ...]) -> Table:
    return replace(table, notes=(*notes, *table.notes))


def _followed(
    payload: Payload, known: KnownTable, source: Source, given: ReadingOptions
) -> tuple[ReadingOptions, tuple[str, ...], _Fit | None]:
    """Return options by which a file is read like the known one, and what contradicts that."""
    head, complete = payload.head(_HEAD_BYTES)
    found = find_encoding(head, complete=complete, label=payload.label)
    encoding = given.encoding or _encoding(head, found, source.encoding, complete=complete)
    notes = []
    if encoding == found and not _are_alike(encoding, source.encoding) and not head.isascii():
        notes.append(f"encoding {found}, unlike {source.encoding} in training")
    text = head.decode(encoding, errors="ignore")
    fit = _fit(text, known, source, complete=complete)
    if fit is None:
        detected = given if given.encoding or not notes else replace(given, encoding=encoding)
        shown = described_separator(source.separator)
        notes.append(f"read by what the file shows: it is no table with {shown} like in training")
        return detected, tuple(notes), None
    decimal = given.decimal or _decimal(fit, known, source)
    if decimal != source.column_decimal and not given.decimal:
        notes.append(f"decimal separator {decimal!r}, unlike {source.column_decimal!r} in training")
    options = replace(
        given,
        separator=source.separator,
        quote=source.quote or "",
        encoding=encoding,
        decimal=decimal,
        header=fit.header or "no",
    )
    return options, tuple(notes), fit


def _encoding(head: bytes, found: str, known: str, *, complete: bool) -> str:
    """Choose between the encoding that a file shows and that of training.

    Where both are possible, that of training is right: files of one byte for each character look
    alike in all such encodings.
    """
    if found.startswith(_WIDE) or known.startswith(_WIDE):
        return found
    if found in _UTF8 and (known in _UTF8 or not head.isascii() or found == "utf-8-sig"):
        return found
    if known in _UTF8:
        return found
    try:
        head.decode(known) if complete else head.decode(known, errors="ignore")
    except (UnicodeDecodeError, LookupError):
        return found
    return known


def _are_alike(encoding: str, known: str) -> bool:
    return encoding == known or (encoding in _UTF8 and known in _UTF8)


def _fit(text: str, known: KnownTable, source: Source, *, complete: bool) -> _Fit | None:
    """Find the known columns in the beginning of a file; None if they are not there."""
    dialect = Dialect(separator=source.separator, quote=source.quote)
    rows = split_rows(text, dialect, complete=complete)
    filled = [i for i, row in enumerate(rows.cells) if any(cell.strip() for cell in row)]
    if not filled:
        return None
    if known.is_nameless:
        return _nameless_fit([rows.cells[i] for i in filled], known)
    needed = {name.strip() for name in known.needed}
    for i in filled[:_TITLE_ROWS]:
        names, first = _names_in(rows, i, source)
        cells = [name.strip() for name in names]
        if needed <= set(cells):
            bare = {name: name.strip() for name in known.names}
            places = {name: cells.index(cell) for name, cell in bare.items() if cell in cells}
            below = rows.cells[first : first + _JUDGED_ROWS]
            return _Fit(header=rows.lines[i], rows=below, places=places)
    return None


def _names_in(rows: Rows, index: int, source: Source) -> tuple[tuple[str, ...], int]:
    """Return the names that are read where a row is the header, and the first row of data."""
    line, single = rows.lines[index], source.has_single_header
    try:
        header = find_header(rows.cells, "the table", line, lines=rows.lines, single=single)
    except TableError:  # a title, or nothing is below
        return with_stand_ins(rows.cells[index]), index + 1
    return header.names, header.n_skipped


def _nameless_fit(rows: list[list[str]], known: KnownTable) -> _Fit | None:
    judged, width = rows[:_JUDGED_ROWS], len(rows[0])
    places = known.places(
        [not any(row[i].strip() for row in judged if i < len(row)) for i in range(width)]
    )
    if places is None:
        return None
    fit = _Fit(header=0, rows=judged, places=places)
    first = replace(fit, rows=rows[:1]).cells(known.numbers & known.needed)
    words = [cells for cells in first if cells]
    if words and not any(is_value(cells[0]) for cells in words):
        return None  # a header, which the known table had not
    return fit


def _decimal(fit: _Fit, known: KnownTable, source: Source) -> str:
    """Return the decimal separator of training, unless the numbers can only have the other one."""
    evidence = sum(_sign(decimal_evidence(cells)) for cells in fit.cells(known.numbers))
    if source.column_decimal == ",":
        return "." if evidence < 0 else ","
    return "," if evidence > 0 else "."


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
