"""Streams of a command that are closed, full, without a reader, or lack characters."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from metatune.budget import Budget, Deadline
from metatune.cli import outlets
from metatune.cli.outlets import Outlet
from metatune.estimators.talker import Talker
from metatune.listeners.state import RunState

MAIN = f"{sys.executable} -m metatune"
FULL = Path("/dev/full")

posix_only = pytest.mark.skipif(os.name != "posix", reason="a shell as POSIX has it")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = "".join(f"Köln{i % 3},{i},名{i % 4},{i % 2}\n" for i in range(60))
    (tmp_path / "uni.csv").write_text("Stadt,größe,東京,y\n" + rows, encoding="utf-8")
    return tmp_path / "uni.csv"


def shell(line: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-c", line.replace("metatune", MAIN, 1)],
        capture_output=True, text=True, errors="replace", timeout=120, check=False,
        env={**os.environ, **environ},
    )  # fmt: skip


@posix_only
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("metatune describe - <&-", 2, "standard input"),
        ("metatune describe TABLE >&-", 0, ""),
        ("metatune describe TABLE 2>&-", 0, ""),
        ("metatune describe TABLE <&- >&- 2>&-", 0, ""),
        ("metatune describe nothing.csv 2>&-", 2, ""),
        ("metatune --help >&-", 0, ""),
        ("metatune describe TABLE -q | true; exit ${PIPESTATUS[0]}", 0, ""),
        ("metatune describe TABLE 2>&1 | head -1 > /dev/null; exit ${PIPESTATUS[0]}", 0, ""),
    ],
)
def test_streams_that_are_closed_cost_nothing_else(
    line: str, code: int, said: str, table: Path
) -> None:
    done = shell(line.replace("TABLE", str(table)))
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "bug" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not FULL.exists(), reason="a device that is full")
def test_results_that_find_no_room_are_an_error_and_messages_are_not(table: Path) -> None:
    done = shell(f"metatune describe {table} -q > /dev/full")
    assert done.returncode == 1
    *warnings, error = done.stderr.splitlines()
    assert error.startswith("metatune: error: cannot write to standard output: No space")
    assert all(line.startswith("warning: ") for line in warnings)
    done = shell(f"metatune describe {table} 2> /dev/full")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Stadt" in done.stdout


@pytest.mark.parametrize(
    "environ",
    [
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "utf-16"},
    ],
)
def test_characters_that_an_encoding_lacks_are_escaped(
    environ: dict[str, str], table: Path
) -> None:
    done = shell(f"metatune describe {table} --json", **environ)
    assert done.returncode == 0, done.stderr
    assert "bug" not in done.stderr
    if environ.get("PYTHONIOENCODING") == "latin-1":  # click takes ASCII for a mistake
        assert "\\u6771\\u4eac" in done.stdout
        assert "set PYTHONIOENCODING=utf-8" in done.stderr


@posix_only
@pytest.mark.slow
@pytest.mark.parametrize("streams", ["2>&1 | head -3", "2> >(head -1)", ">&- 2>&-", "> /dev/full"])
def test_a_run_goes_on_and_saves_when_nobody_listens(
    streams: str, shop_file: Path, tmp_path: Path
) -> None:
    words = "--include decision_tree --jobs 1 --max-trials 2 --no-report -v"
    words = f"{words} -o {tmp_path / 'run'}"
    shell(f"metatune fit {shop_file} {words} {streams}")
    from metatune.models import model_file
    from metatune.storage.record import RunRecord

    assert RunRecord.read(tmp_path / "run").status == "done"
    model_file.load(tmp_path / "run")


def written(monkeypatch: pytest.MonkeyPatch, answers: list[Any]) -> Callable[[bytes], Outlet]:
    def write(_descriptor: int, content: bytes) -> int:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return len(content)

    monkeypatch.setattr(outlets, "os", SimpleNamespace(write=write))
    monkeypatch.setattr(outlets, "select", SimpleNamespace(select=lambda *_: None))

    def try_it(content: bytes) -> Outlet:
        outlet = Outlet(1)
        while answers:
            assert outlet.write(content) == len(content)
            if outlet._is_shut:
                break
        return outlet

    return try_it


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (errno.EPIPE, False),
        (errno.ENOSPC, True),
        (errno.EIO, True),
        (errno.EBADF, True),
        (errno.EDQUOT, True),
    ],
)
def test_an_outlet_that_failed_stays_shut(
    error: int, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlet = written(monkeypatch, [1, OSError(error, "no"), 1])(b"text")
    assert (outlet.error is not None) is told
    assert outlet.write(b"more") == 4


def test_an_outlet_that_is_shared_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    outlet = written(monkeypatch, [BlockingIOError(errno.EAGAIN, "wait"), 1])(b"text")
    assert outlet.error is None


def test_half_a_character_is_escaped_like_json() -> None:
    outlet = Outlet(1)
    for text, escaped in (
        ("\ud800", "\\ud800"),
        ("\U0001f600", "\\ud83d\\ude00"),
        ("é", "\\u00e9"),
    ):
        with pytest.raises(UnicodeEncodeError) as caught:
            text.encode("ascii")
        assert outlet.escape(caught.value) == (escaped, 1)
    assert outlet.escaped


@pytest.mark.parametrize("stream", [None, "closed", "full"])
def test_an_estimator_talks_to_nobody(stream: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    given: Any = None
    if stream == "closed":
        given = io.StringIO()
        given.close()
    elif stream == "full":
        given = SimpleNamespace(write=lambda _: (_ for _ in ()).throw(OSError(28, "full")))
    monkeypatch.setattr(sys, "stderr", given)
    state = RunState(Budget(seconds=1), Deadline.never())
    Talker(state, 2).search_ends("time is up")
