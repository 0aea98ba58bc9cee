"""Loop of a worker process: take a job, run it, send the outcome, again.

A worker has its own process group, so that its children can be stopped with it and the
interrupt key of a terminal does not reach it. It does not outlive the fork server that started it.
"""

import contextlib
import faulthandler
import os
import pickle
import signal
import sys
import threading
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler

from threadpoolctl import threadpool_limits

from metatune.execution.executor import Job, JobOutcome, failure, run_job
from metatune.execution.worker_log import WarningLog

__all__ = ["END_SIGNALS", "Started", "worker_main"]

END_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""Signals that tell a program to end."""

_SET_PDEATHSIG = 1  # of prctl(2)
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Message to the pool: the worker has taken a job up."""

    pid: int


def worker_main(connection: Connection, log_path: str, server: int) -> None:
    """Serve jobs until the connection is closed.

    Parameters
    ----------
    connection : Connection
        Brings `Job` objects; each is answered by `Started` and then by `JobOutcome`.
    log_path : str
        File that standard output and error are appended to; empty to drop them.
    server : int
        Process of the fork server, which this one ends with.
    """
    _leave_terminal(log_path)
    _end_with(server)
    threadpool_limits(limits=1)
    _keep_warnings(log_path)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            job = connection.recv()
            connection.send(Started(pid=os.getpid()))
            connection.send_bytes(_answer(job))
    # Nothing in a worker is worth an orderly end, and libraries may hang in theirs.
    os._exit(0)


def _answer(job: Job) -> bytes:
    """Run a job and pickle its outcome."""
    outcome = run_job(job)
    try:
        return _pickled(outcome)
    # A value that cannot be pickled may say so by any error.
    except Exception as error:  # noqa: BLE001
        return _pickled(failure(error, outcome.seconds))


def _pickled(outcome: JobOutcome) -> bytes:
    return bytes(ForkingPickler.dumps(outcome, protocol=pickle.HIGHEST_PROTOCOL))


def _leave_terminal(log_path: str) -> None:
    # A batch system tells all processes of a job that it ends; only the program has to act.
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    os.setsid()
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    log = os.open(log_path or os.devnull, flags, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    if log_path:
        faulthandler.enable(file=2)


def _keep_warnings(log_path: str) -> None:
    """Write the warnings of libraries to the log, or drop them without one."""
    warnings.simplefilter("default" if log_path else "ignore")
    if log_path:
        warnings.showwarning = WarningLog(sys.stderr).show


def _end_with(server: int) -> None:
    """Make this process end when its fork server is gone, even in the midst of compiled code.

    The server ends its workers when the program is gone; this is for a server that was killed.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(server,), daemon=True, name="watch-server").start()
    if os.getppid() != server:
        os._exit(1)


def _watch(server: int) -> None:
    never = threading.Event()
    while os.getppid() == server:
        never.wait(_LOOK_SECONDS)
    os.killpg(0, signal.SIGKILL)
