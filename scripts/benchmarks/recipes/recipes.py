"""Recipes (configurations, or the same ones under two commits) on rows held out.

`run` fits them on the folds of two thirds of each table, and on all of these rows; `table` prints,
against one of them, the ratios of held-out losses, wins and losses, processor time and optimism.
What a file holds already is not measured again; --prefix marks the labels of a commit, so that
files of two commits can be compared.

RECIPES.json names configurations: `{"default": {"algorithm": "lightgbm"}, "slow": {"algorithm":
"lightgbm", "params": {"learning_rate": 0.03}}}`; hyperparameters that are not named have their
defaults.

    python scripts/benchmarks recipes run --catalogue CATALOGUE.csv --recipes RECIPES.json
        --seeds 0,1 --out results/recipes.jsonl

    python scripts/benchmarks recipes table results/recipes.jsonl --base default
"""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import click

from benchmarks import options
from benchmarks.recipes.comparison import comparison_table
from benchmarks.recipes.measured import Measured, measure, split_entry
from metatune.algorithms.registry import get_algorithm
from metatune.building.catalogue import CatalogueEntry, read_catalogue
from metatune.errors import MetatuneError

_SEED = 0


@click.group(help=__doc__)
def recipes() -> None:
    pass


@recipes.command()
@options.catalogue()
@click.option("--recipes", type=options.FILE, required=True)
@options.tables(24)
@options.only
@click.option(
    "--packs", type=options.several(), default="", help="Only tables whose path starts like this."
)
@click.option("--kinds", type=options.several(), default="", help="Only tables of these kinds.")
@click.option("--min-rows", type=int, default=400, show_default=True, help="Of a table.")
@click.option("--max-rows", type=int, default=3_000, show_default=True, help="To train on.")
@click.option("--seeds", type=options.several(int), default="0", show_default=True)
@click.option("--folds", type=int, default=5, show_default=True)
@click.option("--prefix", default="", help="Put before the labels of the recipes.")
@options.out(None, "File of results.", required=True)
def run(out: Path, prefix: str, max_rows: int, folds: int, **given: Any) -> None:
    """Measure recipes on tables."""
    out.parent.mkdir(parents=True, exist_ok=True)
    done = {(one.table, one.seed, one.label) for one in read(out)}
    named = json.loads(given["recipes"].read_text(encoding="utf-8"))
    labelled = {f"{prefix}{name}": recipe for name, recipe in named.items()}
    for entry, seed in product(choose_entries(**given), given["seeds"]):
        wanted = {k: v for k, v in labelled.items() if (entry.name, seed, k) not in done}
        if wanted:
            append(out, measure_all(entry, seed, wanted, max_rows=max_rows, n_folds=folds))
            print(f"{entry.name} seed {seed}", flush=True)


@recipes.command()
@click.argument("files", nargs=-1, type=options.FILE, required=True)
@click.option("--base", required=True, help="Label to compare with.")
@click.option(
    "--recipes",
    "labels",
    type=options.several(),
    default="",
    help="Labels to compare; all others by default.",
)
@click.option("--chosen", help="Add a row of this name: the best by cross-validation.")
def table(files: tuple[Path, ...], base: str, labels: tuple[str, ...], chosen: str | None) -> None:
    """Print recipes against one of them."""
    measured = [one for file in files for one in read(file)]
    others = dict.fromkeys(one.label for one in measured if one.label != base)
    print(comparison_table(measured, base, labels or others, chosen))


def choose_entries(
    catalogue: Path,
    *,
    only: tuple[str, ...],
    packs: tuple[str, ...],
    kinds: tuple[str, ...],
    min_rows: int,
    n_tables: int,
    **_: Any,
) -> list[CatalogueEntry]:
    """Choose tables of different families, the same ones every time, or those that are named."""
    entries = read_catalogue(catalogue)
    if only:
        return [entry for entry in entries if entry.name in only]
    usable = [
        entry
        for entry in entries
        if entry.n_rows >= min_rows
        and (not packs or entry.file.startswith(packs))
        and (not kinds or str(entry.kind) in kinds)
    ]
    random.Random(_SEED).shuffle(usable)
    return list({entry.family: entry for entry in usable}.values())[:n_tables]


def measure_all(
    entry: CatalogueEntry, seed: int, wanted: dict[str, Any], *, max_rows: int, n_folds: int
) -> Iterator[Measured]:
    """Measure recipes on one split of a table; a recipe that fails is reported and left out."""
    try:
        split = split_entry(entry, seed, max_rows=max_rows, n_folds=n_folds)
    except MetatuneError as error:
        print(f"{entry.name} is passed over: {error}")
        return
    for label, recipe in wanted.items():
        space = get_algorithm(recipe["algorithm"]).space(split.data.task.kind)
        named = {k: v for k, v in recipe.get("params", {}).items() if k in space.domains}
        configuration = space.from_values({**space.defaults, **named}, "recipe")
        try:
            yield measure(label, configuration, split)
        except Exception as error:  # noqa: BLE001 - whatever a learner raises
            print(f"{entry.name} seed {seed}: {label} failed: {error}")


def read(file: Path) -> list[Measured]:
    """Read what a file of results holds; nothing where there is none."""
    if not file.is_file():
        return []
    return [Measured(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]


def append(file: Path, measured: Iterable[Measured]) -> None:
    """Add results to a file."""
    with file.open("a", encoding="utf-8") as lines:
        for one in measured:
            lines.write(f"{json.dumps(asdict(one))}\n")
            lines.flush()
