"""Workers, from the call that provides them down to the process that runs their jobs."""

import os
import signal
import sys
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import fake_jobs
import pytest
from executor_contract import posix_only

from metatune.errors import OptionError
from metatune.execution.cluster.cluster_workers import ClusterWorker, ClusterWorkers
from metatune.execution.cluster.dispatcher import Ended
from metatune.execution.cluster.versions import versions_here
from metatune.execution.cluster.worker_jobs import WorkerOptions, open_worker_jobs
from metatune.execution.executor import Handle, InlineExecutor, Job, JobOutcome, JobStatus
from metatune.execution.fork_server import NEWS, import_all
from metatune.execution.forked_process import ForkedProcess, can_fork
from metatune.execution.launcher import fork_server
from metatune.execution.local_pool import LocalPool
from metatune.execution.worker import Started
from metatune.execution.worker_process import WorkerProcess
from metatune.execution.workers import local_workers, workers

HELPERS = Path(__file__).parents[1] / "helpers"
PRELOAD = ("metatune.execution.worker",)


@pytest.fixture(autouse=True)
def _importable_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HELPERS))


def test_workers_that_are_given_stay_open_and_those_that_are_made_do_not() -> None:
    with InlineExecutor() as given:
        with workers(given, None, None) as executor:
            assert executor is given
        assert given.call(Job(function=fake_jobs.double, arguments=(1,))).value == 2


@posix_only
def test_processes_are_as_many_as_asked_for() -> None:
    with workers(None, 2, "1GB") as executor:
        assert isinstance(executor, LocalPool)
        assert executor.n_workers == 2


def test_memory_is_shared_out_unless_it_is_given() -> None:
    alone, of_one = local_workers(1, None)
    pair, of_two = local_workers(2, None)
    assert (alone, pair) == (1, 2)
    assert of_two < of_one
    assert local_workers(3, "2GB") == (3, 2_000_000_000)
    assert local_workers(-1, "1GB")[0] == local_workers(None, "1GB")[0]
    assert local_workers(-1_000, "1GB")[0] == 1


def test_nobody_and_strangers_are_refused() -> None:
    with pytest.raises(OptionError, match="n_jobs=0 means nobody works"), workers(None, 0, None):
        pass
    stranger: Any = object()
    with (
        pytest.raises(OptionError, match="executor is of type object"),
        workers(stranger, None, None),
    ):
        pass


def test_modules_that_are_missing_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "fake_jobs")
    import_all(("no_such_module", "fake_jobs"))
    assert "fake_jobs" in sys.modules


@posix_only
def test_a_program_has_one_server_for_a_list_of_modules_and_a_dead_one_is_replaced() -> None:
    server = fork_server(PRELOAD)
    assert server.is_alive
    assert fork_server(PRELOAD) is server
    assert fork_server(("metatune.errors",)) is not server
    server.close()
    assert not server.is_alive
    assert fork_server(PRELOAD) is not server


@posix_only
def test_a_worker_says_that_it_has_begun_then_what_came_of_it() -> None:
    worker = WorkerProcess("", PRELOAD)
    worker.send(Job(function=fake_jobs.double, arguments=(21,)))
    begun, outcome = worker.connection.recv(), worker.connection.recv()
    assert isinstance(begun, Started)
    assert begun.pid != os.getpid()
    assert isinstance(outcome, JobOutcome)
    assert (outcome.status, outcome.value) == (JobStatus.OK, 42)
    assert not worker.dead
    os.kill(begun.pid, signal.SIGTERM)  # a batch system tells everybody: only the program acts
    worker.send(Job(function=fake_jobs.double, arguments=(1,)))
    assert isinstance(worker.connection.recv(), Started)
    worker.kill()
    worker.release(10.0)
    assert worker.dead


@posix_only
@pytest.mark.parametrize(
    ("job", "end"),
    [
        (Job(function=fake_jobs.exit_now, arguments=(7,)), "exit code 7"),
        (Job(function=fake_jobs.kill_self, arguments=(int(signal.SIGKILL),)), "killed by SIGKILL"),
    ],
)
def test_the_end_of_a_worker_is_said_in_words(job: Job, end: str) -> None:
    worker = WorkerProcess("", PRELOAD)
    worker.send(job)
    assert isinstance(worker.connection.recv(), Started)
    assert wait(worker.handles, 20.0)
    assert worker.describe_end() == end
    worker.kill()
    worker.release(10.0)


def test_news_of_a_worker_have_one_size() -> None:
    assert NEWS.unpack(NEWS.pack(os.getpid(), 0)) == (os.getpid(), 0)


@posix_only
def test_a_copy_of_this_process_serves_and_ends_by_itself() -> None:
    reading, writing = os.pipe()

    def serve() -> None:
        os.write(writing, b"served")
        os._exit(5)

    copy = ForkedProcess(serve, writing)
    os.close(writing)
    assert os.read(reading, 10) == b"served"
    assert copy.wait(20.0) == 5
    assert copy.poll() == 5
    os.close(reading)


def test_a_process_with_further_threads_is_not_copied() -> None:
    import threading

    leave = threading.Event()
    thread = threading.Thread(target=leave.wait)
    thread.start()
    assert not can_fork()
    leave.set()
    thread.join()


class TestClusterWithoutOne:
    """Decisions about Dask workers that need not ask them."""

    options = WorkerOptions(versions=versions_here(), memory_limit=None, preload=())

    def worker(self, address: str, n_threads: int, n_jobs: int = 0) -> ClusterWorker:
        nothing: Any = None  # nobody asks for it
        return ClusterWorker(
            address=address,
            n_threads=n_threads,
            name=address,
            opened=nothing,
            ready=True,
            n_jobs=n_jobs,
        )

    def test_a_worker_with_other_versions_starts_nothing_and_says_which(self) -> None:
        other = WorkerOptions(versions={"numpy": "1.0"}, memory_limit=None, preload=())
        said = open_worker_jobs("a", other)
        assert said == f"numpy {versions_here()['numpy']} instead of 1.0"

    def test_a_job_goes_to_the_worker_with_the_most_idle_threads(self) -> None:
        client: Any = None
        cluster = ClusterWorkers(client, self.options)
        assert cluster.freest(()) is None
        for worker in (self.worker("a", 4, 3), self.worker("b", 2, 0), self.worker("c", 1, 1)):
            cluster.found[worker.address] = worker
        assert cluster.n_threads == 7
        assert cluster.settled
        first, second = cluster.freest(()), cluster.freest(("b",))
        assert first is not None
        assert second is not None
        assert (first.address, second.address) == ("b", "a")
        only = cluster.freest(("a", "b"))
        assert only is not None  # rather one that lost it before than none

    def test_workers_that_cannot_be_used_say_why_and_count_nothing(self) -> None:
        client: Any = None
        cluster = ClusterWorkers(client, self.options)
        worker = self.worker("tcp://a", 4)
        worker.ready, worker.objection = False, "has numpy 1.0 here"
        cluster.found["tcp://a"] = worker
        assert cluster.objections == ["the worker tcp://a has numpy 1.0 here"]
        assert cluster.n_threads == worker.n_free == 0
        cluster.forget()
        assert cluster.found == {}

    def test_an_end_without_an_outcome_has_a_problem(self) -> None:
        with InlineExecutor() as executor:
            job = Job(function=fake_jobs.double, arguments=(1,))
            ended = Ended(handle=Handle(job, executor), problem="its worker was lost")
        assert (ended.outcome, ended.files) == (b"", {})
