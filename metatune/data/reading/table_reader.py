"""Reader of tables from files of any supported format."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from metatune.budget import Deadline
from metatune.data.columns.inference import with_text_names
from metatune.data.reading.arff import looks_like_arff, read_arff
from metatune.data.reading.delimited import read_delimited
from metatune.data.reading.formats import read_binary, read_excel, read_json
from metatune.data.reading.payload import Payload, open_payload
from metatune.data.reading.source import Source, Table
from metatune.data.wording import counted
from metatune.errors import TableError

__all__ = ["Source", "Table", "read_table"]

_PEEK = 100_000

_Read = tuple[pd.DataFrame, Source, tuple[str, ...], frozenset[str]]


def read_table(path: str | Path, *, deadline: Deadline | None = None) -> Table:
    """Read a table, and detect its format.

    Parameters
    ----------
    path : str or Path
        A file ``.csv .tsv .txt .data .parquet .feather .arff .jsonl .json .xlsx``, also
        compressed (``.gz .bz2 .zip .xz .zst``), or ``-`` for standard input. What the first bytes
        say counts more than the suffix.
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
    frame, source, notes, unnamed = _read(payload)
    if not len(frame):
        raise TableError(f"{payload.label} holds a header but no rows")
    frame, dropped = _without_empty(with_text_names(frame), unnamed)
    if not len(frame):
        raise TableError(f"{payload.label} holds no values")
    n_rows, n_columns = frame.shape
    return Table(
        frame=frame,
        name="stdin" if payload.label == "standard input" else payload.stem,
        source=replace(source, n_rows=n_rows, n_columns=n_columns),
        notes=(*notes, *dropped),
    )


def _read(payload: Payload) -> _Read:
    found = payload.format
    if found in ("parquet", "feather"):
        return read_binary(payload), _source(payload, found), (), frozenset()
    if found == "xlsx":
        frame, has_header, unnamed, notes = read_excel(payload)
        return frame, replace(_source(payload, found), has_header=has_header), notes, unnamed
    if found in ("json", "jsonl") or (not found and _starts_like_json(payload)):
        frame, encoding = read_json(payload)
        return frame, _source(payload, found or "jsonl", encoding), (), frozenset()
    if found == "arff" or looks_like_arff(payload.head(_PEEK)[0]):
        frame, encoding = read_arff(payload)
        source = replace(_source(payload, "arff", encoding), missing_markers=("?",))
        return frame, source, (), frozenset()
    return read_delimited(payload)


def _source(payload: Payload, found: str, encoding: str = "") -> Source:
    return Source(format=found, compression=payload.compression, encoding=encoding)


def _starts_like_json(payload: Payload) -> bool:
    head = payload.head(_PEEK)[0].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith((b'{"', b"[{", b'{ "', b"[\n"))


def _without_empty(
    frame: pd.DataFrame, unnamed: frozenset[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Drop unnamed columns and rows that hold no value at all."""
    notes = []
    empty = [name for name in frame.columns if name in unnamed and _is_empty(frame[name])]
    if empty and len(empty) < frame.shape[1]:
        frame = frame.drop(columns=empty)
        notes.append(f"{counted(len(empty), 'column')} without name and values dropped")
    if not any(frame.dtypes.iloc[i].kind in "iub" for i in range(frame.shape[1])):
        filled = frame.notna().any(axis=1)
        n_empty = int((~filled).sum())
        if n_empty:
            frame = frame[filled].reset_index(drop=True)
            notes.append(f"{counted(n_empty, 'row')} without any value dropped")
    return frame, tuple(notes)


def _is_empty(cells: "pd.Series[Any]") -> bool:
    return bool(cells.isna().all())
