"""Promises of every executor: test classes that the tests of each executor inherit.

A subclass has a fixture ``executor``, with workers that can import ``fake_jobs``.
"""

import os
import signal
import sys
import time
import types
from pathlib import Path
from typing import Any

import fake_jobs
import psutil
import pytest
from waiting import ended_of, told

from metatune.budget import Stopwatch
from metatune.errors import SearchError
from metatune.execution.executor import Executor, Job, JobOutcome, JobStatus

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


def job(name: str, *arguments: object, time_limit: float = 30.0) -> Job:
    return Job(function=getattr(fake_jobs, name), arguments=arguments, time_limit=time_limit)


def run(executor: Executor, name: str, *arguments: object, time_limit: float = 30.0) -> JobOutcome:
    handle = executor.submit(job(name, *arguments, time_limit=time_limit))
    assert executor.wait(20.0) == [handle]
    assert handle.outcome is not None
    return handle.outcome


def folder_job(name: str, inbox: Path, outbox: Path) -> Job:
    return Job(function=getattr(fake_jobs, name), inbox=str(inbox), outbox=str(outbox))


def make_folders(folder: Path) -> tuple[Path, Path]:
    """Make an inbox with two files, and an outbox."""
    inbox, outbox = folder / "inbox", folder / "outbox"
    (inbox / "deeper").mkdir(parents=True)
    (inbox / "a.txt").write_bytes(b"alpha")
    (inbox / "deeper" / "empty").write_bytes(b"")
    outbox.mkdir()
    return inbox, outbox


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


class ExecutorContract:
    """Tests that every executor inherits; `executor` is a fixture of the subclass."""

    def test_returns_the_value(self, executor: Executor) -> None:
        outcome = run(executor, "double", 21)
        assert outcome.status is JobStatus.OK
        assert outcome.value == 42
        assert outcome.error == ""
        assert 0.0 <= outcome.seconds < 10.0

    def test_error_of_the_function_becomes_one_line_and_a_traceback(
        self, executor: Executor
    ) -> None:
        outcome = run(executor, "raise_error", "two\nlines")
        assert outcome.status is JobStatus.FAILED
        assert outcome.error == "ValueError: two lines"
        assert "raise_error" in outcome.traceback
        assert outcome.value is None

    def test_memory_error_counts_as_out_of_memory(self, executor: Executor) -> None:
        outcome = run(executor, "raise_memory_error")
        assert outcome.status is JobStatus.OUT_OF_MEMORY
        assert outcome.error == "MemoryError"

    def test_a_failure_does_not_harm_the_next_job(self, executor: Executor) -> None:
        run(executor, "raise_error", "x")
        assert run(executor, "double", 1).value == 2

    def test_each_outcome_is_returned_once_and_its_worker_is_idle_again(
        self, executor: Executor
    ) -> None:
        assert executor.idle == executor.n_workers
        handle = executor.submit(job("double", 1))
        assert executor.idle == executor.n_workers - 1
        assert executor.wait(20.0) == [handle]
        assert told(handle).value == 2
        assert executor.idle == executor.n_workers
        assert executor.wait(0.0) == []

    def test_equal_jobs_have_handles_of_their_own(self, executor: Executor) -> None:
        same = job("double", 1)
        one, two = executor.submit(same), executor.submit(same, beside=True)
        assert one != two
        assert one.job is two.job is same
        assert set(ended_of(executor, 2)) == {one, two}
        assert one.outcome is not two.outcome

    def test_a_job_beside_the_others_takes_the_place_of_none(self, executor: Executor) -> None:
        beside = executor.submit(job("double", 50), beside=True)
        assert executor.idle == executor.n_workers
        others = [executor.submit(job("double", k)) for k in range(executor.n_workers)]
        more = executor.submit(job("double", 60), beside=True)
        assert executor.idle == 0
        assert set(ended_of(executor, len(others) + 2)) == {beside, more, *others}
        assert (told(beside).value, told(more).value) == (100, 120)
        assert [told(handle).value for handle in others] == [2 * k for k in range(len(others))]

    def test_a_call_needs_no_idle_worker_and_leaves_other_outcomes_alone(
        self, executor: Executor
    ) -> None:
        handles = {executor.submit(job("double", k)) for k in range(executor.n_workers)}
        called = executor.call(job("double", 50))
        assert (called.status, called.value) == (JobStatus.OK, 100)
        assert set(ended_of(executor, executor.n_workers)) == handles
        assert executor.idle == executor.n_workers

    def test_a_call_that_fails_says_why(self, executor: Executor) -> None:
        outcome = executor.call(job("raise_error", "no"))
        assert outcome.status is JobStatus.FAILED
        assert outcome.error == "ValueError: no"

    def test_waiting_for_nothing_returns_at_once(self, executor: Executor) -> None:
        watch = Stopwatch()
        assert executor.wait(5.0) == []
        assert watch.seconds() < 1.0

    @pytest.mark.parametrize("beside", [False, True])
    def test_a_cancelled_job_is_not_waited_for(self, executor: Executor, beside: bool) -> None:
        handle = executor.submit(job("double", 1), beside=beside)
        assert handle.cancel() >= 0.0
        assert handle.cancel() == 0.0
        assert executor.idle == executor.n_workers
        assert executor.wait(0.1) == []

    def test_cancelling_what_has_been_told_changes_nothing(self, executor: Executor) -> None:
        handle = executor.submit(job("double", 1))
        assert executor.wait(20.0) == [handle]
        assert handle.cancel() == 0.0
        assert told(handle).value == 2

    def test_a_function_without_a_name_is_refused(self, executor: Executor) -> None:
        def nested() -> None:
            pass

        nameless: tuple[Any, ...] = (nested, lambda: 1, [].append, 3)
        for function in nameless:
            with pytest.raises(TypeError, match="workers cannot import"):
                executor.submit(Job(function=function))

    def test_numeric_libraries_use_one_thread(self, executor: Executor) -> None:
        assert set(run(executor, "circumstances").value["pools"]) <= {1}

    def test_reads_the_inbox_and_leaves_files_in_the_outbox(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        inbox, outbox = make_folders(tmp_path)
        for _ in range(2):
            executor.submit(folder_job("leave_files", inbox, outbox))
            (handle,) = executor.wait(20.0)
            assert told(handle).status is JobStatus.OK
            assert contents(outbox / "seen") == contents(inbox)

    def test_files_of_a_function_that_fails_are_there_too(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        inbox, outbox = make_folders(tmp_path)
        executor.submit(folder_job("write_and_fail", inbox, outbox))
        (handle,) = executor.wait(20.0)
        assert told(handle).error == "ValueError: after writing"
        assert contents(outbox) == {"file": b"written"}

    def test_a_call_reads_and_writes_folders_too(self, executor: Executor, tmp_path: Path) -> None:
        inbox, outbox = make_folders(tmp_path)
        assert executor.call(folder_job("leave_files", inbox, outbox)).status is JobStatus.OK
        assert contents(outbox / "seen") == contents(inbox)

    def test_close_may_be_called_twice(self, executor: Executor) -> None:
        executor.close()
        executor.close()


class KillingContract(ExecutorContract):
    """Tests that executors inherit which run jobs in processes that can be killed."""

    def test_refuses_jobs_when_closed(self, executor: Executor) -> None:
        executor.close()
        with pytest.raises(SearchError, match="closed"):
            executor.submit(job("double", 1))

    def test_limits_hold_while_a_call_is_waited_for(self, executor: Executor) -> None:
        limited = executor.submit(job("sleep", 30, time_limit=0.3))
        assert executor.call(job("sleep", 1.5)).value == 1.5
        assert executor.wait(0.0) == [limited]
        assert told(limited).status is JobStatus.TIMED_OUT

    def test_a_job_that_runs_can_be_cancelled(self, executor: Executor) -> None:
        handles = [executor.submit(job("sleep", 30), beside=beside) for beside in (False, True)]
        assert executor.wait(0.3) == []
        for handle in handles:
            assert 0.0 <= handle.cancel() < 10.0
            assert handle.outcome is None
        assert executor.idle == executor.n_workers
        assert executor.wait(5.0) == []

    @pytest.mark.parametrize("beside", [False, True])
    def test_a_function_that_only_the_caller_has_fails(
        self, executor: Executor, beside: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "no_such_module", types.ModuleType("no_such_module"))
        for module in ("no_such_module", "fake_jobs"):
            function = types.FunctionType((lambda: None).__code__, {}, "no_such_function")
            function.__module__, function.__qualname__ = module, "no_such_function"
            monkeypatch.setattr(sys.modules[module], "no_such_function", function, raising=False)
            handle = executor.submit(Job(function=function), beside=beside)
            assert executor.wait(20.0) == [handle]
            assert told(handle).status is JobStatus.FAILED
            assert "no_such" in told(handle).error
        assert run(executor, "double", 4).value == 8

    def test_a_call_has_a_limit_of_its_own(self, executor: Executor) -> None:
        watch = Stopwatch()
        outcome = executor.call(job("sleep", 30, time_limit=0.5))
        assert outcome.status is JobStatus.TIMED_OUT
        assert watch.seconds() < 10

    @posix_only
    def test_compiled_code_that_holds_the_interpreter_is_killed_too(
        self, executor: Executor
    ) -> None:
        outcome = run(executor, "hold_interpreter", 30, time_limit=0.3)
        assert outcome.status is JobStatus.TIMED_OUT
        assert outcome.seconds < 1.0

    @posix_only
    @pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGABRT"])
    def test_death_by_signal_is_a_crash_that_names_it(self, executor: Executor, name: str) -> None:
        outcome = run(executor, "kill_self", int(getattr(signal, name)))
        assert outcome.status is JobStatus.CRASHED
        assert outcome.error == f"its process died: killed by {name}"
        assert run(executor, "double", 4).value == 8

    def test_death_by_exit_is_a_crash_that_names_the_code(self, executor: Executor) -> None:
        outcome = run(executor, "exit_now", 3)
        assert outcome.status is JobStatus.CRASHED
        assert outcome.error == "its process died: exit code 3"

    @posix_only
    def test_children_of_a_killed_worker_end_with_it(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        pid_file = tmp_path / "pid"
        outcome = run(executor, "leave_child_behind", str(pid_file), time_limit=1.0)
        assert outcome.status is JobStatus.TIMED_OUT
        child = int(pid_file.read_text(encoding="utf-8"))
        assert is_gone(child, within=1.0)

    def test_value_that_cannot_be_pickled_fails(self, executor: Executor) -> None:
        outcome = run(executor, "unpicklable")
        assert outcome.status is JobStatus.FAILED
        assert "pickle" in outcome.error


def is_gone(pid: int, within: float) -> bool:
    for _ in range(int(within / 0.02) + 1):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
