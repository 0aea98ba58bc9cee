"""Payload of a file: its format, by name and first bytes, and its decompressed bytes."""

import bz2
import gzip
import io
import lzma
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO

from metatune.errors import TableError

__all__ = ["TEXT_SUFFIXES", "Payload", "open_payload"]

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".data", ".dat", ".tab", ".psv")
_FORMATS = {
    **dict.fromkeys(TEXT_SUFFIXES, "csv"),
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "feather",
    ".arrow": "feather",
    ".ipc": "feather",
    ".arff": "arff",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
_COMPRESSIONS = {
    ".gz": "gzip",
    ".bz2": "bz2",
    ".zip": "zip",
    ".xz": "xz",
    ".zst": "zstd",
    ".zstd": "zstd",
}
_COMPRESSION_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_FORMAT_MAGIC = {b"PAR1": "parquet", b"ARROW1": "feather", b"FEA1": "feather"}
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_SUPPORTED = ".csv .tsv .txt .data .parquet .feather .arff .jsonl .json .xlsx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Bytes of a table, without compression.

    Attributes
    ----------
    label : str
        Name of the file in messages.
    stem : str
        The file's name without suffixes.
    suffix : str
        The suffix of the format, lower case, with its dot; may be empty.
    format : str
        The format, by the first bytes if they tell, else by suffix; empty if neither tells.
    compression : str
        How the file was compressed; empty if it was not.
    path : Path or None
        Where the bytes are, if they are a plain file.
    content : bytes or None
        The bytes, where there is no plain file.
    """

    label: str
    stem: str
    suffix: str
    format: str
    compression: str
    path: Path | None
    content: bytes | None

    def open(self) -> BinaryIO:
        """Open the bytes for reading."""
        if self.content is not None:
            return io.BytesIO(self.content)
        assert self.path is not None  # one of both is given
        return self.path.open("rb")

    def head(self, n_bytes: int) -> tuple[bytes, bool]:
        """Return the first bytes, and whether they are all."""
        with self.open() as stream:
            data = stream.read(n_bytes + 1)
        return data[:n_bytes], len(data) <= n_bytes


def open_payload(path: str | Path) -> Payload:
    """Detect the format of a file, and decompress it in memory if it is compressed.

    Parameters
    ----------
    path : str or Path
        ``-`` means standard input.

    Raises
    ------
    TableError
        If there is no such file, it cannot be opened or decompressed, is empty, or is of a format
        that is not supported.
    """
    if str(path) == "-":
        return _unpack("standard input", Path("stdin"), None, sys.stdin.buffer.read())
    path = Path(path).expanduser()
    _check_is_file(path)
    try:
        with path.open("rb") as stream:
            magic = stream.read(8)
        if _compression(magic, path) or not magic:
            return _unpack(path.name, path, None, path.read_bytes())
    except OSError as error:
        raise TableError(f"cannot read {path}: {error.strerror}") from None
    return _unpack(path.name, path, path, None)


def _unpack(label: str, name: Path, path: Path | None, content: bytes | None) -> Payload:
    magic = content[:8] if content is not None else _magic(path)
    compression = _compression(magic, name)
    if content is not None and compression:
        if _is_workbook(content):
            compression = ""
        else:
            content, name = _decompress(content, compression, name)
            magic = content[:8]
    if not magic:
        raise TableError(f"{label} is empty")
    suffix = name.suffix.lower()
    stem = name.name[: -len(suffix)] if suffix in _FORMATS else name.name
    return Payload(
        label=label,
        stem=stem or label,
        suffix=suffix,
        format=_format(magic, suffix, label, content),
        compression=compression,
        path=path,
        content=content,
    )


def _magic(path: Path | None) -> bytes:
    assert path is not None  # content or path is given
    with path.open("rb") as stream:
        return stream.read(8)


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        raise TableError(f"{path} is a directory: give the file of a table")
    if path.exists():
        return
    siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    close = get_close_matches(path.name, siblings, n=1)
    hint = f"did you mean {path.parent / close[0]}?" if close else "check the path"
    raise TableError(f"there is no file {path}: {hint}")


def _compression(magic: bytes, name: Path) -> str:
    for start, compression in _COMPRESSION_MAGIC.items():
        if magic.startswith(start):
            return compression
    named = _COMPRESSIONS.get(name.suffix.lower(), "")
    if named and magic:
        raise TableError(f"{name.name} is named as a {named} file but is not one, or is damaged")
    return ""


def _format(magic: bytes, suffix: str, label: str, content: bytes | None) -> str:
    for start, found in _FORMAT_MAGIC.items():
        if magic.startswith(start):
            return found
    if magic.startswith(_OLD_EXCEL):
        raise TableError(f"{label} is an old Excel file (.xls): save it as .xlsx or .csv")
    if content is not None and magic.startswith(b"PK") and _is_workbook(content):
        return "xlsx"
    found = _FORMATS.get(suffix, "")
    if found in ("parquet", "feather", "xlsx"):
        raise TableError(f"{label} is named as a {found} file but is not one, or is damaged")
    if not found and suffix and suffix[1:].isalpha() and label != "standard input":
        raise TableError(f"{label} has the unsupported suffix {suffix}: use one of {_SUPPORTED}")
    return found


def _is_workbook(content: bytes) -> bool:
    if not content.startswith(b"PK") or not zipfile.is_zipfile(io.BytesIO(content)):
        return False
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "xl/workbook.xml" in archive.namelist()


def _decompress(content: bytes, compression: str, name: Path) -> tuple[bytes, Path]:
    inner = name.with_suffix("") if name.suffix.lower() in _COMPRESSIONS else name
    if compression == "zip":
        return _unzip(content, name, inner)
    functions: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.decompress,
        "bz2": bz2.decompress,
        "xz": lzma.decompress,
        "zstd": _unzstd,
    }
    try:
        return functions[compression](content), inner
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise TableError(
            f"{name.name} is a damaged {compression} file ({error}): fetch or make it again"
        ) from None


def _unzstd(content: bytes) -> bytes:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
        data: bytes = stream.read()
    return data


def _unzip(content: bytes, name: Path, inner: Path) -> tuple[bytes, Path]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [
                info
                for info in archive.infolist()
                if not info.is_dir() and not info.filename.startswith(("__MACOSX/", "."))
            ]
            if len(members) != 1:
                names = ", ".join(info.filename for info in members[:5]) or "nothing"
                raise TableError(f"{name.name} must hold one file, but holds {names}: unpack it")
            member = Path(members[0].filename)
            found = member if member.suffix.lower() in _FORMATS else inner
            return archive.read(members[0]), Path(inner.stem).with_suffix(found.suffix)
    except RuntimeError:
        raise TableError(f"{name.name} is encrypted: unpack it first") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise TableError(f"{name.name} is a damaged zip file ({error})") from None
