"""Copy of this process that goes on as a server: forked, and not started anew.

Where a program may use a single core, a server that imports the libraries of the workers while the
program imports the same ones costs their time twice. A copy has them.
"""

import contextlib
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import NoReturn

import psutil

from metatune.budget import Deadline, Pace
from metatune.execution.cores import available_cores

__all__ = ["WAITING_THREAD", "ForkedProcess", "can_fork", "is_copy_cheaper"]

WAITING_THREAD = "waits for signals"
"""Name of a thread that does nothing else and holds no lock: a copy can do without it."""

_PAUSE = 0.01
_SMALL_BYTES = 500_000_000
"""Memory of somebody else's program up to which it is copied: workers seem to hold it as well."""


def can_fork() -> bool:
    """Return True if this process may be copied: no other thread of the program holds a lock."""
    main = threading.main_thread()
    others = [thread for thread in threading.enumerate() if thread is not main]
    return hasattr(os, "fork") and all(thread.name == WAITING_THREAD for thread in others)


def is_copy_cheaper() -> bool:
    """Return True if a copy of somebody else's program is better than a process that imports anew.

    That is where imports of two processes follow each other, on a single core. On a core of its own
    a process that imports takes nobody's time, and starts from nothing.
    """
    if sys.platform != "linux" or available_cores() > 1:  # elsewhere libraries mind being copied
        return False
    return psutil.Process().memory_info().rss < _SMALL_BYTES


class ForkedProcess:
    """Copy of this process; it is asked for its end as a `subprocess.Popen` is.

    Parameters
    ----------
    serve : callable
        Function that the copy calls and does not return from.
    descriptor : int
        The one open file that the copy keeps.
    """

    def __init__(self, serve: Callable[[], None], descriptor: int) -> None:
        self.returncode: int | None = None
        with warnings.catch_warnings():
            # Python 3.12 and later warn where libraries have threads of their own, which are idle.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._pid = os.fork()
        if self._pid == 0:
            _go_on(serve, descriptor)

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self._pid, os.WNOHANG)
            except ChildProcessError:  # somebody else has asked
                self.returncode = 0
            else:
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait for its end.

        Raises
        ------
        subprocess.TimeoutExpired
            If it still runs after `timeout` seconds.
        """
        deadline, pace = Deadline.after(timeout), Pace(_PAUSE)
        while (code := self.poll()) is None:
            if deadline.passed():
                raise subprocess.TimeoutExpired("the fork server", timeout)
            pace.wait()
        return code


def _begin_anew() -> None:
    """Leave behind what is the program's own: its main module, streams, hooks, warnings."""
    sys.modules["__main__"] = ModuleType("__main__")
    sys.settrace(None)
    sys.setprofile(None)
    sys.excepthook = sys.__excepthook__
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (
        os.fdopen(stream, "w", 1, "utf-8", "backslashreplace", closefd=False) for stream in (1, 2)
    )
    warnings.simplefilter("ignore")


def _go_on(serve: Callable[[], None], descriptor: int) -> NoReturn:
    """Let go of the terminal and of all files, and serve."""
    try:
        os.setsid()
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        highest = os.sysconf("SC_OPEN_MAX")
        os.closerange(3, descriptor)
        os.closerange(descriptor + 1, highest if 0 < highest < 1 << 20 else 1 << 16)
        _begin_anew()
        with contextlib.suppress(BaseException):
            serve()
    finally:
        os._exit(1)
