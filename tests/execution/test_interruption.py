"""Interruptions while a module is being imported: the import ends first, then the program."""

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from metatune.execution.interruption import Interruption, safe_interruptions

posix = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")

_SLOW = """
import os, signal, time
os.kill(os.getpid(), signal.SIGINT)
for _ in range(10):
    time.sleep(0.01)
import {name}_part
READY = True
"""


@pytest.fixture
def slow_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name a module that is interrupted while it is imported."""
    name = f"interrupted_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(_SLOW.format(name=name))
    (tmp_path / f"{name}_part.py").write_text("READY = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    return name


def wait() -> None:
    """Wait for an interruption that was put off, instruction by instruction."""
    for _ in range(2_000):
        time.sleep(0.01)


@posix
def test_an_import_ends_before_the_interruption(slow_module: str) -> None:
    with pytest.raises(KeyboardInterrupt), safe_interruptions():  # noqa: PT012 - all of it
        assert importlib.import_module(slow_module).READY
        wait()
    assert sys.modules[slow_module].__dict__["READY"]
    assert f"{slow_module}_part" in sys.modules


@posix
def test_an_interruption_outside_of_imports_comes_at_once() -> None:
    is_after = False
    with pytest.raises(KeyboardInterrupt), safe_interruptions():  # noqa: PT012 - all of it
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.001)
        is_after = True
    assert not is_after


class Interrupting:
    """An object whose finalizer is interrupted."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.001)


@posix
def test_an_interruption_that_python_drops_comes_again(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), safe_interruptions():  # noqa: PT012 - all of it
        interrupting = Interrupting()
        del interrupting
        wait()
    assert "Traceback" not in capfd.readouterr().err


@posix
def test_an_interruption_at_a_fork_comes_again() -> None:
    def interrupt() -> None:
        if is_on:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.001)

    is_on = True
    os.register_at_fork(before=interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), safe_interruptions():  # noqa: PT012 - all of it
            if os.fork() == 0:
                os._exit(0)
            is_on = False
            wait()
    finally:
        is_on = False
    os.wait()


def test_other_errors_that_python_drops_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: dropped.append(args.exc_type))

    class Failing:
        def __del__(self) -> None:
            raise ValueError("in a finalizer")

    with safe_interruptions():
        failing = Failing()
        del failing
    assert dropped == [ValueError]


@posix
def test_a_script_that_is_imported_can_be_interrupted(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import os, signal, time\n"
        "from metatune.execution.interruption import safe_interruptions\n"
        "with safe_interruptions():\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", "import script"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=30)
    assert done.returncode == -signal.SIGINT


def test_the_handler_of_a_program_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", None)  # nobody may call it

    def handle(number: int, frame: object) -> None:
        raise AssertionError(number, frame)

    monkeypatch.setattr(signal, "getsignal", lambda _: handle)
    with safe_interruptions():
        pass


def test_other_threads_set_no_handler() -> None:
    handlers: list[object] = []

    def look() -> None:
        with safe_interruptions():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert not isinstance(handlers[0], Interruption)


def test_the_handler_of_python_comes_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with safe_interruptions():
        inside = signal.getsignal(signal.SIGINT)
    assert isinstance(inside, Interruption)
    assert signal.getsignal(signal.SIGINT) is before


@posix
def test_an_interruption_at_the_end_of_a_program_prints_no_traceback() -> None:
    code = (
        "import atexit, os, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from metatune.execution.launcher import ForkServer, fork_server\n"
        "close = ForkServer.close\n"
        "def interrupted(self):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    close(self)\n"
        "ForkServer.close = interrupted\n"
        "fork_server(('json',))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    assert done.returncode == 0
