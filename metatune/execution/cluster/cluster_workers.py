"""The workers of a Dask cluster as a client of metatune's sees them: who is there, who has what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from metatune.execution.cluster.file_bundle import pack
from metatune.execution.cluster.worker_jobs import BenchOptions, lay_out, open_bench, serve
from metatune.execution.executor import Job

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["Berth", "Crew"]

_KEPT_INBOXES = 4  # so many are kept on the workers though no job uses them: the latest
_FETCH_SECONDS = 10.0
_USABLE = ("pending", "finished")


@dataclass(slots=True, eq=False)
class Berth:
    """One Dask worker.

    Attributes
    ----------
    address : str
        Where it is.
    n_threads : int
        Jobs that it can run at once.
    name : str
        Of its bench.
    opened : Future
        Result of opening the bench.
    ready : bool
        Whether the bench is open.
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


class Crew:
    """All workers, their benches, and the inboxes that were brought to them.

    Each inbox is handed to the cluster once; workers fetch it from each other.

    Parameters
    ----------
    client : Client
        Connected to the scheduler.
    options : BenchOptions
        What is wanted of each worker.
    """

    def __init__(self, client: "Client", options: BenchOptions) -> None:
        self._client = client
        self._options = options
        self._parcels: dict[str, Future[Any]] = {}  # the latest last
        self.berths: dict[str, Berth] = {}

    @property
    def n_threads(self) -> int:
        """Jobs that can run at once."""
        return sum(berth.n_threads for berth in self.berths.values() if berth.ready)

    @property
    def settled(self) -> bool:
        """Whether every worker has said whether it can be used."""
        return all(berth.ready or berth.objection for berth in self.berths.values())

    @property
    def objections(self) -> list[str]:
        """Which workers cannot be used, and why."""
        found = [(berth.address, berth.objection) for berth in self.berths.values()]
        return [f"the worker {address} {objection}" for address, objection in found if objection]

    def update(self, threads: Mapping[str, int]) -> None:
        """Take note of who is there: workers may have joined and left.

        Parameters
        ----------
        threads : mapping of str to int
            Number of threads by address.
        """
        for address in self.berths.keys() - threads.keys():
            del self.berths[address]
        for address, n_threads in threads.items():
            berth = self.berths.get(address)
            if berth is None or berth.opened.status not in (*_USABLE, "error"):
                self.berths[address] = self._open(address, n_threads)
        for berth in self.berths.values():
            self._look_at(berth)

    def forget(self) -> None:
        """Give up everything that the cluster held: it is gone."""
        self.berths.clear()
        self._parcels.clear()

    def freest(self, avoided: Iterable[str]) -> Berth | None:
        """Return the worker with the most idle threads, if possible none that is avoided."""
        free = [berth for berth in self.berths.values() if berth.n_free > 0]
        return max(
            free,
            key=lambda berth: (berth.address not in avoided, berth.n_free / berth.n_threads),
            default=None,
        )

    def send(self, job: Job, berth: Berth) -> "Future[Any]":
        """Send a job to a worker, with its inbox if that is not there yet.

        Returns
        -------
        Future
            Of what `serve` returns.
        """
        inbox = "" if not job.inbox else self._lay_out(job.inbox, berth)
        return self._submit("job", berth.address, serve, berth.name, job, berth.opened, inbox)

    def tidy(self, used: Iterable[str]) -> None:
        """Release inboxes that are neither in use nor among the latest.

        Parameters
        ----------
        used : iterable of str
            The client's folders that unfinished jobs read.
        """
        old = list(self._parcels)[:-_KEPT_INBOXES]
        for folder in set(old) - set(used):
            self._release(folder)

    def release_all(self) -> None:
        """Release everything that the cluster holds for this client."""
        for folder in list(self._parcels):
            self._release(folder)
        for berth in self.berths.values():
            berth.opened.release()
        self.berths.clear()

    def _open(self, address: str, n_threads: int) -> Berth:
        name = uuid4().hex
        opened = self._submit("bench", address, open_bench, name, self._options)
        return Berth(address=address, n_threads=n_threads, name=name, opened=opened)

    def _look_at(self, berth: Berth) -> None:
        """See whether a worker's bench is open by now."""
        if berth.ready or berth.objection:
            return
        if berth.opened.status == "error":
            error = berth.opened.exception()
            berth.objection = f"cannot run metatune ({type(error).__name__}: {error})"
        elif berth.opened.status == "finished":
            unequal = berth.opened.result(timeout=_FETCH_SECONDS)
            berth.objection = f"has {unequal} here" if unequal else ""
            berth.ready = not unequal

    def _lay_out(self, folder: str, berth: Berth) -> "Future[Any]":
        known = berth.inboxes.get(folder)
        if known is not None and known.status in _USABLE:
            return known
        parcel = self._parcel(folder)
        known = self._submit("inbox", berth.address, lay_out, berth.name, parcel, berth.opened)
        berth.inboxes[folder] = known
        return known

    def _parcel(self, folder: str) -> "Future[Any]":
        """Hand an inbox to the cluster, unless it is there."""
        parcel = self._parcels.pop(folder, None)
        if parcel is None or parcel.status not in _USABLE:
            # in a list: what is scattered as a mapping becomes one piece of data for each name
            (parcel,) = self._client.scatter([pack(Path(folder))], hash=False)
        self._parcels[folder] = parcel
        return parcel

    def _release(self, folder: str) -> None:
        self._parcels.pop(folder).release()
        for berth in self.berths.values():
            known = berth.inboxes.pop(folder, None)
            if known is not None:
                known.release()

    def _submit(self, what: str, address: str, function: Any, *arguments: Any) -> "Future[Any]":
        key = f"metatune-{what}-{uuid4().hex}"  # Dask groups tasks by what precedes the digits
        return self._client.submit(function, *arguments, key=key, workers=[address], pure=False)
