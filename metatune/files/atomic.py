"""Files that are there as a whole or not at all, whenever a process is killed."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file in one step: whoever finds it finds all of it.

    Parameters
    ----------
    path : Path
        The file to write; what is there stays until the end of the context.

    Yields
    ------
    Path
        Where to write instead, in the same folder. It takes the place of `path` at the end of the
        context, and is deleted if an error ends that.
    """
    part = path.with_name(path.name + ".part")
    try:
        yield part
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
