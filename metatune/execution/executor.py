"""Executors: the small interface behind which jobs are run, and the one without processes.

A job names its function as text, so that it can be run in any process on any machine.
"""

import importlib
import traceback
import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from threadpoolctl import threadpool_limits

from metatune.budget import Stopwatch

__all__ = ["Executor", "InlineExecutor", "Job", "JobOutcome", "JobStatus", "run_job"]

_MAX_ERROR_LENGTH = 400


class JobStatus(StrEnum):
    """How a job ended."""

    OK = "ok"
    FAILED = "failed"
    """The function raised an error."""
    CRASHED = "crashed"
    """The worker process died."""
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A function call to be run somewhere.

    Attributes
    ----------
    id : int
        Chosen by the caller; unique among the jobs that are not finished.
    function : str
        ``"package.module:function"``.
    arguments : tuple
        Positional arguments; picklable and small. Large things go through the folders.
    time_limit : float
        Seconds of wall clock, counted from when a worker takes the job up.
    inbox : str
        Folder that the function reads and nobody changes: its first argument. None if empty.
    outbox : str
        Existing folder that the function may write files to: its next argument. None if empty.

    Notes
    -----
    An executor whose workers do not share the caller's file system passes copies of the folders:
    the inbox goes to each worker once, new files of the outbox come back with the outcome. So a
    function must not keep paths or write elsewhere.
    """

    id: int
    function: str
    arguments: tuple[Any, ...] = ()
    time_limit: float = float("inf")
    inbox: str = ""
    outbox: str = ""

    @property
    def positional(self) -> tuple[Any, ...]:
        """What the function is called with: the folders that there are, then the arguments."""
        return (*filter(None, (self.inbox, self.outbox)), *self.arguments)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JobOutcome:
    """What became of a job.

    Attributes
    ----------
    id : int
        The job's.
    status : JobStatus
        How it ended.
    value : Any
        What the function returned; None unless ok.
    error : str
        One line for people; empty if ok.
    traceback : str
        Where the function raised an error; empty else.
    seconds : float
        Wall clock since a worker took the job up.
    memory_mb : float
        Largest resident memory seen for its worker, in megabytes; 0 where it is not measured.
    """

    id: int
    status: JobStatus
    value: Any = None
    error: str = ""
    traceback: str = field(default="", repr=False)
    seconds: float = 0.0
    memory_mb: float = 0.0


class Executor(ABC):
    """Runs jobs. Leaving its context closes it."""

    @property
    @abstractmethod
    def n_workers(self) -> int:
        """Number of jobs that can run at once."""

    @property
    def n_ahead(self) -> int:
        """Number of further jobs that may be submitted while no worker is idle.

        They are taken up in their order as soon as a worker is free, without the caller's help.
        """
        return 0

    @property
    @abstractmethod
    def idle(self) -> int:
        """Number of jobs that could be taken up now."""

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Take a job up.

        Raises
        ------
        SearchError
            If no worker is idle and `n_ahead` jobs wait for one, or the executor is closed.
        """

    @abstractmethod
    def wait(self, timeout: float) -> list[JobOutcome]:
        """Wait until a job has ended, at most `timeout` seconds.

        Returns
        -------
        list of JobOutcome
            Each job's outcome is returned once. Empty if nothing ended in time, at once if
            nothing runs.

        Raises
        ------
        SearchError
            If workers cannot be started at all.
        """

    @abstractmethod
    def call(self, job: Job) -> JobOutcome:
        """Run a job beside those under way, whether or not a worker is idle, and wait for it.

        Limits of the jobs under way are enforced meanwhile; their outcomes are left for `wait`.
        The job's own time limit counts from the call.

        Raises
        ------
        SearchError
            If workers cannot be started at all.
        """

    @abstractmethod
    def kill(self, job_id: int) -> float:
        """Stop a job. It has no outcome; an unknown or finished job is ignored.

        Returns
        -------
        float
            The seconds that it has run for nothing.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop everything at once and give back what the executor holds. May be called twice."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return itself: running processes have no copy, and cloned estimators share them."""
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class InlineExecutor(Executor):
    """Runs each job in the calling process, while it is submitted.

    For fits so small that starting a process costs more than it brings. Time and memory limits
    are not enforced, and a crash takes the caller along.
    """

    def __init__(self) -> None:
        self._finished: list[JobOutcome] = []

    @property
    def n_workers(self) -> int:
        return 1

    @property
    def idle(self) -> int:
        return 0 if self._finished else 1

    def submit(self, job: Job) -> None:
        self._finished.append(self.call(job))

    def call(self, job: Job) -> JobOutcome:
        with warnings.catch_warnings(), threadpool_limits(limits=1):
            warnings.simplefilter("ignore")
            return run_job(job)

    def wait(self, timeout: float) -> list[JobOutcome]:  # noqa: ARG002
        finished, self._finished = self._finished, []
        return finished

    def kill(self, job_id: int) -> float:
        wasted = sum(outcome.seconds for outcome in self._finished if outcome.id == job_id)
        self._finished = [outcome for outcome in self._finished if outcome.id != job_id]
        return wasted

    def close(self) -> None:
        self._finished.clear()


def run_job(job: Job) -> JobOutcome:
    """Call a job's function here and now; an error that it raises becomes the outcome."""
    watch = Stopwatch()
    try:
        value = _find(job.function)(*job.positional)
    except MemoryError as error:
        return failure(job.id, error, watch.seconds(), JobStatus.OUT_OF_MEMORY)
    # Anything may be raised by a learner; it costs this job alone.
    except Exception as error:  # noqa: BLE001
        return failure(job.id, error, watch.seconds())
    return JobOutcome(id=job.id, status=JobStatus.OK, value=value, seconds=watch.seconds())


def failure(
    job_id: int, error: Exception, seconds: float, status: JobStatus = JobStatus.FAILED
) -> JobOutcome:
    """Return the outcome of a job that raised `error`."""
    text = " ".join(str(error).split())[:_MAX_ERROR_LENGTH]
    kind = type(error).__name__
    return JobOutcome(
        id=job_id,
        status=status,
        error=f"{kind}: {text}" if text else kind,
        traceback="".join(traceback.format_exception(error)),
        seconds=seconds,
    )


def _find(function: str) -> Any:
    module, _, name = function.partition(":")
    return getattr(importlib.import_module(module), name)
