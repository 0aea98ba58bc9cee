"""Flatbuffers of which every offset is checked before it is followed."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.models.reading.mismatch import Mismatch

if TYPE_CHECKING:
    from metatune._typing import AnyArray

__all__ = ["Field", "Vector", "read_root"]

_SIZE = struct.Struct("<I")
_BACK = struct.Struct("<i")
_HALF = struct.Struct("<H")
_MOST_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Vector:
    """Type of a field that holds several values.

    Parameters
    ----------
    of : type of NumPy, "text" or mapping
        Type of the values, "text", or the fields of each table.
    """

    of: Any


Field = Any
"""Type of a field: NumPy's name of a number, "text", `Vector`, or the fields of a table."""


def read_root(content: bytes, fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the table that a buffer begins with; fields that are not there are None.

    Parameters
    ----------
    content : bytes
        The whole buffer.
    fields : mapping of str to type
        Fields of the table, in the order of their numbers; others must not be there.

    Raises
    ------
    Mismatch
        If the buffer is damaged.
    """
    try:
        return _Buffer(content).table(_SIZE.unpack_from(content, 0)[0], fields, 0)
    except (struct.error, UnicodeDecodeError) as error:
        raise Mismatch("CatBoost's bytes are damaged") from error


class _Buffer:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._left = len(content)  # tables that may still be read; so none is read over and over

    def table(self, at: int, fields: Mapping[str, Field], depth: int) -> dict[str, Any]:
        self._left -= 4
        if depth > _MOST_DEPTH or self._left < 0:
            raise Mismatch("CatBoost's bytes are nested too deeply")
        directory = at - self._number(_BACK, at)
        n_bytes, size = self._number(_HALF, directory), self._number(_HALF, directory + 2)
        self._check(directory, n_bytes)
        self._check(at, size)
        if n_bytes < 4 or n_bytes % 2:
            raise Mismatch("CatBoost's bytes are damaged")
        numbers = range(directory + 4, directory + n_bytes, 2)
        offsets = [self._number(_HALF, place) for place in numbers]
        if any(offsets[len(fields) :]):
            raise Mismatch("CatBoost's bytes hold what metatune does not know")
        offsets += [0] * (len(fields) - len(offsets))
        values = {}
        for offset, (name, kind) in zip(offsets, fields.items(), strict=False):
            width = np.dtype(kind).itemsize if isinstance(kind, str) and kind != "text" else 4
            if offset and not 4 <= offset <= size - width:
                raise Mismatch("CatBoost's bytes are damaged")
            values[name] = self._value(at + offset, kind, depth + 1) if offset else None
        return values

    def _value(self, at: int, kind: Field, depth: int) -> Any:
        if isinstance(kind, str) and kind != "text":
            return np.frombuffer(self._content, kind, 1, at)[0].item()
        place = at + self._number(_SIZE, at)
        if isinstance(kind, Mapping):
            return self.table(place, kind, depth)
        if kind == "text":
            return self._vector(place, "u1").tobytes().decode()
        assert isinstance(kind, Vector)
        if kind.of != "text" and not isinstance(kind.of, Mapping):
            return self._vector(place, kind.of)
        places = self._vector(place, "<u4")
        return [self._value(place + 4 + 4 * i, kind.of, depth) for i in range(len(places))]

    def _vector(self, place: int, dtype: Any) -> "AnyArray":
        count, kind = self._number(_SIZE, place), np.dtype(dtype)
        self._check(place + 4, count * kind.itemsize)
        return np.frombuffer(self._content, kind, count, place + 4)

    def _number(self, form: struct.Struct, at: int) -> int:
        self._check(at, form.size)
        return int(form.unpack_from(self._content, at)[0])

    def _check(self, at: int, size: int) -> None:
        if at < 0 or at + size > len(self._content):
            raise Mismatch("CatBoost's bytes are cut off")
