"""Race of ways of searching against each other, on tables that the meta-dataset has never seen.

Every strategy (random search, a cost-aware portfolio, metatune with and without its posterior) runs
at every budget with one job on every table, a third of whose rows are held out to judge the saved
model and the best single pipeline of the same run; tables and plots of normalised scores and duels
are printed and written.

The families of the raced tables are taken out of the meta-dataset in groups, its models fitted
anew. A run that is done is not done again, so the same command continues where --minutes stopped
it. On n cores, n runs of one job at once (--jobs-at-once) hinder each other a little, all
strategies alike.

    python scripts/benchmarks race --catalogue ../shared/datasets/catalog.csv --out results/race
"""

import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks import options
from benchmarks.races.entrant import Entry
from benchmarks.races.jobs import run_job
from benchmarks.races.parts import write_parts
from benchmarks.races.plots import plot_race, plot_tables
from benchmarks.races.records import Run, append_record, read_records
from benchmarks.races.reduced import digest, reduced_metadata
from benchmarks.races.standings import duels, normalised, standings, usual_pairs
from benchmarks.races.tables import RaceTable, choose_from_packs, in_groups
from benchmarks.races.variants import USUAL, VARIANTS
from metatune.budget import Deadline
from metatune.building.catalogue import read_catalogue
from metatune.metadataset.store import find_metadata

GRACE = 120.0  # seconds beyond the budget, for judging, after which a run counts as hanging


@dataclass(frozen=True, kw_only=True)
class Race:
    """One race: where it lies and what takes part.

    Attributes
    ----------
    work : Path
        Directory of everything that is kept.
    metadata : Path
        The whole meta-dataset.
    tables : list of RaceTable
        Where it is run.
    strategies : tuple of str
        Who takes part.
    budgets : tuple of float
        Seconds.
    seeds : tuple of int
        Splits and runs.
    at_once : int
        Runs at the same time.
    """

    work: Path
    metadata: Path
    tables: list[RaceTable]
    strategies: tuple[str, ...]
    budgets: tuple[float, ...]
    seeds: tuple[int, ...]
    at_once: int

    @property
    def results(self) -> Path:
        """The file of records."""
        return self.work / "runs.jsonl"

    def families(self, group: int) -> set[str]:
        """Return what the meta-dataset of a group must not know."""
        return {table.entry.family for table in self.tables if table.group == group}

    def runs(self) -> Iterator[tuple[RaceTable, Run]]:
        """Go through all runs: those of a table together, in a shuffled order of strategies."""
        for table in self.tables:
            known = digest(self.metadata, self.families(table.group))
            for seed in self.seeds:
                of_table = [(name, b) for name in self.strategies for b in self.budgets]
                random.Random(f"{table.entry.name}-{seed}").shuffle(of_table)
                for name, budget in of_table:
                    yield (
                        table,
                        Run(
                            table=table.entry.name,
                            strategy=name,
                            budget=budget,
                            seed=seed,
                            metadata=known,
                        ),
                    )

    def entry(self, table: RaceTable, run: Run) -> Entry:
        """Prepare what a run needs, and return what it has to do."""
        parts = write_parts(table.entry, self.work / "tables", run.seed)
        metadata = reduced_metadata(self.metadata, self.families(table.group), self.work)
        return Entry(
            strategy=run.strategy,
            train=str(parts.train.resolve()),
            test=str(parts.test.resolve()),
            target=table.entry.target,
            kind=str(table.entry.kind),
            budget=run.budget,
            seed=run.seed,
            metadata=str(metadata.resolve()),
            at_once=self.at_once,
        )


@click.command(help=__doc__)
@options.catalogue()
@options.out("results/race", "Directory of everything that is kept.")
@options.metadata
@options.tables(35)
@options.only
@click.option(
    "--packs",
    type=options.several(),
    default="pmlb",
    show_default=True,
    help="Folders of the catalogue's files, whose tables are taken in turn.",
)
@click.option("--groups", type=int, default=5, show_default=True, help="Reduced meta-datasets.")
@click.option(
    "--variants",
    type=options.several(click.Choice(list(VARIANTS))),
    default=",".join(USUAL),
    show_default=True,
)
@click.option(
    "--budgets",
    type=options.several(float),
    default="10,20,30,60",
    show_default=True,
    help="Seconds.",
)
@click.option("--seeds", type=options.several(int), default="0", show_default=True)
@click.option("--jobs-at-once", type=int, default=1, show_default=True)
@options.minutes
@click.option("--retry", is_flag=True, help="Run again what failed.")
@options.list_only
def race(**given: Any) -> None:
    whole = plan_race(given)
    done = read_records(whole.results)
    todo = [
        (table, run)
        for table, run in whole.runs()
        if (not given["only"] or table.entry.name in given["only"])
        and (run not in done or (given["retry"] and "error" in done[run]))
    ]
    if given["list_only"]:
        show_list(whole, todo)
        return
    whole.work.mkdir(parents=True, exist_ok=True)
    run_all(whole, todo, Deadline.after(given["minutes"] * 60))
    report(whole)


def plan_race(given: Mapping[str, Any]) -> Race:
    """Return the race that options describe."""
    catalogue = read_catalogue(given["catalogue"])
    entries = choose_from_packs(catalogue, given["n_tables"], given["packs"])
    return Race(
        work=given["out"],
        metadata=given["metadata"] or find_metadata(),
        tables=in_groups(entries, given["groups"]),
        strategies=given["variants"],
        budgets=given["budgets"],
        seeds=given["seeds"],
        at_once=given["jobs_at_once"],
    )


def show_list(race: Race, todo: list[tuple[RaceTable, Run]]) -> None:
    for table in race.tables:
        entry = table.entry
        print(
            f"group {table.group}  {entry.name:<36} {entry.family:<28} {entry.kind:<11}"
            f"{entry.n_rows:>7} rows {entry.n_columns:>4} columns"
        )
    hours = sum(run.budget + 5 for _, run in todo) / race.at_once / 3600
    print(f"{len(todo)} runs to do, about {hours:.1f} hours")


def run_all(race: Race, todo: list[tuple[RaceTable, Run]], deadline: Deadline) -> None:
    """Run what is to do, as many at once as asked for; what it needs is made beforehand."""
    for table, run in todo:
        if not deadline.passed():
            race.entry(table, run)

    def work(place: tuple[RaceTable, Run]) -> None:
        table, run = place
        if deadline.passed():
            return
        result = run_one(race.entry(table, run))
        facts = {
            "family": table.entry.family,
            "kind": str(table.entry.kind),
            "rows": table.entry.n_rows,
            "at_once": race.at_once,
        }
        record = append_record(race.results, run, facts | result)
        print(line(record), flush=True)

    with ThreadPoolExecutor(race.at_once) as pool:
        list(pool.map(work, todo))


def run_one(entry: Entry) -> dict[str, Any]:
    """Run an entrant; what goes wrong becomes its result."""
    return run_job("benchmarks.races.entrant", entry.text(), seconds=entry.budget + GRACE)


def line(record: dict[str, Any]) -> str:
    what = f"{record['table']:<34} {record['strategy']:<10} {record['budget']:>5g} s"
    if "error" in record:
        return f"{what}  {record['error']}"
    return (
        f"{what}  {record['metric']} {record['score']:.5f}, single {record['single']:.5f}, "
        f"constant {record['constant']:.5f}; {record['trials']} trials, {record['seconds']:.1f} s"
    )


def report(race: Race) -> None:
    """Write tables and plots of what has been run on the meta-datasets of today."""
    done = read_records(race.results)
    records = [done[run] for _, run in race.runs() if run in done]
    scores = normalised(records)
    if scores.empty:
        print("nothing has been run yet")
        return
    n_failed = sum("error" in record for record in records)
    text = "\n".join(
        [
            standings(scores),
            "",
            f"{len(records)} runs of one job, {most_at_once(records)} at once at most; "
            f"{n_failed} failed and count as the constant prediction.",
            "",
            "Tables of each duel are those that both have run; the sign test leaves ties out:",
            "",
            duels(scores, usual_pairs(scores)),
            "",
        ]
    )
    print(text)
    (race.work / "race.md").write_text(text, encoding="utf-8")
    print(plot_race(race.work / "race.png", scores, records))
    longest = max(race.budgets)
    if ("metatune", longest) in scores:
        print(plot_tables(race.work / "tables.png", scores, longest))


def most_at_once(records: list[dict[str, Any]]) -> int:
    return max((record["at_once"] for record in records), default=1)
