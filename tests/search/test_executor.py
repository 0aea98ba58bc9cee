"""What every executor promises, and what the pool of processes promises beyond."""

import multiprocessing
import os
import signal
import sys
import time
import warnings
from pathlib import Path

import psutil
import pytest

from metatune.budget import Stopwatch
from metatune.errors import SearchError
from metatune.search.executor import Executor, InlineExecutor, Job, JobOutcome, run_job
from metatune.search.pool import LocalPool
from metatune.search.trial import TrialStatus

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


@pytest.fixture(autouse=True)
def _importable_jobs(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def job(name: str, *arguments: object, number: int = 1, time_limit: float = 30.0) -> Job:
    return Job(id=number, function=f"fake_jobs:{name}", arguments=arguments, time_limit=time_limit)


def run(executor: Executor, name: str, *arguments: object, time_limit: float = 30.0) -> JobOutcome:
    executor.submit(job(name, *arguments, time_limit=time_limit))
    outcomes = executor.wait(20.0)
    assert [outcome.id for outcome in outcomes] == [1]
    return outcomes[0]


class ExecutorContract:
    """Tests that every executor inherits; `executor` is a fixture of the subclass."""

    def test_returns_the_value(self, executor):
        outcome = run(executor, "double", 21)
        assert outcome.status is TrialStatus.OK
        assert outcome.value == 42
        assert outcome.error == ""
        assert 0.0 <= outcome.seconds < 10.0

    def test_error_of_the_function_becomes_one_line_and_a_traceback(self, executor):
        outcome = run(executor, "raise_error", "two\nlines")
        assert outcome.status is TrialStatus.FAILED
        assert outcome.error == "ValueError: two lines"
        assert "raise_error" in outcome.traceback
        assert outcome.value is None

    def test_memory_error_counts_as_out_of_memory(self, executor):
        outcome = run(executor, "raise_memory_error")
        assert outcome.status is TrialStatus.OUT_OF_MEMORY
        assert outcome.error == "MemoryError"

    @pytest.mark.parametrize("function", ["no_such_module:f", "fake_jobs:no_such_function"])
    def test_unknown_function_fails(self, executor, function):
        executor.submit(Job(id=7, function=function))
        (outcome,) = executor.wait(20.0)
        assert outcome.status is TrialStatus.FAILED
        assert "no_such" in outcome.error

    def test_a_failure_does_not_harm_the_next_job(self, executor):
        run(executor, "raise_error", "x")
        assert run(executor, "double", 1).value == 2

    def test_each_outcome_is_returned_once_and_its_worker_is_idle_again(self, executor):
        assert executor.idle == executor.n_workers
        executor.submit(job("double", 1))
        assert executor.idle == executor.n_workers - 1
        assert len(executor.wait(20.0)) == 1
        assert executor.idle == executor.n_workers
        assert executor.wait(0.0) == []

    def test_a_call_needs_no_idle_worker_and_leaves_other_outcomes_alone(self, executor):
        for number in range(executor.n_workers):
            executor.submit(job("double", number, number=number))
        called = executor.call(job("double", 50, number=99))
        assert (called.id, called.status, called.value) == (99, TrialStatus.OK, 100)
        seen = set()
        while len(seen) < executor.n_workers:
            seen |= {outcome.id for outcome in executor.wait(20.0)}
        assert seen == set(range(executor.n_workers))
        assert executor.idle == executor.n_workers

    def test_a_call_that_fails_says_why(self, executor):
        outcome = executor.call(job("raise_error", "no"))
        assert outcome.status is TrialStatus.FAILED
        assert outcome.error == "ValueError: no"

    def test_waiting_for_nothing_returns_at_once(self, executor):
        watch = Stopwatch()
        assert executor.wait(5.0) == []
        assert watch.seconds() < 1.0

    def test_killed_job_has_no_outcome(self, executor):
        executor.submit(job("double", 1, number=3))
        executor.kill(3)
        executor.kill(99)
        assert executor.idle == executor.n_workers
        assert executor.wait(0.1) == []

    def test_numeric_libraries_use_one_thread(self, executor):
        assert set(run(executor, "circumstances").value["pools"]) <= {1}

    def test_close_may_be_called_twice(self, executor):
        executor.close()
        executor.close()


class TestInlineExecutor(ExecutorContract):
    @pytest.fixture
    def executor(self):
        with InlineExecutor() as executor:
            yield executor

    def test_warnings_are_not_shown(self, executor):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert run(executor, "be_noisy").status is TrialStatus.OK
        assert caught == []


class TestLocalPool(ExecutorContract):
    @pytest.fixture
    def executor(self):
        with LocalPool(1) as executor:
            yield executor

    def test_refuses_more_jobs_than_workers(self, executor):
        executor.submit(job("sleep", 5))
        with pytest.raises(SearchError, match="while all 1 workers run"):
            executor.submit(job("sleep", 5, number=2))

    def test_refuses_jobs_when_closed(self, executor):
        executor.close()
        with pytest.raises(SearchError, match="closed"):
            executor.submit(job("double", 1))

    def test_refuses_no_workers(self):
        with pytest.raises(SearchError, match="at least 1"):
            LocalPool(0)

    def test_worker_persists(self, executor):
        pids = {run(executor, "circumstances").value["pid"] for _ in range(3)}
        assert len(pids) == 1
        assert os.getpid() not in pids

    def test_limits_hold_while_a_call_is_waited_for(self, executor):
        executor.submit(job("sleep", 30, number=1, time_limit=0.3))
        assert executor.call(job("sleep", 1.5, number=2)).value == 1.5
        (stopped,) = executor.wait(0.0)
        assert (stopped.id, stopped.status) == (1, TrialStatus.TIMED_OUT)

    def test_a_call_has_a_limit_of_its_own(self, executor):
        watch = Stopwatch()
        outcome = executor.call(job("sleep", 30, time_limit=0.5))
        assert outcome.status is TrialStatus.TIMED_OUT
        assert watch.seconds() < 10

    def test_job_over_its_time_limit_is_killed_and_the_worker_replaced(self, executor):
        before = run(executor, "circumstances").value["pid"]
        outcome = run(executor, "sleep", 30, time_limit=0.3)
        assert outcome.status is TrialStatus.TIMED_OUT
        assert outcome.error == "stopped at its time limit of 0.3 s"
        assert 0.3 <= outcome.seconds < 1.0
        assert run(executor, "circumstances").value["pid"] != before
        assert not psutil.pid_exists(before)

    @posix_only
    def test_compiled_code_that_holds_the_interpreter_is_killed_too(self, executor):
        outcome = run(executor, "hold_interpreter", 30, time_limit=0.3)
        assert outcome.status is TrialStatus.TIMED_OUT
        assert outcome.seconds < 1.0

    @posix_only
    @pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGTERM"])
    def test_death_by_signal_is_a_crash_that_names_it(self, executor, name):
        outcome = run(executor, "kill_self", int(getattr(signal, name)))
        assert outcome.status is TrialStatus.CRASHED
        assert outcome.error == f"its process died: killed by {name}"
        assert run(executor, "double", 4).value == 8

    def test_death_by_exit_is_a_crash_that_names_the_code(self, executor):
        outcome = run(executor, "exit_now", 3)
        assert outcome.status is TrialStatus.CRASHED
        assert outcome.error == "its process died: exit code 3"

    @posix_only
    def test_worker_killed_while_idle_costs_nothing(self, executor):
        pid = run(executor, "circumstances").value["pid"]
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        assert run(executor, "double", 4).value == 8

    def test_job_over_the_memory_limit_is_killed(self):
        with LocalPool(1, memory_limit=600_000_000) as pool:
            outcome = run(pool, "allocate", 10)
            assert outcome.status is TrialStatus.OUT_OF_MEMORY
            assert outcome.error.startswith("its process held 0.")
            assert outcome.error.endswith("GB, the limit is 0.60 GB")
            assert 600 < outcome.memory_mb < 2_000
            assert run(pool, "double", 4).value == 8

    def test_memory_of_children_counts(self):
        with LocalPool(1, memory_limit=600_000_000) as pool:
            outcome = run(pool, "allocate_in_child", 0.8)
            assert outcome.status is TrialStatus.OUT_OF_MEMORY

    def test_worker_that_keeps_much_memory_is_replaced_after_its_job(self):
        with LocalPool(1, memory_limit=800_000_000) as pool:
            before = run(pool, "circumstances").value["pid"]
            assert run(pool, "double", 1).value == 2
            assert run(pool, "circumstances").value["pid"] == before
            outcome = run(pool, "keep", 0.4)
            assert outcome.status is TrialStatus.OK
            assert 400 < outcome.memory_mb < 800
            assert run(pool, "circumstances").value["pid"] != before

    @posix_only
    def test_children_of_a_killed_worker_end_with_it(self, executor, tmp_path):
        pid_file = tmp_path / "pid"
        outcome = run(executor, "leave_child_behind", str(pid_file), time_limit=1.0)
        assert outcome.status is TrialStatus.TIMED_OUT
        child = int(pid_file.read_text(encoding="utf-8"))
        assert _is_gone(child, within=1.0)

    def test_value_that_cannot_be_pickled_fails(self, executor):
        outcome = run(executor, "unpicklable")
        assert outcome.status is TrialStatus.FAILED
        assert "pickle" in outcome.error

    def test_workers_are_silent_and_write_to_the_log(self, tmp_path, capfd):
        with LocalPool(1, log_directory=tmp_path) as pool:
            run(pool, "be_noisy")
        assert capfd.readouterr() == ("", "")
        log = (tmp_path / "worker-1.log").read_text(encoding="utf-8")
        assert sorted(log.splitlines()) == ["a line on stderr", "a line on stdout"]

    def test_workers_ignore_the_interrupt_and_do_not_know_the_callers_main(self, executor):
        seen = run(executor, "circumstances").value
        assert seen["interrupt"]
        assert seen["main_file"] != sys.modules["__main__"].__file__

    def test_environment_and_main_are_as_before(self, executor):
        before = dict(os.environ), dict(vars(sys.modules["__main__"]))
        run(executor, "double", 1)
        assert (dict(os.environ), dict(vars(sys.modules["__main__"]))) == before

    def test_jobs_run_at_the_same_time(self, tmp_path):
        marks = str(tmp_path / "a"), str(tmp_path / "b")
        with LocalPool(2) as pool:
            pool.submit(job("meet", *marks, number=1))
            pool.submit(job("meet", *reversed(marks), number=2))
            outcomes = pool.wait(20.0)
            while len(outcomes) < 2:
                outcomes += pool.wait(20.0)
        assert sorted((outcome.id, outcome.value) for outcome in outcomes) == [(1, True), (2, True)]

    def test_kill_stops_only_that_job(self):
        with LocalPool(2) as pool:
            pool.submit(job("sleep", 30, number=1))
            pool.submit(job("sleep", 0.3, number=2))
            pool.kill(1)
            assert pool.idle == 1
            assert [outcome.id for outcome in pool.wait(20.0)] == [2]

    def test_close_ends_running_jobs_at_once(self):
        pool = LocalPool(2)
        pids = [run(pool, "circumstances").value["pid"]]
        pool.submit(job("sleep", 30))
        watch = Stopwatch()
        pool.close()
        assert watch.seconds() < 0.5
        assert all(_is_gone(pid, within=0.5) for pid in pids)

    def test_start_and_close_do_not_wait_for_the_processes(self):
        watch = Stopwatch()
        pool = LocalPool(2)
        pool.start()
        pool.close()
        assert watch.seconds() < 0.5

    def test_worker_that_dies_again_and_again_while_starting_ends_the_search(self, monkeypatch):
        monkeypatch.setattr("metatune.search.worker_process.worker_main", os._exit)
        with LocalPool(1) as pool:
            pool.submit(job("double", 1))
            with pytest.raises(SearchError, match="die while they start"):
                pool.wait(20.0)


def test_a_process_that_may_not_start_others_is_told_so(monkeypatch):
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    with LocalPool(1) as pool, pytest.raises(SearchError, match="cannot be started: daemonic"):
        run(pool, "double", 1)


def test_run_job_cuts_endless_messages():
    outcome = run_job(job("raise_error", "x" * 5_000))
    assert len(outcome.error) < 500


def _is_gone(pid: int, within: float) -> bool:
    for _ in range(int(within / 0.02) + 1):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
