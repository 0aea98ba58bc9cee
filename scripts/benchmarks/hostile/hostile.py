"""Hostile model files: mutants of valid files of every family, opened by processes of their own.

A mutant differs from a valid file in its values, types, structure or bytes. Each is loaded and
asked for predictions in a process with limits of time and memory. The table counts outcomes by
family: `refused` (in one line, before anything was built), `late` (in one line, at the prediction),
`predicted`, and what must not be: `crashed`, `hung`, `code` (a process, an import by pickle, a
socket or a file was opened), `memory` (too much of it was taken, or predictions depend on what
freed memory is filled with, which is how reads outside an array show) and `unforeseen` (an error
that is not metatune's, or a warning). Each of the latter is listed with its number, by which and
the seed it can be made again; the exit code is then 1.

    python scripts/benchmarks hostile --mutants 2000 --out results/hostile.csv
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click
import pandas as pd

from benchmarks import options
from benchmarks.hostile.families import make_models
from metatune.kinds import TaskKind

_SCRIPTS = Path(__file__).resolve().parents[2]
_OUTCOMES = {
    "refused": "refused",
    "refused late": "late",
    "predicted": "predicted",
    "crashed": "crashed",
    "hung": "hung",
    "ran code": "code",
    "out of memory": "memory",
    "read memory": "memory",
    "unforeseen": "unforeseen",
}
COLUMNS = list(dict.fromkeys(_OUTCOMES.values()))
_GOOD = ("refused", "late", "predicted")
_FILLINGS = ("85", "170")
"""Bytes that freed memory is filled with, in the first and in the second pass."""
_START_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Outcome of one mutant."""

    model: str
    number: int
    mutation: str
    outcome: str
    detail: str


@click.command(help=__doc__)
@click.option("--mutants", type=click.IntRange(1), default=2000, show_default=True)
@click.option("--patience", type=float, default=20.0, show_default=True, help="Seconds of each.")
@click.option("--only", type=options.several(), default="", help="Only these families.")
@options.seed
@options.out(None, "File of all outcomes.")
def hostile(
    mutants: int, patience: float, only: tuple[str, ...], seed: int, out: Path | None
) -> None:
    found: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        models = make_models(Path(folder), names=only)
        each = -(-mutants // len(models))
        for name, (kind, path) in models.items():
            passes = [_opened(name, path, kind, seed, each, f, patience) for f in _FILLINGS]
            found += [_together(*both) for both in zip(*passes, strict=True)]
            _show(found[-each:], name)
    table = pd.DataFrame(
        [{"family": f.model, "outcome": _OUTCOMES[f.outcome], "mutants": 1} for f in found]
    )
    counts = table.pivot_table(
        index="family", columns="outcome", values="mutants", aggfunc="sum", fill_value=0
    )
    click.echo(counts.reindex(columns=COLUMNS, fill_value=0).to_string())
    click.echo(f"{len(found):,} mutants: {table['outcome'].value_counts().to_dict()}")
    if out is not None:
        pd.DataFrame(found).to_csv(out, index=False)
    sys.exit(int(any(_OUTCOMES[f.outcome] not in _GOOD for f in found)))


def _show(found: list[Outcome], name: str) -> None:
    bad = [f for f in found if _OUTCOMES[f.outcome] not in _GOOD]
    click.echo(f"{name}: {len(found)} mutants, {len(bad)} bad", err=True)
    for each in bad:
        line = f"  {each.number} ({each.mutation}): {each.outcome}: {each.detail[:200]}"
        click.echo(line, err=True)


def _together(first: Outcome, second: Outcome) -> Outcome:
    """Return the outcome of a mutant that was opened twice."""
    if first.outcome == second.outcome == "predicted" and first.detail != second.detail:
        return Outcome(
            model=first.model,
            number=first.number,
            mutation=first.mutation,
            outcome="read memory",
            detail="its predictions depend on what freed memory holds",
        )
    return second if _OUTCOMES[first.outcome] in _GOOD else first


def _opened(
    name: str, path: Path, kind: TaskKind, seed: int, n_mutants: int, filling: str, patience: float
) -> list[Outcome]:
    """Open all mutants of a file, in as many processes as they end."""
    found: list[Outcome] = []
    while len(found) < n_mutants:
        found += _one_process(name, path, kind, seed, len(found), n_mutants, filling, patience)
    return found


def _one_process(
    name: str,
    path: Path,
    kind: TaskKind,
    seed: int,
    start: int,
    end: int,
    filling: str,
    patience: float,
) -> list[Outcome]:
    """Open mutants until all are done, or one has ended the process."""
    words = [str(path), str(kind), str(seed), str(start), str(end)]
    paths = os.pathsep.join([str(_SCRIPTS), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.hostile.opening", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, "MALLOC_PERTURB_": filling},
    )
    assert process.stdout is not None
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_pass_on, args=(process.stdout, lines), daemon=True).start()
    found: list[Outcome] = []
    number, mutation, seconds = start, "start", _START_SECONDS
    try:
        while True:
            said = json.loads(lines.get(timeout=seconds) or "{}")
            if not said:
                break
            if "begins" in said:
                number, mutation, seconds = said["begins"], said["mutation"], patience
                continue
            outcome = Outcome(
                model=name,
                number=number,
                mutation=mutation,
                outcome=said["outcome"],
                detail=said["detail"],
            )
            found.append(outcome)
        code = process.wait()
        if code == 0:
            return found
        if code > 0:
            raise click.ClickException(f"opening {name} failed after mutant {number}: exit {code}")
        ended, detail = "crashed", f"signal {-code}"
    except queue.Empty:
        process.kill()
        process.wait()
        ended, detail = "hung", f"longer than {seconds:.0f} s"
    if mutation == "start":
        raise click.ClickException(f"the valid model {name} ended its process: {detail}")
    return [
        *found,
        Outcome(model=name, number=number, mutation=mutation, outcome=ended, detail=detail),
    ]


def _pass_on(stream: IO[str], lines: "queue.Queue[str]") -> None:
    with stream:
        for line in stream:
            lines.put(line)
    lines.put("")
