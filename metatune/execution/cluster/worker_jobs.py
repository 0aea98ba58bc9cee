"""Jobs inside a Dask worker, each in a process of metatune's own.

A Dask task runs in a thread, and a thread cannot be stopped. So each task hands its job to a
worker process of metatune's and watches it: the process is killed at the job's time or memory
limit, and as soon as Dask no longer wants the task, be it that the job was cancelled by the
client or that the client is gone.

The results of `open_worker_jobs` and `lay_out` are leases of what they made: when Dask releases
them, processes end and files go.
"""

import pickle
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune.errors import SearchError
from metatune.execution.cluster.file_bundle import FileBundle, pack, unpack
from metatune.execution.cluster.versions import difference, versions_here
from metatune.execution.cores import available_memory
from metatune.execution.executor import Job, JobOutcome
from metatune.execution.local_pool import LocalPool

if TYPE_CHECKING:
    from distributed import Worker

__all__ = ["WorkerJobs", "WorkerOptions", "lay_out", "open_worker_jobs", "serve"]

_MEMORY_SHARE = 0.8  # of the Dask worker's memory goes to the jobs
_POLL_SECONDS = 0.1  # a job that is no longer wanted is stopped this soon
_WATCH_SECONDS = 0.5  # so often is looked whether leases are still held
_RELEASED = ("cancelled", "released", "forgotten", "error")  # states of a task nobody wants
_ENDING = ("closing", "closed", "failed")
_STOPPED = ("TIMED_OUT", "OUT_OF_MEMORY", "CRASHED")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """Wishes of a client to its workers.

    Attributes
    ----------
    versions : mapping of str to str
        The client's libraries; a worker with others refuses.
    memory_limit : int or None
        Bytes that a job may hold; None for its share of the Dask worker's memory.
    preload : tuple of str
        Modules that worker processes start with.
    """

    versions: Mapping[str, str]
    memory_limit: int | None
    preload: tuple[str, ...]


def open_worker_jobs(name: str, options: WorkerOptions) -> str:
    """Start worker processes, one for each thread of this Dask worker.

    Parameters
    ----------
    name : str
        Name of the `WorkerJobs`; not a key of Dask's, which it would replace by what the key
        stands for.
    options : WorkerOptions
        Wishes of the client.

    Returns
    -------
    str
        Which versions differ from the client's, and then nothing was started; empty if all is
        well.
    """
    unequal = difference(options.versions, versions_here())
    if not unequal:
        _OPEN[name] = WorkerJobs(_this_worker(), name, _this_key(), options)
    return unequal


def lay_out(name: str, bundle: FileBundle, _opened: str) -> str:
    """Unpack an inbox into this Dask worker's folder.

    Parameters
    ----------
    name : str
        Name of the `WorkerJobs`, and with it the result of opening them: they are open by then.
    bundle : FileBundle
        The files.

    Returns
    -------
    str
        The folder.
    """
    return str(_find(name).lay_out(_this_key(), bundle))


def serve(name: str, job: Job, _opened: str, inbox: str) -> tuple[bytes, FileBundle]:
    """Run a job.

    Parameters
    ----------
    name : str
        Name of the `WorkerJobs`, and with it the result of opening them.
    job : Job
        Its folders are those of the client.
    inbox : str
        The folder here that `lay_out` returned; empty without one.

    Returns
    -------
    tuple of bytes and FileBundle
        The pickled outcome (of None if nobody wants it any more) and the new files. A job that
        was stopped leaves none: they would be torn.
    """
    return _find(name).serve(_this_key(), replace(job, inbox=inbox))


class WorkerJobs:
    """Jobs of one client in one Dask worker: its processes and files.

    Parameters
    ----------
    worker : Worker
        The Dask worker.
    name : str
        Name under which they are found.
    key : str
        Dask key of the lease: when it is released they end.
    options : WorkerOptions
        Wishes of the client.
    """

    def __init__(self, worker: "Worker", name: str, key: str, options: WorkerOptions) -> None:
        self._worker: Any = worker
        self._name = name
        self._key = key
        self._options = options
        self._n_threads = int(worker.state.nthreads)
        self._folder = Path(worker.local_directory).absolute() / f"metatune-{name}"
        self._numbers = count()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._inboxes: dict[str, Path] = {}
        self._free = [self._new_pool() for _ in range(self._n_threads)]
        for pool in self._free:
            pool.start()
        threading.Thread(target=self._watch, daemon=True, name="metatune-worker-jobs").start()

    def lay_out(self, key: str, bundle: FileBundle) -> Path:
        """Unpack an inbox; it is removed when Dask releases `key`."""
        folder = self._folder / f"inbox-{next(self._numbers)}"
        inbox = folder / "data"  # jobs may keep what they share beside it
        unpack(bundle, inbox)
        with self._lock:
            self._inboxes[key] = folder
        return inbox

    def serve(self, key: str, job: Job) -> tuple[bytes, FileBundle]:
        """Run a job and collect what it wrote."""
        outbox = self._folder / f"outbox-{next(self._numbers)}"
        if job.outbox:
            outbox.mkdir(parents=True)
            job = replace(job, outbox=str(outbox))
        try:
            outcome = self._run(job, lambda: self._wanted(key))
            ended = outcome is not None and outcome.status.name not in _STOPPED
            files = pack(outbox) if ended and job.outbox else {}
            return pickle.dumps(outcome, protocol=5), files
        finally:
            shutil.rmtree(outbox, ignore_errors=True)

    def close(self) -> None:
        """End the processes and remove the files. May be called twice."""
        self._closed.set()
        _OPEN.pop(self._name, None)
        with self._lock:
            pools, self._free = self._free, []
        for pool in pools:
            pool.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _new_pool(self) -> LocalPool:
        limit = self._options.memory_limit
        if limit is None:
            whole = self._worker.memory_manager.memory_limit or available_memory()
            limit = int(_MEMORY_SHARE * whole / self._n_threads)
        return LocalPool(1, memory_limit=limit, preload=self._options.preload)

    def _run(self, job: Job, wanted: Callable[[], bool]) -> JobOutcome | None:
        with self._borrowed_pool() as pool:
            handle = pool.submit(job)
            while not pool.wait(_POLL_SECONDS):
                if not wanted():
                    handle.cancel()
                    return None
            return handle.outcome

    @contextmanager
    def _borrowed_pool(self) -> Iterator[LocalPool]:
        with self._lock:
            pool = self._free.pop() if self._free else None
        pool = pool or self._new_pool()
        try:
            yield pool
        finally:
            with self._lock:
                keep = not self._closed.is_set() and len(self._free) < self._n_threads
                if keep:
                    self._free.append(pool)
            if not keep:
                pool.close()

    def _wanted(self, key: str) -> bool:
        """Return True if Dask waits for a task's result, or holds it."""
        task = self._worker.state.tasks.get(key)
        return task is not None and task.state not in _RELEASED and not self._ending()

    def _ending(self) -> bool:
        return self._closed.is_set() or self._worker.status.name in _ENDING

    def _watch(self) -> None:
        """Remove what Dask has released, until that is the whole."""
        while not self._closed.wait(_WATCH_SECONDS):
            if not self._wanted(self._key):
                self.close()
                return
            with self._lock:
                gone = [key for key in self._inboxes if not self._wanted(key)]
                folders = [self._inboxes.pop(key) for key in gone]
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)


_OPEN: dict[str, WorkerJobs] = {}


def _find(name: str) -> WorkerJobs:
    found = _OPEN.get(name)
    if found is None:
        raise SearchError("the Dask worker has given up the processes of this run")
    return found


def _this_worker() -> "Worker":
    from distributed import get_worker

    return get_worker()


def _this_key() -> str:
    """Return the Dask key of the task that this thread runs."""
    return str(_this_worker().get_current_task())
