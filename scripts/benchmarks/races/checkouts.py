"""Checkouts of metatune against each other: whole commands, in pairs, on rows held out.

Each table is split once for a seed; `metatune fit` of every checkout then runs on the same rows
with one job on one core, one right after the other in a shuffled order (or, with --at-once, each on
a core of its own at the same moment, which is as fair and takes half the time). The saved model is
judged by `metatune evaluate` of its own checkout on the third of the rows that was held out. A run
that is done is not done again.

Besides the held-out scores the table tells what a run was worth: configurations evaluated in full,
seconds until the first result, members of the ensemble, families among them.

    python scripts/benchmarks checkouts --catalogue CATALOGUE.csv --checkout old=../before
        --checkout new=. --budgets 10,60 --out results/checkouts
"""

import json
import os
import shutil
import statistics
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import click
import pandas as pd

from benchmarks import options
from benchmarks.races.jobs import JobError, run_command
from benchmarks.races.parts import Parts, write_parts
from benchmarks.races.records import Run, append_record, read_records
from benchmarks.races.standings import duels, normalised, standings
from benchmarks.recipes.recipes import choose_entries
from metatune.budget import Deadline, Stopwatch
from metatune.building.catalogue import CatalogueEntry

GRACE = 120.0  # seconds beyond the budget, after which a command counts as hanging
FULL_FOLDS = 5  # a trial on all rows of so many folds is a full evaluation
REFERENCE = "lightgbm"
_NOTHING_BEAT_THE_CONSTANT = 3  # exit code of a fit whose model is the constant


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """Commands of all checkouts on one table, with one budget and seed."""

    entry: CatalogueEntry
    budget: float
    seed: int


def named_path(text: str) -> tuple[str, Path]:
    """Return the name and the folder of ``NAME=FOLDER``."""
    name, equals, folder = text.partition("=")
    if not (name and equals and Path(folder, "metatune", "__init__.py").is_file()):
        raise click.BadParameter(f"{text}: write NAME=FOLDER, with a folder that holds metatune/")
    return name, Path(folder).resolve()


@click.command(help=__doc__)
@options.catalogue()
@click.option("--checkout", "checkouts", type=named_path, multiple=True, required=True)
@options.tables(12)
@options.only
@click.option(
    "--packs", type=options.several(), default="", help="Only files that start like this."
)
@click.option("--kinds", type=options.several(), default="", help="Only tables of these kinds.")
@click.option("--min-rows", type=int, default=500, show_default=True, help="Of a table.")
@click.option("--max-rows", type=int, default=75_000, show_default=True, help="Of a table.")
@click.option("--unknown-to", type=options.DIRECTORY, help="No table of this meta-dataset.")
@click.option("--budgets", type=options.several(float), default="10,60", show_default=True)
@click.option("--seeds", type=options.several(int), default="0", show_default=True)
@click.option("--at-once", is_flag=True, help="All checkouts at the same moment, a core each.")
@options.minutes
@options.list_only
@options.out("results/checkouts", "Directory of everything that is kept.")
def checkouts(checkouts: tuple[tuple[str, Path], ...], out: Path, **given: Any) -> None:
    folders = dict(checkouts)
    meetings = list(plan_meetings(**given))
    results = out / "runs.jsonl"
    out.mkdir(parents=True, exist_ok=True)
    deadline = Deadline.after(given["minutes"] * 60)
    for meeting in meetings:
        done = read_records(results)
        todo = [name for name in folders if key(name, meeting) not in done]
        if given["list_only"]:
            print(f"{meeting.entry.name:<36} {meeting.budget:g} s: {', '.join(todo) or 'done'}")
        elif todo and not deadline.passed():
            parts = write_parts(meeting.entry, out / "tables", meeting.seed)
            for name, result in run_all(todo, folders, meeting, parts, out, given["at_once"]):
                print(line(append_record(results, key(name, meeting), result)), flush=True)
    report(out, list(folders), meetings)


def plan_meetings(
    *,
    budgets: tuple[float, ...],
    seeds: tuple[int, ...],
    n_tables: int,
    max_rows: int,
    unknown_to: Path | None,
    **given: Any,
) -> Iterator[Meeting]:
    """Go through tables, seeds and budgets, the same ones every time."""
    known = set() if unknown_to is None else known_families(unknown_to)
    entries = [
        entry
        for entry in choose_entries(n_tables=sys.maxsize, **given)
        if entry.n_rows <= max_rows and entry.family not in known
    ]
    for entry, seed, budget in product(entries[:n_tables], seeds, budgets):
        yield Meeting(entry=entry, budget=budget, seed=seed)


def known_families(metadata: Path) -> set[str]:
    """Return the families of tables that a meta-dataset holds."""
    return set(pd.read_parquet(metadata / "datasets.parquet")["family"])


def key(name: str, meeting: Meeting) -> Run:
    return Run(
        table=meeting.entry.name,
        strategy=name,
        budget=meeting.budget,
        seed=meeting.seed,
        metadata="own",
    )


def run_all(
    names: list[str],
    folders: Mapping[str, Path],
    meeting: Meeting,
    parts: Parts,
    out: Path,
    at_once: bool,
) -> Iterable[tuple[str, dict[str, Any]]]:
    """Run the commands of several checkouts, in an order shuffled by the table."""
    order = sorted(names, key=lambda name: zlib.crc32(f"{name}{meeting}".encode()))
    cores = sorted(os.sched_getaffinity(0))

    def work(place: int) -> tuple[str, dict[str, Any]]:
        name = order[place]
        core = cores[place % len(cores)] if at_once else cores[-1]
        return name, run_one(folders[name], meeting, parts, out / "runs" / name, core)

    with ThreadPoolExecutor(len(order) if at_once else 1) as pool:
        return list(pool.map(work, range(len(order))))


def run_one(folder: Path, meeting: Meeting, parts: Parts, run: Path, core: int) -> dict[str, Any]:
    """Fit, judge, and say what the run was worth; what goes wrong becomes the result."""
    shutil.rmtree(run, ignore_errors=True)
    run.parent.mkdir(parents=True, exist_ok=True)
    fit = ["fit", str(parts.train), "--target", meeting.entry.target, "--output", str(run)]
    fit += ["--budget", f"{meeting.budget:g}s", "--jobs", "1", "--seed", str(meeting.seed)]
    watch = Stopwatch()
    fitted = command(folder, [*fit, "--json", "--quiet"], core, meeting.budget + GRACE)
    seconds = watch.seconds()
    if "error" in fitted:
        return fitted
    judged = command(folder, ["evaluate", str(run), str(parts.test), "--json"], core, GRACE)
    if "error" in judged:
        return judged
    first = judged["scores"][0]
    return {
        "score": first["score"],
        "single": first["score"],
        "constant": first["constant"],
        "metric": first["metric"],
        "greater_is_better": first["greater_is_better"],
        "seconds": round(seconds, 2),
        "late": round(seconds - meeting.budget, 2),
        "rows": meeting.entry.n_rows,
        **worth(fitted, run),
    }


def command(folder: Path, arguments: list[str], core: int, seconds: float) -> dict[str, Any]:
    """Run metatune of a checkout on one core, and return what it says as JSON."""
    whole = ["taskset", "-c", str(core), sys.executable, "-m", "metatune", *arguments]
    environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    good = (0, _NOTHING_BEAT_THE_CONSTANT)
    try:
        said = run_command(
            whole, folder=folder, seconds=seconds, environment=environment, good=good
        )
    except JobError as error:
        return {"error": str(error)}
    return dict(json.loads(said))


def worth(record: Mapping[str, Any], run: Path) -> dict[str, Any]:
    """Return what a run has done, by its record and its journal."""
    lines = (run / "trials.jsonl").read_text(encoding="utf-8").splitlines()
    trials = [json.loads(text) for text in lines]
    full = [
        trial
        for trial in trials
        if trial["status"] == "ok" and trial["row_share"] == 1.0 and trial["n_folds"] >= FULL_FOLDS
    ]
    members = (record.get("ensemble") or {}).get("members", [])
    return {
        "trials": len(trials),
        "full": len({(trial["algorithm"], json.dumps(trial["params"])) for trial in full}),
        "reference_full": any(
            t["algorithm"] == REFERENCE and t["origin"] == "default" for t in full
        ),
        "first_result": min((trial["used"] for trial in trials), default=None),
        "members": max(1, len(members)),
        "families": len({member["algorithm"] for member in members}) or 1,
    }


def line(record: Mapping[str, Any]) -> str:
    what = f"{record['table']:<34} {record['strategy']:<10} {record['budget']:>5g} s"
    if "error" in record:
        return f"{what}  {record['error']}"
    return (
        f"{what}  {record['metric']} {record['score']:.5f}; {record['trials']} trials, "
        f"{record['full']} in full, first after {record['first_result']} s, "
        f"{record['members']} members of {record['families']} families"
    )


def report(out: Path, names: list[str], meetings: list[Meeting]) -> None:
    """Print, and write, what checkouts did and how their held-out scores compare."""
    done = read_records(out / "runs.jsonl")
    wanted = [key(name, meeting) for meeting in meetings for name in names]
    records = [done[run] for run in wanted if run in done]
    scores = normalised(records)
    if scores.empty:
        print("nothing has been run yet")
        return
    scores = scores[[c for c in scores.columns if not str(c[0]).endswith(":single")]]
    budgets = sorted({meeting.budget for meeting in meetings})
    pairs = [((names[-1], b), (name, b)) for name in names[:-1] for b in budgets]
    parts = [standings(scores), "", duels(scores, pairs), "", work_table(records, names, budgets)]
    text = "\n".join(parts)
    print(text)
    (out / "checkouts.md").write_text(text + "\n", encoding="utf-8")


def work_table(records: list[dict[str, Any]], names: list[str], budgets: list[float]) -> str:
    """Write the table of what runs were worth: medians over tables."""
    rows = [
        "| checkout | budget | runs | failed | full evaluations | ratio to the first | LightGBM in "
        "full | first result | members | families | latest |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    by = {(r["strategy"], r["budget"], r["table"], r["seed"]): r for r in records}
    for budget, name in product(budgets, names):
        mine = [r for r in records if (r["strategy"], r["budget"]) == (name, budget)]
        ok = [r for r in mine if "error" not in r]
        if not ok:
            continue
        ratios = [
            r["full"] / max(1, other["full"])
            for r in ok
            if (other := by.get((names[0], budget, r["table"], r["seed"]))) and "full" in other
        ]
        rows.append(
            f"| {name} | {budget:g} s | {len(mine)} | {len(mine) - len(ok)} "
            f"| {median(r['full'] for r in ok):.1f} | {median(ratios):.2f} "
            f"| {sum(r['reference_full'] for r in ok)} "
            f"| {median(r['first_result'] for r in ok if r['first_result'] is not None):.2f} s "
            f"| {median(r['members'] for r in ok):.1f} | {median(r['families'] for r in ok):.1f} "
            f"| {max(r['late'] for r in ok):+.2f} s |"
        )
    return "\n".join(rows)


def median(values: Iterable[float]) -> float:
    return statistics.median([*values] or [float("nan")])
