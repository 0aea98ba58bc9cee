"""One `metatune fit` command: its wall clock, and the memory of its whole process tree."""

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from metatune.budget import Stopwatch

__all__ = ["Fit", "fit"]

_GRACE = 300.0  # seconds beyond the budget after which a command counts as hanging
_PAUSE = 0.5  # seconds between two looks at the memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """End of a command.

    Attributes
    ----------
    seconds : float
        Wall clock from the start of the process to its end.
    exit_code : int
        Its own; -1 if it did not end within five minutes of its budget.
    peak_bytes : int
        Largest sum of the memory of all its processes, shared pages counted in proportion where
        the system tells (PSS), else resident memory; 0 where it was not measured.
    record : dict
        What it said on standard output; empty if that was no record.
    stderr : str
        What it said to people.
    """

    seconds: float
    exit_code: int
    peak_bytes: int
    record: dict[str, Any]
    stderr: str


def fit(
    path: Path,
    *,
    target: str,
    budget: float,
    jobs: int,
    output: Path,
    options: tuple[str, ...] = (),
    memory: bool = False,
) -> Fit:
    """Run ``metatune fit`` and measure it; its memory only if asked for, since looking takes time.

    Parameters
    ----------
    path : Path
        The table.
    target : str
        Name of its target; empty to let the command find it.
    budget : float
        Seconds.
    jobs : int
        Worker processes.
    output : Path
        Run directory.
    options : tuple of str
        Further options.
    memory : bool
        Whether to measure it.
    """
    command = [sys.executable, "-m", "metatune", "fit", str(path), "--json", "--quiet"]
    command += ["--budget", f"{budget}s", "--jobs", str(jobs), "--output", str(output)]
    command += ["--target", target] if target else []
    watch = Stopwatch()
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    meter = _TreeMeter(process.pid)
    if memory:
        meter.start()
    try:
        stdout, stderr = process.communicate(timeout=budget + _GRACE)
        code = process.returncode
    except subprocess.TimeoutExpired:
        _kill_tree(process.pid)
        stdout, stderr = process.communicate()
        code = -1
    seconds = watch.seconds()
    if memory:
        meter.stop()
    return Fit(
        seconds=seconds,
        exit_code=code,
        peak_bytes=meter.peak,
        record=json.loads(stdout) if stdout.startswith("{") else {},
        stderr=stderr,
    )


class _TreeMeter(threading.Thread):
    """Looks at the memory of a process and everything below it, twice a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._process = psutil.Process(pid)
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(_PAUSE):
            self.peak = max(self.peak, sum(map(_held, _tree(self._process))))

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join()


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _held(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", 0) or full.rss)
    except psutil.Error:
        return 0


def _kill_tree(pid: int) -> None:
    for process in reversed(_tree(psutil.Process(pid))):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
