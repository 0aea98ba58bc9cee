"""Harness that runs systems on tables, each in its own environment; it lies outside the repository.

What is asked of it: a file `systems.py` with `SYSTEMS` (a mapping of names to dicts with `env` and
`budgeted`) and `python_of(env)`, and a script `run.py` with the options `--systems`, `--datasets
CATALOGUE.csv:NAMES`, `--budget`, `--seeds`, `--out`, `--core`, `--harness-core`, `--stop-after`
and `--retry-failed`, which appends a line of JSON for each run and passes over those that are in
the file. Whoever needs the very rows asks its file `data.py`: `load_catalog("CATALOGUE.csv:NAME")`
returns the table's row of the catalogue, and `prepare(row, seed)` a dict of `X`, `y`, `Xt`, `yt`
(frames and targets, before and after the split), `target`, `task` and `categorical`.
"""

import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from benchmarks.races.errors import RaceError
from benchmarks.races.parts import Parts
from benchmarks.races.peers.runs import read_lines

__all__ = ["Harness", "RacedTable", "done_runs", "mend", "open_harness", "split_as_raced"]

_PATIENCE = 5.0  # seconds for the harness to clear up when it is stopped
_NEEDED = ("run.py", "systems.py")
_ASK = (
    "import json, sys; sys.path.insert(0, sys.argv[1]); import systems as s; "
    "print(json.dumps({n: [bool(v['budgeted']), s.python_of(v['env'])]"
    " for n, v in s.SYSTEMS.items()}))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Harness:
    """Harness that was found and asked for its systems.

    Attributes
    ----------
    folder : Path
        Where it lies.
    environment : dict of str to str
        Variables that it is started with.
    budgeted : dict of str to bool
        Whether each of the wanted systems takes a budget; the others run once.
    """

    folder: Path
    environment: dict[str, str]
    budgeted: dict[str, bool]

    def race(self, systems: Sequence[str], options: Sequence[str]) -> int:
        """Run the harness with options and return its exit code.

        Ctrl-C, SIGTERM and SIGHUP end it with all that it has started.
        """
        script = str(self.folder / "run.py")
        command = [sys.executable, script, "--systems", ",".join(systems), *options]
        with _stopped_as_interrupted():
            # in a session of its own, so that the end comes from here and reaches all of it
            process = subprocess.Popen(command, env=self.environment, start_new_session=True)
            try:
                return process.wait()
            except BaseException:
                _end(process)
                raise


def open_harness(
    folder: Path, systems: Sequence[str], *, environments: Path | None, python: Path | None
) -> Harness:
    """Find the harness, and make sure that it knows the systems and has their interpreters.

    Parameters
    ----------
    folder : Path
        Where it should lie.
    systems : sequence of str
        Who is to run.
    environments : Path or None
        Directory of the systems' environments; None for the variable BENCH_ENVS or the harness'
        own default.
    python : Path or None
        Interpreter that has metatune; None for the variable BENCH_PYTHON_METATUNE or this one.

    Raises
    ------
    RaceError
        If it is missing, does not know a system, or an environment is missing.
    """
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise RaceError(
            f"no harness in {folder}: {' and '.join(missing)} missing; name its folder with "
            "--harness DIR"
        )
    environment = dict(os.environ)
    if environments is not None:
        environment["BENCH_ENVS"] = str(environments.resolve())
    if python is not None:
        environment["BENCH_PYTHON_METATUNE"] = str(python.absolute())
    environment.setdefault("BENCH_PYTHON_METATUNE", sys.executable)
    known = _ask(folder, environment)
    strange = [name for name in systems if name not in known]
    if strange:
        raise RaceError(
            f"the harness does not know {', '.join(strange)}; it knows {', '.join(known)}"
        )
    absent = [f"{name} ({known[name][1]})" for name in systems if not Path(known[name][1]).exists()]
    if absent:
        raise RaceError(
            f"no interpreter for {', '.join(absent)}: make the environments as the harness' README "
            "says, name their directory with --environments DIR, or leave these systems out"
        )
    return Harness(
        folder=folder.resolve(),
        environment=environment,
        budgeted={name: bool(known[name][0]) for name in systems},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RacedTable:
    """Table as the systems of a race are given it.

    Attributes
    ----------
    parts : Parts
        Files of its rows before and after the split, with the target.
    target, kind : str
        What is predicted, and of which kind it is.
    """

    parts: Parts
    target: str
    kind: str


def split_as_raced(folder: Path, catalogue: Path, table: str, seed: int, work: Path) -> RacedTable:
    """Write both parts of a table below `work`, as the harness splits it.

    Raises
    ------
    RaceError
        If the harness has no file that splits tables.
    """
    if not (folder / "data.py").is_file():
        raise RaceError(f"no data.py in {folder}: the harness' own split of the tables is needed")
    data = runpy.run_path(str(folder / "data.py"))
    (row,) = data["load_catalog"](f"{catalogue.resolve()}:{table}")
    found = data["prepare"](row, seed)
    work.mkdir(parents=True, exist_ok=True)
    parts = Parts.below(work, table, seed)
    for path, X, y in ((parts.train, "X", "y"), (parts.test, "Xt", "yt")):
        declared = {name: found[X][name].astype("category") for name in found["categorical"]}
        frame: pd.DataFrame = found[X].assign(**declared, **{found["target"]: found[y]})
        frame.to_parquet(path, index=False)
    return RacedTable(parts=parts, target=found["target"], kind=found["task"])


def mend(out: Path) -> None:
    """Cut off a last line that was not finished, so that the harness can read the file."""
    if not out.is_file():
        return
    text = out.read_bytes()
    if text and not text.endswith(b"\n"):
        whole = text[: text.rfind(b"\n") + 1]
        out.write_bytes(whole)
        print(f"{out}: the last line was not finished, its run is done again", flush=True)


def done_runs(out: Path, *, retry_failed: bool) -> set[tuple[str, int, float, str]]:
    """Return table, seed, budget and system of the runs that the harness will pass over."""
    if not out.is_file():
        return set()
    records = [record for _, record in read_lines(out)]
    if any("dataset" not in record for record in records):
        raise RaceError(f"{out} is not output of the harness: name another file with --out")
    return {
        (r["dataset"], r["seed"], float(r["budget"]), r["system"])
        for r in records
        if r["status"] == "ok" or not retry_failed
    }


def _ask(folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Ask the harness for its systems: whether they take a budget, and their interpreters."""
    asked = subprocess.run(
        [sys.executable, "-c", _ASK, str(folder.resolve())],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode != 0:
        reason = (asked.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RaceError(f"the systems of the harness in {folder} cannot be listed: {reason}")
    return dict(json.loads(asked.stdout))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the harness and all that it has started, the workers' own sessions included.

    The harness goes first, or it would write down that the worker has failed; it is asked, so that
    it clears up.
    """
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for one in family:
        with suppress(psutil.NoSuchProcess):
            one.kill()


@contextmanager
def _stopped_as_interrupted() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into the exception of Ctrl-C, for as long as the harness runs."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    # what is ignored stays so: a race that was started by nohup outlives its terminal
    before = {
        number: signal.signal(number, interrupt)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
