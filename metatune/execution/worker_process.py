"""One worker process as the pool sees it: launched in the background, spoken to, killed."""

import contextlib
import os
import select
import signal
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from metatune.execution.executor import Job
from metatune.execution.fork_server import NEWS
from metatune.execution.forked_process import is_copy_cheaper
from metatune.execution.launcher import PRELOADED, Launch, fork_server

__all__ = ["WorkerProcess"]

_ATTEMPTS = 3  # a fork server may die between two looks at it


class WorkerProcess:
    """A process that runs `worker_main`.

    Making one returns at once: the fork server may still be importing. Jobs sent before the process
    is there are taken up when it is.

    Parameters
    ----------
    log_path : str
        File for its output; empty to drop it.
    preload : tuple of str
        Modules that it starts with.

    Raises
    ------
    OSError
        If no process can be started.
    """

    def __init__(self, log_path: str, preload: tuple[str, ...] = PRELOADED) -> None:
        self.connection: Connection
        self.connection, theirs = Pipe()
        try:
            self._launch = _launch(theirs.fileno(), log_path, preload)
        except OSError:
            self.connection.close()
            raise
        finally:
            theirs.close()
        self._pid: int | None = None
        self._exit_code: int | None = None
        self._ended = False
        self._released = False
        self.launch_error: OSError | None = None

    @property
    def handles(self) -> list[Connection | int]:
        """Objects for `multiprocessing.connection.wait`: messages, and the process's end."""
        return [self.connection] if self._ended else [self.connection, self._launch.end]

    @property
    def dead(self) -> bool:
        """True if the process is no more, or will never be."""
        self._read_news()
        return self._ended and self.launch_error is None

    def send(self, job: Job) -> None:
        """Hand over a job."""
        self.connection.send(job)

    def describe_end(self) -> str:
        """Say in words how the process ended."""
        self._await_end(1.0)
        if not self._ended:
            return "it closed its connection"
        code = self._exit_code
        if code is None:
            return "the process that starts workers was killed"
        if code >= 0:
            return f"exit code {code}"
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
        return f"killed by signal {-code}"

    def kill(self) -> None:
        """End the process and its children now, or as soon as it is there."""
        self._read_news()
        if not self._ended and self._pid is None:
            self._launch.server.kill(self._launch.number)
        elif self._pid is not None and (not self._ended or self._exit_code is None):
            # It leads its own group once it is up; before, there is no such group.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self._pid, signal.SIGKILL)
        self.connection.close()

    def release(self, timeout: float) -> None:
        """Wait until a killed process is gone, at most `timeout` seconds, and free its handles."""
        if self._pid is not None:
            self._await_end(timeout)
        self._ended = True
        if not self._released:
            self._released = True
            os.close(self._launch.end)

    def _await_end(self, timeout: float) -> None:
        self._read_news()
        if not self._ended:
            poll = select.poll()
            poll.register(self._launch.end, select.POLLIN)
            poll.poll(1000 * timeout)
            self._read_news()

    def _read_news(self) -> None:
        """Read what the fork server has told of the process by now."""
        while not self._ended:
            try:
                news = os.read(self._launch.end, NEWS.size)
            except BlockingIOError:
                return
            value, error = NEWS.unpack(news) if news else (0, 0)
            if not news:
                self._ended = True
            elif error:
                self.launch_error, self._ended = OSError(error, os.strerror(error)), True
            elif self._pid is None:
                self._pid = value
            else:
                self._exit_code, self._ended = value, True


def _launch(channel: int, log_path: str, preload: tuple[str, ...]) -> Launch:
    """Order a worker; a fork server that has just died is replaced."""
    forked = is_copy_cheaper()
    for _ in range(_ATTEMPTS - 1):
        with contextlib.suppress(ConnectionError):
            return fork_server(preload, forked=forked).launch(channel, log_path)
    return fork_server(preload, forked=forked).launch(channel, log_path)
