"""Warnings of libraries: in a file of the run directory, and not before the user."""

import io
import subprocess
import sys
from pathlib import Path

from metatune.execution.worker_log import WarningLog
from metatune.storage.library_log import lines_of


def test_each_line_is_kept_once_and_steers_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "worker-1.log").write_bytes(b"one\n\x1b[31mred\n\n\xff\n")
    (tmp_path / "worker-2.log").write_text("one\ntwo\n")
    (tmp_path / "other.txt").write_text("three\n")
    assert lines_of(tmp_path) == ["one", "\\x1b[31mred", "\ufffd", "two"]


def test_a_log_of_warnings_holds_each_text_once() -> None:
    file = io.StringIO()
    log = WarningLog(file)
    for number in (1, 2, 1, 1):
        log.show(UserWarning(f"number\n{number}"), UserWarning, "a.py", 7)
    assert file.getvalue() == "UserWarning: number 1 (a.py:7)\nUserWarning: number 2 (a.py:7)\n"
    for number in range(1_000):
        log.show(UserWarning(str(number)), UserWarning, "a.py", 7)
    assert len(file.getvalue().splitlines()) == 200


def test_a_run_keeps_warnings_in_its_directory(shop_file: Path, tmp_path: Path) -> None:
    code = (
        "import warnings, sys\n"
        "from metatune.cli import fit_run\n"
        "from metatune.cli.app import cli\n"
        "usual = fit_run._report\n"
        "def report(*given):\n"
        "    warnings.warn('a library complains', UserWarning)\n"
        "    return usual(*given)\n"
        "fit_run._report = report\n"
        f"cli.main(['fit', {str(shop_file)!r}, '-o', 'run', '--max-trials', '2', '--jobs', '1',\n"
        "    '--include', 'decision_tree,linear', '--no-report', '-q'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "UserWarning: a library complains" in (tmp_path / "run" / "warnings.log").read_text()
