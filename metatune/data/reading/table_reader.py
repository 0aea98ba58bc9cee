"""Reader of tables from files of any supported format."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from metatune.budget import Deadline
from metatune.data.columns.inference import with_text_names
from metatune.data.columns.missing import is_marker
from metatune.data.reading.arff import looks_like_arff, read_arff
from metatune.data.reading.columnar import read_columnar
from metatune.data.reading.delimited import read_delimited
from metatune.data.reading.options import DETECT, ReadingOptions
from metatune.data.reading.payload import Payload, open_payload
from metatune.data.reading.records import read_json
from metatune.data.reading.source import Source, Table
from metatune.data.reading.verbatim import NOTHING, Verbatim
from metatune.data.reading.workbook import read_workbook
from metatune.data.wording import counted
from metatune.errors import TableError

__all__ = ["Source", "Table", "format_of", "read_payload", "read_table"]

_PEEK = 100_000

_Read = tuple[pd.DataFrame, Source, tuple[str, ...], frozenset[str]]


def read_table(
    path: str | Path,
    *,
    options: ReadingOptions = DETECT,
    wanted: Collection[str] = (),
    verbatim: Verbatim = NOTHING,
    deadline: Deadline | None = None,
) -> Table:
    """Read a table, and detect its format.

    Parameters
    ----------
    path : str or Path
        A file ``.csv .tsv .txt .data .parquet .feather .arff .jsonl .json .xlsx``, also
        compressed (``.gz .bz2 .zip .xz .zst``), or ``-`` for standard input. What the first bytes
        say counts more than the suffix.
    options : ReadingOptions
        What is known about the file; it wins over what is detected.
    wanted : collection of str
        Names of columns that the table should hold: of the sheets of a workbook the first that
        holds them is read.
    verbatim : Verbatim
        What is taken as it stands in the file: columns as texts, every row.
    deadline : Deadline, optional
        When the whole run has to be finished.

    Returns
    -------
    Table
        With all columns, the target included. Separator, quoting, encoding, decimal comma, header
        and missing markers of text are detected; rows without any value and unnamed columns
        without any value are dropped; `Table.notes` say so.

    Raises
    ------
    TableError
        If there is no such file, or it is empty, damaged, or no table in a supported format.
    """
    payload = open_payload(path)
    if deadline is not None and deadline.passed():
        raise TableError(f"the budget was over before {payload.label} was read: give more time")
    return read_payload(payload, options=options, wanted=wanted, verbatim=verbatim)


def read_payload(
    payload: Payload,
    *,
    options: ReadingOptions = DETECT,
    wanted: Collection[str] = (),
    verbatim: Verbatim = NOTHING,
) -> Table:
    """Read a table whose bytes are at hand; see `read_table`."""
    frame, source, notes, unnamed = _read(payload, options, wanted, verbatim)
    if not len(frame):
        raise TableError(f"{payload.label} holds a header but no rows")
    frame = with_text_names(frame)
    kept = verbatim.among(list(frame.columns)) if source.format == "csv" else frozenset()
    n_fields = 0 if source.has_header else frame.shape[1]
    frame, dropped = _without_empty(frame, source, unnamed, kept, whole=verbatim.rows)
    if not len(frame):
        raise TableError(f"{payload.label} holds no values")
    n_rows, n_columns = frame.shape
    return Table(
        frame=frame,
        name="stdin" if payload.label == "standard input" else payload.stem,
        source=replace(
            source, na=options.na, n_rows=n_rows, n_columns=n_columns, n_fields=n_fields
        ),
        notes=(*notes, *dropped),
        verbatim=kept,
    )


def _read(
    payload: Payload,
    options: ReadingOptions,
    wanted: Collection[str],
    verbatim: Verbatim,
) -> _Read:
    found = format_of(payload)
    if found in ("parquet", "feather"):
        frame, notes = read_columnar(payload)
        return _without_markers(frame, options), _source(payload, found), notes, frozenset()
    if found == "xlsx":
        read = read_workbook(payload, options, wanted, verbatim)
        source = replace(
            _source(payload, found),
            has_header=read.header.present,
            has_single_header=read.header.is_single,
            sheet=read.name,
        )
        return _without_markers(read.frame, options), source, read.notes, read.header.unnamed
    if found in ("json", "jsonl"):
        frame, encoding, notes = read_json(payload, options)
        source = _source(payload, found, encoding)
        return _without_markers(frame, options), source, notes, frozenset()
    if found == "arff":
        frame, encoding = read_arff(payload, options)
        frame = _without_markers(frame, options)
        source = replace(_source(payload, "arff", encoding), missing_markers=("?",))
        return frame, source, (), frozenset()
    return read_delimited(payload, options, wanted, verbatim)


def format_of(payload: Payload) -> str:
    """Return the format of a table by its name and its first bytes; "csv" for any text table."""
    found = payload.format
    if not found and _starts_like_json(payload):
        return "jsonl"
    if found in ("", "csv") and looks_like_arff(payload.head(_PEEK)[0]):
        return "arff"
    return found or "csv"


def _without_markers(frame: pd.DataFrame, options: ReadingOptions) -> pd.DataFrame:
    """Empty the cells that mean "missing" by the user's word."""
    if not options.na:
        return frame
    cells = [frame.iloc[:, i] for i in range(frame.shape[1])]
    kept = [column.mask(column.map(options.missing).astype(bool)) for column in cells]
    return pd.concat(kept, axis="columns").infer_objects()


def _source(payload: Payload, found: str, encoding: str = "") -> Source:
    return Source(format=found, compression=payload.compression, encoding=encoding)


def _starts_like_json(payload: Payload) -> bool:
    head = payload.head(_PEEK)[0].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith((b'{"', b"[{", b'{ "', b"[\n"))


def _without_empty(
    frame: pd.DataFrame,
    source: Source,
    unnamed: frozenset[str],
    verbatim: frozenset[str],
    *,
    whole: bool,
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Drop unnamed columns and rows that hold no value at all."""
    notes = []
    empty = [n for n in frame.columns if n in unnamed and _is_empty(frame[n], n in verbatim).all()]
    if empty and len(empty) < frame.shape[1] and (source.has_header or not whole):
        frame = frame.drop(columns=empty)
        notes.append(f"{counted(len(empty), 'column')} without name and values dropped")
    if whole or any(dtype.kind in "iub" for dtype in frame.dtypes):
        return frame, tuple(notes)
    filled = frame.drop(columns=list(verbatim)).notna().any(axis=1)
    for name in verbatim & set(frame.columns):
        filled |= ~_is_empty(frame[name], True)
    n_empty = int((~filled).sum())
    if n_empty:
        frame = frame[filled].reset_index(drop=True)
        notes.append(f"{counted(n_empty, 'row')} without any value dropped")
    return frame, tuple(notes)


def _is_empty(cells: "pd.Series[Any]", is_verbatim: bool) -> "pd.Series[bool]":
    return cells.fillna("").map(is_marker).astype(bool) if is_verbatim else cells.isna()
