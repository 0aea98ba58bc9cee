r"""Compare recipes (configurations, or the same ones under two commits) on rows held out.

    python scripts/compare_recipes.py run --catalogue CATALOGUE.csv --recipes RECIPES.json \
        --packs more/ --n-tables 24 --seeds 0,1 --out results/recipes.jsonl
    python scripts/compare_recipes.py table results/recipes.jsonl --base default

RECIPES.json names configurations: `{"default": {"algorithm": "lightgbm"}, "slow": {"algorithm":
"lightgbm", "params": {"learning_rate": 0.03}}}`; hyperparameters that are not named have their
defaults. A third of each table is held out; the recipe is fitted on the folds of the rest and on
all of it. `--prefix` marks the labels of a commit, so that files of two commits can be compared.
What a file holds already is not measured again.
"""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import click
from recipes.comparison import comparison_table
from recipes.measured import Measured, measure, split_entry

from metatune.algorithms.registry import get_algorithm
from metatune.building.catalogue import CatalogueEntry, read_catalogue
from metatune.errors import MetatuneError

_SEED = 0


@click.group(help=__doc__)
def main() -> None:
    pass


@main.command()
@click.option("--catalogue", type=click.Path(path_type=Path), required=True)
@click.option("--recipes", type=click.Path(path_type=Path), required=True)
@click.option("--tables", default="", help="Exactly these tables (names, separated by commas).")
@click.option("--packs", default="", help="Only tables whose path starts with one of these.")
@click.option("--kinds", default="", help="Only tables of these task kinds.")
@click.option("--n-tables", type=int, default=24, show_default=True)
@click.option("--min-rows", type=int, default=400, show_default=True, help="Of a table.")
@click.option("--max-rows", type=int, default=3_000, show_default=True, help="To train on.")
@click.option("--seeds", default="0", show_default=True)
@click.option("--folds", type=int, default=5, show_default=True)
@click.option("--prefix", default="", help="Put before the labels of the recipes.")
@click.option("--out", type=click.Path(path_type=Path), required=True)
def run(out: Path, **given: Any) -> None:
    """Measure recipes on tables."""
    options = Options(**given)
    out.parent.mkdir(parents=True, exist_ok=True)
    done = {(one.table, one.seed, one.label) for one in read(out)}
    recipes = json.loads(options.recipes.read_text(encoding="utf-8"))
    for entry, seed in product(options.entries(), options.seed_list):
        wanted = {
            f"{options.prefix}{name}": recipe
            for name, recipe in recipes.items()
            if (entry.name, seed, f"{options.prefix}{name}") not in done
        }
        if wanted:
            append(out, measure_all(entry, seed, wanted, options))
            print(f"{entry.name} seed {seed}", flush=True)


@main.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), required=True)
@click.option("--base", required=True, help="Label to compare with.")
@click.option("--recipes", default="", help="Labels to compare; all others by default.")
@click.option("--chosen", help="Add a row of this name: the best by cross-validation.")
def table(files: tuple[Path, ...], base: str, recipes: str, chosen: str | None) -> None:
    """Print recipes against one of them."""
    measured = [one for file in files for one in read(file)]
    labels = dict.fromkeys(one.label for one in measured if one.label != base)
    wanted = [label for label in recipes.split(",") if label] or list(labels)
    print(comparison_table(measured, base, wanted, chosen))


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of `run`."""

    catalogue: Path
    recipes: Path
    tables: str
    packs: str
    kinds: str
    n_tables: int
    min_rows: int
    max_rows: int
    seeds: str
    folds: int
    prefix: str

    @property
    def seed_list(self) -> list[int]:
        """Seeds of the splits."""
        return [int(seed) for seed in self.seeds.split(",")]

    def entries(self) -> list[CatalogueEntry]:
        """Tables of different families, the same ones every time."""
        catalogue = read_catalogue(self.catalogue)
        names = [name for name in self.tables.split(",") if name]
        if names:
            return [entry for entry in catalogue if entry.name in names]
        usable = [
            entry
            for entry in catalogue
            if entry.n_rows >= self.min_rows
            and (not self.packs or entry.file.startswith(tuple(self.packs.split(","))))
            and (not self.kinds or str(entry.kind) in self.kinds.split(","))
        ]
        random.Random(_SEED).shuffle(usable)
        return list({entry.family: entry for entry in usable}.values())[: self.n_tables]


def measure_all(
    entry: CatalogueEntry, seed: int, recipes: dict[str, Any], options: Options
) -> Iterator[Measured]:
    """Measure recipes on one split of a table; a recipe that fails is reported and left out."""
    try:
        split = split_entry(entry, seed, max_rows=options.max_rows, n_folds=options.folds)
    except MetatuneError as error:
        print(f"{entry.name} is passed over: {error}")
        return
    for label, recipe in recipes.items():
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


if __name__ == "__main__":
    main()
