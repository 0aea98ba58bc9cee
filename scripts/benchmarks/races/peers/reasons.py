"""Reasons of lost tables: what a run lacked where another system was better.

metatune is run once more on the very rows, and its model is compared with single configurations of
the same run (see `examination`) and with its own models of longer budgets.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pandas as pd

from benchmarks import options
from benchmarks.races.documents import KEPT, Place
from benchmarks.races.entrant import Entry
from benchmarks.races.jobs import run_job
from benchmarks.races.peers.examination import Examination
from benchmarks.races.peers.harness import RacedTable, split_as_raced
from benchmarks.races.peers.losses import losses_of
from benchmarks.races.peers.runs import kept_files, read_runs
from benchmarks.races.peers.scores import Field, scored
from benchmarks.races.peers.tables import Look, fields_of
from benchmarks.races.records import Run, append_record, read_records
from benchmarks.races.reduced import digest
from metatune.budget import Deadline
from metatune.metadataset.store import find_metadata

__all__ = [
    "LostTable",
    "examine_table",
    "lost_tables",
    "reason_of",
    "reasons",
    "reasons_table",
]

OF = "metatune"

_CLOSED = 0.5
"""Share of the gap to the best of the others that a reason has to explain."""

_PATIENCE = 20.0  # budgets, for the fits of all configurations, after which a run counts as hanging

_REASONS = {
    "score": "chance",
    "longer": "too little time",
    "single": "the ensemble is worse than its leading configuration",
    "mean": "weights of the ensemble",
    "best": "choice among its configurations",
}
_OUT_OF_REACH = "learner, recipe or encoding"


@dataclass(frozen=True, slots=True, kw_only=True)
class LostTable:
    """Table that metatune lost, as it was raced.

    Attributes
    ----------
    table : str
        Name.
    seed : int
        Of the split and of the run.
    budget : float
        Seconds.
    best : str
        Best of the others.
    gain, best_gain : float
        Scores of metatune and of the best of the others, with the sign by which greater is better.
    longer : dict of float to float
        Gains of metatune at longer budgets, by their seconds.
    """

    table: str
    seed: int
    budget: float
    best: str
    gain: float
    best_gain: float
    longer: Mapping[float, float] = field(default_factory=dict)

    def closed(self, gain: float) -> float:
        """Return the share of the gap that another gain closes."""
        return (gain - self.gain) / (self.best_gain - self.gain)


def lost_tables(runs: pd.DataFrame, fields: Iterable[Field]) -> Iterator[LostTable]:
    """Yield the tables that metatune lost, for each seed on which it has a score and was behind.

    Parameters
    ----------
    runs : DataFrame
        As `scores.scored` gives them.
    fields : iterable of Field
        Comparisons of them.
    """
    mine = runs[(runs["system"] == OF) & ~runs["failed"]]
    for one in fields:
        gains = one.runs.set_index(["table", "seed", "system"])["gain"]
        for loss in losses_of(one, OF):
            of_table = mine[mine["table"] == loss.table]
            for seed in sorted(set(of_table["seed"].tolist())):
                by_seed = of_table[of_table["seed"] == seed]
                by_budget = dict(zip(by_seed["budget"], by_seed["gain"], strict=True))
                best = float(gains[loss.table, seed, loss.best])
                if one.budget in by_budget and best > by_budget[one.budget]:
                    yield LostTable(
                        table=loss.table,
                        seed=seed,
                        budget=one.budget,
                        best=loss.best,
                        gain=by_budget[one.budget],
                        best_gain=best,
                        longer={b: gain for b, gain in by_budget.items() if b > one.budget},
                    )


def examine_table(
    lost: LostTable, raced: RacedTable, metadata: Path, n_leading: int
) -> dict[str, Any]:
    """Run metatune once more on a table that it lost, and examine the run.

    Parameters
    ----------
    lost : LostTable
        Which.
    raced : RacedTable
        Its rows as they were raced.
    metadata : Path
        Meta-dataset that was raced.
    n_leading : int
        Configurations to judge alone.
    """
    entry = Entry(
        strategy=OF,
        train=str(raced.parts.train.resolve()),
        test=str(raced.parts.test.resolve()),
        target=raced.target,
        kind=raced.kind,
        budget=lost.budget,
        seed=lost.seed,
        metadata=str(metadata.resolve()),
    )
    task = Examination(entry=entry, n_leading=n_leading).text()
    return run_job("benchmarks.races.peers.examination", task, seconds=_PATIENCE * lost.budget)


def reason_of(lost: LostTable, found: Mapping[str, Any]) -> str:
    """Return the first reason that explains half of the gap to the best of the others.

    Parameters
    ----------
    lost : LostTable
        Table that was lost.
    found : mapping of str to object
        What `examination.examine` has found.
    """
    if "error" in found:
        return f"not examined: {found['error']}"
    gains = {**found, "longer": max(lost.longer.values(), default=float("-inf"))}
    closing = (name for name in _REASONS if lost.closed(gains[name]) >= _CLOSED)
    return _REASONS.get(next(closing, ""), _OUT_OF_REACH)


def reasons_table(examined: Sequence[tuple[LostTable, Mapping[str, Any]]]) -> str:
    """Write a line for each table that was lost, with its reason, in Markdown.

    Parameters
    ----------
    examined : sequence of (LostTable, mapping of str to object)
        Tables and what was found, of `examine_table`.
    """
    lines = [
        "Shares of the gap to the best of the others that are closed: by the same run once more; "
        "by metatune's longest run; and, of what the same run tried, by the configuration that "
        "leads its cross-validation, by the plain mean of the leading ones, and by that one of "
        "them which other rows held out say is the best. 100 % is as good as the best of the "
        "others, less than 0 worse than the model that lost. The reason is the first of these that "
        "closes half of the gap; where none does, the run had nothing as good.",
        "",
        "| budget | table | best of the others | once more | longer | leading one "
        "| mean of the leading | best of them | reason |",
        "|--:|---|---|--:|--:|--:|--:|--:|---|",
    ]
    for lost, found in examined:
        longest = lost.longer[max(lost.longer)] if lost.longer else None
        gains = [found.get("score"), longest, *map(found.get, ("single", "mean", "best"))]
        cells = [f"{lost.budget:g} s", lost.table, lost.best]
        cells += ["" if gain is None else f"{lost.closed(gain):.0%}" for gain in gains]
        lines.append(f"| {' | '.join([*cells, reason_of(lost, found)])} |")
    return "\n".join(lines)


@click.command()
@click.option(
    "--harness", "folder", type=options.DIRECTORY, required=True, help="Folder of the harness."
)
@options.catalogue()
@options.metadata
@options.only
@click.option("--budgets", type=options.several(float), default="60", show_default=True)
@click.option(
    "--leading",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Configurations that are judged alone.",
)
@options.minutes
@options.list_only
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=KEPT / "reasons.jsonl",
    help="File of what was found; docs/races/reasons.jsonl of the checkout by default.",
)
@options.into
def reasons(folder: Path, catalogue: Path, out: Path, into: Path | None, **given: Any) -> None:
    """Look for the reasons of the tables that metatune lost, of the races kept in docs/races.

    Each run is made once more on the very rows, on one core, and takes its budget and the time of
    fitting the configurations that are judged alone. What is found is kept, and told.
    """
    runs = scored(read_runs(kept_files()))
    metadata = given["metadata"] or find_metadata()
    known = digest(metadata, ())
    lost = {
        Run(table=one.table, strategy=OF, budget=one.budget, seed=one.seed, metadata=known): one
        for one in lost_tables(runs, fields_of(runs, Look()))
        if one.budget in given["budgets"] and (not given["only"] or one.table in given["only"])
    }
    done = read_records(out)
    todo = [run for run in lost if run not in done]
    print(f"{len(todo)} of {len(lost)} lost tables to examine")
    if given["list_only"]:
        return
    deadline = Deadline.after(given["minutes"] * 60)
    with tempfile.TemporaryDirectory(prefix="metatune-lost-") as work:
        for run in todo:
            if deadline.passed():
                break
            raced = split_as_raced(folder, catalogue, run.table, run.seed, Path(work))
            found = examine_table(lost[run], raced, metadata, given["leading"])
            done[run] = append_record(out, run, found)
            print(f"{run.table}, {run.budget:g} s: {reason_of(lost[run], found)}", flush=True)
    text = reasons_table([(one, done[run]) for run, one in lost.items() if run in done])
    told = f"reasons of {len(done)} lost tables"
    Place("reasons", "peers reasons").fill_or_print(into, text, told)
