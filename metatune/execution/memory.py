"""Memory that a worker and its children hold."""

import contextlib

import psutil

__all__ = ["MEGABYTE", "MemoryMeter"]

MEGABYTE = 1_000_000

_CHILDREN_EVERY = 10  # looking for children reads the whole process table


class MemoryMeter:
    """Measures one process again and again.

    Parameters
    ----------
    pid : int
        The process.
    """

    def __init__(self, pid: int) -> None:
        self._process: psutil.Process | None = None
        self._children: list[psutil.Process] = []
        self._readings = 0
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process = psutil.Process(pid)

    def read(self) -> int:
        """Return the bytes held now; 0 once the process is gone.

        Pages that are shared with files (memory-mapped tables, libraries) are left out where the
        system tells them apart: workers share them, and they can be dropped at need. Children
        that appear are noticed at every tenth reading.
        """
        if self._process is None:
            return 0
        if self._readings % _CHILDREN_EVERY == 0:
            self._children = _children(self._process)
        self._readings += 1
        return _held(self._process) + sum(_held(child) for child in self._children)


def _held(process: psutil.Process) -> int:
    try:
        memory = process.memory_info()
    except psutil.Error:
        return 0
    return int(memory.rss - getattr(memory, "shared", 0))


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []
