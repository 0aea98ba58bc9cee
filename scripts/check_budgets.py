"""Measure the wall clock of whole `metatune fit` commands against their budgets.

    python scripts/check_budgets.py --catalogue ../shared/datasets/catalog.csv

Each command may take its budget + 1 s + 2 %, from the start of the process to its end. Tables of
200 to 500,000 rows are generated, of all task kinds, and some of every size come from a catalogue
where one is given; further ones can be named, as FILE or FILE::TARGET. What is measured once is not
measured again, so the same command continues where --minutes stopped it: by default 228 commands,
about two and a half hours. Nothing else should run on the machine meanwhile.
"""

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from measuring.command import fit
from measuring.made_up import TARGET, make_table
from measuring.overruns import Measured, append_measured, overrun_tables, read_measured
from races.tables import choose_tables

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
@click.option("--catalogue", type=click.Path(path_type=Path), help="Of further tables.")
@click.option("--tables", type=int, default=20, show_default=True, help="So many of them.")
@click.option("--sizes", default="200,1000,5000,20000,100000,500000", show_default=True)
@click.option("--budgets", default="5,10,20,30,60,120", show_default=True, help="Seconds.")
@click.option("--jobs", type=int, default=2, show_default=True)
@click.option("--work", type=click.Path(path_type=Path), default=Path("results/budgets"))
@click.option("--minutes", type=float, default=float("inf"), help="Start nothing after so many.")
@click.option("--list", "list_only", is_flag=True, help="Only say what would be measured.")
def main(**given: Any) -> None:
    work: Path = given["work"]
    results = work / "budgets.csv"
    known = {measured.key for measured in read_measured(results)}
    cases = [*named(given["files"]), *generated(given["sizes"], work / "tables")]
    if given["catalogue"] is not None:
        cases += from_catalogue(given["catalogue"], given["tables"])
    budgets = [float(text) for text in given["budgets"].split(",")]
    todo = [(c, b) for c in cases for b in budgets if (c.path.name, b, given["jobs"]) not in known]
    random.Random(SEED).shuffle(todo)  # what is stopped early has seen all sizes
    hours = sum(budget for _, budget in todo) / 3600
    print(f"{len(known)} commands are measured, {len(todo)} are left: about {hours:.1f} hours")
    if given["list_only"]:
        return
    deadline = Deadline.after(given["minutes"] * 60)
    for case, budget in todo:
        if deadline.passed():
            break
        measured = measure(case, budget, given["jobs"])
        append_measured(results, measured)
        print(line(measured), flush=True)
    measured_all = read_measured(results)
    if measured_all:
        text = overrun_tables(measured_all)
        (work / "budgets.md").write_text(text, encoding="utf-8")
        print(f"\n{text}")


def named(files: tuple[str, ...]) -> Iterator[Case]:
    for file in files:
        path, _, target = file.partition("::")
        yield Case(path=Path(path), target=target)


def generated(sizes: str, folder: Path) -> Iterator[Case]:
    for rows in map(int, filter(None, sizes.split(","))):
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


if __name__ == "__main__":
    main()
