"""Scratch directories, deleted at the end of a run, or by the next run after a kill."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from metatune.errors import BundleError
from metatune.files.locks import ProcessLock

__all__ = ["no_room", "scratch_directory", "sweep"]

_PREFIX = "metatune-"
_MARK = "alive"


@contextlib.contextmanager
def scratch_directory() -> Iterator[Path]:
    """Make a directory for the files of a run, and delete those of dead processes.

    Raises
    ------
    BundleError
        If it cannot be made.
    """
    sweep(Path(tempfile.gettempdir()))
    try:
        scratch = tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
    except OSError as error:
        raise no_room(error) from error
    with scratch as name:
        lock = _mark(Path(name))
        try:
            yield Path(name)
        finally:
            if lock is not None:
                lock.release()


def no_room(error: OSError) -> BundleError:
    """Return the error of a scratch directory that cannot be written."""
    return BundleError(
        f"cannot write scratch files in {tempfile.gettempdir()} ({error.strerror or error}): "
        "free some room, or name another directory in the environment variable TMPDIR"
    )


def sweep(parent: Path) -> int:
    """Delete scratch directories whose processes are gone.

    Parameters
    ----------
    parent : Path
        Directory of the scratch directories.

    Returns
    -------
    int
        Number of deleted ones. Those of other users, and without a mark, are left alone.
    """
    n_deleted = 0
    for folder in parent.glob(_PREFIX + "*"):
        with contextlib.suppress(OSError):
            n_deleted += _is_ours(folder) and _delete_if_dead(folder)
    return n_deleted


def _is_ours(folder: Path) -> bool:
    if folder.is_symlink() or not (folder / _MARK).is_file():
        return False
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def _delete_if_dead(folder: Path) -> bool:
    lock = ProcessLock.try_hold(folder / _MARK)
    if lock is None:
        return False
    try:
        if not lock.effective:
            return False
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name != _MARK:
                entry.unlink(missing_ok=True)
        # The mark goes last: what is cut off here is swept another time.
        shutil.rmtree(folder, ignore_errors=True)
        return True
    finally:
        lock.release()


def _mark(folder: Path) -> ProcessLock | None:
    """Lock a file in the directory, which gets its name only when it is locked."""
    unfinished = folder / (_MARK + ".part")
    try:
        unfinished.touch()
        lock = ProcessLock.try_hold(unfinished)
        unfinished.replace(folder / _MARK)
    except OSError:  # no room: whoever writes the first real file says so
        return None
    return lock
