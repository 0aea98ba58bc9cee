"""Unpacking of compressed files, piece by piece and no further than there is room."""

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path
from typing import IO, Any

from metatune.data.reading.damage import DAMAGE, reason
from metatune.data.reading.room import check_room, size
from metatune.errors import MetatuneError, TableError

__all__ = ["COMPRESSIONS", "compression_of", "is_workbook", "unpack"]

COMPRESSIONS = {
    ".gz": "gzip",
    ".bz2": "bz2",
    ".zip": "zip",
    ".xz": "xz",
    ".zst": "zstd",
    ".zstd": "zstd",
}
"""Compression by suffix."""

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_PIECE = 16_000_000  # bytes
_FREELY = 100_000_000  # bytes that are unpacked whatever the ratio
_MOST_RATIO = 250  # tables are rarely packed to a fiftieth
_LITTER = ("__macosx", ".", "thumbs.db", "desktop.ini")  # what systems leave in archives
_SHOWN = 5


def compression_of(magic: bytes) -> str:
    """Return the compression that a file begins with; empty for none."""
    return next((found for start, found in _MAGIC.items() if magic.startswith(start)), "")


def is_workbook(content: bytes) -> bool:
    """Return True if an archive is a workbook of Excel."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except DAMAGE:
        return b"xl/workbook.xml" in content


def unpack(
    content: bytes, compression: str, name: Path, suffixes: "frozenset[str]"
) -> tuple[bytes, Path]:
    """Unpack a file in memory.

    Parameters
    ----------
    content : bytes
    compression : str
        A value of `COMPRESSIONS`.
    name : Path
        The file's name.
    suffixes : frozenset of str
        Suffixes of tables, by which one of several files in an archive is chosen.

    Returns
    -------
    tuple of (bytes, Path)
        What was in it, and the name of that.

    Raises
    ------
    TableError
        If it is damaged, encrypted, holds no table or several, or unpacks to more than there is
        room for.
    """
    inner = name.with_suffix("") if name.suffix.lower() in COMPRESSIONS else name
    try:
        if compression == "zip":
            return _unzip(content, name, inner, suffixes)
        with _opened(content, compression) as stream:
            return _read(stream, len(content), name), inner
    except MetatuneError:
        raise
    except DAMAGE as error:
        raise TableError(
            f"{name.name} is a damaged {compression} file ({reason(error)}): fetch or make it again"
        ) from None


def _opened(content: bytes, compression: str) -> Any:
    """Open a stream of what was compressed."""
    packed = io.BytesIO(content)
    if compression == "gzip":
        return gzip.GzipFile(fileobj=packed)
    if compression == "bz2":
        return bz2.BZ2File(packed)
    if compression == "xz":
        return lzma.LZMAFile(packed)
    import pyarrow as pa

    return pa.CompressedInputStream(pa.BufferReader(content), "zstd")


def _read(stream: IO[bytes], n_packed: int, name: Path) -> bytes:
    """Read a stream to its end, with a look at the room before each piece."""
    pieces: list[bytes] = []
    n_bytes = 0
    while piece := stream.read(_PIECE):
        pieces.append(piece)
        n_bytes += len(piece)
        if n_bytes > max(_FREELY, _MOST_RATIO * n_packed):
            raise TableError(
                f"{name.name} ({size(n_packed)}) unpacks to more than {size(n_bytes)}, as no table "
                "of its size does: unpack it yourself if that is right"
            )
        check_room(2 * n_bytes, name.name, "unpacking it")  # the pieces, and all of them joined
    return b"".join(pieces)


def _unzip(content: bytes, name: Path, inner: Path, suffixes: frozenset[str]) -> tuple[bytes, Path]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = _table_of(archive, name, suffixes)
        if info.flag_bits & 1:
            raise TableError(f"{name.name} is encrypted: unpack it first")
        member = Path(info.filename)
        found = member if member.suffix.lower() in suffixes else inner
        with archive.open(info) as stream:
            return _read(stream, len(content), name), Path(inner.stem).with_suffix(found.suffix)


def _table_of(archive: zipfile.ZipFile, name: Path, suffixes: frozenset[str]) -> zipfile.ZipInfo:
    """Return the one file of an archive, or the one table among its files."""
    members = [
        info
        for info in archive.infolist()
        if not info.is_dir()
        and not any(part.lower().startswith(_LITTER) for part in Path(info.filename).parts)
    ]
    tables = [info for info in members if Path(info.filename).suffix.lower() in suffixes]
    for chosen in (members, tables):
        if len(chosen) == 1:
            return chosen[0]
    shown = ", ".join(repr(info.filename)[1:-1] for info in (tables or members)[:_SHOWN])
    raise TableError(f"{name.name} must hold one file, but holds {shown or 'nothing'}: unpack it")
