"""Payload of a file: its format, by name and first bytes, and its decompressed bytes."""

import io
import stat
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO

from metatune.data.reading.room import check_room
from metatune.data.reading.unpacking import COMPRESSIONS, compression_of, is_workbook, unpack
from metatune.errors import TableError

__all__ = ["TEXT_SUFFIXES", "Payload", "check_file", "open_payload"]

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
_FORMAT_MAGIC = {
    b"PAR1": "parquet",
    b"ARROW1": "feather",
    b"FEA1": "feather",
    b"\xff\xff\xff\xff": "feather",  # a stream of Arrow
}
_PIECE = 16_000_000  # bytes
_LONGEST = 100  # characters of a path that are shown
_OLE = b"\xd0\xcf\x11\xe0"  # container of old Excel files, and of encrypted new ones
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SUPPORTED = ".csv .tsv .txt .data .parquet .feather .arff .jsonl .json .xlsx"
_OTHERS = {b"%PDF": "a PDF", b"ORC": "an ORC file", b"SQLite format 3": "an SQLite database"}


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

    def n_bytes(self) -> int:
        """Return their number."""
        if self.content is not None:
            return len(self.content)
        assert self.path is not None  # one of both is given
        return self.path.stat().st_size

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
        return _unpacked("standard input", Path("stdin"), None, _read_all(sys.stdin.buffer))
    path, is_pipe = check_file(path)
    try:
        with path.open("rb") as stream:
            if is_pipe:  # what it gives can be read once only
                return _unpacked(path.name, path, None, _read_all(stream))
            magic = stream.read(8)
            if compression_of(magic) or not magic:
                return _unpacked(path.name, path, None, magic + stream.read())
    except OSError as error:
        raise TableError(f"cannot read {path}: {error.strerror or error}") from None
    return _unpacked(path.name, path, path, None)


def check_file(path: str | Path) -> tuple[Path, bool]:
    """Find a file without opening it.

    Returns
    -------
    tuple of (Path, bool)
        Its path, and whether it is a pipe or the like, which can be read once only.

    Raises
    ------
    TableError
        If there is none, or it cannot be looked at.
    """
    try:
        path = Path(path).expanduser()
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise TableError(f"there is no file {path}: {_hint(Path(path))}") from None
    except OSError as error:
        shown = str(path) if len(str(path)) <= _LONGEST else str(path)[:_LONGEST] + "..."
        raise TableError(f"cannot read {shown}: {error.strerror or error}") from None
    except (RuntimeError, ValueError) as error:  # ~nobody, and characters that no name has
        raise TableError(f"there is no file {path}: {error}") from None
    if stat.S_ISDIR(mode):
        raise TableError(f"{path} is a directory: give the file of a table")
    return path, not stat.S_ISREG(mode)


def _hint(path: Path) -> str:
    try:
        siblings = [p.name for p in path.parent.iterdir()]
    except OSError:
        return "check the path"
    close = get_close_matches(path.name, siblings, n=1)
    return f"did you mean {path.parent / close[0]}?" if close else "check the path"


def _read_all(stream: BinaryIO) -> bytes:
    """Read a stream to its end, with a look at the room before each piece."""
    pieces: list[bytes] = []
    n_bytes = 0
    while piece := stream.read(_PIECE):
        pieces.append(piece)
        n_bytes += len(piece)
        check_room(2 * n_bytes, "what was fed", "holding it")
    return b"".join(pieces)


def _unpacked(label: str, name: Path, path: Path | None, content: bytes | None) -> Payload:
    magic = content[:16] if content is not None else _magic(path)
    compression = compression_of(magic)
    named = COMPRESSIONS.get(name.suffix.lower(), "")
    if named and magic and not compression:
        raise TableError(f"{label} is named as a {named} file but is not one, or is damaged")
    if content is not None and compression:
        if compression == "zip" and (
            _FORMATS.get(name.suffix.lower()) == "xlsx" or is_workbook(content)
        ):
            compression = ""
        else:
            content, name = unpack(content, compression, name, frozenset(_FORMATS))
            magic = content[:16]
    if not magic:
        raise TableError(f"{label} is empty")
    suffix = name.suffix.lower()
    stem = name.name[: -len(suffix)] if suffix in _FORMATS else name.name
    return Payload(
        label=label,
        stem=stem or label,
        suffix=suffix,
        format=_format(magic, suffix, label, path, content),
        compression=compression,
        path=path,
        content=content,
    )


def _magic(path: Path | None) -> bytes:
    assert path is not None  # content or path is given
    with path.open("rb") as stream:
        return stream.read(16)


def _format(magic: bytes, suffix: str, label: str, path: Path | None, content: bytes | None) -> str:
    for start, found in _FORMAT_MAGIC.items():
        if magic.startswith(start):
            return found
    if magic.startswith(_OLE):
        raise TableError(_refused_ole(label, suffix, path, content))
    for start, what in _OTHERS.items():
        if magic.startswith(start):
            raise TableError(f"{label} is {what}, no table: give one of {_SUPPORTED}")
    found = _FORMATS.get(suffix, "")
    if (
        content is not None
        and magic.startswith(b"PK")
        and (found == "xlsx" or is_workbook(content))
    ):
        return "xlsx"
    if found in ("parquet", "feather", "xlsx"):
        raise TableError(f"{label} is named as a {found} file but is not one, or is damaged")
    if not found and suffix and suffix[1:].isalpha() and label != "standard input":
        raise TableError(f"{label} has the unsupported suffix {suffix}: use one of {_SUPPORTED}")
    return found


def _refused_ole(label: str, suffix: str, path: Path | None, content: bytes | None) -> str:
    """Say what a container of old Office files holds: a workbook, new ones encrypted."""
    if content is None:
        assert path is not None  # content or path is given
        with path.open("rb") as stream:
            content = stream.read(_PIECE)
    if _ENCRYPTED in content or suffix in (".xlsx", ".xlsm"):
        return f"{label} has a password: open it in Excel, take the password away, and save it"
    return f"{label} is an old Excel file (.xls): save it as .xlsx or .csv"
