"""Process that opens one mutant after another and says what became of it; see `hostile`.

It is told a file, the number of mutants, and which to begin with, and writes a line of JSON before
and after each. Whatever a mutant does to this process, the one that reads the lines knows of which.
"""

import json
import os
import resource
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, TextIO
from zlib import crc32

import numpy as np
import psutil

from benchmarks.hostile.families import TARGET, make_rows
from benchmarks.hostile.mutations import mutant
from metatune.cli.model import predicting
from metatune.errors import InputError
from metatune.kinds import TaskKind
from metatune.models import model_file

_MEMORY = 2_000_000_000  # beside what the valid model has taken
_FORBIDDEN = (
    *("os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "subprocess.Popen"),
    *("pickle.find_class", "ctypes.dlopen", "socket.connect", "socket.bind"),
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.symlink", "shutil.rmtree"),
)
_armed = False
_trespasses: list[str] = []


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    """Note what a model file must never bring about."""
    if not _armed:
        return
    if event in _FORBIDDEN:
        _trespasses.append(event)
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        _trespasses.append(f"open {arguments[0]} to write")


def main(path: Path, kind: TaskKind, seed: int, start: int, end: int) -> None:
    """Open the mutants from `start` to `end`, and predict."""
    global _armed  # noqa: PLW0603  # the listener cannot be taken away again
    rows = make_rows(kind, 40, seed=1).drop(columns=TARGET)
    content, own = path.read_bytes(), crc32(path.stem.encode())
    model_file.load(path).predict(rows)  # what is imported late is imported now
    limit = psutil.Process().memory_info().vms + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    sys.addaudithook(_listen)
    # What compiled code prints must not come between the lines that are read.
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with lines, tempfile.TemporaryDirectory() as folder:
        for number in range(start, end):
            what, changed = mutant(content, np.random.default_rng([seed, number, own]))
            file = Path(folder) / "mutant.skops"
            file.write_bytes(changed)
            _say(lines, begins=number, mutation=what)
            _trespasses.clear()
            _armed = True
            outcome, detail = _opened(file, rows)
            _armed = False
            if _trespasses:
                outcome, detail = "ran code", ", ".join(_trespasses)
            _say(lines, ends=number, outcome=outcome, detail=detail)


def _say(lines: TextIO, **said: Any) -> None:
    print(json.dumps(said), file=lines, flush=True)


def _opened(file: Path, rows: Any) -> tuple[str, str]:
    """Return the outcome, and an error's line or the predictions."""
    stage = "refused"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = model_file.load(file)
            stage = "refused late"
            with predicting(str(file)):
                predicted = model.predict(rows)
        except InputError as error:
            return _line(stage, error)
        except MemoryError as error:
            return "out of memory", str(error)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is counted
            return "unforeseen", f"{type(error).__name__}: {error}"
    loud = [str(w.message) for w in caught if not w.category.__module__.startswith("metatune.")]
    if loud:
        return "unforeseen", f"warning: {loud[0]}"
    return "predicted", " ".join(map(str, np.asarray(predicted).tolist()))


def _line(outcome: str, error: Exception) -> tuple[str, str]:
    text = str(error)
    return (outcome if text.isprintable() else "unforeseen"), text


if __name__ == "__main__":
    main(Path(sys.argv[1]), TaskKind(sys.argv[2]), *(int(word) for word in sys.argv[3:6]))
