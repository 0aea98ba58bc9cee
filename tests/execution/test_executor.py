"""Promises of every executor, and those of the pool of processes beyond."""

import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from executor_contract import ExecutorContract, KillingContract, is_gone, job, posix_only, run
from waiting import ended_of, eventually, told

from metatune.budget import Stopwatch
from metatune.errors import SearchError
from metatune.execution.executor import Executor, InlineExecutor, JobStatus, run_job
from metatune.execution.forked_process import is_copy_cheaper
from metatune.execution.local_pool import LocalPool

HELPERS = Path(__file__).parents[1] / "helpers"


def parent_of(pid: int) -> psutil.Process:
    parent = psutil.Process(pid).parent()
    assert parent is not None
    return parent


@pytest.fixture(autouse=True)
def _importable_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HELPERS))


class TestInlineExecutor(ExecutorContract):
    @pytest.fixture
    def executor(self) -> Iterator[Executor]:
        with InlineExecutor() as executor:
            yield executor

    def test_warnings_are_not_shown(self, executor: Executor) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert run(executor, "be_noisy").status is JobStatus.OK
        assert caught == []


def skip_where_workers_are_copies() -> None:
    if is_copy_cheaper():
        pytest.skip("no interpreter is started on a single core")


class TestLocalPool(KillingContract):
    @pytest.fixture
    def executor(self) -> Iterator[Executor]:
        with LocalPool(1) as executor:
            yield executor

    def test_refuses_more_jobs_than_workers(self, executor: Executor) -> None:
        executor.submit(job("sleep", 5))
        executor.submit(job("sleep", 5))
        with pytest.raises(SearchError, match="while all 1 workers run and 1 jobs wait"):
            executor.submit(job("sleep", 5))

    def test_a_waiting_job_is_taken_up_while_the_caller_does_something_else(
        self, executor: Executor
    ) -> None:
        run(executor, "double", 0)  # from then on the process is there
        handles = [executor.submit(job("sleep", 0.2)) for _ in range(2)]
        time.sleep(2.0)
        assert executor.wait(0.0) == handles
        assert executor.idle == 1

    def test_a_waiting_job_outlives_the_worker_before_it(self, executor: Executor) -> None:
        handles = [executor.submit(job("exit_now", 3)), executor.submit(job("double", 4))]
        assert ended_of(executor, 2) == handles
        assert [(told(handle).status, told(handle).value) for handle in handles] == [
            (JobStatus.CRASHED, None),
            (JobStatus.OK, 8),
        ]

    def test_a_waiting_job_can_be_cancelled_and_makes_way(self, executor: Executor) -> None:
        running = executor.submit(job("sleep", 30))
        assert executor.submit(job("double", 4)).cancel() == 0.0
        following = executor.submit(job("double", 5))
        running.cancel()
        assert executor.wait(20.0) == [following]
        assert told(following).value == 10

    def test_limits_hold_while_nobody_waits(self, executor: Executor) -> None:
        handle = executor.submit(job("sleep", 30, time_limit=0.2))
        run_until = Stopwatch()
        while executor.idle == 0 and run_until.seconds() < 20.0:
            time.sleep(0.05)
        assert executor.wait(0.0) == [handle]
        assert told(handle).status is JobStatus.TIMED_OUT

    def test_cancelling_tells_how_long_the_job_has_run(self, executor: Executor) -> None:
        run(executor, "double", 0)
        handle = executor.submit(job("sleep", 30))
        time.sleep(0.5)
        assert 0.1 < handle.cancel() < 10.0

    def test_an_unwanted_end_counts_as_run_in_vain(self, executor: Executor) -> None:
        handle = executor.submit(job("sleep", 0.2), beside=True)
        assert eventually(lambda: handle.outcome is not None)
        assert 0.2 <= handle.cancel() < 10.0
        assert executor.wait(0.1) == []

    def test_refuses_no_workers(self) -> None:
        with pytest.raises(SearchError, match="at least 1"):
            LocalPool(0)

    def test_worker_persists(self, executor: Executor) -> None:
        pids = {run(executor, "circumstances").value["pid"] for _ in range(3)}
        assert len(pids) == 1
        assert os.getpid() not in pids

    def test_job_over_its_time_limit_is_killed_and_the_worker_replaced(
        self, executor: Executor
    ) -> None:
        before = run(executor, "circumstances").value["pid"]
        outcome = run(executor, "sleep", 30, time_limit=0.3)
        assert outcome.status is JobStatus.TIMED_OUT
        assert outcome.error == "stopped at its time limit of 0.3 s"
        assert 0.3 <= outcome.seconds < 1.0
        assert run(executor, "circumstances").value["pid"] != before
        assert not psutil.pid_exists(before)

    @posix_only
    def test_worker_killed_while_idle_costs_nothing(self, executor: Executor) -> None:
        pid = run(executor, "circumstances").value["pid"]
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        assert run(executor, "double", 4).value == 8

    def test_job_over_the_memory_limit_is_killed(self) -> None:
        with LocalPool(1, memory_limit=600_000_000) as pool:
            outcome = run(pool, "allocate", 10)
            assert outcome.status is JobStatus.OUT_OF_MEMORY
            assert outcome.error.startswith("its process held 0.")
            assert outcome.error.endswith("GB, the limit is 0.60 GB")
            assert 600 < outcome.memory_mb < 2_000
            assert run(pool, "double", 4).value == 8

    def test_memory_of_children_counts(self) -> None:
        with LocalPool(1, memory_limit=600_000_000) as pool:
            outcome = run(pool, "allocate_in_child", 0.8)
            assert outcome.status is JobStatus.OUT_OF_MEMORY

    def test_worker_that_keeps_much_memory_is_replaced_after_its_job(self) -> None:
        with LocalPool(1, memory_limit=800_000_000) as pool:
            before = run(pool, "circumstances").value["pid"]
            assert run(pool, "double", 1).value == 2
            assert run(pool, "circumstances").value["pid"] == before
            outcome = run(pool, "keep", 0.4)
            assert outcome.status is JobStatus.OK
            assert 400 < outcome.memory_mb < 800
            assert run(pool, "circumstances").value["pid"] != before

    def test_workers_are_silent_and_write_to_the_log(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with LocalPool(1, log_directory=tmp_path) as pool:
            run(pool, "be_noisy")
        assert capfd.readouterr() == ("", "")
        log = (tmp_path / "worker-1.log").read_text(encoding="utf-8")
        warning, *lines = sorted(log.splitlines())
        assert lines == ["a line on stderr", "a line on stdout"]
        assert warning.startswith("UserWarning: a warning (")

    def test_workers_ignore_the_interrupt_and_do_not_know_the_callers_main(
        self, executor: Executor
    ) -> None:
        seen = run(executor, "circumstances").value
        assert seen["interrupt"]
        assert seen["main_file"] != getattr(sys.modules["__main__"], "__file__", "none")

    def test_environment_and_main_are_as_before(self, executor: Executor) -> None:
        before = dict(os.environ), dict(vars(sys.modules["__main__"]))
        run(executor, "double", 1)
        assert (dict(os.environ), dict(vars(sys.modules["__main__"]))) == before

    def test_jobs_run_at_the_same_time(self, tmp_path: Path) -> None:
        marks = str(tmp_path / "a"), str(tmp_path / "b")
        with LocalPool(2) as pool:
            pool.submit(job("meet", *marks))
            pool.submit(job("meet", *reversed(marks)))
            assert [told(handle).value for handle in ended_of(pool, 2)] == [True, True]

    def test_cancelling_stops_only_that_job(self) -> None:
        with LocalPool(2) as pool:
            unwanted, wanted = pool.submit(job("sleep", 30)), pool.submit(job("sleep", 0.3))
            unwanted.cancel()
            assert pool.idle == 1
            assert pool.wait(20.0) == [wanted]

    def test_close_ends_running_jobs_at_once(self) -> None:
        pool = LocalPool(2)
        pids = [run(pool, "circumstances").value["pid"]]
        pool.submit(job("sleep", 30))
        watch = Stopwatch()
        pool.close()
        assert watch.seconds() < 0.5
        assert all(is_gone(pid, within=0.5) for pid in pids)

    def test_start_and_close_do_not_wait_for_the_processes(self) -> None:
        watch = Stopwatch()
        pool = LocalPool(2)
        pool.start()
        pool.close()
        assert watch.seconds() < 0.5

    def test_worker_that_dies_again_and_again_while_starting_ends_the_search(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        skip_where_workers_are_copies()
        monkeypatch.setattr("metatune.execution.launcher._PROGRAM", "raise SystemExit(3)")
        with LocalPool(1, preload=("no_such_module",)) as pool:
            pool.submit(job("double", 1))
            with pytest.raises(SearchError, match="die while they start"):
                pool.wait(20.0)


def test_a_daemonic_process_has_workers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = vars(multiprocessing.current_process())["_config"]  # `daemon` cannot be set later
    monkeypatch.setitem(settings, "daemon", True)
    with LocalPool(1) as pool:
        assert run(pool, "double", 1).value == 2


@posix_only
def test_workers_cannot_be_started_where_there_is_no_interpreter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    skip_where_workers_are_copies()
    monkeypatch.setattr("multiprocessing.spawn.get_executable", lambda: "/no/such/python")
    with (
        LocalPool(1, preload=("nothing",)) as pool,
        pytest.raises(SearchError, match=r"cannot be started: .*no/such/python"),
    ):
        run(pool, "double", 1)


@posix_only
def test_a_killed_fork_server_costs_the_jobs_under_way_and_is_replaced() -> None:
    with LocalPool(1) as pool:
        worker = run(pool, "circumstances").value["pid"]
        handle = pool.submit(job("hold_interpreter", 30))
        while pool._slots[0].started is False:
            time.sleep(0.01)
        parent_of(worker).kill()
        assert pool.wait(20.0) == [handle]
        assert told(handle).status is JobStatus.CRASHED
        assert is_gone(worker, within=1.0)
        assert run(pool, "double", 4).value == 8


@posix_only
def test_a_fork_server_killed_while_nothing_runs_costs_nothing() -> None:
    with LocalPool(1) as pool:
        worker = run(pool, "circumstances").value["pid"]
        parent_of(worker).kill()
        assert run(pool, "double", 4).value == 8


def test_run_job_cuts_endless_messages() -> None:
    outcome = run_job(job("raise_error", "x" * 5_000))
    assert len(outcome.error) < 500
