"""The local executor: a pool of worker processes that can be killed one by one."""

import pickle
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from metatune.budget import Deadline, Stopwatch
from metatune.errors import SearchError
from metatune.search.executor import Executor, Job, JobOutcome
from metatune.search.memory import MEGABYTE, MemoryMeter
from metatune.search.trial import TrialStatus
from metatune.search.worker import Started
from metatune.search.worker_process import PRELOADED, WorkerProcess

__all__ = ["LocalPool"]

_POLL_SECONDS = 0.1
_MAX_FALSE_STARTS = 3
_CLOSING_SECONDS = 0.3


class LocalPool(Executor):
    """Runs jobs in processes of this machine, one numeric thread each.

    A job over its time limit or the memory limit is killed, a worker that dies is replaced; both
    cost that job alone. Limits are watched while `wait` is called. Workers do not import the
    caller's ``__main__``, are silent, ignore the interrupt key and end with the caller.

    Parameters
    ----------
    n_workers : int
        Number of processes.
    memory_limit : int, optional
        Bytes that a worker and its children may hold.
    log_directory : Path, optional
        Existing directory for what workers print; dropped without one.
    preload : tuple of str
        Modules to be imported before a worker exists. Only the list of the first pool counts:
        multiprocessing has one fork server for each program, which stays until the program ends.

    Notes
    -----
    A program that starts fork-server processes of its own after the first pool gets them from the
    same server: with these modules, one numeric thread and the interrupt key blocked.
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
        self._ended: list[JobOutcome] = []
        self._n_launched = 0
        self._false_starts = 0
        self._closed = False

    def start(self) -> None:
        """Launch the workers and return at once; `submit` does it where this was not called."""
        if self._closed:
            raise SearchError("the pool is closed: make another one")
        while len(self._slots) < self._n_workers:
            self._slots.append(_Slot(self._launch()))

    @property
    def n_workers(self) -> int:
        return self._n_workers

    @property
    def idle(self) -> int:
        return self._n_workers - sum(slot.job is not None for slot in self._slots)

    def submit(self, job: Job) -> None:
        self.start()
        slot = next((slot for slot in self._slots if slot.job is None), None)
        if slot is None:
            raise SearchError(f"job {job.id} was submitted while all {self._n_workers} workers run")
        self._assign(slot, job)

    def wait(self, timeout: float) -> list[JobOutcome]:
        limit = Deadline.after(timeout)
        while True:
            self._look(self._slots)
            busy = [slot for slot in self._slots if slot.job is not None]
            if self._ended or not busy or limit.passed():
                ended, self._ended = self._ended, []
                return ended
            _rest(busy, limit.remaining())

    def call(self, job: Job) -> JobOutcome:
        limit = Deadline.after(job.time_limit)
        extra = _Slot(self._launch())
        try:
            self._assign(extra, job)
            while True:
                outcome = self._inspect(extra)
                if outcome is not None:
                    return outcome
                if limit.passed():
                    text = f"stopped at its time limit of {job.time_limit:.1f} s"
                    return extra.outcome(TrialStatus.TIMED_OUT, error=text)
                self._look(self._slots)
                _rest([extra, *self._slots], limit.remaining())
        finally:
            extra.worker.kill()
            extra.worker.release(0.05)

    def _look(self, slots: "list[_Slot]") -> None:
        """Collect the outcomes of jobs that have ended or have to end."""
        for slot in slots:
            outcome = self._inspect(slot) if slot.job is not None else None
            if outcome is not None:
                self._ended.append(outcome)

    def kill(self, job_id: int) -> None:
        self._ended = [outcome for outcome in self._ended if outcome.id != job_id]
        for slot in self._slots:
            if slot.job is not None and slot.job.id == job_id:
                self._replace(slot)

    def close(self) -> None:
        self._closed = True
        slots, self._slots = self._slots, []
        for slot in slots:
            slot.worker.kill()
        limit = Deadline.after(_CLOSING_SECONDS)
        for slot in slots:
            slot.worker.release(max(0.0, limit.remaining()))

    def _launch(self) -> WorkerProcess:
        self._n_launched += 1
        directory = self._log_directory
        path = "" if directory is None else str(directory / f"worker-{self._n_launched}.log")
        try:
            return WorkerProcess(path, self._preload)
        except OSError as error:
            raise _cannot_start(error) from error

    def _replace(self, slot: "_Slot") -> None:
        slot.worker.kill()
        slot.worker.release(0.05)
        slot.reset(self._launch())

    def _assign(self, slot: "_Slot", job: Job) -> None:
        for _ in range(_MAX_FALSE_STARTS):
            try:
                slot.worker.send(job)
            except OSError as error:  # it died while it was idle, or never came to be
                if slot.worker.launch_error is not None:
                    raise _cannot_start(slot.worker.launch_error) from error
                self._replace(slot)
            else:
                slot.job = job
                return
        raise SearchError("worker processes die while they start")

    def _inspect(self, slot: "_Slot") -> JobOutcome | None:
        """Look whether a busy slot's job has ended or has to end."""
        # The order matters: a worker may have sent its outcome and then died.
        dead = slot.worker.dead
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
            return self._stop(slot, TrialStatus.FAILED, text)
        if dead:
            return self._bury(slot)
        if slot.worker.launch_error is not None:
            raise _cannot_start(slot.worker.launch_error)
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
        if self._memory_limit is not None and held > self._memory_limit / 2:
            # What one job left behind must not be counted against the next one.
            self._replace(slot)
        return outcome

    def _bury(self, slot: "_Slot") -> JobOutcome | None:
        end = slot.worker.describe_end()
        if slot.started:
            return self._stop(slot, TrialStatus.CRASHED, f"its process died: {end}")
        self._false_starts += 1
        if self._false_starts >= _MAX_FALSE_STARTS:
            raise SearchError(f"worker processes die while they start: {end}")
        job = slot.job
        self._replace(slot)
        if job is not None:
            self._assign(slot, job)
        return None

    def _enforce(self, slot: "_Slot") -> JobOutcome | None:
        if not slot.started or slot.job is None:
            return None
        held = slot.measure()
        if self._memory_limit is not None and held > self._memory_limit:
            figures = f"{held / 1e9:.2f} GB, the limit is {self._memory_limit / 1e9:.2f} GB"
            return self._stop(slot, TrialStatus.OUT_OF_MEMORY, f"its process held {figures}")
        if slot.watch.seconds() > slot.job.time_limit:
            text = f"stopped at its time limit of {slot.job.time_limit:.1f} s"
            return self._stop(slot, TrialStatus.TIMED_OUT, text)
        return None

    def _stop(self, slot: "_Slot", status: TrialStatus, error: str) -> JobOutcome:
        outcome = slot.outcome(status, error=error, seconds=slot.watch.seconds())
        self._replace(slot)
        return outcome


def _rest(slots: "list[_Slot]", timeout: float) -> None:
    """Sleep until a worker has something to say, at most until limits have to be looked at."""
    handles = [handle for slot in slots if slot.job is not None for handle in slot.worker.handles]
    wait(handles, max(0.0, min(_POLL_SECONDS, timeout)))


class _Slot:
    """A worker and the job that it runs."""

    def __init__(self, worker: WorkerProcess) -> None:
        self.reset(worker)

    def reset(self, worker: WorkerProcess) -> None:
        """Take another worker, without a job."""
        self.worker = worker
        self.job: Job | None = None
        self.watch = Stopwatch()
        self._meter: MemoryMeter | None = None
        self._peak = 0
        self.started = False

    def rest(self) -> None:
        """Note that the worker is free again."""
        self.job = None
        self.started = False

    def begin(self, pid: int) -> None:
        """Note that the worker, process `pid`, has taken the job up."""
        self.watch = Stopwatch()
        self._meter = self._meter or MemoryMeter(pid)
        self._peak = 0
        self.started = True

    def measure(self) -> int:
        """Return the bytes held by the worker now."""
        held = self._meter.read() if self._meter is not None else 0
        self._peak = max(self._peak, held)
        return held

    def outcome(self, status: TrialStatus, **details: Any) -> JobOutcome:
        """Make the outcome of the job."""
        if self.job is None:
            raise SearchError("a worker without a job cannot have an outcome")
        return JobOutcome(id=self.job.id, status=status, memory_mb=self._peak / MEGABYTE, **details)


def _cannot_start(error: Exception) -> SearchError:
    reason = str(error) or type(error).__name__
    return SearchError(
        f"worker processes cannot be started: {reason}: "
        "start the search from a process that may have children, or use an InlineExecutor"
    )
