"""Process lock, held as long as its object lives and freed by the end of the process."""

import contextlib
import errno
import os
from pathlib import Path
from typing import Self

try:
    import fcntl
except ImportError:  # not on this operating system
    fcntl = None  # type: ignore[assignment]

__all__ = ["ProcessLock"]

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


class ProcessLock:
    """Lock of a file or directory, held by this process.

    The lock is advisory: only processes that ask for it notice it. Where the file system or the
    operating system lacks such locks, it always succeeds and is not `effective`.

    Parameters
    ----------
    descriptor : int or None
        Descriptor of the locked open file; None for a lock without effect.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    @classmethod
    def try_hold(cls, path: Path) -> Self | None:
        """Hold an existing file or directory; None if another process holds it.

        Raises
        ------
        OSError
            If the path cannot be opened.
        """
        descriptor = os.open(path, os.O_RDONLY)
        if fcntl is None:
            os.close(descriptor)
            return cls(None)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            return None if error.errno in _HELD else cls(None)
        return cls(descriptor)

    @classmethod
    def hold(cls, path: Path) -> Self:
        """Hold an existing file or directory, after waiting until no other process does.

        Raises
        ------
        OSError
            If the path cannot be opened.
        """
        descriptor = os.open(path, os.O_RDONLY)
        with contextlib.suppress(OSError):  # a file system without locks
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                return cls(descriptor)
        os.close(descriptor)
        return cls(None)

    @property
    def effective(self) -> bool:
        """True if other processes notice the lock."""
        return self._descriptor is not None

    def release(self) -> None:
        """Release the lock. May be called twice."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def __del__(self) -> None:
        self.release()
