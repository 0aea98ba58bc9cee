"""Loop of a worker process: take a job, run it, send the outcome, again.

A worker has its own process group, so that its children can be stopped with it and the
interrupt key of a terminal does not reach it. It does not outlive the process that started it.
"""

import contextlib
import faulthandler
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler

from threadpoolctl import threadpool_limits

from metatune.execution.executor import Job, JobOutcome, failure, run_job

__all__ = ["THREAD_VARIABLES", "Started", "worker_main"]

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""Environment variables that numeric libraries read, once, when they are loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Message to the pool: the worker has taken a job up."""

    pid: int


def worker_main(connection: Connection, log_path: str | None) -> None:
    """Serve jobs until the connection is closed.

    Parameters
    ----------
    connection : Connection
        Brings `Job` objects; each is answered by `Started` and then by `JobOutcome`.
    log_path : str or None
        File that standard output and error are appended to; None drops them.
    """
    _leave_terminal(log_path)
    _end_with_parent()
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    threadpool_limits(limits=1)
    warnings.simplefilter("ignore")
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


def _leave_terminal(log_path: str | None) -> None:
    # A batch system tells all processes of a job that it ends; only the parent has to act.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(os, "setsid"):
        with contextlib.suppress(PermissionError):  # it leads a session already
            os.setsid()
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    log = os.open(log_path or os.devnull, flags, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    if log_path:
        faulthandler.enable(file=2)


def _end_with_parent() -> None:
    """Make this process end when the one that started it is gone, even in the midst of a job."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        _end_group()

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()
    _signal_on_hangup(parent.sentinel)


def _signal_on_hangup(sentinel: int) -> None:
    """Let Linux end the process: a thread has to wait while compiled code holds the interpreter.

    The parent holds the other end of the pipe `sentinel`; the kernel sends SIGIO to the process
    group when that is closed, and the default action of SIGIO is the end of the process.
    """
    if sys.platform != "linux":
        return
    import fcntl

    signal.signal(signal.SIGIO, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGIO})
    fcntl.fcntl(sentinel, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(sentinel, fcntl.F_SETFL, fcntl.fcntl(sentinel, fcntl.F_GETFL) | os.O_ASYNC)


def _end_group() -> None:
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
