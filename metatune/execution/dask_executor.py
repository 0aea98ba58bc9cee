"""The executor on an existing Dask cluster.

Trials run on the cluster's workers, each in a process of its own that is stopped at its limits.
Nothing is shared but the scheduler: the data of a run travels to each worker once, files that
jobs write come back with their outcome. Workers may join and leave at any time.

Work beside the trials (advice, the plan of an ensemble) runs in a process on the client's machine.
It is short and seldom, reads and writes what lies here (models, predictions), and has to
succeed when the cluster is gone.
"""

import logging
import pickle
import warnings
from contextlib import ExitStack
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

from metatune.budget import Deadline, Stopwatch
from metatune.errors import ClusterLostError, OptionError, SearchError
from metatune.execution.cluster.dispatcher import Dispatcher, Ended
from metatune.execution.cluster.file_bundle import unpack
from metatune.execution.cluster.versions import versions_here
from metatune.execution.cluster.worker_jobs import WorkerOptions
from metatune.execution.cores import available_memory
from metatune.execution.executor import (
    Executor,
    Handle,
    Job,
    JobOutcome,
    JobStatus,
)
from metatune.execution.launcher import PRELOADED
from metatune.execution.local_pool import LocalPool

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["DaskExecutor", "as_executor", "connect"]

CONNECT_SECONDS = 6.0
FIRST_WORKER_SECONDS = 5.0
_SETTLE_SECONDS = 15.0  # for all workers to import metatune and say whether they can be used
_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.25
_CLOSING_SECONDS = 0.5  # a run has to be over on time, even if nobody answers
_MEMORY_SHARE = 0.8  # of the free memory goes to what runs here


class DaskExecutor(Executor):
    """Executor on the workers of a Dask cluster: a job for each of their threads.

    Making one waits until the workers that are there have said whether they can be used.

    Parameters
    ----------
    client : Client
        Connected to a scheduler; not an asynchronous one. It is left open.
    jobs : int, optional
        At most so many jobs at once; one for each thread of the cluster if None.
    memory_limit : int, optional
        Bytes that a job may hold; its share of the Dask worker's memory limit if None.
    patience : float
        Seconds that a search goes on waiting when no worker is left, for one to come back.
    preload : tuple of str
        Modules that worker processes start with.

    Raises
    ------
    OptionError
        If the client is asynchronous or not connected, there is no worker, or a worker's versions
        of metatune or of what it rests on differ from those here.

    Notes
    -----
    A job whose worker is lost is given to another worker once; lost again, it has crashed.
    Limits of time and memory are enforced by the workers. A job is stopped, and the folders on the
    workers are removed, as soon as Dask releases their keys: also when the client just disappears.
    """

    def __init__(
        self,
        client: "Client",
        *,
        jobs: int | None = None,
        memory_limit: int | None = None,
        patience: float = _PATIENCE_SECONDS,
        preload: tuple[str, ...] = PRELOADED,
    ) -> None:
        if client.asynchronous:
            raise OptionError(
                "an asynchronous Client cannot be used: make it with asynchronous=False"
            )
        options = WorkerOptions(
            versions=versions_here(), memory_limit=memory_limit, preload=preload
        )
        self._client = client
        self._jobs = jobs
        self._patience = patience
        self._running: dict[Handle, Stopwatch] = {}
        self._closed = False
        self._local = _local_executor(memory_limit, preload)
        self._dispatcher = Dispatcher(client, options)
        self._dispatcher.start()
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            self._await_workers()
            on_failure.pop_all()

    @property
    def n_workers(self) -> int:
        # While no worker is left one job may be handed over all the same: it waits for one.
        threads = max(1, self._dispatcher.n_threads)
        return threads if self._jobs is None else min(threads, self._jobs)

    @property
    def idle(self) -> int:
        return max(0, self.n_workers - len(self._running))

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        if self._closed:
            raise SearchError("the executor is closed: make another one")
        if beside:
            return self._local.submit(job, beside=True)
        if not self.idle:
            raise SearchError(f"a job was submitted while all {self.n_workers} workers run")
        handle = Handle(job, self)
        self._running[handle] = Stopwatch()
        self._dispatcher.submit(handle)
        return handle

    def wait(self, timeout: float) -> list[Handle]:
        """Wait as every executor does.

        Raises
        ------
        ClusterLostError
            If no worker is left and none has come back for a while, or the scheduler is gone.
        """
        limit = Deadline.after(timeout)
        ended = self._take(0.0)
        while not ended and self._running and not limit.passed():
            self._check_cluster()
            ended = self._take(max(0.0, min(_POLL_SECONDS, limit.remaining())))
        return ended or self._local.wait(max(0.0, limit.remaining()))

    def call(self, job: Job) -> JobOutcome:
        return self._local.call(job)

    def _cancel(self, handle: Handle) -> float:
        since = self._running.pop(handle, None)
        if since is None:
            return 0.0
        self._dispatcher.cancel(handle)
        return since.seconds()

    def close(self) -> None:
        self._closed = True
        self._running.clear()
        self._dispatcher.stop(_CLOSING_SECONDS)
        self._local.close()

    def _take(self, timeout: float) -> list[Handle]:
        """Take the outcomes that are there, waiting for the first one of the cluster's."""
        found = self._local.wait(0.0)
        try:
            while True:
                ended = self._dispatcher.ended.get(timeout=0.0 if found else timeout)
                handle = ended.handle
                if self._running.pop(handle, None) is not None:  # it was not cancelled meanwhile
                    handle.outcome = _outcome_of(handle.job, ended)
                    found.append(handle)
        except Empty:
            return found

    def _check_cluster(self) -> None:
        """Give up when nobody is left to wait for."""
        dispatcher = self._dispatcher
        if self._client.status == "closed":
            raise ClusterLostError("the Dask scheduler is gone: what was found so far is kept")
        if not dispatcher.shipping and dispatcher.able.seconds() > self._patience:
            reason = dispatcher.trouble or "; ".join(dispatcher.objections) or "they are gone"
            seconds = f"{self._patience:.0f} s"
            raise ClusterLostError(f"no worker of the cluster was usable for {seconds}: {reason}")

    def _await_workers(self) -> None:
        """Wait until the workers have said whether they can be used."""
        dispatcher = self._dispatcher
        name = _address_of(self._client)
        soon, late = Deadline.after(FIRST_WORKER_SECONDS), Deadline.after(_SETTLE_SECONDS)
        while not dispatcher.settled and not late.passed():
            if self._client.status not in ("running", "connecting"):
                raise OptionError(f"the Dask client is {self._client.status}: make another one")
            if soon.passed() and not dispatcher.n_found:
                reason = f" ({dispatcher.trouble})" if dispatcher.trouble else ""
                raise OptionError(
                    f"the Dask scheduler at {name} has no workers{reason}: "
                    f"start some with `dask worker {name}`"
                )
            dispatcher.settling.wait(0.05)
        if dispatcher.objections:
            raise OptionError(
                f"{dispatcher.objections[0]}: install the same versions on both sides"
            )
        if not dispatcher.n_threads:
            raise OptionError(
                f"no worker of the Dask scheduler at {name} has answered within "
                f"{_SETTLE_SECONDS:.0f} s: look at what they run, or try again"
            )


def connect(
    address: str, *, jobs: int | None = None, memory_limit: int | None = None
) -> "DaskExecutor":
    """Make an executor on the scheduler at an address; it closes its connection with itself.

    Messages of the Dask library are silenced for this program.

    Parameters
    ----------
    address : str
        Like ``tcp://host:8786``.
    jobs, memory_limit : int, optional
        See `DaskExecutor`.

    Raises
    ------
    OptionError
        If Dask is not installed, nothing answers at the address, or there is no usable worker.
    """
    try:
        import distributed
    except ImportError as error:
        raise OptionError(
            "a Dask cluster needs the package distributed: pip install 'metatune[dask]'"
        ) from error
    _silence()
    address = address if "://" in address else f"tcp://{address}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            client = distributed.Client(
                address, timeout=CONNECT_SECONDS, set_as_default=False, name="metatune"
            )
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise OptionError(
            f"no Dask scheduler answers at {address} ({type(error).__name__}): "
            "give the address that `dask scheduler` names, like tcp://host:8786"
        ) from error
    return _OwnClientExecutor(client, jobs=jobs, memory_limit=memory_limit)


def as_executor(
    given: Any, *, jobs: int | None = None, memory_limit: int | None = None
) -> Executor | None:
    """Make an executor of a ``distributed.Client``.

    Parameters
    ----------
    given : object
        Perhaps a Client.
    jobs, memory_limit : int, optional
        See `DaskExecutor`.

    Returns
    -------
    Executor or None
        To be closed by the caller; the client stays open. None if `given` is no Client.
    """
    if type(given).__module__.partition(".")[0] != "distributed":
        return None
    from distributed import Client

    if not isinstance(given, Client):
        return None
    return DaskExecutor(given, jobs=jobs, memory_limit=memory_limit)


def _silence() -> None:
    """Keep Dask's log messages off the terminal; its loggers have levels of their own each."""
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _local_executor(memory_limit: int | None, preload: tuple[str, ...]) -> LocalPool:
    """Make the executor of what runs beside the trials; its processes start at once."""
    limit = memory_limit or int(_MEMORY_SHARE * available_memory())
    pool = LocalPool(1, memory_limit=limit, preload=preload)
    pool.start()
    return pool


class _OwnClientExecutor(DaskExecutor):
    """Executor on a Dask cluster that closes its client with itself."""

    def close(self) -> None:
        super().close()
        self._client.close(timeout=_CLOSING_SECONDS)


def _outcome_of(job: Job, ended: Ended) -> JobOutcome:
    """Turn what came back into the job's outcome, once its files lie in its outbox."""
    if ended.problem:
        return JobOutcome(status=JobStatus.CRASHED, error=ended.problem)
    try:
        outcome = pickle.loads(ended.outcome)
        if ended.files:
            unpack(ended.files, Path(job.outbox))
    except (pickle.UnpicklingError, AttributeError, ImportError) as error:
        text = f"its result cannot be read here: {error}"
    except (OSError, ValueError) as error:
        text = f"its files cannot be written here: {error}"
    else:
        if isinstance(outcome, JobOutcome):
            return outcome
        text = "its worker gave it up"
    return JobOutcome(status=JobStatus.FAILED, error=text)


def _address_of(client: "Client") -> str:
    scheduler = client.scheduler
    return str(scheduler.address) if scheduler is not None else "an unknown address"
