"""Build or extend the meta-dataset from a local catalogue of tables.

    python scripts/build_metadata.py --catalogue CATALOGUE.csv --work WORK --minutes 60 --jobs 2

evaluates the pool of configurations on every table, as far as the minutes go, and writes the tables
and the fitted models of metadata/ from what has been evaluated. The same command continues where it
stopped. What a meta-dataset holds already is taken over from it and not evaluated again.
"""

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
from metatune.building.kept_predictions import KeptPredictions
from metatune.building.known import KnownDatasets
from metatune.building.selection import Wishes, choose_tables, enlarged, large_tables, wanted
from metatune.errors import MetadataError, MetatuneError
from metatune.evaluation.trial import TrialResult
from metatune.execution.dask_executor import connect
from metatune.execution.executor import Executor
from metatune.execution.local_pool import LocalPool
from metatune.kinds import TaskKind
from metatune.metadataset.pool import draw_pool
from metatune.metadataset.priors import HyperparameterPriors
from metatune.metadataset.recipes import STAGES
from metatune.metadataset.store import (
    MetaDataset,
    find_metadata,
    listed_files,
    load_metadata,
    save_metadata,
    verify_metadata,
)
from metatune.recommender.models import save_models
from metatune.space import Configuration

Pools = dict[TaskKind, list[Configuration]]


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command's options."""

    catalogue: Path
    work: Path
    out: Path
    known: Path | None
    fresh: bool
    priors: Path | None
    minutes: float
    jobs: int | None
    scheduler: str | None
    trial_seconds: float
    max_rows: int
    first: int | None
    predictions: Path | None
    large: int
    large_rows: int
    large_keep: float
    tables: str
    packs: str
    min_rows: int
    per_family: int
    max_tables: int | None
    list_only: bool
    assemble_only: bool
    no_models: bool

    @property
    def wishes(self) -> Wishes:
        """Wishes for tables."""
        return Wishes(
            names=tuple(filter(None, self.tables.split(","))),
            packs=tuple(filter(None, self.packs.split(","))),
            min_rows=self.min_rows,
            per_family=self.per_family,
            max_tables=self.max_tables,
        )

    @property
    def protocol(self) -> Protocol:
        """Protocol of most tables."""
        return Protocol(max_rows=self.max_rows, trial_seconds=self.trial_seconds)


@click.command(help=__doc__)
@click.option("--catalogue", type=click.Path(path_type=Path), required=True)
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Work directory.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("metadata"), show_default=True)
@click.option(
    "--known",
    type=click.Path(path_type=Path),
    help="Meta-dataset to take evaluations over from and to extend; that at --out by default.",
)
@click.option("--fresh", is_flag=True, help="Take nothing over.")
@click.option(
    "--priors",
    type=click.Path(path_type=Path),
    help="Meta-dataset whose priors to use; the one that comes with metatune by default.",
)
@click.option("--minutes", type=float, default=60.0, show_default=True)
@click.option("--jobs", type=int, help="Worker processes; 2 by default.")
@click.option(
    "--scheduler",
    help="Evaluate on the Dask cluster of this scheduler, like tcp://host:8786; --jobs is then the "
    "most at once, by default one for each thread of its workers.",
)
@click.option("--trial-seconds", type=float, default=Protocol().trial_seconds, show_default=True)
@click.option("--max-rows", type=int, default=Protocol().max_rows, show_default=True)
@click.option(
    "--first",
    type=int,
    help=f"Only so many of the pool's configurations, the most useful ones: {STAGES[0]}, "
    f"{STAGES[1]} ...; those of CatBoost and XGBoost come on top. All by default.",
)
@click.option(
    "--predictions",
    type=click.Path(path_type=Path),
    help="Folder that keeps the out-of-fold predictions, outside the repository.",
)
@click.option(
    "--large",
    type=int,
    default=0,
    show_default=True,
    help="So many tables with the most rows, of each task kind in turn, take part once more.",
)
@click.option(
    "--large-rows", type=int, default=50_000, show_default=True, help="Rows that these keep."
)
@click.option(
    "--large-keep",
    type=float,
    default=0.25,
    show_default=True,
    help="Share of the configurations that rise on these from a rung to the next one.",
)
@click.option("--tables", default="", help="Exactly these tables (names, separated by commas).")
@click.option("--packs", default="", help="Only tables whose path starts with one of these.")
@click.option("--min-rows", type=int, default=Wishes().min_rows, show_default=True)
@click.option("--per-family", type=int, default=Wishes().per_family, show_default=True)
@click.option("--max-tables", type=int, help="At most so many tables.")
@click.option("--list", "list_only", is_flag=True, help="Only say what would be evaluated.")
@click.option("--assemble-only", is_flag=True, help="Evaluate nothing, only write the tables.")
@click.option("--no-models", is_flag=True, help="Do not fit the models: quicker.")
def main(**given: Any) -> None:
    options = Options(**given)
    known = find_known(options)
    entries, special = choose(options, known)
    if options.list_only:
        list_tables(entries, special, options.protocol)
        return
    begun = {entry.name for entry in entries}
    outdated = KnownDatasets(known).of_other_protocols()
    refuse_to_lose(options, [name for name in outdated if name not in begun])
    priors = HyperparameterPriors.load((options.priors or find_metadata()) / "priors.json")
    pools = {kind: draw_pool(kind, options.first) for kind in TaskKind}
    options.work.mkdir(parents=True, exist_ok=True)
    if not options.assemble_only:
        evaluate(options, pools, known, entries, special)
    metadata = replace(assemble(options.work, pools, known), priors=priors)
    kept = set(metadata.datasets["dataset"]) if len(metadata.datasets) else set()
    refuse_to_lose(options, [name for name in KnownDatasets(known).rows if name not in kept])
    write(options, metadata)


def find_known(options: Options) -> MetaDataset | None:
    """Load the meta-dataset to extend; one at --out that cannot be read is replaced."""
    if options.fresh:
        return None
    if options.known is not None:
        return load_metadata(options.known)
    if not options.out.exists():
        return None
    try:
        return load_metadata(options.out)
    except MetadataError as error:
        print(f"nothing is taken over: {error}")
        return None


def refuse_to_lose(options: Options, names: list[str]) -> None:
    """End before the meta-dataset that is to be extended in place is written without some of it.

    Raises
    ------
    MetadataError
        If there are such datasets.
    """
    in_place = options.known is None or options.known.resolve() == options.out.resolve()
    if names and in_place:
        raise MetadataError(
            f"{options.out} would lose {len(names)} of its datasets, such as "
            f"{', '.join(names[:3])}, as their evaluations are outdated: evaluate them, too, "
            "write to another folder with --out, or replace everything with --fresh"
        )


def choose(
    options: Options, known: MetaDataset | None
) -> tuple[list[CatalogueEntry], dict[str, Protocol]]:
    """Return the tables to evaluate and the protocols of those that keep more rows.

    A table that a known meta-dataset holds with more rows keeps these.
    """
    catalogue = read_catalogue(options.catalogue)
    wishes, protocol = options.wishes, options.protocol
    entries = choose_tables(catalogue, wishes, max_rows=protocol.max_rows)
    special = {
        name: replace(protocol, max_rows=n_rows)
        for name, n_rows in KnownDatasets(known).row_limits().items()
        if n_rows > protocol.max_rows
    }
    for entry in large_tables(wanted(catalogue, wishes), options.large, protocol.max_rows):
        large = enlarged(entry, options.large_rows)
        entries.append(large)
        special[large.name] = replace(
            protocol, max_rows=options.large_rows, keep=options.large_keep
        )
    return entries, special


def list_tables(
    entries: list[CatalogueEntry], special: dict[str, Protocol], protocol: Protocol
) -> None:
    for entry in entries:
        n_rows = min(entry.n_rows, special.get(entry.name, protocol).max_rows) or "?"
        print(f"{entry.name:<44} {entry.family:<32} {entry.kind:<11} {n_rows:>6} rows")
    kinds = [entry.kind for entry in entries]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in TaskKind)
    print(f"{len(entries)} tables of {len({e.family for e in entries})} families: {counts}")


def evaluate(
    options: Options,
    pools: Pools,
    known: MetaDataset | None,
    entries: list[CatalogueEntry],
    special: dict[str, Protocol],
) -> None:
    deadline = Deadline.after(options.minutes * 60)
    with make_executor(options) as executor:
        evaluation = PoolEvaluation(
            options.work,
            pools,
            executor,
            options.protocol,
            make_display(),
            known=known,
            special=special,
            predictions=KeptPredictions(options.predictions) if options.predictions else None,
        )
        done = evaluation.run(entries, deadline)
    for name, problem in evaluation.problems.items():
        print(f"{name} was passed over: {problem}")
    print("complete" if done else "stopped by --minutes; run again to continue")


def make_executor(options: Options) -> Executor:
    if options.scheduler is not None:
        return connect(options.scheduler, jobs=options.jobs)
    return LocalPool(n_workers=options.jobs or 2)


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


def write(options: Options, metadata: MetaDataset) -> None:
    """Write the tables and the models, and say what they hold."""
    if metadata.evaluations.empty:
        sys.exit("no table is completely evaluated yet: nothing was written")
    for what, count in metadata.manifest["left_out"].items():
        print(f"left out: {count} {what}")
    earlier = models_at(options.out)
    save_metadata(metadata, options.out)
    if not options.no_models:
        save_models(options.out)
    for path in earlier - models_at(options.out, listed_files(options.out)):
        path.unlink()
    pairs = metadata.evaluations[["dataset", "configuration"]].drop_duplicates()
    print(
        f"{options.out}: {len(metadata.datasets)} datasets of "
        f"{metadata.datasets['family'].nunique()} families, "
        f"{len(metadata.configurations)} configurations, {len(pairs)} pairs, "
        f"{len(metadata.evaluations)} evaluations"
    )
    for name in sorted(listed_files(options.out)):
        print(f"{(options.out / name).stat().st_size / 1e6:9.2f} MB  {name}")
    for problem in verify_metadata(options.out):
        sys.exit(problem)


def models_at(directory: Path, listed: frozenset[str] | None = None) -> set[Path]:
    """Return the files of fitted models, those that are listed or all."""
    paths = set((directory / "models").glob("*.npz"))
    return {p for p in paths if listed is None or p.relative_to(directory).as_posix() in listed}


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except MetatuneError as error:
        sys.exit(str(error))
