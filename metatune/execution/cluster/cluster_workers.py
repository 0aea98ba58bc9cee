"""The workers of a Dask cluster as a client of metatune's sees them: who is there, who has what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from metatune.execution.cluster.file_bundle import pack
from metatune.execution.cluster.worker_jobs import WorkerOptions, lay_out, open_worker_jobs, serve
from metatune.execution.executor import Job

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["ClusterWorker", "ClusterWorkers"]

_KEPT_INBOXES = 4  # so many are kept on the workers though no job uses them: the latest
_FETCH_SECONDS = 10.0
_USABLE = ("pending", "finished")


@dataclass(slots=True, eq=False)
class ClusterWorker:
    """Dask worker as a client sees it.

    Attributes
    ----------
    address : str
        Where it is.
    n_threads : int
        Jobs that it can run at once.
    name : str
        Name of what metatune has there, its `WorkerJobs`.
    opened : Future
        Result of opening that.
    ready : bool
        Whether that is open.
    objection : str
        Why the worker cannot be used; empty if it can.
    inboxes : dict of str to Future
        What has been laid out there, by the client's folder.
    n_jobs : int
        Jobs that it has.
    """

    address: str
    n_threads: int
    name: str
    opened: "Future[Any]"
    ready: bool = False
    objection: str = ""
    inboxes: "dict[str, Future[Any]]" = field(default_factory=dict)
    n_jobs: int = 0

    @property
    def n_free(self) -> int:
        """Jobs that it could take up now."""
        return self.n_threads - self.n_jobs if self.ready else 0


class ClusterWorkers:
    """Workers of the cluster, and the inboxes that were brought to them.

    Each inbox is handed to the cluster once; workers fetch it from each other.

    Parameters
    ----------
    client : Client
        Connected to the scheduler.
    options : WorkerOptions
        What is wanted of each worker.
    """

    def __init__(self, client: "Client", options: WorkerOptions) -> None:
        self._client = client
        self._options = options
        self._bundles: dict[str, Future[Any]] = {}  # the latest last
        self.found: dict[str, ClusterWorker] = {}

    @property
    def n_threads(self) -> int:
        """Jobs that can run at once."""
        return sum(worker.n_threads for worker in self.found.values() if worker.ready)

    @property
    def settled(self) -> bool:
        """True if every worker has said whether it can be used."""
        return all(worker.ready or worker.objection for worker in self.found.values())

    @property
    def objections(self) -> list[str]:
        """Workers that cannot be used, with the reasons."""
        found = [(worker.address, worker.objection) for worker in self.found.values()]
        return [f"the worker {address} {objection}" for address, objection in found if objection]

    def update(self, threads: Mapping[str, int]) -> None:
        """Take note of who is there: workers may have joined and left.

        Parameters
        ----------
        threads : mapping of str to int
            Number of threads by address.
        """
        for address in self.found.keys() - threads.keys():
            del self.found[address]
        for address, n_threads in threads.items():
            worker = self.found.get(address)
            if worker is None or worker.opened.status not in (*_USABLE, "error"):
                self.found[address] = self._open(address, n_threads)
        for worker in self.found.values():
            self._look_at(worker)

    def forget(self) -> None:
        """Give up everything that the cluster held: it is gone."""
        self.found.clear()
        self._bundles.clear()

    def freest(self, avoided: Iterable[str]) -> ClusterWorker | None:
        """Return the worker with the most idle threads, if possible none that is avoided."""
        free = [worker for worker in self.found.values() if worker.n_free > 0]
        return max(
            free,
            key=lambda worker: (worker.address not in avoided, worker.n_free / worker.n_threads),
            default=None,
        )

    def send(self, job: Job, worker: ClusterWorker) -> "Future[Any]":
        """Send a job to a worker, with its inbox if that is not there yet.

        Returns
        -------
        Future
            Of what `serve` returns.
        """
        inbox = "" if not job.inbox else self._lay_out(job.inbox, worker)
        return self._submit("job", worker.address, serve, worker.name, job, worker.opened, inbox)

    def tidy(self, used: Iterable[str]) -> None:
        """Release inboxes that are neither in use nor among the latest.

        Parameters
        ----------
        used : iterable of str
            The client's folders that unfinished jobs read.
        """
        old = list(self._bundles)[:-_KEPT_INBOXES]
        for folder in set(old) - set(used):
            self._release(folder)

    def release_all(self) -> None:
        """Release everything that the cluster holds for this client."""
        for folder in list(self._bundles):
            self._release(folder)
        for worker in self.found.values():
            worker.opened.release()
        self.found.clear()

    def _open(self, address: str, n_threads: int) -> ClusterWorker:
        name = uuid4().hex
        opened = self._submit("open", address, open_worker_jobs, name, self._options)
        return ClusterWorker(address=address, n_threads=n_threads, name=name, opened=opened)

    def _look_at(self, worker: ClusterWorker) -> None:
        """See whether a worker can be used by now."""
        if worker.ready or worker.objection:
            return
        if worker.opened.status == "error":
            error = worker.opened.exception()
            worker.objection = f"cannot run metatune ({type(error).__name__}: {error})"
        elif worker.opened.status == "finished":
            unequal = worker.opened.result(timeout=_FETCH_SECONDS)
            worker.objection = f"has {unequal} here" if unequal else ""
            worker.ready = not unequal

    def _lay_out(self, folder: str, worker: ClusterWorker) -> "Future[Any]":
        known = worker.inboxes.get(folder)
        if known is not None and known.status in _USABLE:
            return known
        bundle = self._bundle(folder)
        known = self._submit("inbox", worker.address, lay_out, worker.name, bundle, worker.opened)
        worker.inboxes[folder] = known
        return known

    def _bundle(self, folder: str) -> "Future[Any]":
        """Hand an inbox to the cluster, unless it is there."""
        bundle = self._bundles.pop(folder, None)
        if bundle is None or bundle.status not in _USABLE:
            # in a list: what is scattered as a mapping becomes one piece of data for each name
            (bundle,) = self._client.scatter([pack(Path(folder))], hash=False)
        self._bundles[folder] = bundle
        return bundle

    def _release(self, folder: str) -> None:
        self._bundles.pop(folder).release()
        for worker in self.found.values():
            known = worker.inboxes.pop(folder, None)
            if known is not None:
                known.release()

    def _submit(self, what: str, address: str, function: Any, *arguments: Any) -> "Future[Any]":
        key = f"metatune-{what}-{uuid4().hex}"  # Dask groups tasks by what precedes the digits
        return self._client.submit(function, *arguments, key=key, workers=[address], pure=False)
