"""The process around the commands: quick, quiet, and clear when something breaks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from metatune.cli.process import _explain

HEAVY = ("numpy", "pandas", "sklearn", "scipy", "lightgbm", "skops", "rich")
MAIN = [sys.executable, "-m", "metatune"]


@pytest.mark.parametrize("words", [["--help"], ["fit", "--help"], ["predict", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys; from metatune.cli.app import cli\n"
        f"try: cli.main({words!r})\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "Usage: metatune" in done.stdout
    assert done.stderr.strip() == "[]"


def test_help_answers_at_once() -> None:
    seconds = []
    for _ in range(5):  # the quickest counts: others may use the machine
        before = os.times()
        subprocess.run([*MAIN, "--help"], capture_output=True, check=True, timeout=60)
        after = os.times()
        seconds.append(after.children_user - before.children_user)
    assert min(seconds) < 0.3


def test_version_and_no_command() -> None:
    version = subprocess.run(
        [*MAIN, "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert version.stdout.startswith("metatune 0.")
    bare = subprocess.run(MAIN, capture_output=True, text=True, check=True, timeout=60)
    assert "fit" in bare.stdout


def test_a_bug_is_one_line_unless_details_are_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = KeyError("seldom")
    monkeypatch.setattr(sys, "argv", ["metatune", "fit"])
    _explain(KeyError, error, None)
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "this is a bug in metatune (KeyError: 'seldom')" in told
    assert "-v" in told
    monkeypatch.setattr(sys, "argv", ["metatune", "fit", "-v"])
    _explain(KeyError, error, None)
    assert capsys.readouterr().err.count("seldom") == 2
    _explain(MemoryError, MemoryError("5 TB"), None)
    assert "not enough memory" in capsys.readouterr().err


@pytest.mark.parametrize(("flags", "shown"), [([], False), (["-W", "default"], True)])
def test_warnings_of_libraries_are_shown_to_who_asks_for_them(
    flags: list[str], shown: bool
) -> None:
    code = (
        "import warnings\n"
        "from metatune.cli.process import silence_libraries\n"
        "from metatune.errors import MetatuneWarning\n"
        "silence_libraries()\n"
        "for kind in (RuntimeWarning, FutureWarning, UserWarning):\n"
        "    warnings.warn('of a library', kind)\n"
        "warnings.warn('of its own', MetatuneWarning)\n"
    )
    done = subprocess.run(
        [sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert ("of a library" in done.stderr) is shown
    assert "of its own" in done.stderr


def test_a_reader_that_goes_away_is_no_error(shop_file: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*MAIN, "describe", str(shop_file), "-q"],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(write)
    assert done.stderr == ""


def test_workers_start_before_tables_can_be_read() -> None:
    """A fit needs little until then: the rest is imported while the workers start."""
    code = (
        "import sys, metatune.cli.fit_run; print({'pandas', 'scipy', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"


def test_warnings_of_metatune_are_lines_without_the_place_in_its_code() -> None:
    code = (
        "import warnings\n"
        "from metatune.cli.process import silence_libraries\n"
        "from metatune.errors import MetatuneWarning\n"
        "silence_libraries()\n"
        "warnings.warn('12 cells are missing', MetatuneWarning)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == "warning: 12 cells are missing\n"
