"""Atomic writes of files: complete or not at all, even if the process is killed."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file in one step, so that a reader never finds a part of it.

    Parameters
    ----------
    path : Path
        File to write; an existing one stays until the end of the context.

    Yields
    ------
    Path
        Temporary file to write to, in the same folder. It replaces `path` at the end of the
        context, and is deleted after an error.
    """
    part = path.with_name(path.name + ".part")
    try:
        yield part
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
