"""Reader of JSON: a list of records, an object of columns, or one record in each line."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from metatune.data.reading.charset import find_encoding
from metatune.data.reading.damage import reason
from metatune.data.reading.nesting import flat_record, without_lists
from metatune.data.reading.options import DETECT, ReadingOptions
from metatune.data.reading.room import check_room
from metatune.errors import TableError

if TYPE_CHECKING:
    from metatune.data.reading.payload import Payload

__all__ = ["read_json"]

_HEAD_BYTES = 1_000_000
_BYTES_FOR_TEXT = 10  # bytes of memory for each byte of the file
_LONGEST_INTEGER = 19  # digits that fit into 64 bits


def read_json(
    payload: "Payload", options: ReadingOptions = DETECT
) -> tuple[pd.DataFrame, str, tuple[str, ...]]:
    """Read a JSON file: a list of records, an object of columns, or one record in each line.

    Records within records become columns with both names; lists are left out.

    Returns
    -------
    tuple of (DataFrame, str, tuple of str)
        The table, the encoding of the text, and notes.

    Raises
    ------
    TableError
        If it is none of these.
    """
    label = payload.label
    head, complete = payload.head(_HEAD_BYTES)
    encoding = options.encoding or find_encoding(head, complete=complete, label=label)
    with payload.open() as stream:
        content = stream.read()
    check_room(_BYTES_FOR_TEXT * len(content), label)
    text = content.decode(encoding, errors="replace")
    lines = payload.format == "jsonl" or (text.lstrip()[:1] == "{" and _is_one_per_line(text))
    try:
        data = list(_lines(text, label)) if lines else _records(_parsed(text))
        frame = pd.DataFrame([flat_record(r) for r in data] if _are_records(data) else data)
    except TableError:
        raise
    except (json.JSONDecodeError, RecursionError) as error:
        raise TableError(f"{label} is no valid JSON: {reason(error)}") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise TableError(
            f"{label} is no table ({reason(error)}): "
            "give a list of records or an object of equally long columns"
        ) from None
    if frame.empty:
        raise TableError(f"{label} holds no rows")
    frame, notes = without_lists(frame, label)
    return frame, encoding, notes


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int | float:
    """Read a whole number; one that no column can hold is taken as a float."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _lines(text: str, label: str) -> Iterator[Any]:
    """Parse one record in each line; only line ends of the file system divide lines."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = _parsed(line)
        except (json.JSONDecodeError, RecursionError) as error:
            why = (
                f"{error.msg}, column {error.colno}"
                if isinstance(error, ValueError)
                else reason(error)
            )
            raise TableError(f"{label}, line {number}: no valid JSON ({why})") from None
        if not isinstance(record, dict | list):
            raise TableError(f"{label}, line {number}: {line.strip()[:40]!r} is no record")
        yield record


def _is_one_per_line(text: str) -> bool:
    first, _, rest = text.strip().partition("\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return bool(rest)


def _are_records(data: Any) -> bool:
    return isinstance(data, list) and any(isinstance(record, dict) for record in data)


def _records(data: Any) -> Any:
    """Find the table inside a JSON document: it may be wrapped in an object with one list."""
    if isinstance(data, dict):
        if {"columns", "data"} <= set(data):
            return pd.DataFrame(data["data"], columns=data["columns"])
        lists = [v for v in data.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
        if len(lists) == 1:
            return lists[0]
    elif not isinstance(data, list):
        raise TypeError("it holds a single value")
    return data
