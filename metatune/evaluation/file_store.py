"""A folder of things that cost more to make than to read, shared by the workers of a machine.

It holds no more than it may: what was not used for longest goes first. Nothing in it is needed,
so whatever goes wrong with the disk only means that something is made again.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

__all__ = ["FileStore", "store_beside"]

_MOST_BYTES = 2_000_000_000
_DISK_SHARE = 0.1  # of what is free
_LARGEST_SHARE = 0.25  # of the whole store, for a single entry
_DRAFT = "draft-"
_GONE = "gone-"

_numbers = count()


class FileStore:
    """Entries are folders of files, written once and never changed.

    Any number of processes may use the same store. An entry appears under its name only when it
    is complete, so a process that is killed leaves none that is torn; what is deleted while
    another process has it mapped into memory stays readable there.

    Parameters
    ----------
    folder : Path
        Where; made when something is added.
    max_bytes : int
        How much it may hold.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    @property
    def largest_entry(self) -> int:
        """Bytes that a single entry may have."""
        return int(_LARGEST_SHARE * self._max_bytes)

    def find(self, *key: object) -> Path | None:
        """Return the folder of an entry, which counts as used now; None if there is none."""
        entry = self._entry(key)
        try:
            os.utime(entry)
        except OSError:
            return None
        return entry

    def add(self, write: Callable[[Path], None], *key: object) -> bool:
        """Make an entry.

        Parameters
        ----------
        write : callable
            Writes the files into the folder that it is given.
        *key : object
            What the entry is found by: plain values, told apart by how JSON writes them.

        Returns
        -------
        bool
            Whether the entry is there now; it is not if it is too large or cannot be written.
        """
        entry = self._entry(key)
        if entry.is_dir():
            return True
        draft = self._folder / f"{_DRAFT}{entry.name}-{os.getpid()}-{next(_numbers)}"
        try:
            draft.mkdir(parents=True)
            write(draft)
            size = _bytes_in(draft)
            if size <= self.largest_entry:
                self._make_room(size, draft)
                draft.rename(entry)
        except OSError:  # the disk is full, or another process was first
            pass
        shutil.rmtree(draft, ignore_errors=True)
        return entry.is_dir()

    def drop(self, *key: object) -> None:
        """Delete an entry that will not be asked for again."""
        self._remove(self._entry(key))

    def _entry(self, key: tuple[object, ...]) -> Path:
        text = json.dumps(key, sort_keys=True, default=str)
        return self._folder / hashlib.sha256(text.encode()).hexdigest()[:32]

    def _make_room(self, size: int, draft: Path) -> None:
        """Delete what was not used for longest; drafts of killed processes grow old as well."""
        known = []
        for path in self._folder.iterdir():
            with contextlib.suppress(OSError):
                if path != draft:
                    known.append((path.stat().st_mtime_ns, _bytes_in(path), path))
        total = size + sum(held for _, held, _ in known)
        for _, held, path in sorted(known):
            if total <= self._max_bytes:
                return
            self._remove(path)
            total -= held

    def _remove(self, path: Path) -> None:
        gone = self._folder / f"{_GONE}{os.getpid()}-{next(_numbers)}"
        with contextlib.suppress(OSError):  # another process may have removed it
            path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def store_beside(inbox: Path) -> FileStore:
    """Return the store for what follows from the data in `inbox`, in a folder beside it."""
    inbox = inbox.absolute()
    try:
        free = shutil.disk_usage(inbox).free
    except OSError:
        free = 0
    folder = inbox.parent / f"{inbox.name}.store"
    return FileStore(folder, min(_MOST_BYTES, int(_DISK_SHARE * free)))


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())
