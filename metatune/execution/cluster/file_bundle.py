"""Bundle of files: those of a folder as arrays of bytes, which travel without being copied."""

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from metatune.files.atomic import replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FileBundle", "pack", "unpack"]

FileBundle: TypeAlias = "dict[str, NDArray[np.uint8]]"
"""Contents of files, by their path inside the folder with ``/`` between its parts."""


def pack(folder: Path) -> FileBundle:
    """Read all files of a folder, those in its folders included."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): np.fromfile(path, np.uint8) for path in files}


def unpack(bundle: FileBundle, folder: Path) -> None:
    """Write the files of a bundle into a folder, which is made; each appears complete.

    Raises
    ------
    OSError
        If a file cannot be written.
    ValueError
        If a name leads out of the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in bundle.items():
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts:
            raise ValueError(f"the file {name!r} does not belong into {folder}")
        path = folder / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            content.tofile(part)
