"""Columns as one text, so that a model file takes a few bytes for a column of plain numbers."""

import json
from collections.abc import Iterable
from dataclasses import MISSING, fields
from functools import lru_cache
from typing import Any

from metatune.data.columns.column import Column, ColumnKind

__all__ = ["columns_of_text", "text_of_columns"]

_DEFAULTS = {field.name: field.default for field in fields(Column)}
_NEEDED = frozenset(name for name, default in _DEFAULTS.items() if default is MISSING)
_KINDS = ("kind", "base")
_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("n_missing", "n_unique", "n_numbers"), (int,)),
    **dict.fromkeys(("any_spelling", "calendar_only", "has_words"), (bool,)),
    "datetime_format": (str, type(None)),
    "labels": (list,),
}


def text_of_columns(columns: Iterable[Column]) -> str:
    """Write columns as JSON: of plain numbers name and counts, of others what is not usual.

    Of columns that a run does without only the name is kept.
    """
    return json.dumps([_short(c) for c in columns], ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=8)
def columns_of_text(text: str) -> tuple[Column, ...]:
    """Read what `text_of_columns` wrote.

    Raises
    ------
    ValueError
        If the text is something else: no JSON, unknown fields, values of other types, or a name
        twice.
    """
    try:
        written = json.loads(text)
    except RecursionError as error:
        raise ValueError("columns are nested") from error
    if not isinstance(written, list):
        raise ValueError("columns are no list")  # noqa: TRY004
    columns = tuple(_column(one) for one in written)
    if len({column.name for column in columns}) < len(columns):
        raise ValueError("two columns have the same name")
    return columns


def _short(column: Column) -> Any:
    if column.kind is ColumnKind.LEFT_OUT:
        return column.name
    plain = Column(
        name=column.name,
        kind=ColumnKind.NUMBER,
        base=ColumnKind.NUMBER,
        n_missing=column.n_missing,
        n_unique=column.n_unique,
    )
    if column == plain:
        return [column.name, column.n_missing, column.n_unique]
    values = {name: getattr(column, name) for name in _DEFAULTS}
    unusual = {name: v for name, v in values.items() if name in _NEEDED or v != _DEFAULTS[name]}
    return {name: str(v) if name in _KINDS else v for name, v in unusual.items()}


def _column(written: Any) -> Column:
    if isinstance(written, str):
        return Column(name=written, kind=ColumnKind.LEFT_OUT, n_missing=0, n_unique=0)
    if isinstance(written, list) and len(written) == 3:
        name, n_missing, n_unique = written
        values = {"name": name, "n_missing": n_missing, "n_unique": n_unique}
        values |= dict.fromkeys(_KINDS, str(ColumnKind.NUMBER))
    elif isinstance(written, dict):
        values = written
    else:
        raise ValueError("a column is no name, list of three, or object")
    if not set(values) <= set(_DEFAULTS) or not set(values) >= _NEEDED:
        raise ValueError(f"a column has the fields {sorted(map(str, values))}")
    for name, value in values.items():
        if type(value) not in _TYPES.get(name, (str,)):
            raise ValueError(f"the field {name!r} of a column is no {_TYPES.get(name, (str,))[0]}")
    labels = tuple(values.get("labels", ()))
    if not all(isinstance(label, str) for label in labels):
        raise ValueError("labels of numbers are texts")
    kinds = {name: ColumnKind(values[name]) for name in _KINDS if name in values}
    return Column(**{**values, "labels": labels, **kinds})
