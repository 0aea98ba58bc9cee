"""The pool inside real programs: scripts without a guard, interrupts, a killed parent."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from metatune.budget import Stopwatch

HERE = Path(__file__).parents[1] / "helpers"
ROOT = HERE.parents[1]

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")

HEAD = f"""
import sys
sys.path[:0] = [{str(HERE)!r}, {str(ROOT)!r}]
import fake_jobs
from metatune.execution.executor import Job
from metatune.execution.local_pool import LocalPool
print("main runs", flush=True)
"""

UNGUARDED = (
    HEAD
    + """
with LocalPool(2, preload=()) as pool:
    pool.submit(Job(function=fake_jobs.double, arguments=(21,)))
    print(pool.wait(20.0)[0].outcome.value)
"""
)

LONG = (
    HEAD
    + """
pool = LocalPool(2, preload=())
for function in (fake_jobs.sleep, fake_jobs.hold_interpreter):
    pool.submit(Job(function=function, arguments=(60,)))
try:
    while not all(slot.started for slot in pool._slots):
        pool.wait(0.1)
    print("jobs run", flush=True)
    pool.wait(60.0)
except KeyboardInterrupt:
    print("interrupted, workers alive:", not any(slot.worker.dead for slot in pool._slots))
    pool.close()
"""
)


def python(*arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, **options
    )


def test_script_without_a_guard_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED + "print(__file__)\n", encoding="utf-8")
    done = python(str(script), cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["main runs", "42", str(script)]


def test_program_from_standard_input(tmp_path: Path) -> None:
    done = python("-", input=UNGUARDED, cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["main runs", "42"]


def test_module_run_by_name_is_not_run_again_in_workers(tmp_path: Path) -> None:
    (tmp_path / "runme.py").write_text(UNGUARDED + "print(__spec__.name)\n", encoding="utf-8")
    done = python("-m", "runme", cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["main runs", "42", "runme"]


def test_modules_in_the_current_directory_do_not_shadow_the_library(tmp_path: Path) -> None:
    (tmp_path / "psutil.py").write_text("raise RuntimeError('shadowed')\n", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    script = tmp_path / "elsewhere" / "script.py"
    script.write_text(UNGUARDED, encoding="utf-8")
    done = python(str(script), cwd=tmp_path)
    assert done.stdout.splitlines() == ["main runs", "42"]
    assert done.stderr == ""


def still_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Processes that run after a second; one that only waits to be reaped by init has ended."""
    watch = Stopwatch()
    alive = processes
    while alive and watch.seconds() < 1.0:
        _, alive = psutil.wait_procs(alive, timeout=0.02)
        alive = [process for process in alive if not is_zombie(process)]
    return alive


def is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def long_run() -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """A program with two jobs under way, in its own process group; and all its descendants."""
    program = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", LONG],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert program.stdout is not None
    lines = [program.stdout.readline().strip() for _ in range(2)]
    assert lines == ["main runs", "jobs run"]
    family = psutil.Process(program.pid).children(recursive=True)
    assert len(family) >= 3
    yield program, family
    processes: list[subprocess.Popen[str] | psutil.Process] = [program, *family]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    program.communicate()


@posix_only
def test_no_process_outlives_a_killed_parent(
    long_run: tuple[subprocess.Popen[str], list[psutil.Process]],
) -> None:
    program, family = long_run
    program.send_signal(signal.SIGKILL)
    program.wait(5)
    assert still_running(family) == []


@posix_only
def test_interrupt_of_the_whole_group_leaves_workers_to_the_parent(
    long_run: tuple[subprocess.Popen[str], list[psutil.Process]],
) -> None:
    program, family = long_run
    os.killpg(program.pid, signal.SIGINT)
    watch = Stopwatch()
    output, errors = program.communicate(timeout=30)
    assert watch.seconds() < 15.0  # at once, and others may use the machine: jobs take a minute
    assert errors == ""
    assert output == "interrupted, workers alive: True\n"
    assert still_running(family) == []
