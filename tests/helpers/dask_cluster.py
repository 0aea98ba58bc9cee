"""A real Dask cluster on this machine: a scheduler and workers, each a process of its own.

Workers run in folders of their own and are given another temporary folder, as if they were on
another machine.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psutil

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 40.0


class Cluster:
    """Leaving its context ends all processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "scheduler.json"
        self._n_started = 0
        self._processes: list[subprocess.Popen[bytes]] = []
        self._command(
            "scheduler", "--port", "0", "--host", "127.0.0.1", "--scheduler-file", str(self._file)
        )
        self.scheduler = self._processes[0]
        _wait_until(self._has_file)
        self.address = json.loads(self._file.read_text(encoding="utf-8"))["address"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._processes:
            _end(self._processes.pop())

    def start_worker(self, *, threads: int = 1, nanny: bool = True) -> Path:
        """Start a worker and return its folder."""
        self._n_started += 1
        folder = self.folder / f"machine-{self._n_started}"
        (folder / "tmp").mkdir(parents=True)
        self._command(
            "worker",
            self.address,
            "--nthreads",
            str(threads),
            "--local-directory",
            str(folder),
            "--nanny" if nanny else "--no-nanny",
            folder=folder,
        )
        return folder

    def wait_for_workers(self, n: int) -> None:
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(n, timeout=_START_SECONDS)

    def stop_worker(self) -> None:
        """End the worker that was started last."""
        _end(self._processes.pop())

    @property
    def worker_folders(self) -> list[Path]:
        return sorted(self.folder.glob("machine-*"))

    def _command(self, *arguments: str, folder: Path | None = None) -> None:
        folder = folder or self.folder
        given = os.environ.get("PYTHONPATH", "")
        paths = [*filter(None, [given]), str(ROOT), str(ROOT / "tests" / "helpers")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "TMPDIR": str(folder / "tmp"),
        }
        with (folder / f"{arguments[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._processes.append(process)

    def _has_file(self) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return bool(json.loads(self._file.read_text(encoding="utf-8")))
        return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    process.kill()
    process.wait()


def _wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(int(_START_SECONDS / 0.05)):
        if condition():
            return
        time.sleep(0.05)
    raise TimeoutError("the cluster did not start")
