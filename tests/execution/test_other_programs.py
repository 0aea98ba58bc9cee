"""The pool beside what else a program does: its threads, its processes, its streams."""

import concurrent.futures
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np  # noqa: F401  # brings a BLAS library
import psutil
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from metatune.execution.numeric_threads import one_numeric_thread

HERE = Path(__file__).parents[1] / "helpers"
ROOT = HERE.parents[1]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")

HEAD = f"""
import os, signal, sys
sys.path[:0] = [{str(HERE)!r}, {str(ROOT)!r}]
import fake_jobs
from metatune.execution.executor import Job
from metatune.execution.local_pool import LocalPool

def double(number):
    with LocalPool(1, preload=()) as pool:
        pool.submit(Job(function=fake_jobs.double, arguments=(number,)))
        return pool.wait(20.0)[0].outcome.value
"""


def output_of(program: str, **options: Any) -> str:
    command = [sys.executable, "-W", "error", "-c", HEAD + program]
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, **options
    )
    assert done.stderr == ""
    return done.stdout


def blas_threads() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.fixture
def three_threads() -> Iterator[None]:
    limits = threadpool_limits(limits=3)
    with threadpool_limits(limits=3):
        pass  # from then on no thread of the program owns the limits
    assert set(blas_threads()) == {3}
    yield
    limits.restore_original_limits()


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_overlapping_contexts_give_blas_its_threads_back(order: tuple[int, int]) -> None:
    enter, leave = [threading.Event() for _ in "ab"], [threading.Event() for _ in "ab"]

    def hold(i: int) -> None:
        with one_numeric_thread():
            enter[i].set()
            leave[i].wait(20)

    threads = [threading.Thread(target=hold, args=(i,)) for i in range(2)]
    for thread, entered in zip(threads, enter, strict=True):
        thread.start()
        entered.wait(20)
    leave[order[0]].set()
    threads[order[0]].join()
    assert set(blas_threads()) == {1}
    leave[order[1]].set()
    threads[order[1]].join()
    assert set(blas_threads()) == {3}


@pytest.mark.usefixtures("three_threads")
def test_contexts_may_be_nested_and_left_by_an_error() -> None:
    @one_numeric_thread()
    def fail() -> None:
        with one_numeric_thread():
            pass
        assert set(blas_threads()) == {1}
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert set(blas_threads()) == {3}


def test_own_processes_of_the_program_know_nothing_of_the_workers(tmp_path: Path) -> None:
    program = """
import multiprocessing, threading

def tell(queue):
    blocked = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    queue.put([os.environ.get("OMP_NUM_THREADS"), os.environ.get("PYTHONWARNINGS"), blocked])

if __name__ == "__main__":
    double(1)
    context = multiprocessing.get_context("forkserver")
    queue = context.Queue()
    process = context.Process(target=tell, args=(queue,))
    process.start()
    print(queue.get(timeout=30))
    process.join()
"""
    script = tmp_path / "script.py"
    script.write_text(HEAD + program, encoding="utf-8")
    environ = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True, text=True, timeout=60, check=False, env=environ,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("[None, None, False]\n", "")


@pytest.mark.parametrize("daemon", [False, True])
def test_a_forked_child_has_workers_of_its_own(daemon: bool) -> None:
    program = f"""
import multiprocessing

def work(queue):
    queue.put(double(4))

assert double(1) == 2
context = multiprocessing.get_context("fork")
for _ in range(2):
    queue = context.Queue()
    process = context.Process(target=work, args=(queue,), daemon={daemon})
    process.start()
    print(queue.get(timeout=30))
    process.join()
print(double(5))
"""
    assert output_of(program).split() == ["8", "8", "10"]


def test_a_forked_child_does_not_keep_the_workers_of_its_parent() -> None:
    program = """
import psutil
pool = LocalPool(1, preload=())
pool.submit(Job(function=fake_jobs.circumstances))
pid = pool.wait(20.0)[0].outcome.value["pid"]
if os.fork() == 0:
    signal.pause()
print(pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", HEAD + program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        family = psutil.Process(worker)
        parent.stdout.close()
        assert parent.wait(20) == -signal.SIGKILL
    psutil.wait_procs([family], timeout=3)
    gone = not family.is_running() or family.status() == psutil.STATUS_ZOMBIE
    for process in psutil.process_iter(["cmdline"]):
        if process.info["cmdline"] == command:
            process.kill()
    assert gone


def test_threads_of_a_program_start_pools_at_once() -> None:
    def work(number: int) -> int:
        program = f"print(double({number}))"
        return int(output_of(program))

    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        assert list(threads.map(work, [1, 2])) == [2, 4]


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_streams_may_be_closed(closed: tuple[int] | tuple[int, int, int], tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = f"""
for stream in {closed!r}:
    os.close(stream)
from pathlib import Path
Path({str(told)!r}).write_text(str(double(21)))
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", HEAD + program], timeout=60, check=True)
    assert told.read_text(encoding="utf-8") == "42"


def test_signals_that_the_program_blocks_or_ignores_do_not_matter() -> None:
    program = """
signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print(double(3))
"""
    assert output_of(program) == "6\n"


def test_a_folder_that_was_deleted_does_not_matter(tmp_path: Path) -> None:
    program = f"""
os.mkdir({str(tmp_path / "gone")!r})
os.chdir({str(tmp_path / "gone")!r})
os.rmdir({str(tmp_path / "gone")!r})
print(double(3))
"""
    assert output_of(program) == "6\n"


def test_nothing_is_left_in_the_folder_for_temporary_files(tmp_path: Path) -> None:
    output_of("print(double(3))", env={**os.environ, "TMPDIR": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []


def test_processes_end_with_the_program() -> None:
    program = """
import psutil
double(3)
print(*[child.pid for child in psutil.Process().children(recursive=True)])
"""
    pids = [int(pid) for pid in output_of(program).split()]
    assert len(pids) == 1
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_methods_of_multiprocessing_are_untouched() -> None:
    before = multiprocessing.get_start_method(allow_none=True)
    from metatune.execution.local_pool import LocalPool

    LocalPool(1).close()
    assert multiprocessing.get_start_method(allow_none=True) == before


COPY = """
import psutil, threading, time
from metatune.execution.forked_process import WAITING_THREAD
from metatune.execution.launcher import fork_server
for name in {threads}:
    threading.Thread(target=time.sleep, args=(20,), daemon=True, name=name).start()
os.open(os.__file__, os.O_RDONLY)
fork_server((), forked=True)
(server,) = psutil.Process().children()
print(server.cmdline() == psutil.Process().cmdline(), double(4))
files = f"/proc/{{server.pid}}/fd"
print(sum(os.readlink(f"{{files}}/{{n}}") == os.__file__ for n in os.listdir(files)))
print(server.pid)
"""


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks into /proc")
@pytest.mark.parametrize("threads", ["()", "(WAITING_THREAD,)"])
def test_a_program_with_a_single_thread_may_be_copied(threads: str) -> None:
    said = output_of(COPY.format(threads=threads)).split()
    assert said[:3] == ["True", "8", "0"]
    assert not psutil.pid_exists(int(said[3])), "the copy ends with the program"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks into /proc")
def test_a_program_with_threads_is_not_copied() -> None:
    said = output_of(COPY.format(threads="('another',)")).split()
    assert said[:3] == ["False", "8", "0"]


CHOICE = """
import psutil
from metatune.execution.local_pool import LocalPool
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:{cores}])
ballast = bytearray({ballast})
ballast[::1000] = bytes(len(ballast[::1000]))
with LocalPool(1, preload=()) as pool:
    print(pool.call(Job(function=fake_jobs.double, arguments=(4,))).value)
    (server,) = psutil.Process().children()
    print(server.cmdline() == psutil.Process().cmdline())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="programs are copied on Linux only")
@pytest.mark.parametrize(
    ("cores", "ballast", "is_copy"),
    [(1, 0, True), (1, 600_000_000, False), (2, 0, False)],
    ids=["a single core", "a large program", "two cores"],
)
def test_a_small_program_on_a_single_core_is_copied(
    cores: int, ballast: int, is_copy: bool
) -> None:
    if len(os.sched_getaffinity(0)) < cores:
        pytest.skip("there are not so many cores")
    program = CHOICE.format(cores=cores, ballast=ballast)
    assert output_of(program).split() == ["8", str(is_copy)]
