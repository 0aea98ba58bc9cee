"""The executor on a Dask cluster: a real scheduler, and workers that share nothing with us."""

import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from metatune.execution.executor import Executor

pytest.importorskip("distributed")

from dask_cluster import Cluster
from distributed import Client
from executor_contract import (
    KillingContract,
    contents,
    folder_job,
    job,
    make_folders,
    run,
)
from waiting import ended_of, eventually, outcome_of, told

from metatune.budget import Stopwatch
from metatune.errors import ClusterLostError, OptionError, SearchError
from metatune.execution.dask_executor import DaskExecutor, as_executor, connect
from metatune.execution.executor import JobStatus

HELPERS = Path(__file__).parents[1] / "helpers"

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="processes and signals as POSIX has them"),
    # sockets of processes that were killed on purpose
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


PRELOAD = ("metatune.execution.worker",)  # the fake jobs need no more


@pytest.fixture(autouse=True)
def _importable_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HELPERS))


@pytest.fixture
def cluster(dask_cluster: Cluster) -> Cluster:
    return dask_cluster


@pytest.fixture(scope="module")
def client(dask_cluster: Cluster) -> Iterator[Client]:
    with Client(dask_cluster.address, set_as_default=False) as client:
        yield client


@pytest.fixture
def executor(client: Client) -> Iterator[Executor]:
    with DaskExecutor(client, preload=PRELOAD) as executor:
        yield executor


class TestDaskExecutor(KillingContract):
    @pytest.fixture
    def executor(self, client: Client) -> Iterator[Executor]:
        with DaskExecutor(client, preload=PRELOAD) as executor:
            yield executor


def test_there_is_a_job_for_each_thread_and_no_more(executor: Executor) -> None:
    assert executor.n_workers == executor.idle == 2
    for _ in range(2):
        executor.submit(job("sleep", 30))
    assert executor.idle == 0
    with pytest.raises(SearchError, match="while all 2 workers run"):
        executor.submit(job("double", 1))


def test_jobs_limits_how_many_run(client: Client) -> None:
    with DaskExecutor(client, jobs=1, preload=PRELOAD) as executor:
        assert executor.n_workers == 1


def test_jobs_run_at_the_same_time(executor: Executor, tmp_path: Path) -> None:
    marks = str(tmp_path / "a"), str(tmp_path / "b")
    executor.submit(job("meet", *marks))
    executor.submit(job("meet", *reversed(marks)))
    assert [told(handle).value for handle in ended_of(executor, 2)] == [True, True]


def test_workers_never_touch_the_folders_of_the_client(
    executor: Executor, cluster: Cluster, tmp_path: Path
) -> None:
    inbox, outbox = make_folders(tmp_path)
    folders = set()
    for _ in range(6):
        executor.submit(folder_job("leave_files", inbox, outbox))
        outcome = outcome_of(executor)
        seen = outcome.value
        machine = next(f for f in cluster.worker_folders if Path(seen["cwd"]) == f)
        for place in (seen["inbox"], seen["outbox"]):
            assert Path(place).is_relative_to(machine)
            assert not Path(place).is_relative_to(tmp_path)
        assert not Path(seen["outbox"]).exists()
        folders.add(seen["inbox"])
    assert contents(outbox / "seen") == contents(inbox)
    assert 1 <= len(folders) <= 2  # unpacked once in each worker


def test_files_of_a_stopped_job_do_not_arrive(executor: Executor, tmp_path: Path) -> None:
    inbox, outbox = make_folders(tmp_path)
    executor.submit(replace(folder_job("write_and_hang", inbox, outbox), time_limit=0.5))
    assert outcome_of(executor).status is JobStatus.TIMED_OUT
    assert contents(outbox) == {}


def test_inboxes_that_are_no_longer_used_are_released(
    executor: Executor, cluster: Cluster, tmp_path: Path
) -> None:
    def laid_out() -> int:
        pattern = "dask-scratch-space/*/metatune-*/inbox-*"
        return sum(len(list(folder.glob(pattern))) for folder in cluster.worker_folders)

    for number in range(7):
        inbox, outbox = make_folders(tmp_path / str(number))
        executor.submit(folder_job("leave_files", inbox, outbox))
        assert outcome_of(executor).status is JobStatus.OK
        assert contents(outbox / "seen") == contents(inbox)
    assert eventually(lambda: laid_out() <= 2 * 5)
    executor.close()
    assert eventually(lambda: laid_out() == 0)


def test_an_inbox_that_is_not_there_costs_its_job_alone(executor: Executor, tmp_path: Path) -> None:
    executor.submit(folder_job("leave_files", tmp_path / "nowhere", tmp_path))
    outcome = outcome_of(executor)
    assert outcome.status is JobStatus.CRASHED
    assert "nowhere is no folder" in outcome.error
    assert run(executor, "double", 1).value == 2


def test_cancelled_job_frees_its_worker_at_once(client: Client, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with DaskExecutor(client, jobs=1, preload=PRELOAD) as executor:
        handle = executor.submit(job("hang_the_first_time", str(mark)))
        assert eventually(lambda: mark.exists() and mark.stat().st_size > 0)
        handle.cancel()
        assert executor.idle == 1
        (pid,) = map(int, mark.read_text(encoding="utf-8").split())
        watch = Stopwatch()
        assert run(executor, "double", 4).value == 8
        assert watch.seconds() < 5.0
        assert eventually(lambda: not psutil.pid_exists(pid), within=3.0)


def test_job_over_the_memory_limit_is_stopped(client: Client) -> None:
    with DaskExecutor(client, jobs=1, memory_limit=600_000_000, preload=PRELOAD) as executor:
        outcome = run(executor, "allocate", 10)
        assert outcome.status is JobStatus.OUT_OF_MEMORY
        assert outcome.error.endswith("GB, the limit is 0.60 GB")


def test_nothing_is_left_when_the_client_disappears(
    cluster: Cluster, client: Client, tmp_path: Path
) -> None:
    inbox, outbox = make_folders(tmp_path)
    other = Client(cluster.address, set_as_default=False)
    executor = DaskExecutor(other, preload=PRELOAD)
    executor.submit(folder_job("write_and_hang", inbox, outbox))

    def folders() -> list[Path]:
        pattern = "dask-scratch-space/*/metatune-*"
        return [path for folder in cluster.worker_folders for path in folder.glob(pattern)]

    assert eventually(lambda: any(path.glob("outbox-*/file") for path in folders()))
    other.close()
    with pytest.raises(ClusterLostError, match="scheduler is gone"):
        outcome_of(executor)
    assert eventually(lambda: folders() == [])
    executor.close()
    with DaskExecutor(client, preload=PRELOAD) as following:
        assert following.idle == 2
        assert run(following, "double", 2).value == 4


def test_a_client_becomes_an_executor_and_stays_open(client: Client) -> None:
    executor = as_executor(client, jobs=1)
    assert isinstance(executor, DaskExecutor)
    executor.close()
    assert client.status == "running"
    assert as_executor("tcp://127.0.0.1:1") is None


def test_other_versions_are_refused_in_one_line(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"metatune": "99.1", "numpy": "1.0"}
    monkeypatch.setattr("metatune.execution.dask_executor.versions_here", lambda: here)
    with pytest.raises(OptionError, match=r"worker tcp://\S+ has metatune .* instead of 99.1, nu"):
        DaskExecutor(client)


def test_workers_may_join_and_leave(executor: Executor, cluster: Cluster, client: Client) -> None:
    before = executor.n_workers
    cluster.start_worker(threads=2, nanny=False)
    assert eventually(lambda: executor.n_workers == before + 2)
    handles = {executor.submit(job("sleep", 0.3)) for _ in range(4)}
    assert set(ended_of(executor, 4)) == handles
    cluster.stop_worker()
    assert eventually(lambda: executor.n_workers == before)


def test_unreachable_scheduler_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metatune.execution.dask_executor.CONNECT_SECONDS", 1.0)
    logging.getLogger("distributed.client").setLevel(logging.WARNING)
    watch = Stopwatch()
    with pytest.raises(OptionError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 "):
        connect("127.0.0.1:1")
    assert watch.seconds() < 12
    assert not logging.getLogger("distributed.client").isEnabledFor(logging.CRITICAL)


def test_scheduler_without_workers_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metatune.execution.dask_executor.FIRST_WORKER_SECONDS", 0.5)
    with Cluster(tmp_path) as empty:
        watch = Stopwatch()
        with pytest.raises(OptionError, match="has no workers: start some with `dask worker tcp"):
            connect(empty.address)
        assert watch.seconds() < 12


def test_missing_package_is_one_line_that_says_how_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(OptionError, match=r"needs the package distributed: pip install 'metatune"):
        connect("tcp://127.0.0.1:1")


def test_an_asynchronous_client_is_refused(client: Client) -> None:
    class Asynchronous:
        asynchronous = True

    with pytest.raises(OptionError, match="asynchronous=False"):
        DaskExecutor(Asynchronous())
