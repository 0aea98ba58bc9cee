"""Wall clock of whole `metatune fit` commands, from process start to exit, against their budgets.

Tables of all task kinds are generated, some come from a catalogue, and further ones can be named as
FILE or FILE::TARGET; the overrun of each command is printed, and tables of overruns by budget and
by rows. Each may take its budget + 1 s + 2 %. What is measured once is not measured again, so the
same command continues where --minutes stopped it: by default 228 commands, about two and a half
hours.

    python scripts/benchmarks budgets --catalogue ../shared/datasets/catalog.csv
"""

import random
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks import options
from benchmarks.races.tables import choose_tables
from benchmarks.runs.command import fit
from benchmarks.runs.made_up import TARGET, make_table
from benchmarks.runs.overruns import Measured, append_measured, overrun_tables, read_measured
from metatune.budget import Deadline
from metatune.building.catalogue import read_catalogue
from metatune.kinds import TaskKind

N_COLUMNS = 20
SEED = 0


@dataclass(frozen=True, kw_only=True)
class Case:
    """A table to be measured on.

    Attributes
    ----------
    path : Path
        Its file; a generated one is made when it is needed.
    rows : int
        As far as known beforehand; 0 else.
    target : str
        Name of the target; empty to let the command find it.
    kind : TaskKind or None
        Of a generated table.
    """

    path: Path
    rows: int = 0
    target: str = ""
    kind: TaskKind | None = None

    def provide(self) -> None:
        """Make the file if it is to be generated."""
        if self.kind is None or self.path.is_file():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        table = make_table(self.rows, N_COLUMNS, kind=str(self.kind), seed=SEED)
        table.to_csv(part, index=False)
        part.rename(self.path)


@click.command(help=__doc__)
@click.argument("files", nargs=-1)
@options.catalogue(required=False)
@options.tables(20)
@click.option(
    "--sizes",
    type=options.several(int),
    default="200,1000,5000,20000,100000,500000",
    show_default=True,
    help="Rows of generated tables.",
)
@click.option(
    "--budgets",
    "wanted",
    type=options.several(float),
    default="5,10,20,30,60,120",
    show_default=True,
    help="Seconds.",
)
@options.jobs
@options.out("results/budgets", "Directory of tables and results.")
@options.minutes
@options.list_only
def budgets(files: tuple[str, ...], out: Path, jobs: int, **given: Any) -> None:
    results = out / "budgets.csv"
    known = {measured.key for measured in read_measured(results)}
    cases = [*named(files), *generated(given["sizes"], out / "tables")]
    if given["catalogue"] is not None:
        cases += from_catalogue(given["catalogue"], given["n_tables"])
    todo = [(c, b) for c in cases for b in given["wanted"] if (c.path.name, b, jobs) not in known]
    random.Random(SEED).shuffle(todo)  # what is stopped early has seen all sizes
    hours = sum(budget for _, budget in todo) / 3600
    print(f"{len(known)} commands are measured, {len(todo)} are left: about {hours:.1f} hours")
    if given["list_only"]:
        return
    deadline = Deadline.after(given["minutes"] * 60)
    for case, budget in todo:
        if deadline.passed():
            break
        measured = measure(case, budget, jobs)
        append_measured(results, measured)
        print(line(measured), flush=True)
    measured_all = read_measured(results)
    if measured_all:
        text = overrun_tables(measured_all)
        (out / "budgets.md").write_text(text, encoding="utf-8")
        print(f"\n{text}")


def named(files: tuple[str, ...]) -> Iterator[Case]:
    for file in files:
        path, _, target = file.partition("::")
        yield Case(path=Path(path), target=target)


def generated(sizes: Iterable[int], folder: Path) -> Iterator[Case]:
    for rows in sizes:
        for kind in TaskKind:
            path = folder / f"{kind}-{rows}.csv"
            yield Case(path=path, rows=rows, target=TARGET, kind=kind)


def from_catalogue(path: Path, n_tables: int) -> Iterator[Case]:
    for entry in choose_tables(read_catalogue(path), n_tables):
        yield Case(path=entry.path, rows=entry.n_rows, target=entry.target)


def measure(case: Case, budget: float, jobs: int) -> Measured:
    case.provide()
    with tempfile.TemporaryDirectory() as folder:
        found = fit(
            case.path, target=case.target, budget=budget, jobs=jobs, output=Path(folder) / "run"
        )
    if not found.record:
        print(found.stderr.strip()[-300:])
    return Measured(
        table=case.path.name,
        rows=int(found.record.get("n_rows") or case.rows),
        budget=budget,
        seconds=round(found.seconds, 3),
        jobs=jobs,
        exit_code=found.exit_code,
        trials=int(found.record.get("trials", {}).get("finished", 0)),
    )


def line(measured: Measured) -> str:
    verdict = "" if measured.kept else "  NOT KEPT"
    return (
        f"{measured.table:<36} {measured.rows:>7} rows {measured.budget:>5g} s "
        f"{measured.overrun:+7.2f} s, {measured.trials} trials, exit {measured.exit_code}{verdict}"
    )
