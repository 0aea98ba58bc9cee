"""Server that forks workers: a process that has imported, once, what each of them needs.

It is a program of its own, started by `ForkServer`, and shares nothing with `multiprocessing`: what
other parts of the caller's program start there is theirs alone. Orders come over a socket, each
launch with two open files: the worker's channel for jobs, and a pipe that is told the worker's
process and, at last, how that ended.
"""

import contextlib
import errno
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from metatune.execution.worker import END_SIGNALS, worker_main

__all__ = ["HEADER", "NEWS", "import_all", "main"]

HEADER = struct.Struct("!i")
"""Before each order: its length in bytes."""

NEWS = struct.Struct("!ii")
"""About a worker: its process and 0, or 0 and an error number; then its exit code and 0."""

_EOF = select.POLLHUP | select.POLLERR


def main(control: int, preload: tuple[str, ...]) -> None:
    """Import modules, then fork workers until the program that ordered them is gone.

    Parameters
    ----------
    control : int
        Descriptor of the socket that orders come over.
    preload : tuple of str
        Modules that each worker starts with; those that are missing are left out.
    """
    for number in END_SIGNALS:  # a batch system tells all processes; only the program has to act
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # whatever the program blocks
    orders = socket.socket(fileno=control)
    with _ending_if_alone(orders):
        import_all(preload)
    gc.freeze()  # so that workers do not copy what they only look through
    _Server(orders).serve()


def import_all(names: tuple[str, ...]) -> None:
    """Import modules, but those that are missing."""
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


@contextlib.contextmanager
def _ending_if_alone(orders: socket.socket) -> Iterator[None]:
    """End this process in the midst of imports, as soon as the program is gone."""
    poll = select.poll()
    poll.register(orders, 0)

    def look(*_: Any) -> None:
        if any(event & _EOF for _, event in poll.poll(0)):
            os._exit(0)

    before = fcntl.fcntl(orders, fcntl.F_GETFL)
    signal.signal(signal.SIGIO, look)  # sent when an order comes, and when none can come any more
    fcntl.fcntl(orders, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(orders, fcntl.F_SETFL, before | os.O_ASYNC)
    look()
    yield
    fcntl.fcntl(orders, fcntl.F_SETFL, before)
    signal.signal(signal.SIGIO, signal.SIG_IGN)


class _Server:
    """The workers that run, and the orders that come."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._pids: dict[int, int] = {}  # of the running workers, by their numbers
        self._ends: dict[int, int] = {}  # the pipes that are told of them, likewise
        self._bell, ring = os.pipe()
        for end in (self._bell, ring):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(ring, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Follow orders until nobody is left to give any."""
        while True:
            orders = self._orders.fileno()
            ready, _, _ = select.select([orders, self._bell], [], [])
            if self._bell in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._bell, 4096)
                self._reap()
            if orders in ready:
                self._follow()

    def _follow(self) -> None:
        """Follow one order."""
        try:
            header, files, _, _ = socket.recv_fds(self._orders, HEADER.size, 2)
            order: dict[str, Any] = {}
            if header:
                order = json.loads(self._read(HEADER.unpack(header)[0]))
        except ConnectionError:
            order = {}
        if not order:
            self._end()
        elif "kill" in order:
            self._kill(order["kill"])
        else:
            self._launch(order, *files)

    def _read(self, n_bytes: int) -> bytes:
        read = b""
        while len(read) < n_bytes:
            piece = self._orders.recv(n_bytes - len(read))
            if not piece:
                raise ConnectionResetError
            read += piece
        return read

    def _launch(self, order: dict[str, Any], channel: int, end: int) -> None:
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            _tell(end, 0, error.errno or errno.EAGAIN)
            os.close(end)
        else:
            if pid == 0:
                try:
                    self._leave()
                    os.close(end)
                    _be_where_the_caller_is(order)
                    worker_main(Connection(channel), order["log"], server)
                finally:
                    os._exit(1)
            self._pids[order["launch"]], self._ends[order["launch"]] = pid, end
            _tell(end, pid, 0)
        os.close(channel)

    def _leave(self) -> None:
        """Let go, in a worker, of what is the server's."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGIO):
            signal.signal(number, signal.SIG_DFL)
        self._orders.close()
        for end in self._ends.values():
            os.close(end)

    def _reap(self) -> None:
        """Tell how workers ended."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = ended
                for number in [n for n, known in self._pids.items() if known == pid]:
                    del self._pids[number]
                    end = self._ends.pop(number)
                    _tell(end, os.waitstatus_to_exitcode(status), 0)
                    os.close(end)

    def _kill(self, number: int) -> None:
        """End a worker, with its children, that the program had no time to get to know."""
        pid = self._pids.get(number)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)  # it may not lead its own group yet
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def _end(self) -> None:
        """End with all workers: nobody is left who would want them."""
        for number in self._pids:
            self._kill(number)
        os._exit(0)


def _be_where_the_caller_is(order: dict[str, Any]) -> None:
    sys.path[:] = order["path"]
    with contextlib.suppress(OSError):
        os.chdir(order["folder"])


def _tell(end: int, value: int, error: int) -> None:
    with contextlib.suppress(OSError):  # nobody wants to know
        os.write(end, NEWS.pack(value, error))
