"""Rebuild the meta-dataset from OpenML: its suites, tasks, datasets and run history.

    python scripts/rebuild_from_openml.py all --work WORK --out NEW_METADATA

harvests a suite, downloads its datasets, compares metatune's meta-features of them with OpenML's,
learns priors of hyperparameters from the harvested runs, evaluates the pool of configurations on
the datasets, and writes and verifies a meta-dataset. Each step is a command of its own as well.
Every one can be stopped at any moment, also by a kill, and goes on when it is called again.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

import build_metadata
import learn_priors
from metatune.building.catalogue import load_entry, read_catalogue
from metatune.building.harvest import Harvest, HarvestPlan, find_flows, harvest, list_counts
from metatune.building.harvested_runs import harvested_runs
from metatune.building.mapping.setups import learner_of
from metatune.building.openml_tables import CATALOGUE, download_tables
from metatune.errors import MetatuneError
from metatune.metadataset.store import verify_metadata
from metatune.metafeatures import extract_metafeatures
from metatune.openml.client import DEFAULT_SERVER, ConnectionSettings, OpenMLClient
from metatune.openml.pages import PageStore
from metatune.openml.payloads import FlowInfo, read_suite_list

BOT_FLOWS = (
    "mlr.classif.ranger",
    "mlr.classif.svm",
    "mlr.classif.glmnet",
    "mlr.classif.rpart",
    "mlr.classif.kknn",
    "mlr.classif.xgboost",
    "6969",
    "7707",
)
"""Flows with the longest history: six learners of mlr by name, two pipelines of scikit-learn."""

PATIENCE = ConnectionSettings(policy="robot", tries=10, pause=1.0)
_SUITES = "study/list/main_entity_type/task/limit/10000/offset/0"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Place of the work, and the server that is asked."""

    work: Path
    server: str
    pause: float
    offline: bool

    @property
    def tables(self) -> Path:
        return self.work / "harvest"

    @property
    def data(self) -> Path:
        return self.work / "data"

    def client(self) -> OpenMLClient:
        settings = replace(PATIENCE, pause=self.pause, offline=self.offline)
        return OpenMLClient(self.server, cache=self.work / "cache", settings=settings)

    def pages(self) -> PageStore:
        """Return the kept answers, and who is asked for others."""
        client = None if self.offline else self.client()
        return PageStore(self.work / "pages", client, server=self.server)


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--offline", is_flag=True, help="Only what was asked before."),
        click.option(
            "--pause",
            type=float,
            default=PATIENCE.pause,
            show_default=True,
            help="Seconds between two requests.",
        ),
        click.option("--server", default=DEFAULT_SERVER, show_default=True, help="Who is asked."),
        click.option(
            "--work",
            type=click.Path(path_type=Path),
            required=True,
            help="Folder for answers, files and results; made if there is none.",
        ),
    ):
        command = option(command)
    return command


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--max-rows",
            type=int,
            default=1000,
            show_default=True,
            help="Evaluations of a flow on a task, at most; 0 for all.",
        ),
        click.option(
            "--measures",
            default="area_under_roc_curve,predictive_accuracy",
            show_default=True,
            help="OpenML's names; hyperparameters come with the first.",
        ),
        click.option(
            "--flows",
            default=",".join(BOT_FLOWS),
            show_default=True,
            help="Names without version, or ids.",
        ),
        click.option(
            "--suite",
            default="99",
            show_default=True,
            help="99 OpenML-CC18, 271 and 269 AutoML benchmark, 353 CTR23.",
        ),
    ):
        command = option(command)
    return command


def split_options(given: dict[str, Any]) -> tuple[Place, HarvestPlan]:
    place = Place(**{name: given[name] for name in ("work", "server", "pause", "offline")})
    plan = HarvestPlan(
        suite=given["suite"],
        flows=tuple(filter(None, given["flows"].split(","))),
        measures=tuple(filter(None, given["measures"].split(","))),
        max_rows=given["max_rows"] or None,
    )
    return place, plan


@click.group(help=__doc__)
def main() -> None:
    pass


@main.command("list")
@place_options
@plan_options
@click.option("--dry-run", is_flag=True, help="Count evaluations of each flow on the suite.")
def list_server(dry_run: bool, **given: Any) -> None:
    """List the suites of a server and the wanted flows."""
    place, plan = split_options(given)
    pages = place.pages()
    # All suites fit into a page, and nobody says how the server calls an empty one of suites.
    text = pages.get(_SUITES)
    suites = [] if text is None else read_suite_list(text)
    for suite in sorted(suites, key=lambda suite: suite.id):
        print(f"suite {suite.id:>6}  {suite.name}")
    for flow in find_flows(plan.flows, pages):
        size = count(plan, pages, flow) if dry_run else ""
        name = f"{flow.name[:60]} ({flow.version})"
        print(f"flow {flow.id:>7}  {learner_of(flow.name):<24} {size} {name}", flush=True)


def count(plan: HarvestPlan, pages: PageStore, flow: FlowInfo) -> str:
    n_rows, n_tasks = list_counts(plan, pages, [flow])[flow.id]
    return f"{n_rows:>7} evaluations on {n_tasks:>3} tasks "


@main.command("harvest")
@place_options
@plan_options
def harvest_suite(**given: Any) -> None:
    """Harvest tasks, descriptions, flows, setups and evaluations of a suite."""
    run_harvest(*split_options(given))


def run_harvest(place: Place, plan: HarvestPlan) -> None:
    def tell(flow: int, task: int, n_rows: int) -> None:
        print(f"flow {flow:>7} task {task:>7} {n_rows:>6} evaluations", flush=True)

    found = harvest(plan, place.pages(), on_pair=tell)
    found.save(place.tables)
    for name, table in found.tables.items():
        print(f"{name:<12} {len(table):>8} rows")
    runs = harvested_runs(found)
    print(f"{len(runs.runs)} comparable runs, {runs.unreadable.total()} that cannot be read")


@main.command("download")
@place_options
def download_datasets(**given: Any) -> None:
    """Download the datasets of a harvest, and write a catalogue of them."""
    run_download(Place(**given))


def run_download(place: Place) -> None:
    problems = download_tables(
        Harvest.load(place.tables),
        place.pages(),
        place.client(),
        place.data,
        on_table=lambda name: print(name, flush=True),
    )
    for label, problem in problems.items():
        print(f"dataset {label} was passed over: {problem}")


@main.command("qualities")
@place_options
def compare_qualities(**given: Any) -> None:
    """Compare meta-features of the downloaded tables with OpenML's own qualities."""
    if not run_comparison(Place(**given)):
        sys.exit("no table has qualities: harvest and download first")


def run_comparison(place: Place) -> bool:
    """Print the comparison; return whether there was something to compare."""
    qualities = Harvest.load(place.tables).tables["qualities"]
    theirs = qualities.pivot_table(index="dataset_id", columns="name", values="value")
    if "NumberOfFeatures" in theirs:
        theirs["NumberOfFeatures"] -= 1  # OpenML counts the target
    own = {}
    for entry in read_catalogue(place.data / CATALOGUE):
        if entry.openml_id in theirs.index:
            features = extract_metafeatures(load_entry(entry, seed=0).encoded).values
            own[entry.openml_id] = dict(features)
    if own:
        print_comparison(pd.DataFrame.from_dict(own, "index"), theirs)
    return bool(own)


def print_comparison(own: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Print, for each name that both sides know, on how many tables both values agree."""
    names = [name for name in own.columns if name in theirs.columns]
    print(f"{'meta-feature':<40} {'tables':>6} {'agree':>6}")
    for name in names:
        both = pd.concat([own[name], theirs[name]], axis=1, join="inner").dropna()
        if len(both):
            agree = np.isclose(both.iloc[:, 0], both.iloc[:, 1], rtol=1e-3).mean()
            print(f"{name:<40} {len(both):>6} {agree:>6.0%}")


@main.command("all")
@place_options
@plan_options
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New meta-dataset.")
@click.option("--minutes", type=float, default=60.0, show_default=True, help="For evaluating.")
@click.option("--jobs", type=int, default=2, show_default=True, help="Workers for evaluating.")
@click.option(
    "--max-rows-of-tables",
    type=int,
    default=2000,
    show_default=True,
    help="Larger tables are evaluated on so many of their rows.",
)
@click.option("--history", type=click.Path(path_type=Path), help="Published histories to add.")
def rebuild(
    out: Path,
    minutes: float,
    jobs: int,
    max_rows_of_tables: int,
    history: Path | None,
    **given: Any,
) -> None:
    """Do everything, and verify what was written."""
    place, plan = split_options(given)
    run_harvest(place, plan)
    run_download(place)
    run_comparison(place)
    priors = place.work / "priors" / "priors.json"
    priors.parent.mkdir(parents=True, exist_ok=True)
    histories = [] if history is None else ["--history", history]
    call(learn_priors.main, "--harvest", place.tables, "--out", priors, *histories)
    call(
        build_metadata.main,
        *("--catalogue", place.data / CATALOGUE),
        *("--work", place.work / "evaluations"),
        *("--out", out),
        *("--priors", priors.parent),
        *("--minutes", minutes),
        *("--jobs", jobs),
        *("--max-rows", max_rows_of_tables),
        *("--per-family", 2),
    )
    problems = verify_metadata(out)
    for problem in problems:
        print(problem)
    print(f"{out}: {'damaged' if problems else 'verified'}")
    sys.exit(1 if problems else 0)


def call(command: click.Command, *arguments: Any) -> None:
    command.main([str(argument) for argument in arguments], standalone_mode=False)


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except MetatuneError as error:
        sys.exit(str(error))
