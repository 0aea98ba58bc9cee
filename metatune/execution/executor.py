"""Executors: the small interface behind which jobs are run, and the one without processes.

Submitting a job gives a handle at once, as `concurrent.futures` and Dask give futures. A job's
function travels by its name, so that it can be run in any process on any machine.
"""

import traceback
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from metatune.budget import Stopwatch
from metatune.execution.by_name import ByName, name_of
from metatune.execution.numeric_threads import one_numeric_thread

__all__ = ["Executor", "Handle", "InlineExecutor", "Job", "JobOutcome", "JobStatus", "run_job"]

_MAX_ERROR_LENGTH = 400


class JobStatus(StrEnum):
    """End of a job."""

    OK = "ok"
    FAILED = "failed"
    """The function raised an error."""
    CRASHED = "crashed"
    """The worker process died."""
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Function call to be run somewhere.

    Attributes
    ----------
    function : callable
        Function at the top level of a module that workers can import. In a process that the job
        was sent to, an equivalent that imports it when it is called.
    arguments : tuple
        Positional arguments; picklable and small. Large things go through the folders.
    time_limit : float
        Seconds of wall clock, counted from when a worker takes the job up; for a job beside the
        others from when it is submitted.
    inbox : str
        Folder that the function reads and nobody changes: its first argument. None if empty.
    outbox : str
        Existing folder that the function may write files to: its next argument. None if empty.

    Raises
    ------
    TypeError
        If the function cannot be imported by a name: a lambda, a function inside another one.

    Notes
    -----
    An executor whose workers do not share the caller's file system passes copies of the folders:
    the inbox goes to each worker once, new files of the outbox come back with the outcome. So a
    function must not keep paths or write elsewhere.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    time_limit: float = float("inf")
    inbox: str = ""
    outbox: str = ""

    def __post_init__(self) -> None:
        name_of(self.function)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel with the function's name alone: processes that pass a job on do not import it."""
        folders = self.inbox, self.outbox
        return _sent_job, (name_of(self.function), self.arguments, self.time_limit, *folders)

    @property
    def positional(self) -> tuple[Any, ...]:
        """Arguments of the call: the folders that there are, then the job's own."""
        return (*filter(None, (self.inbox, self.outbox)), *self.arguments)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JobOutcome:
    """End of a job, and what it returned.

    Attributes
    ----------
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

    status: JobStatus
    value: Any = None
    error: str = ""
    traceback: str = field(default="", repr=False)
    seconds: float = 0.0
    memory_mb: float = 0.0


class Handle:
    """Future of a job that was submitted.

    Parameters
    ----------
    job : Job
        The job.
    executor : Executor
        Executor that has taken it up.
    beside : bool
        Whether the job runs beside the others and takes the place of none.

    Attributes
    ----------
    outcome : JobOutcome or None
        End of the job, set by the executor: at the latest when `Executor.wait` returns the handle.
        None until then, and for good if the job was cancelled.
    """

    __slots__ = ("_executor", "beside", "job", "outcome")

    def __init__(self, job: Job, executor: "Executor", *, beside: bool = False) -> None:
        self.job = job
        self.beside = beside
        self.outcome: JobOutcome | None = None
        self._executor = executor

    def cancel(self) -> float:
        """Stop the job, and keep `Executor.wait` from returning it.

        Returns
        -------
        float
            Seconds that it has run in vain; 0 if `wait` has returned it already.
        """
        return self._executor._cancel(self)


class Executor(ABC):
    """Place where jobs run. Leaving its context closes it."""

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
    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        """Take a job up and return at once.

        Parameters
        ----------
        job : Job
            The job.
        beside : bool
            Start it beside those under way, whether or not a worker is idle. It does not count in
            `idle`.

        Raises
        ------
        SearchError
            If no worker is idle and `n_ahead` jobs wait for one, the executor is closed, or
            workers cannot be started at all.
        """

    @abstractmethod
    def wait(self, timeout: float) -> list[Handle]:
        """Wait until a job has ended, at most `timeout` seconds.

        Returns
        -------
        list of Handle
            Handles whose jobs have ended, each once. Empty if nothing ended in time, at once if
            nothing runs.

        Raises
        ------
        SearchError
            If workers cannot be started at all.
        """

    @abstractmethod
    def call(self, job: Job) -> JobOutcome:
        """Submit a job, to an idle worker or else beside the others, and wait for it alone.

        Limits of the jobs under way are enforced meanwhile; their ends are left for `wait`.

        Raises
        ------
        SearchError
            If workers cannot be started at all.
        """

    @abstractmethod
    def _cancel(self, handle: Handle) -> float:
        """Stop a job of this executor's; see `Handle.cancel`."""

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
    """Executor that runs each job in the calling process, while it is submitted.

    For fits so small that starting a process costs more than it brings. Time and memory limits
    are not enforced, and a crash takes the caller along.
    """

    def __init__(self) -> None:
        self._ended: list[Handle] = []

    @property
    def n_workers(self) -> int:
        return 1

    @property
    def idle(self) -> int:
        return 1 if all(handle.beside for handle in self._ended) else 0

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        handle = Handle(job, self, beside=beside)
        handle.outcome = self.call(job)
        self._ended.append(handle)
        return handle

    def call(self, job: Job) -> JobOutcome:
        with warnings.catch_warnings(), one_numeric_thread():
            warnings.simplefilter("ignore")
            return run_job(job)

    def wait(self, timeout: float) -> list[Handle]:  # noqa: ARG002
        ended, self._ended = self._ended, []
        return ended

    def _cancel(self, handle: Handle) -> float:
        if handle not in self._ended or handle.outcome is None:
            return 0.0
        self._ended.remove(handle)
        return handle.outcome.seconds

    def close(self) -> None:
        self._ended.clear()


def run_job(job: Job) -> JobOutcome:
    """Call a job's function here and now; an error that it raises becomes the outcome."""
    watch = Stopwatch()
    try:
        value = job.function(*job.positional)
    except MemoryError as error:
        return failure(error, watch.seconds(), JobStatus.OUT_OF_MEMORY)
    # Anything may be raised by a learner; it costs this job alone.
    except Exception as error:  # noqa: BLE001
        return failure(error, watch.seconds())
    return JobOutcome(status=JobStatus.OK, value=value, seconds=watch.seconds())


def failure(error: Exception, seconds: float, status: JobStatus = JobStatus.FAILED) -> JobOutcome:
    """Return the outcome of a job that raised `error`."""
    text = " ".join(str(error).split())[:_MAX_ERROR_LENGTH]
    kind = type(error).__name__
    return JobOutcome(
        status=status,
        error=f"{kind}: {text}" if text else kind,
        traceback="".join(traceback.format_exception(error)),
        seconds=seconds,
    )


def _sent_job(
    name: str, arguments: tuple[Any, ...], time_limit: float, inbox: str, outbox: str
) -> Job:
    """Make a job in the process that it was sent to."""
    return Job(
        function=ByName(name),
        arguments=arguments,
        time_limit=time_limit,
        inbox=inbox,
        outbox=outbox,
    )
