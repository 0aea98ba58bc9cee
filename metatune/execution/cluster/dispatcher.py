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
from metatune.execution.cluster.cluster_workers import Berth, Crew
from metatune.execution.cluster.file_bundle import Parcel
from metatune.execution.cluster.worker_jobs import BenchOptions
from metatune.execution.executor import Job

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["Dispatcher", "Ended"]

_POLL_SECONDS = 0.25  # workers that come and go are noticed this soon
_MAX_LOSSES = 2  # a job whose worker was lost is tried once more
_MAX_MISHAPS = 5  # nor does a job go on for ever that the cluster cancels or forgets


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ended:
    """A job has come to its end.

    Attributes
    ----------
    ticket : int
        Under which it was handed over.
    outcome : bytes
        The pickled outcome; empty if there is none.
    files : Parcel
        What the job wrote.
    problem : str
        Why there is no outcome.
    """

    ticket: int
    outcome: bytes = b""
    files: Parcel = field(default_factory=dict)
    problem: str = ""


@dataclass(slots=True, eq=False)
class _Errand:
    """A job on its way: waiting without a berth, else sent to one."""

    ticket: int
    job: Job
    berth: Berth | None = None
    future: "Future[Any] | None" = None
    fetching: bool = False
    n_mishaps: int = 0
    lost_at: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class _Fetched:
    """What a future held; None if it could not be had."""

    errand: _Errand
    future: "Future[Any]"
    value: tuple[bytes, Parcel] | None


class Dispatcher:
    """Sends jobs to the workers of a cluster and brings back what comes of them.

    Parameters
    ----------
    client : Client
        Connected to the scheduler, not asynchronous.
    options : BenchOptions
        What is wanted of each worker.

    Attributes
    ----------
    ended : SimpleQueue of Ended
        What has come to its end.
    n_threads : int
        Jobs that can run at once at the moment.
    n_berths : int
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

    def __init__(self, client: "Client", options: BenchOptions) -> None:
        import distributed.client

        # What Dask raises when a scheduler or a worker does not answer as it should. The last one
        # is younger than the oldest version that will do.
        closed = getattr(distributed.client, "ClosedClientError", CancelledError)
        self._troubles = (OSError, TimeoutError, RuntimeError, CancelledError, closed)
        self._client = client
        self._crew = Crew(client, options)
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._errands: dict[int, _Errand] = {}
        self._waiting: deque[_Errand] = deque()
        self._since_poll: Stopwatch | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="metatune-dispatcher")
        self.ended: SimpleQueue[Ended] = SimpleQueue()
        self.n_threads = 0
        self.n_berths = 0
        self.settled = False
        self.settling = threading.Event()
        self.objections: list[str] = []
        self.shipping = False
        self.trouble = ""
        self.able = Stopwatch()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def submit(self, ticket: int, job: Job) -> None:
        """Hand over a job."""
        self._inbox.put(_Errand(ticket, job))

    def kill(self, ticket: int) -> None:
        """Stop a job; nothing is heard of it afterwards, unless it has just ended."""
        self._inbox.put(ticket)

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
        for errand in self._errands.values():
            self._recall(errand)
        self._crew.release_all()

    def _read_inbox(self) -> None:
        """Do what was asked for since, waiting a moment for something to do."""
        timeout = _POLL_SECONDS
        with contextlib.suppress(Empty):
            while True:
                message = self._inbox.get(timeout=timeout)
                timeout = 0.0
                match message:
                    case _Errand():
                        self._errands[message.ticket] = message
                        self._waiting.append(message)
                    case _Fetched():
                        self._fetched(message)
                    case int():
                        self._drop(message)

    def _step(self) -> None:
        """Look after the cluster and the jobs."""
        if self._client.status != "running":
            self._disconnected()
            return
        if self._since_poll is None or self._since_poll.seconds() >= _POLL_SECONDS:
            self._crew.update(self._client.nthreads())
            self._since_poll = Stopwatch()
            self.trouble = ""
            self._publish()
        for errand in list(self._errands.values()):
            self._look_at(errand)
        self._place()

    def _publish(self) -> None:
        self.n_threads = self._crew.n_threads
        self.objections = self._crew.objections
        self.n_berths = len(self._crew.berths)
        self.settled = bool(self._crew.berths) and self._crew.settled
        if self.settled:
            self.settling.set()
        if self.n_threads:
            self.able = Stopwatch()

    def _disconnected(self) -> None:
        """Wait for Dask to find the lost scheduler again; no trial is to blame for it."""
        self._crew.forget()
        self.n_threads = 0
        self.trouble = "the connection to the scheduler is lost"
        for errand in self._errands.values():
            if errand.berth is not None:
                self._put_back(errand)

    def _look_at(self, errand: _Errand) -> None:
        """See whether a job has ended, or its worker is gone."""
        berth, future = errand.berth, errand.future
        if berth is None or future is None:
            return
        if self._crew.berths.get(berth.address) is not berth:
            self._lose(errand, "the worker is gone")
        elif errand.fetching:
            return
        elif future.status == "finished":
            errand.fetching = True
            threading.Thread(target=self._fetch, args=(errand, future), daemon=True).start()
        elif future.status == "error":
            self._lose(errand, str(future.exception()))
        elif future.status != "pending":
            self._forgotten(errand)

    def _fetch(self, errand: _Errand, future: "Future[Any]") -> None:
        """Bring home what a job left; runs in a thread of its own, as it may take its time."""
        value = None
        try:
            with contextlib.suppress(*self._troubles):
                value = future.result()
        finally:  # whatever else may have gone wrong: the job must not be waited for in vain
            self._inbox.put(_Fetched(errand, future, value))

    def _fetched(self, message: _Fetched) -> None:
        errand = message.errand
        if errand.future is not message.future:  # it was killed, or given to another worker
            return
        if message.value is None:
            self._lose(errand, "its results are lost")
            return
        outcome, files = message.value
        self._finish(Ended(ticket=errand.ticket, outcome=outcome, files=files))

    def _lose(self, errand: _Errand, reason: str) -> None:
        """Try a job whose worker was lost again elsewhere, but not for ever."""
        where = errand.berth.address if errand.berth is not None else ""
        errand.lost_at.append(where)
        if len(errand.lost_at) < _MAX_LOSSES:
            self._put_back(errand)
            return
        places = " and ".join(dict.fromkeys(errand.lost_at))
        text = f"its worker was lost {_MAX_LOSSES} times, at {places}: {reason}"
        self._finish(Ended(ticket=errand.ticket, problem=text))

    def _forgotten(self, errand: _Errand) -> None:
        """Send a job again that Dask has cancelled, as it does when data was lost."""
        errand.n_mishaps += 1
        if errand.n_mishaps < _MAX_MISHAPS:
            self._put_back(errand)
            return
        text = f"the cluster has cancelled it {_MAX_MISHAPS} times"
        self._finish(Ended(ticket=errand.ticket, problem=text))

    def _finish(self, ended: Ended) -> None:
        self._drop(ended.ticket)
        self.ended.put(ended)

    def _put_back(self, errand: _Errand) -> None:
        self._recall(errand)
        self._waiting.appendleft(errand)

    def _drop(self, ticket: int) -> None:
        errand = self._errands.pop(ticket, None)
        if errand is None:
            return
        self._recall(errand)
        with contextlib.suppress(ValueError):
            self._waiting.remove(errand)

    def _recall(self, errand: _Errand) -> None:
        """Take a job away from its worker: what runs is stopped when its key is released."""
        if errand.berth is not None:
            errand.berth.n_jobs -= 1
        if errand.future is not None:
            errand.future.release()
        errand.berth, errand.future, errand.fetching = None, None, False

    def _place(self) -> None:
        """Give waiting jobs to idle workers."""
        while self._waiting:
            berth = self._crew.freest(avoided=self._waiting[0].lost_at)
            if berth is None:
                return
            errand = self._waiting[0]
            if errand.job.inbox and not Path(errand.job.inbox).is_dir():
                text = f"its inbox {errand.job.inbox} is no folder"
                self._finish(Ended(ticket=errand.ticket, problem=text))
                continue
            self.shipping = True
            try:
                errand.future = self._crew.send(errand.job, berth)
            finally:
                self.shipping = False
            self._waiting.popleft()
            errand.berth = berth
            berth.n_jobs += 1
            errand.future.add_done_callback(lambda _: self._inbox.put(None))
            self._crew.tidy({errand.job.inbox for errand in self._errands.values()})
