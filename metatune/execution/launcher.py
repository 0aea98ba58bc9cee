"""Launches of workers, by fork servers of metatune's own that this program starts when needed."""

import atexit
import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing import spawn
from pathlib import Path

from metatune.execution.forked_process import ForkedProcess, can_fork
from metatune.execution.numeric_threads import THREAD_VARIABLES

__all__ = ["PRELOADED", "ForkServer", "Launch", "fork_server"]

PRELOADED = (
    "metatune.execution.worker",
    "lightgbm",
    "sklearn.compose",
    "sklearn.discriminant_analysis",
    "sklearn.dummy",
    "sklearn.ensemble",
    "sklearn.gaussian_process",
    "sklearn.impute",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.naive_bayes",
    "sklearn.neighbors",
    "sklearn.neural_network",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "sklearn.svm",
    "sklearn.tree",
    "metatune.ensemble.plan",
    "metatune.evaluation.trial_job",
    "metatune.evaluation.refit",
)
"""Modules that a fork server imports once, so that each of its workers starts with them."""

_PROGRAM = """\
import sys
sys.path[:] = {path!r}
from metatune.execution.fork_server import main
main({control}, {preload!r})
"""
_ENDING_SECONDS = 0.5
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """Worker that was ordered.

    Attributes
    ----------
    server : ForkServer
        Makes it.
    number : int
        What it is called there.
    end : int
        Descriptor of the pipe that tells its process, and how that ended.
    """

    server: "ForkServer"
    number: int
    end: int


class ForkServer:
    """A process that forks workers; it ends with the program that started it.

    Parameters
    ----------
    preload : tuple of str
        Modules that it imports first. Nobody waits for that: orders are followed afterwards.
    forked : bool
        It is a copy of this process, which imports the modules itself, if this can be copied.

    Raises
    ------
    OSError
        If it cannot be started.
    """

    def __init__(self, preload: tuple[str, ...], *, forked: bool = False) -> None:
        self._sending = threading.Lock()
        self._is_broken = False
        ours, theirs = (_beside_streams(end) for end in socket.socketpair())
        self._orders = ours
        self._process: subprocess.Popen[bytes] | ForkedProcess
        with ExitStack() as on_failure, theirs:
            on_failure.callback(ours.close)
            if forked and can_fork():
                self._process = _forked(theirs.fileno(), preload)
                on_failure.pop_all()
                return
            program = _PROGRAM.format(
                path=_path_without_folder(), control=theirs.fileno(), preload=preload
            )
            # In a session of its own: the interrupt key of a terminal does not reach it.
            self._process = subprocess.Popen(
                [*_interpreter(), "-c", program],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=_environment(),
                start_new_session=True,
            )
            on_failure.pop_all()

    @property
    def is_alive(self) -> bool:
        """True if it can still be given orders."""
        return not self._is_broken and self._process.poll() is None

    def launch(self, channel: int, log_path: str) -> Launch:
        """Order a worker and return at once.

        Parameters
        ----------
        channel : int
            Descriptor of the worker's end of its channel; the caller closes it afterwards.
        log_path : str
            File for the worker's output; empty to drop it.

        Raises
        ------
        OSError
            If the server is gone.
        """
        number = next(_numbers)
        order = {
            "launch": number,
            "log": log_path and str(Path(log_path).absolute()),
            "path": [path or _folder() for path in _path()],
            "folder": _folder(),
        }
        end, theirs = os.pipe()
        try:
            os.set_blocking(end, False)
            self._send(order, [channel, theirs])
        except OSError:
            os.close(end)
            raise
        finally:
            os.close(theirs)
        return Launch(server=self, number=number, end=end)

    def kill(self, number: int) -> None:
        """End a worker whose process is not known yet."""
        with contextlib.suppress(OSError):  # it has ended with its server
            self._send({"kill": number}, [])

    def close(self) -> None:
        """End it with all its workers."""
        self._orders.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING_SECONDS)

    def forget(self) -> None:
        """Leave it to the program from which this process was forked."""
        self._orders.close()
        self._process.returncode = 0  # it is no child of this process

    def _send(self, values: dict[str, object], files: list[int]) -> None:
        from metatune.execution.fork_server import HEADER

        text = json.dumps(values).encode()
        order = HEADER.pack(len(text)) + text
        with self._sending:
            is_sent = False
            try:
                n_sent = socket.send_fds(self._orders, [order], files)
                self._orders.sendall(order[n_sent:])
                is_sent = True
            finally:  # half an order, of somebody who was interrupted, would garble all others
                self._is_broken = self._is_broken or not is_sent


_servers: dict[tuple[str, ...], ForkServer] = {}
_starting = threading.Lock()


def fork_server(preload: tuple[str, ...] = PRELOADED, *, forked: bool = False) -> ForkServer:
    """Return this program's fork server for a list of modules; start it unless it runs.

    Parameters are those of `ForkServer`.

    Raises
    ------
    OSError
        If it cannot be started.
    """
    with _starting:
        found = _servers.get(preload)
        if found is not None and not found.is_alive:
            _servers.pop(preload).close()
            found = None
        if found is None:
            found = _servers[preload] = ForkServer(preload, forked=forked)
        return found


def _forked(control: int, preload: tuple[str, ...]) -> ForkedProcess:
    """Import modules here, and make a copy of this process that serves."""
    from metatune.execution.fork_server import import_all, main

    import_all(preload)
    return ForkedProcess(partial(main, control, ()), control)


def _forget_servers() -> None:
    """Begin anew in a forked process: the servers belong to its parent, as do held locks."""
    global _starting  # noqa: PLW0603  # another thread of the parent may hold it for ever
    _starting = threading.Lock()
    for server in _servers.values():
        server.forget()
    _servers.clear()


def _close_servers() -> None:
    for server in _servers.values():
        with contextlib.suppress(KeyboardInterrupt):  # nobody waits any longer for what ends anyway
            server.close()
    _servers.clear()


atexit.register(_close_servers)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_servers)


def _interpreter() -> list[str]:
    """Return the command of the interpreter, with the options that this one was started with."""
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return [os.fsdecode(spawn.get_executable()), *flags]


def _environment() -> dict[str, str]:
    """Return the environment of workers: one numeric thread each, and silence."""
    one_thread = dict.fromkeys(THREAD_VARIABLES, "1")
    return {**os.environ, **one_thread, "PYTHONSAFEPATH": "1", "PYTHONWARNINGS": "ignore"}


def _path() -> list[str]:
    return [path for path in sys.path if isinstance(path, str)]


def _path_without_folder() -> list[str]:
    """Return the import path without the current directory, whose modules could be in the way."""
    return [path for path in _path() if path]


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it was deleted
        return ""


def _beside_streams(end: socket.socket) -> socket.socket:
    """Return a socket whose descriptor is none of the standard streams', which may be closed."""
    import fcntl

    with end:
        return socket.socket(fileno=fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3))
