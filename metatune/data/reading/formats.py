"""Readers of Parquet, Feather, JSON and Excel files."""

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from metatune.data.columns.missing import is_marker
from metatune.data.reading.charset import find_encoding
from metatune.data.reading.header import find_header
from metatune.errors import TableError

if TYPE_CHECKING:
    from metatune.data.reading.payload import Payload

__all__ = ["read_binary", "read_excel", "read_json"]

_HEAD_BYTES = 1_000_000


def read_binary(payload: "Payload") -> pd.DataFrame:
    """Read a Parquet or Feather (Arrow) file.

    Raises
    ------
    TableError
        If the file is damaged.
    """
    import pyarrow as pa

    read = pd.read_parquet if payload.format == "parquet" else pd.read_feather
    try:
        with payload.open() as stream:
            frame = read(stream)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise TableError(
            f"{payload.label} is a damaged {payload.format} file ({_first_line(error)})"
        ) from None
    named = [name for name in frame.index.names if name is not None]
    return frame.reset_index(level=named) if named else frame


def read_json(payload: "Payload") -> tuple[pd.DataFrame, str]:
    """Read a JSON file: a list of records, an object of columns, or one record in each line.

    Returns
    -------
    tuple of (DataFrame, str)
        The table, and the encoding of the text.

    Raises
    ------
    TableError
        If it is none of these.
    """
    head, complete = payload.head(_HEAD_BYTES)
    encoding = find_encoding(head, complete=complete, label=payload.label)
    with payload.open() as stream:
        text = stream.read().decode(encoding, errors="replace")
    lines = payload.format == "jsonl" or (text.lstrip()[:1] == "{" and _is_one_per_line(text))
    try:
        if lines:
            data = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            data = _records(json.loads(text))
        frame = pd.DataFrame(data)
    except json.JSONDecodeError as error:
        raise TableError(f"{payload.label} is no valid JSON: {error}") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise TableError(
            f"{payload.label} is no table ({_first_line(error)}): "
            "give a list of records or an object of equally long columns"
        ) from None
    if frame.empty:
        raise TableError(f"{payload.label} holds no rows")
    return frame, encoding


def read_excel(payload: "Payload") -> tuple[pd.DataFrame, bool, frozenset[str], tuple[str, ...]]:
    """Read the first sheet of an Excel file that is not empty.

    Returns
    -------
    tuple of (DataFrame, bool, frozenset of str, tuple of str)
        The table, whether it has a header, the names that were not in the file, and notes.

    Raises
    ------
    TableError
        If the file is damaged, empty or has a column name twice.
    """
    import zipfile

    try:
        with payload.open() as stream:
            sheets = pd.read_excel(
                stream, sheet_name=None, header=None, dtype=object, keep_default_na=False
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TableError(
            f"{payload.label} is a damaged Excel file ({_first_line(error)})"
        ) from None
    filled = {name: sheet for name, sheet in sheets.items() if not sheet.empty}
    if not filled:
        raise TableError(f"{payload.label} is empty")
    name, sheet = next(iter(filled.items()))
    notes = (f"sheet {name!r} of {len(filled)} read",) if len(filled) > 1 else ()
    rows = [
        ["" if _is_empty(cell) else str(cell) for cell in row] for row in sheet.head(1000).values
    ]
    header = find_header(rows, payload.label)
    frame = sheet.iloc[header.n_skipped :].reset_index(drop=True)
    names = list(header.names)[: frame.shape[1]]
    frame = frame.set_axis(names, axis=1)
    frame = frame.map(lambda cell: None if _is_empty(cell) else cell).infer_objects()
    return frame, header.present, header.unnamed, (*notes, *header.notes)


def _is_empty(cell: Any) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and is_marker(cell))  # noqa: PLR0124


def _is_one_per_line(text: str) -> bool:
    first, _, rest = text.strip().partition("\n")
    try:
        json.loads(first)
    except json.JSONDecodeError:
        return False
    return bool(rest)


def _records(data: Any) -> Any:
    """Find the table inside a JSON document: it may be wrapped in an object with one list."""
    if isinstance(data, dict):
        if {"columns", "data"} <= set(data):
            return pd.DataFrame(data["data"], columns=data["columns"])
        lists = [v for v in data.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
        if len(lists) == 1:
            return lists[0]
    return data


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
