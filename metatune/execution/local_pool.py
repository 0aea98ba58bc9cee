"""The local executor: a pool of worker processes that can be killed one by one.

A thread of its own looks after the workers: it hands waiting jobs to whoever becomes free and
enforces limits, so that no worker waits while the caller thinks about what to try next.
"""

import contextlib
import pickle
import threading
from collections import deque
from multiprocessing import Pipe
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from metatune.budget import Deadline, Stopwatch
from metatune.errors import SearchError
from metatune.execution.executor import Executor, Handle, Job, JobOutcome, JobStatus
from metatune.execution.launcher import PRELOADED
from metatune.execution.memory import MEGABYTE, MemoryMeter
from metatune.execution.worker import Started
from metatune.execution.worker_process import WorkerProcess

__all__ = ["LocalPool"]

_POLL_SECONDS = 0.1
_MAX_FALSE_STARTS = 3
_CLOSING_SECONDS = 0.3


class LocalPool(Executor):
    """Executor with processes of this machine, one numeric thread each.

    A job over its time limit or the memory limit is killed, a worker that dies is replaced; both
    cost that job alone. Workers do not import the caller's ``__main__``, are silent, ignore the
    interrupt key and end with the caller.

    Parameters
    ----------
    n_workers : int
        Number of processes.
    memory_limit : int, optional
        Bytes that a worker and its children may hold.
    log_directory : Path, optional
        Existing directory for what workers print; dropped without one.
    preload : tuple of str
        Modules to be imported before a worker exists, by a process that stays until the program
        ends: workers of later pools with the same list are there at once.
    """

    def __init__(
        self,
        n_workers: int,
        *,
        memory_limit: int | None = None,
        log_directory: Path | None = None,
        preload: tuple[str, ...] = PRELOADED,
    ) -> None:
        if n_workers < 1:
            raise SearchError(f"a pool of {n_workers} workers cannot run anything: use at least 1")
        self._n_workers = n_workers
        self._memory_limit = memory_limit
        self._log_directory = log_directory
        self._preload = preload
        self._slots: list[_Slot] = []
        self._extra: list[_Slot] = []  # for jobs beside the others, each for one
        self._waiting: deque[Handle] = deque()
        self._ended: list[Handle] = []
        self._trouble: Exception | None = None
        self._n_launched = 0
        self._false_starts = 0
        self._closed = False
        # Whoever touches any of this holds the lock; what has changed is told to `wait`.
        self._changed = threading.Condition(threading.RLock())
        self._watcher: threading.Thread | None = None
        self._doorway, self._bell = Pipe(duplex=False)

    def start(self) -> None:
        """Launch the workers and return at once; `submit` does it where this was not called."""
        with self._changed:
            self._refuse_if_closed()
            while len(self._slots) < self._n_workers:
                self._slots.append(_Slot(self._launch()))

    @property
    def n_workers(self) -> int:
        return self._n_workers

    @property
    def n_ahead(self) -> int:
        return self._n_workers

    @property
    def idle(self) -> int:
        with self._changed:
            n_busy = sum(slot.handle is not None for slot in self._slots)
            return max(0, self._n_workers - n_busy - len(self._waiting))

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        handle = Handle(job, self, beside=beside)
        with self._changed:
            self.start()
            if beside:
                slot = _Slot(self._launch())
                self._assign(slot, handle)
                self._extra.append(slot)
            elif not self.idle and len(self._waiting) >= self.n_ahead:
                raise SearchError(
                    f"a job was submitted while all {self._n_workers} workers run "
                    f"and {len(self._waiting)} jobs wait"
                )
            else:
                self._waiting.append(handle)
                self._hand_out()
            if self._watcher is None:
                self._watcher = threading.Thread(
                    target=self._watch, daemon=True, name="watch-workers"
                )
                self._watcher.start()
            self._bell.send(None)
        return handle

    def wait(self, timeout: float) -> list[Handle]:
        limit = Deadline.after(timeout)
        with self._changed:
            while not self._ended and self._busy() and not limit.passed():
                self._await_change(limit.remaining())
            if self._trouble is not None:
                raise self._trouble
            ended, self._ended = self._ended, []
            return ended

    def call(self, job: Job) -> JobOutcome:
        with self._changed:
            handle = self.submit(job, beside=not self.idle)  # a further process takes memory
            try:
                while handle.outcome is None:
                    self._await_change(threading.TIMEOUT_MAX)
            finally:  # `wait` is not to return it, and whoever interrupts does not want it
                handle.cancel()
            return handle.outcome

    def _await_change(self, seconds: float) -> None:
        """Wait for the watching thread, which may have come to grief."""
        if self._trouble is not None:
            raise self._trouble
        self._refuse_if_closed()
        self._changed.wait(max(0.0, min(seconds, threading.TIMEOUT_MAX)))

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise SearchError("the pool is closed: make another one")

    def _cancel(self, handle: Handle) -> float:
        with self._changed:
            if handle in self._waiting:
                self._waiting.remove(handle)
            if handle in self._ended and handle.outcome is not None:
                self._ended.remove(handle)
                return handle.outcome.seconds
            for slot in self._busy():
                if slot.handle is handle:
                    seconds = slot.watch.seconds() if slot.started else 0.0
                    self._discard(slot)
                    self._hand_out()
                    return seconds
        return 0.0

    def close(self) -> None:
        with self._changed:
            slots, self._slots, self._extra = [*self._slots, *self._extra], [], []
            self._waiting.clear()
            for slot in slots:
                slot.worker.kill()
            if not self._closed:
                self._closed = True
                self._bell.send(None)
                self._changed.notify_all()
        limit = Deadline.after(_CLOSING_SECONDS)
        if self._watcher is not None:
            self._watcher.join(max(0.0, limit.remaining()))
        if self._watcher is None or not self._watcher.is_alive():
            self._doorway.close()
            self._bell.close()
        for slot in slots:
            slot.worker.release(max(0.0, limit.remaining()))

    def _watch(self) -> None:
        """Look after the workers until the pool is closed."""
        while True:
            with self._changed:
                if self._closed:
                    return
                try:
                    self._look()
                except Exception as error:  # noqa: BLE001  # whoever waits has to know
                    self._trouble = error
                if self._ended or self._trouble is not None:
                    self._changed.notify_all()
                if self._trouble is not None:
                    return
                busy = self._busy()
                watched = [end for slot in busy for end in slot.worker.handles]
                # Limits have to be looked at now and then; without a job there are none.
                remaining = [slot.limit.remaining() for slot in busy]
                timeout = max(0.0, min(_POLL_SECONDS, *remaining)) if remaining else None
            # A worker that is replaced meanwhile closes its connection.
            with contextlib.suppress(OSError, ValueError):
                if self._doorway in wait([self._doorway, *watched], timeout):
                    self._doorway.recv()

    def _look(self) -> None:
        """Collect the outcomes of jobs that have ended or have to end, and hand out others."""
        for slot in self._busy():
            handle, outcome = slot.handle, self._inspect(slot)
            if handle is not None and outcome is not None:
                handle.outcome = outcome
                self._ended.append(handle)
        self._hand_out()

    def _busy(self) -> "list[_Slot]":
        return [slot for slot in (*self._slots, *self._extra) if slot.handle is not None]

    def _hand_out(self) -> None:
        """Give waiting jobs to free workers."""
        for slot in self._slots:
            if self._waiting and slot.handle is None:
                self._assign(slot, self._waiting.popleft())

    def _launch(self) -> WorkerProcess:
        self._n_launched += 1
        directory = self._log_directory
        path = "" if directory is None else str(directory / f"worker-{self._n_launched}.log")
        try:
            return WorkerProcess(path, self._preload)
        except OSError as error:
            raise _cannot_start(error) from error

    def _raise_if_never_made(self, worker: WorkerProcess) -> None:
        if worker.launch_error is not None:
            raise _cannot_start(worker.launch_error)

    def _replace(self, slot: "_Slot") -> None:
        slot.worker.kill()
        slot.worker.release(0.05)
        slot.reset(self._launch())

    def _discard(self, slot: "_Slot") -> None:
        """End a worker; one that ran beside the others has no successor."""
        if slot not in self._extra:
            self._replace(slot)
            return
        self._extra.remove(slot)
        slot.worker.kill()
        slot.worker.release(0.05)

    def _assign(self, slot: "_Slot", handle: Handle) -> None:
        for _ in range(_MAX_FALSE_STARTS):
            try:
                slot.worker.send(handle.job)
            except OSError:  # it died while it was idle, or never came to be
                self._raise_if_never_made(slot.worker)
                self._replace(slot)
            else:
                slot.take(handle)
                return
        raise SearchError("worker processes die while they start")

    def _inspect(self, slot: "_Slot") -> JobOutcome | None:
        """Look whether a busy slot's job has ended or has to end."""
        # The order matters: a worker may have sent its outcome and then died.
        dead = slot.worker.dead
        self._raise_if_never_made(slot.worker)
        try:
            while slot.worker.connection.poll():
                message = slot.worker.connection.recv()
                if isinstance(message, JobOutcome):
                    return self._finish(slot, message)
                if isinstance(message, Started):
                    slot.begin(message.pid)
                    self._false_starts = 0
        except (EOFError, OSError):
            dead = True
        except (pickle.UnpicklingError, AttributeError, ImportError) as error:
            text = f"its result cannot be read here: {error}"
            return self._stop(slot, JobStatus.FAILED, text)
        if dead:
            return self._bury(slot)
        return self._enforce(slot)

    def _finish(self, slot: "_Slot", outcome: JobOutcome) -> JobOutcome:
        held = slot.measure()
        outcome = slot.outcome(
            outcome.status,
            value=outcome.value,
            error=outcome.error,
            traceback=outcome.traceback,
            seconds=outcome.seconds,
        )
        slot.rest()
        # What one job left behind must not be counted against the next one.
        leaves_much = self._memory_limit is not None and held > self._memory_limit / 2
        if leaves_much or slot in self._extra:
            self._discard(slot)
        return outcome

    def _bury(self, slot: "_Slot") -> JobOutcome | None:
        end = slot.worker.describe_end()
        if slot.started:
            return self._stop(slot, JobStatus.CRASHED, f"its process died: {end}")
        self._false_starts += 1
        if self._false_starts >= _MAX_FALSE_STARTS:
            raise SearchError(f"worker processes die while they start: {end}")
        handle = slot.handle
        self._replace(slot)
        if handle is not None:
            self._assign(slot, handle)
        return None

    def _enforce(self, slot: "_Slot") -> JobOutcome | None:
        if slot.handle is None:
            return None
        held = slot.measure() if slot.started else 0
        if self._memory_limit is not None and held > self._memory_limit:
            figures = f"{held / 1e9:.2f} GB, the limit is {self._memory_limit / 1e9:.2f} GB"
            return self._stop(slot, JobStatus.OUT_OF_MEMORY, f"its process held {figures}")
        if slot.limit.passed():
            text = f"stopped at its time limit of {slot.handle.job.time_limit:.1f} s"
            return self._stop(slot, JobStatus.TIMED_OUT, text)
        return None

    def _stop(self, slot: "_Slot", status: JobStatus, error: str) -> JobOutcome:
        outcome = slot.outcome(status, error=error, seconds=slot.watch.seconds())
        self._discard(slot)
        return outcome


class _Slot:
    """Worker, and the job that it runs."""

    def __init__(self, worker: WorkerProcess) -> None:
        self.reset(worker)

    def reset(self, worker: WorkerProcess) -> None:
        """Take another worker, without a job."""
        self.worker = worker
        self._meter: MemoryMeter | None = None
        self._peak = 0
        self.rest()

    def rest(self) -> None:
        """Note that the worker is free again."""
        self.handle: Handle | None = None
        self.started = False
        self.limit = Deadline.never()

    def take(self, handle: Handle) -> None:
        """Note that the worker was sent a job."""
        self.handle = handle
        self.watch = Stopwatch()
        self.limit = Deadline.after(handle.job.time_limit) if handle.beside else Deadline.never()

    def begin(self, pid: int) -> None:
        """Note that the worker, process `pid`, has taken the job up."""
        self.watch = Stopwatch()
        self._meter = self._meter or MemoryMeter(pid)
        self._peak = 0
        self.started = True
        if self.handle is not None and not self.handle.beside:
            self.limit = Deadline.after(self.handle.job.time_limit)

    def measure(self) -> int:
        """Return the bytes held by the worker now."""
        held = self._meter.read() if self._meter is not None else 0
        self._peak = max(self._peak, held)
        return held

    def outcome(self, status: JobStatus, **details: Any) -> JobOutcome:
        """Make the outcome of the job."""
        return JobOutcome(status=status, memory_mb=self._peak / MEGABYTE, **details)


def _cannot_start(error: Exception) -> SearchError:
    reason = str(error) or type(error).__name__
    return SearchError(
        f"worker processes cannot be started: {reason}: "
        "end other processes, raise the limit on processes or open files, or use an InlineExecutor"
    )
