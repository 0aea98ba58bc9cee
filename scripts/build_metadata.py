"""Build the meta-dataset from a local catalogue of tables.

    python scripts/build_metadata.py --catalogue CATALOGUE.csv --work WORK --minutes 60 --jobs 2

evaluates the pool of configurations on every table, as far as the minutes go, and writes the tables
of metadata/ from what has been evaluated. The same command continues where it stopped.
"""

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from metatune.budget import Deadline, Stopwatch
from metatune.building.assemble import assemble
from metatune.building.catalogue import CatalogueEntry, read_catalogue
from metatune.building.evaluation import PoolEvaluation, Protocol
from metatune.errors import MetatuneError
from metatune.kinds import TaskKind
from metatune.metadataset.pool import draw_pool
from metatune.metadataset.store import load_metadata, save_metadata, verify_metadata
from metatune.search.pool import LocalPool
from metatune.search.trial import TrialResult


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command's options."""

    catalogue: Path
    work: Path
    out: Path
    priors: Path | None
    minutes: float
    jobs: int
    max_rows: int
    min_rows: int
    packs: str
    assemble_only: bool


@click.command(help=__doc__)
@click.option("--catalogue", type=click.Path(path_type=Path), required=True)
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Work directory.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("metadata"), show_default=True)
@click.option(
    "--priors",
    type=click.Path(path_type=Path),
    help="Meta-dataset whose priors to use; the one that comes with metatune by default.",
)
@click.option("--minutes", type=float, default=60.0, show_default=True)
@click.option("--jobs", type=int, default=2, show_default=True)
@click.option("--max-rows", type=int, default=Protocol().max_rows, show_default=True)
@click.option("--min-rows", type=int, default=100, show_default=True)
@click.option("--packs", default="", help="Only tables whose path starts with one of these.")
@click.option("--assemble-only", is_flag=True, help="Evaluate nothing, only write the tables.")
def main(**given: Any) -> None:
    options = Options(**given)
    deadline = Deadline.after(options.minutes * 60)
    priors = load_metadata(options.priors).priors
    pools = {kind: draw_pool(kind, priors) for kind in TaskKind}
    options.work.mkdir(parents=True, exist_ok=True)
    if not options.assemble_only:
        entries = choose(read_catalogue(options.catalogue), options.packs, options.min_rows)
        protocol = Protocol(max_rows=options.max_rows)
        with LocalPool(n_workers=options.jobs) as executor:
            evaluation = PoolEvaluation(options.work, pools, executor, protocol, make_display())
            done = evaluation.run(entries, deadline)
        print("complete" if done else "stopped by --minutes; run again to continue")
    metadata = replace(assemble(options.work, pools), priors=priors)
    save_metadata(metadata, options.out)
    pairs = metadata.evaluations[["dataset", "configuration"]].drop_duplicates()
    print(
        f"{options.out}: {len(metadata.datasets)} datasets of "
        f"{metadata.datasets['family'].nunique()} families, "
        f"{len(metadata.configurations)} configurations, {len(pairs)} pairs, "
        f"{len(metadata.evaluations)} evaluations"
    )
    for problem in verify_metadata(options.out):
        sys.exit(problem)


def make_display() -> Callable[[str, TrialResult], None]:
    watch = Stopwatch()

    def show(dataset: str, result: TrialResult) -> None:
        trial = result.trial
        print(
            f"{watch.seconds():7.0f}s {dataset:<34} {trial.configuration.algorithm:<16} "
            f"rung {trial.rung.index} {result.status} {result.score:.4f} "
            f"{result.seconds:.1f}s {result.error[:120]}",
            flush=True,
        )

    return show


def choose(entries: list[CatalogueEntry], packs: str, min_rows: int) -> list[CatalogueEntry]:
    """Return the entries to evaluate: one of every family first, in a fixed random order.

    Tables of many cells and classes come last among their like: what they cost would buy several
    others.
    """
    chosen = [
        entry
        for entry in entries
        if entry.n_rows >= min_rows
        and (not packs or any(str(entry.file).startswith(pack) for pack in packs.split(",")))
    ]
    random.Random(0).shuffle(chosen)
    chosen.sort(key=is_dear)
    seen: set[str] = set()
    first: list[CatalogueEntry] = []
    rest: list[CatalogueEntry] = []
    for entry in chosen:
        (rest if entry.family in seen else first).append(entry)
        seen.add(entry.family)
    return first + rest


def is_dear(entry: CatalogueEntry) -> bool:
    cells = min(entry.n_rows, Protocol().max_rows) * entry.n_columns
    return cells * max(1, entry.n_classes - 1) > 100_000


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except MetatuneError as error:
        sys.exit(str(error))
