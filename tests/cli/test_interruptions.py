"""Interruptions of every phase of a command: soon over, in a line, and nothing is left running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them"),
]


# All signals have the same handler: each of them comes in an early and a late phase.
@pytest.mark.parametrize(
    ("seconds", "name"),
    [
        *((0.2, "SIGINT"), (0.6, "SIGTERM"), (1.2, "SIGHUP")),
        *((2.0, "SIGINT"), (3.5, "SIGTERM"), (6.0, "SIGHUP")),
    ],
)
def test_a_signal_ends_a_run_in_every_phase(
    seconds: float, name: str, shop_file: Path, tmp_path: Path
) -> None:
    words = ["--budget", "60s", "--jobs", "1", "--max-trials", "3", "--include", "decision_tree"]
    command = [sys.executable, "-m", "metatune", "fit", str(shop_file), *words]
    process = subprocess.Popen(
        [*command, "-o", str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(seconds)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(getattr(signal, name))
    _, errors = process.communicate(timeout=30)
    # On a busy machine Python itself may not have started yet: it ends by the signal, as it likes.
    if process.returncode != -getattr(signal, name) or seconds > 2.0:
        assert process.returncode in (0, 130)
        assert "bug" not in errors
        assert "Traceback" not in errors
    _, alive = psutil.wait_procs(children, timeout=5)
    assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize(("n_signals", "out"), [(1, "in good order\n"), (2, "")])
def test_only_signals_of_the_user_count_while_a_module_is_imported(
    n_signals: int, out: str, tmp_path: Path
) -> None:
    sending = "os.kill(os.getpid(), signal.SIGTERM); time.sleep(0.1)\n"
    (tmp_path / "slow.py").write_text(
        f"import os, signal, time\n{sending * n_signals}for _ in range(30): time.sleep(0.01)\n"
    )
    code = (
        "import time\n"
        "from metatune.cli.interrupts import catch_interrupts\n"
        "catch_interrupts()\n"
        "try:\n"
        "    import slow\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    assert slow.time\n"
        "    time.sleep(0.2)\n"
        "    print('in good order')\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == out
    assert done.returncode == (0 if out else 130)
