"""The thread that speaks to the cluster, so that nobody else has to wait for its answers.

A scheduler may be slow, silent or gone, and every question to it may take its time. The search
must keep its deadline all the same: it hands jobs over, and takes outcomes from a queue.
"""

import contextlib
import threading
from collections import deque
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from metatune.budget import Stopwatch
from metatune.execution.cluster.cluster_workers import ClusterWorker, ClusterWorkers
from metatune.execution.cluster.file_bundle import FileBundle
from metatune.execution.cluster.worker_jobs import WorkerOptions
from metatune.execution.executor import Handle

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["Dispatcher", "Ended"]

_POLL_SECONDS = 0.25  # workers that come and go are noticed this soon
_MAX_LOSSES = 2  # a job whose worker was lost is tried once more
_MAX_MISHAPS = 5  # nor does a job go on for ever that the cluster cancels or forgets


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ended:
    """End of a job.

    Attributes
    ----------
    handle : Handle
        Handle of the job.
    outcome : bytes
        The pickled outcome; empty if there is none.
    files : FileBundle
        What the job wrote.
    problem : str
        Why there is no outcome.
    """

    handle: Handle
    outcome: bytes = b""
    files: FileBundle = field(default_factory=dict)
    problem: str = ""


@dataclass(slots=True, eq=False)
class _Assignment:
    """Job on its way: waiting without a worker, else sent to one."""

    handle: Handle
    worker: ClusterWorker | None = None
    future: "Future[Any] | None" = None
    fetching: bool = False
    n_mishaps: int = 0
    lost_at: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class _Fetched:
    """Value that a future held; None if it could not be had."""

    assignment: _Assignment
    future: "Future[Any]"
    value: tuple[bytes, FileBundle] | None


class Dispatcher:
    """Thread that sends jobs to the workers of a cluster and brings back what comes of them.

    Parameters
    ----------
    client : Client
        Connected to the scheduler, not asynchronous.
    options : WorkerOptions
        What is wanted of each worker.

    Attributes
    ----------
    ended : SimpleQueue of Ended
        Jobs that have come to their end.
    n_threads : int
        Jobs that can run at once at the moment.
    n_found : int
        Workers that there are, usable or not.
    settled : bool
        Whether the scheduler has answered and every worker has said whether it can be used.
    settling : Event
        Set as soon as `settled` is.
    objections : list of str
        Which workers cannot be used, and why.
    shipping : bool
        Whether data is under way to the cluster, which may take its time.
    trouble : str
        What the latest talk with the cluster failed for; empty if it did not.
    able : Stopwatch
        Runs since there was last a worker.
    """

    def __init__(self, client: "Client", options: WorkerOptions) -> None:
        import distributed.client

        # What Dask raises when a scheduler or a worker does not answer as it should. The last one
        # is younger than the oldest version that will do.
        closed = getattr(distributed.client, "ClosedClientError", CancelledError)
        self._troubles = (OSError, TimeoutError, RuntimeError, CancelledError, closed)
        self._client = client
        self._workers = ClusterWorkers(client, options)
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._assignments: dict[Handle, _Assignment] = {}
        self._waiting: deque[_Assignment] = deque()
        self._since_poll: Stopwatch | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="metatune-dispatcher")
        self.ended: SimpleQueue[Ended] = SimpleQueue()
        self.n_threads = 0
        self.n_found = 0
        self.settled = False
        self.settling = threading.Event()
        self.objections: list[str] = []
        self.shipping = False
        self.trouble = ""
        self.able = Stopwatch()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def submit(self, handle: Handle) -> None:
        """Hand over a job."""
        self._inbox.put(_Assignment(handle))

    def cancel(self, handle: Handle) -> None:
        """Stop a job; nothing is heard of it afterwards, unless it has just ended."""
        self._inbox.put(handle)

    def stop(self, timeout: float) -> None:
        """Stop everything and release what the cluster holds, for `timeout` seconds at most."""
        self._stopped = True
        self._inbox.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopped:
            try:
                self._read_inbox()
                self._step()
            except self._troubles as error:
                self.trouble = f"{type(error).__name__}: {error}"
                threading.Event().wait(_POLL_SECONDS)
        for assignment in self._assignments.values():
            self._recall(assignment)
        self._workers.release_all()

    def _read_inbox(self) -> None:
        """Do what was asked for since, waiting a moment for something to do."""
        timeout = _POLL_SECONDS
        with contextlib.suppress(Empty):
            while True:
                message = self._inbox.get(timeout=timeout)
                timeout = 0.0
                match message:
                    case _Assignment():
                        self._assignments[message.handle] = message
                        self._waiting.append(message)
                    case _Fetched():
                        self._fetched(message)
                    case Handle():
                        self._drop(message)

    def _step(self) -> None:
        """Look after the cluster and the jobs."""
        if self._client.status != "running":
            self._disconnected()
            return
        if self._since_poll is None or self._since_poll.seconds() >= _POLL_SECONDS:
            self._workers.update(self._client.nthreads())
            self._since_poll = Stopwatch()
            self.trouble = ""
            self._publish()
        for assignment in list(self._assignments.values()):
            self._look_at(assignment)
        self._place()

    def _publish(self) -> None:
        self.n_threads = self._workers.n_threads
        self.objections = self._workers.objections
        self.n_found = len(self._workers.found)
        self.settled = bool(self._workers.found) and self._workers.settled
        if self.settled:
            self.settling.set()
        if self.n_threads:
            self.able = Stopwatch()

    def _disconnected(self) -> None:
        """Wait for Dask to find the lost scheduler again; no trial is to blame for it."""
        self._workers.forget()
        self.n_threads = 0
        self.trouble = "the connection to the scheduler is lost"
        for assignment in self._assignments.values():
            if assignment.worker is not None:
                self._put_back(assignment)

    def _look_at(self, assignment: _Assignment) -> None:
        """See whether a job has ended, or its worker is gone."""
        worker, future = assignment.worker, assignment.future
        if worker is None or future is None:
            return
        if self._workers.found.get(worker.address) is not worker:
            self._lose(assignment, "the worker is gone")
        elif assignment.fetching:
            return
        elif future.status == "finished":
            assignment.fetching = True
            threading.Thread(target=self._fetch, args=(assignment, future), daemon=True).start()
        elif future.status == "error":
            self._lose(assignment, str(future.exception()))
        elif future.status != "pending":
            self._forgotten(assignment)

    def _fetch(self, assignment: _Assignment, future: "Future[Any]") -> None:
        """Bring home what a job left; runs in a thread of its own, as it may take its time."""
        value = None
        try:
            with contextlib.suppress(*self._troubles):
                value = future.result()
        finally:  # whatever else may have gone wrong: the job must not be waited for in vain
            self._inbox.put(_Fetched(assignment, future, value))

    def _fetched(self, message: _Fetched) -> None:
        assignment = message.assignment
        if assignment.future is not message.future:  # it was killed, or given to another worker
            return
        if message.value is None:
            self._lose(assignment, "its results are lost")
            return
        outcome, files = message.value
        self._finish(Ended(handle=assignment.handle, outcome=outcome, files=files))

    def _lose(self, assignment: _Assignment, reason: str) -> None:
        """Try a job whose worker was lost again elsewhere, but not for ever."""
        where = assignment.worker.address if assignment.worker is not None else ""
        assignment.lost_at.append(where)
        if len(assignment.lost_at) < _MAX_LOSSES:
            self._put_back(assignment)
            return
        places = " and ".join(dict.fromkeys(assignment.lost_at))
        text = f"its worker was lost {_MAX_LOSSES} times, at {places}: {reason}"
        self._finish(Ended(handle=assignment.handle, problem=text))

    def _forgotten(self, assignment: _Assignment) -> None:
        """Send a job again that Dask has cancelled, as it does when data was lost."""
        assignment.n_mishaps += 1
        if assignment.n_mishaps < _MAX_MISHAPS:
            self._put_back(assignment)
            return
        text = f"the cluster has cancelled it {_MAX_MISHAPS} times"
        self._finish(Ended(handle=assignment.handle, problem=text))

    def _finish(self, ended: Ended) -> None:
        self._drop(ended.handle)
        self.ended.put(ended)

    def _put_back(self, assignment: _Assignment) -> None:
        self._recall(assignment)
        self._waiting.appendleft(assignment)

    def _drop(self, handle: Handle) -> None:
        assignment = self._assignments.pop(handle, None)
        if assignment is None:
            return
        self._recall(assignment)
        with contextlib.suppress(ValueError):
            self._waiting.remove(assignment)

    def _recall(self, assignment: _Assignment) -> None:
        """Take a job away from its worker: what runs is stopped when its key is released."""
        if assignment.worker is not None:
            assignment.worker.n_jobs -= 1
        if assignment.future is not None:
            assignment.future.release()
        assignment.worker, assignment.future, assignment.fetching = None, None, False

    def _place(self) -> None:
        """Give waiting jobs to idle workers."""
        while self._waiting:
            worker = self._workers.freest(avoided=self._waiting[0].lost_at)
            if worker is None:
                return
            assignment = self._waiting[0]
            if assignment.handle.job.inbox and not Path(assignment.handle.job.inbox).is_dir():
                text = f"its inbox {assignment.handle.job.inbox} is no folder"
                self._finish(Ended(handle=assignment.handle, problem=text))
                continue
            self.shipping = True
            try:
                assignment.future = self._workers.send(assignment.handle.job, worker)
            finally:
                self.shipping = False
            self._waiting.popleft()
            assignment.worker = worker
            worker.n_jobs += 1
            assignment.future.add_done_callback(lambda _: self._inbox.put(None))
            self._workers.tidy(
                {assignment.handle.job.inbox for assignment in self._assignments.values()}
            )
