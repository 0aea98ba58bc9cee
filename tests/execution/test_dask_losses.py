"""A Dask cluster that loses its workers one by one, and then its scheduler: in this order."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from metatune.evaluation.trial import TrialResult
from metatune.execution.executor import Executor
from metatune.search.history import History
from metatune.search.outcome import SearchOutcome

pytest.importorskip("distributed")

import fake_search
from dask_cluster import Cluster
from distributed import Client
from executor_contract import job, make_folders
from fake_search import FakeStore, Plan
from waiting import eventually, outcome_of, told

from metatune.budget import Deadline, Stopwatch
from metatune.errors import ClusterLostError
from metatune.evaluation.trial import TrialStatus
from metatune.execution.dask_executor import DaskExecutor
from metatune.execution.executor import Handle, InlineExecutor, JobStatus
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.search.outcome import Ended
from metatune.space import Configuration

HELPERS = Path(__file__).parents[1] / "helpers"

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="processes and signals as POSIX has them"),
    # sockets of processes that were killed on purpose
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

ACCURACY = resolve_metric("accuracy", TaskKind.BINARY)


@pytest.fixture(autouse=True)
def _importable_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HELPERS))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("doomed")) as cluster:
        for _ in range(3):
            cluster.start_worker(nanny=False)
        yield cluster


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[Client]:
    client = Client(cluster.address, set_as_default=False, timeout=10)
    client.wait_for_workers(3, timeout=40)
    yield client
    with contextlib.suppress(OSError, TimeoutError):
        client.close(timeout=1)


@pytest.fixture(scope="module")
def executor(client: Client) -> Iterator[Executor]:
    preload = ("metatune.execution.worker",)
    with DaskExecutor(client, preload=preload, patience=4.0) as executor:
        yield executor


def search(
    executor: Executor,
    folder: Path,
    seconds: float,
    *,
    max_trials: int | None,
    on_result: Callable[[TrialResult], None] | None = None,
) -> SearchOutcome:
    """Search among twelve made-up configurations whose trials take so many seconds."""
    qualities = iter(np.random.default_rng(0).permutation(12) / 12)

    def following(_history: History) -> Configuration | None:
        quality = next(qualities, None)
        if quality is None:
            return None
        return Configuration(
            algorithm="fake", params={"quality": float(quality), "seconds": seconds}
        )

    folder.mkdir()
    inbox, outbox = make_folders(folder)
    return fake_search.search(
        Plan.of(following),
        executor,
        seconds=120,
        max_trials=max_trials,
        store=FakeStore(inbox=inbox, outbox=outbox),
        on_result=on_result,
    )


def kill_a_busy_worker(client: Client) -> None:
    pids = client.run(os.getpid)
    busy = [address for address, keys in client.processing().items() if keys]
    os.kill(pids[busy[0]], signal.SIGKILL)


def test_search_goes_on_without_a_worker_and_repeats_its_trial(
    client: Client, executor: Executor, tmp_path: Path
) -> None:
    told = []

    def on_result(result: TrialResult) -> None:
        told.append(result)
        if len(told) == 3:
            assert eventually(lambda: any(client.processing().values()))
            kill_a_busy_worker(client)

    with InlineExecutor() as inline:
        expected = search(inline, tmp_path / "here", 0.0, max_trials=10)
    found = search(executor, tmp_path / "there", 0.5, max_trials=10, on_result=on_result)
    assert found.ended is Ended.TRIALS
    assert [result.status for result in told] == [TrialStatus.OK] * 10
    key = [(r.trial.number, r.trial.rung, r.score) for r in expected.history.results]
    assert [(r.trial.number, r.trial.rung, r.score) for r in found.history.results] == key
    assert executor.n_workers == 2


def test_trial_that_takes_two_workers_along_has_crashed(executor: Executor, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    executor.submit(job("kill_host", str(mark)))
    outcome = outcome_of(executor)
    assert outcome.status is JobStatus.CRASHED
    assert outcome.error.startswith("its worker was lost 2 times, at tcp://")
    assert len(mark.read_text(encoding="utf-8").splitlines()) == 2


def test_when_no_worker_is_left_the_search_waits_for_a_while(executor: Executor) -> None:
    assert executor.idle == 1  # one job may wait for a worker
    executor.submit(job("double", 44))
    with pytest.raises(ClusterLostError, match="no worker of the cluster was usable for 4 s"):
        outcome_of(executor)


def test_job_that_waited_runs_when_a_worker_comes_back(
    cluster: Cluster, executor: Executor
) -> None:
    cluster.start_worker(nanny=False)
    limit = Deadline.after(40)
    found: list[Handle] = []
    while not found and not limit.passed():
        with contextlib.suppress(ClusterLostError):
            found = executor.wait(0.5)
    assert [told(handle).value for handle in found] == [88]


def test_lost_scheduler_ends_the_search_with_what_there_is(
    cluster: Cluster, executor: Executor, tmp_path: Path
) -> None:
    told = []

    def on_result(result: TrialResult) -> None:
        told.append(result)
        if len(told) == 2:
            cluster.scheduler.kill()

    watch = Stopwatch()
    found = search(executor, tmp_path / "run", 0.2, max_trials=None, on_result=on_result)
    assert found.ended is Ended.CLUSTER_LOST
    assert found.history.incumbent() is not None
    assert watch.seconds() < 30
    assert executor.call(job("double", 3)).value == 6  # what is beside the trials goes on
    executor.close()
