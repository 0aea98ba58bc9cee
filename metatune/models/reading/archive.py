"""Archive of a model file: its members, read within bounds.

metatune stores members as they are. A compressed one is none of its own, and so nothing unpacks to
more than the file's own size.
"""

import ast
import json
import re
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np

from metatune.models.reading.mismatch import Mismatch

if TYPE_CHECKING:
    from zipfile import ZipInfo

    from metatune._typing import AnyArray

__all__ = ["SCHEMA", "Archive"]

SCHEMA = "schema.json"

_ENCRYPTED = 0x1
_MAGIC = b"\x93NUMPY\x01\x00"
_MOST_HEADER = 10_000
_HEADER = re.compile(
    rb"\{'descr': ('[<|][biufUV]\d{1,9}'|\[[^\]]*\]|\{[^}]*\}), "
    rb"'fortran_order': (True|False), 'shape': \(((?:\d{1,18},? ?)*)\), \} *\n"
)
_BYTES_OF_A_CONTAINER = 200
_BYTES_OF_AN_ENTRY = 100
_LARGEST_CHARACTER = 0x10FFFF


class Archive:
    """Members of a model file.

    Parameters
    ----------
    path : Path
        The file.
    room : int
        Bytes that its content may take in memory.
    trusted : tuple of str, optional
        Types of users' learners that may be built; None where nobody has named any.

    Raises
    ------
    Mismatch
        If it is no archive, or one that metatune did not write.
    """

    def __init__(self, path: Path, room: int, trusted: tuple[str, ...] | None = None) -> None:
        self.trusted = trusted
        try:
            self._zip = ZipFile(path)
        except BadZipFile as error:
            raise Mismatch("it is no archive, or only a part of one") from error
        except (NotImplementedError, ValueError, EOFError) as error:
            raise Mismatch(f"its list of members is damaged ({error})") from error
        self._room = room
        self._members = self._checked(self._zip.infolist(), path.stat().st_size)
        self._arrays: dict[str, AnyArray] = {}
        self._used: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    def schema(self) -> Any:
        """Return the tree of nodes."""
        text = self.bytes(SCHEMA)
        containers = text.count(b"{") + text.count(b"[")
        needed = containers * _BYTES_OF_A_CONTAINER + text.count(b",") * _BYTES_OF_AN_ENTRY
        if needed + 2 * len(text) > self._room:
            raise Mismatch(f"{SCHEMA} needs more memory than there is ({needed / 1e9:.1f} GB)")
        try:
            return json.loads(text)
        except RecursionError as error:
            raise Mismatch(f"{SCHEMA} is nested too deeply") from error
        except ValueError as error:
            raise Mismatch(f"{SCHEMA} is no JSON ({error})") from error

    def bytes(self, name: Any) -> bytes:
        """Return the content of a member."""
        info = self._members.get(name) if isinstance(name, str) else None
        if info is None:
            raise Mismatch(f"the member {str(name)[:60]!r} is not there")
        self._used.add(info.filename)
        try:
            with self._zip.open(info) as member:
                content = member.read(info.file_size)
        except (BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError) as error:
            raise Mismatch(f"the member {name!r} is damaged") from error
        if len(content) != info.file_size:
            raise Mismatch(f"the member {name!r} is cut off")
        return content

    def array(self, name: Any) -> "AnyArray":
        """Return the array of a member in NumPy's format; nothing in it is unpickled."""
        if isinstance(name, str) and name in self._arrays:
            return self._arrays[name]
        array = _array(self.bytes(name))
        self._arrays[name] = array
        return array

    def check_all_used(self) -> None:
        """Check that nothing refers to none of the members.

        Raises
        ------
        Mismatch
            If there are members that nothing refers to.
        """
        strange = sorted(set(self._members) - self._used)
        if strange:
            raise Mismatch(f"nothing refers to the member {strange[0][:60]!r}")

    def _checked(self, infos: "list[ZipInfo]", size: int) -> "dict[str, ZipInfo]":
        members = {info.filename: info for info in infos}
        if len(members) < len(infos):
            raise Mismatch("two of its members have the same name")
        for info in infos:
            if info.flag_bits & _ENCRYPTED:
                raise Mismatch("it is encrypted")
            if info.compress_type != ZIP_STORED or info.compress_size != info.file_size:
                raise Mismatch("its members are compressed, which metatune's never are")
        if sum(info.file_size for info in infos) > min(size, self._room):
            raise Mismatch("its members are larger than the file, or than the memory there is")
        return members


def _array(content: bytes) -> "AnyArray":
    """Return an array that owns its memory, of a header and values that fit each other."""
    length = int.from_bytes(content[8:10], "little")
    header = _HEADER.fullmatch(content, 10, 10 + length) if length <= _MOST_HEADER else None
    if header is None or not content.startswith(_MAGIC):
        raise Mismatch("an array's header is none that metatune writes")
    dtype = _dtype(header[1].decode("latin-1"))
    shape = tuple(int(n) for n in header[3].replace(b",", b" ").split())
    count = 1
    for n in shape:
        count *= n
    if count * dtype.itemsize != len(content) - 10 - length:
        raise Mismatch("an array's size is not that of its header")
    values = np.frombuffer(content, dtype, count, 10 + length)
    array = values.reshape(shape, order="F" if header[2] == b"True" else "C").copy(order="K")
    if dtype.kind == "U" and array.size:
        points = np.ascontiguousarray(array).reshape(-1).view(np.uint32)
        if int(points.max(initial=0)) > _LARGEST_CHARACTER:
            raise Mismatch("an array of text holds what are no characters")
    return array


def _dtype(description: str) -> "np.dtype[Any]":
    try:
        dtype = np.lib.format.descr_to_dtype(ast.literal_eval(description))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise Mismatch("an array's type is unknown") from error
    if dtype.hasobject or not dtype.itemsize:
        raise Mismatch("an array's type is none that metatune writes")
    return dtype
