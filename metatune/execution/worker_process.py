"""One worker process as the pool sees it: launched in the background, spoken to, killed."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from metatune.execution.executor import Job
from metatune.execution.worker import THREAD_VARIABLES, worker_main

__all__ = ["PRELOADED", "WorkerProcess"]

PRELOADED = (
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
    "metatune.execution.worker",
)
"""Modules that the fork server imports once, so that each of its workers starts with them."""

_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_PREPARED_WITHIN = 10.0
_STARTING = threading.Lock()


class WorkerProcess:
    """A process that runs `worker_main`.

    Making one returns at once: a thread waits for the fork server, which may still be importing.
    Jobs sent before the process is there are taken up when it is.

    Parameters
    ----------
    log_path : str
        File for its output; empty to drop it.
    preload : tuple of str
        Modules that the fork server imports, if this starts the fork server.
    """

    def __init__(self, log_path: str, preload: tuple[str, ...] = PRELOADED) -> None:
        context = multiprocessing.get_context(_METHOD)
        self.connection: Connection
        self.connection, theirs = context.Pipe()
        prepared = threading.Event()
        self._process: Any = context.Process(  # type: ignore[attr-defined]
            target=worker_main,
            args=(theirs, _AnnouncedText(log_path, prepared)),
            daemon=True,
            name="metatune-worker",
        )
        self._ownership = threading.Lock()
        self._abandoned = False
        self._launched = False
        self.launch_error: Exception | None = None
        with _STARTING, _hidden_main(), _worker_environment():
            if _METHOD == "forkserver":
                _start_fork_server(preload)
            threading.Thread(
                target=self._launch, args=(theirs, prepared), daemon=True, name="launch-worker"
            ).start()
            # From then on the process no longer looks at __main__ or at the environment.
            prepared.wait(_PREPARED_WITHIN)

    def _launch(self, theirs: Connection, prepared: threading.Event) -> None:
        try:
            self._process.start()
        # The last two are how multiprocessing refuses to start a process from where it must not,
        # such as a daemonic process.
        except (OSError, EOFError, AssertionError, RuntimeError) as error:
            self.launch_error = error
        finally:
            prepared.set()
            theirs.close()
        with self._ownership:
            self._launched = True
            abandoned = self._abandoned
        if abandoned:
            self._kill()

    @property
    def handles(self) -> list[Any]:
        """Objects for `multiprocessing.connection.wait`: messages, and the process's end."""
        if self._launched and self.launch_error is None:
            return [self.connection, self._process.sentinel]
        return [self.connection]

    @property
    def dead(self) -> bool:
        """True if the process was there and is no more."""
        return self._launched and self.launch_error is None and self._process.exitcode is not None

    def send(self, job: Job) -> None:
        """Hand over a job."""
        self.connection.send(job)

    def describe_end(self) -> str:
        """Say in words how the process ended."""
        self._process.join(1.0)
        code = self._process.exitcode
        if code is None:
            return "it closed its connection"
        if code >= 0:
            return f"exit code {code}"
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
        return f"killed by signal {-code}"

    def kill(self) -> None:
        """End the process and its children now, or as soon as it is there."""
        with self._ownership:
            self._abandoned = True
            launched = self._launched
        if launched:
            self._kill()
        self.connection.close()

    def release(self, timeout: float) -> None:
        """Wait until a killed process is gone, at most `timeout` seconds, and free its handles."""
        if not self._launched or self.launch_error is not None:
            return
        self._process.join(timeout)
        if self._process.exitcode is not None:
            self._process.close()

    def _kill(self) -> None:
        if self.launch_error is not None or self._process.exitcode is not None:
            return
        if hasattr(os, "killpg"):
            # It leads its own group once it is up; before, there is no such group.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()


class _AnnouncedText:
    """A text that sets an event when it is pickled; it arrives as a plain text.

    A process object is pickled after multiprocessing has collected what a child has to know about
    `__main__`, so the event tells when `__main__` may be shown again.
    """

    def __init__(self, text: str, pickled: threading.Event) -> None:
        self._text = text
        self._pickled = pickled

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        self._pickled.set()
        return str, (self._text,)


def _start_fork_server(preload: tuple[str, ...]) -> None:
    """Start the fork server unless it runs; it imports `preload` while we go on."""
    from multiprocessing import forkserver

    forkserver.set_forkserver_preload(list(preload))
    # The tracker unblocks the signals that it finds blocked, so it goes first.
    resource_tracker.ensure_running()
    # The server inherits the blocked interrupt and passes it on to the workers: the interrupt key
    # must not end them before they can say so themselves.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _hidden_main() -> Iterator[None]:
    """Keep multiprocessing from running the caller's script again in each child.

    Workers need nothing from it, and scripts and notebooks call `fit` without the guard
    ``if __name__ == "__main__"``.
    """
    main = vars(sys.modules["__main__"])
    hidden: dict[str, Any] = {
        name: main.pop(name) for name in ("__file__", "__spec__") if name in main
    }
    main["__spec__"] = None
    try:
        yield
    finally:
        del main["__spec__"]
        main.update(hidden)


@contextlib.contextmanager
def _worker_environment() -> Iterator[None]:
    """Set what a new Python process reads from its environment, for a moment.

    One numeric thread each; the caller's import path (but not the current directory), since the
    fork server imports before it could be told; no warnings on the caller's terminal.
    """
    wanted = {
        **dict.fromkeys(THREAD_VARIABLES, "1"),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONSAFEPATH": "1",
        "PYTHONWARNINGS": "ignore",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
