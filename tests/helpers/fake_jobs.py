"""Functions that the tests run as jobs: well-behaved ones, and ones that misbehave on purpose."""

import ctypes
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metatune.evaluation.trial import Trial, TrialResult


def double(x: int) -> int:
    return 2 * x


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def hold_interpreter(seconds: float) -> None:
    """Sleep in compiled code that does not let other threads run."""
    ctypes.PyDLL(None).sleep(seconds)


def kill_self(number: int) -> None:
    os.kill(os.getpid(), number)


def exit_now(code: int) -> None:
    os._exit(code)


def raise_error(text: str) -> None:
    raise ValueError(text)


def raise_memory_error() -> None:
    raise MemoryError


def allocate(gigabytes: float) -> int:
    """Hold more and more memory, in steps of 20 MB."""
    held = []
    for _ in range(int(gigabytes * 50)):
        held.append(os.urandom(10_000) * 2_000)
        time.sleep(0.002)
    return len(held)


_kept: list[bytes] = []


def keep(gigabytes: float) -> None:
    """Leave memory behind, as a library that leaks would."""
    _kept.append(os.urandom(10_000) * int(gigabytes * 100_000))


def allocate_in_child(gigabytes: float) -> None:
    code = f"import time; held = b'x' * int({gigabytes} * 1e9); time.sleep(60)"
    subprocess.run([sys.executable, "-c", code], check=True)


def leave_child_behind(pid_file: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path(pid_file).write_text(str(child.pid), encoding="utf-8")
    time.sleep(60)


def unpicklable() -> Callable[[], int]:
    return lambda: 1


def be_noisy() -> None:
    sys.stdout.write("a line on stdout\n")
    sys.stderr.write("a line on stderr\n")
    warnings.warn("a warning", stacklevel=1)
    sys.stdout.flush()


def circumstances() -> dict[str, object]:
    """Tell what a job sees around itself."""
    from threadpoolctl import threadpool_info

    return {
        "pid": os.getpid(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "pools": [pool["num_threads"] for pool in threadpool_info()],
        "interrupt": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
        "main_file": getattr(sys.modules["__main__"], "__file__", None),
    }


def meet(own: str, other: str) -> bool:
    """Leave a mark and wait until the other job has left its mark too."""
    Path(own).touch()
    for _ in range(500):
        if Path(other).exists():
            return True
        time.sleep(0.01)
    return False


def evaluate(_inbox: str, _outbox: str, trial: "Trial", *_rules: object) -> "TrialResult":
    """Stand in for the evaluation of a trial: do what its configuration says."""
    from metatune.evaluation.trial import TrialResult, TrialStatus

    params: dict[str, Any] = dict(trial.configuration.params)
    misbehaviour: dict[str, Callable[[], object]] = {
        "nothing": lambda: None,
        "hang": lambda: time.sleep(600),
        "die": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "allocate": lambda: allocate(10),
        "raise": lambda: raise_error("no luck"),
    }
    misbehaviour[params.get("do", "nothing")]()
    time.sleep(params.get("seconds", 0.0))
    return TrialResult(
        trial=trial,
        status=TrialStatus.OK,
        score=params["quality"],
        seconds=params.get("seconds", 0.0),
    )


def leave_files(inbox: str, outbox: str) -> dict[str, str | int]:
    """Copy the inbox into the outbox, and tell where this was."""
    for path in Path(inbox).rglob("*"):
        if path.is_file():
            target = Path(outbox) / "seen" / path.relative_to(inbox)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return {"inbox": inbox, "outbox": outbox, "cwd": str(Path.cwd()), "pid": os.getpid()}


def write_and_fail(_inbox: str, outbox: str) -> None:
    (Path(outbox) / "file").write_text("written", encoding="utf-8")
    raise ValueError("after writing")


def write_and_hang(_inbox: str, outbox: str) -> None:
    (Path(outbox) / "file").write_text("written", encoding="utf-8")
    time.sleep(600)


def hang_the_first_time(mark: str) -> str:
    """Note each attempt in a file; only the second one ends."""
    with Path(mark).open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")
    if len(Path(mark).read_text(encoding="utf-8").splitlines()) < 2:
        time.sleep(600)
    return "done"


def kill_host(mark: str) -> None:
    """Kill the Dask worker that this process serves: its fork server's parent."""
    import psutil

    with Path(mark).open("a", encoding="utf-8") as file:
        file.write("attempt\n")
    os.kill(psutil.Process().parents()[1].pid, signal.SIGKILL)
    time.sleep(600)
