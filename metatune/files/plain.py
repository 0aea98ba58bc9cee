"""Plain values that JSON can hold, and frozen dataclasses read back from them."""

import functools
import json
import math
import sys
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

__all__ = ["parse_json", "read_dataclass", "read_json", "without_nan"]

_T = TypeVar("_T")
_MOST_BYTES = 50_000_000
_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def parse_json(text: str | bytes) -> Any:
    """Return the value that a JSON text stands for.

    Raises
    ------
    ValueError
        If it is none, or nested so deeply that it cannot be read.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def read_json(path: Path) -> Any:
    """Return the value that a JSON file of a sensible size stands for.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is no JSON, or too large to be taken for any.
    """
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES // 1_000_000} MB")
    return parse_json(content)


def without_nan(value: Any) -> Any:
    """Turn a value into what JSON can hold: numbers that are not finite become None."""
    if isinstance(value, Mapping):
        return {str(name): without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [without_nan(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return without_nan(value.item()) if hasattr(value, "item") else value


def read_dataclass(kind: type[_T], values: Any, where: str = "") -> _T:
    """Make a dataclass of plain values whose types are those of its fields.

    Parameters
    ----------
    kind : type
        A dataclass. Fields may be texts, numbers, truth values, enumerations, tuples, dicts,
        further dataclasses, unions and literals of these.
    values : object
        As read from JSON: names of fields and their values. Names that are no field are left out.
    where : str
        What to call `values` in messages; empty for the whole file.

    Raises
    ------
    ValueError
        If a field without a default is missing or one has another type; the message is a clause
        that names the field.
    """
    if not isinstance(values, Mapping):
        wrong = _wrong(where, values, "an object of named values")
        raise ValueError(wrong)  # noqa: TRY004  # the content of a file, not a programming error
    hints = _hints(kind)  # type: ignore[arg-type]  # classes can be hashed
    read: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]  # type[_T] is that of a dataclass
        place = f"{where}.{field.name}" if where else field.name
        if field.name in values:
            read[field.name] = _read(hints[field.name], values[field.name], place)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{place} is missing")
    return kind(**read)


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, value: Any, where: str) -> Any:
    """Return a value as the type that it is declared to have."""
    if kind is Any:
        return value
    origin, options = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _read_union(options, value, where)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_read(options[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is dict and isinstance(value, Mapping):
        return {name: _read(options[1], item, f"{where}.{name}") for name, item in value.items()}
    if is_dataclass(kind):
        return read_dataclass(kind, value, where)  # type: ignore[arg-type]  # no instance of one
    if _fits(kind, value):
        return kind(value) if isinstance(kind, type) and issubclass(kind, float | Enum) else value
    raise ValueError(_wrong(where, value, _name(kind)))


def _read_union(options: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in options:
        return None
    others = [kind for kind in options if kind is not type(None)]
    if len(others) == 1:
        return _read(others[0], value, where)
    for kind in others:
        try:
            return _read(kind, value, where)
        except ValueError:
            continue
    raise ValueError(_wrong(where, value, " or ".join(map(_name, others))))


def _fits(kind: Any, value: Any) -> bool:
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) is not None:  # a list or an object, which the value is not
        return False
    if kind is float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and abs(value) <= sys.float_info.max
    if isinstance(kind, type) and issubclass(kind, Enum):
        return value in [member.value for member in kind]
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _name(kind: Any) -> str:
    """Name a type as people do."""
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    if isinstance(kind, type) and issubclass(kind, Enum):
        choices = tuple(member.value for member in kind)
    if choices:
        return " or ".join(map(repr, choices))
    origin = get_origin(kind)
    return "a list" if origin is tuple else _NAMES.get(kind, "an object of named values")


def _wrong(where: str, value: Any, wanted: str) -> str:
    shown = repr(value)
    shown = shown if len(shown) <= 40 else shown[:37] + "..."
    return f"{where or 'it'} is {shown}, not {wanted}"
