"""Runs that are killed with all their processes at random instants and resumed: what is lost.

Each run is a `metatune fit --resume` on a generated table that is killed (SIGKILL to its process
group) up to three times and then repeated until it ends; a row of findings is printed for each, and
the count of runs without a loss. Columns: `lost` (the journal before a kill is not the beginning of
the one after it), `repeated` (trials of a configuration at a rung with two lines), `model` (after a
kill a model that exists loads and predicts; at the end there is one), `strays` (processes of the
run that are left), `scratch` (scratch directories that are left), `over` (the seconds by which the
last command exceeded what was left of the budget when it started).

Where less was left than the command needs to start and to read the table (--grace), `over` is shown
but not judged.

    python scripts/benchmarks kills --runs 100 --seconds 8 --out results/kills.csv
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import psutil

from benchmarks import options
from benchmarks.runs.made_up import TARGET, make_table
from metatune.budget import Stopwatch
from metatune.errors import BundleError
from metatune.models import model_file
from metatune.storage.directory import RunDirectory
from metatune.storage.resume import find_earlier

_MARK = "METATUNE_CHECK_KILLS"
N_COLUMNS = 7
_KINDS = ("binary", "multiclass", "regression")
COLUMNS = ["run", "kind", "rows", "kills", "at", "trials", "lost", "repeated", "model", "strays"]
COLUMNS += ["scratch", "exit", "left", "over", "good", "said"]


@dataclass(slots=True)
class Findings:
    """Losses and strays seen of one run."""

    kills: int = 0
    at: list[str] = field(default_factory=list)
    lost: int = 0
    broken_models: int = 0
    strays: int = 0


@click.command(help=__doc__)
@click.option("--runs", type=int, default=10, show_default=True)
@options.seconds(8)
@options.jobs
@options.seed
@click.option("--grace", type=float, default=5.0, show_default=True, help="See above.")
@click.option("--judge-time/--no-judge-time", default=True, show_default=True)
@options.out(None, "File of the table.")
def kills(
    runs: int,
    seconds: float,
    jobs: int,
    seed: int,
    grace: float,
    judge_time: bool,
    out: Path | None,
) -> None:
    rows = []
    for number in range(runs):
        row = check(number, seconds, jobs, np.random.default_rng([seed, number]))
        in_time = not judge_time or row["left"] < grace or row["over"] <= 1.0 + 0.02 * seconds
        clean = not any(row[name] for name in ("lost", "repeated", "strays", "scratch"))
        row["good"] = bool(clean and row["model"] and row["exit"] in (0, 3) and in_time)
        rows.append(row)
        table = pd.DataFrame(rows, columns=COLUMNS)
        print(table.tail(1).to_string(index=False, header=number == 0), flush=True)
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            table.to_csv(out, index=False)
    good = sum(row["good"] for row in rows)
    print(f"{good} of {runs} runs without a loss, {sum(row['kills'] for row in rows)} kills")
    raise SystemExit(0 if good == runs else 1)


def check(number: int, seconds: float, jobs: int, rng: np.random.Generator) -> dict[str, Any]:
    kind = _KINDS[number % len(_KINDS)]
    n_rows = int(rng.choice([150, 800, 4_000]))
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        data, run, scratch = (Path(folder) / name for name in ("table.csv", "run", "scratch"))
        scratch.mkdir()
        table = make_table(n_rows, N_COLUMNS, kind=kind, seed=number)
        table.to_csv(data, index=False)
        command = [sys.executable, "-m", "metatune", "fit", str(data), "--target", TARGET]
        command += ["--budget", f"{seconds}s", "--output", str(run), "--jobs", str(jobs), "-q"]
        command += ["--seed", str(number), "--resume"]
        found = Findings()
        for _ in range(int(rng.integers(1, 4))):
            if not kill_once(command, run, table, scratch, float(rng.uniform(0.3, seconds)), found):
                break
        earlier = find_earlier(RunDirectory(run))
        left = seconds - (0.0 if earlier is None else earlier.used)
        before = journal(run)
        watch = Stopwatch()
        with started(command, scratch) as process:
            _, said = process.communicate(timeout=20 * seconds + 120)
        code = process.returncode
        spent = watch.seconds()
        found.lost += not journal(run).startswith(before)
        found.strays += count_strays(process)
        return {
            "run": number,
            "kind": kind,
            "rows": n_rows,
            "kills": found.kills,
            "at": " ".join(found.at),
            "trials": journal(run).count(b"\n"),
            "lost": found.lost,
            "repeated": count_repeated(run),
            "model": not found.broken_models and works(run, table),
            "strays": found.strays,
            "scratch": len(list(scratch.glob("metatune-*"))),
            "exit": code,
            "left": round(left, 1),
            "over": round(spent - max(left, 0.0), 1),
            "said": said.decode().strip().rpartition("\n")[2] if code else "",
        }


def kill_once(
    command: list[str],
    run: Path,
    table: pd.DataFrame,
    scratch: Path,
    after: float,
    found: Findings,
) -> bool:
    """Start the command and kill it; False if it ended before."""
    before = journal(run)
    with started(command, scratch) as process:
        try:
            process.wait(timeout=after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        killed = process.wait() == -signal.SIGKILL
    found.strays += count_strays(process)
    found.lost += not journal(run).startswith(before)
    if killed:
        found.kills += 1
        found.at.append(f"{after:.1f}")
    if (run / model_file.MODEL_FILE).exists() and not works(run, table):
        found.broken_models += 1
    return killed


@contextmanager
def started(command: list[str], scratch: Path) -> "Iterator[subprocess.Popen[bytes]]":
    environment = {**os.environ, "TMPDIR": str(scratch), _MARK: str(scratch)}
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,  # quiet: no more than a line
        start_new_session=True,
    ) as process:
        process.mark = str(scratch)  # type: ignore[attr-defined]
        yield process


def count_strays(process: "subprocess.Popen[bytes]") -> int:
    """Count processes of an ended run that are alive after a while."""
    watch = Stopwatch()
    while left := list(marked(process.mark)):  # type: ignore[attr-defined]
        if watch.seconds() > 20:
            return len(left)
        psutil.wait_procs(left, timeout=0.2)
    return 0


def marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and process.environ().get(_MARK) == mark:
                yield process


def journal(run: Path) -> bytes:
    """Return the finished lines."""
    path = run / "trials.jsonl"
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def count_repeated(run: Path) -> int:
    lines = [json.loads(line) for line in journal(run).splitlines()]
    tried = [
        (line["algorithm"], json.dumps(line["params"], sort_keys=True), line["rung"])
        for line in lines
    ]
    return len(tried) - len(set(tried)) + len(lines) - len({line["trial"] for line in lines})


def works(run: Path, table: pd.DataFrame) -> bool:
    try:
        predicted = model_file.load(run).predict(table.drop(columns=TARGET).head(20))
    except (BundleError, ValueError):
        return False
    return len(predicted) == 20
