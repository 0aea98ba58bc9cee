"""Recipes compared on rows held out."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

from benchmarks.recipes.comparison import comparison_table
from benchmarks.recipes.measured import Measured, measure, split_entry
from metatune.algorithms.registry import get_algorithm
from metatune.building.catalogue import CatalogueEntry
from metatune.kinds import TaskKind

NEIGHBOURS = (("few", 3), ("many", 30))


def measured(
    label: str,
    table: str,
    loss: float,
    *,
    seed: int = 0,
    validated: float = 1.0,
    seconds: float = 1.0,
) -> Measured:
    return Measured(
        table=table,
        kind="regression",
        label=label,
        seed=seed,
        n_rows=100,
        validated=validated,
        folds=loss,
        refit=loss,
        fold_seconds=seconds,
        refit_seconds=0.0,
        iterations=0.0,
    )


def test_a_recipe_with_half_the_loss_everywhere_wins_everywhere() -> None:
    found = []
    for i in range(6):
        found += [measured("old", f"t{i}", 2.0), measured("new", f"t{i}", 1.0, seconds=3.0)]
    row = comparison_table(found, "old", ["new"]).splitlines()[2]
    assert row.startswith("| new | all | 6 | -50.00%, -50.00% | 6:0 | 0.031 |")
    assert row.endswith("| 3.00 |")


def test_seeds_of_a_table_count_as_one_table() -> None:
    found = [measured("old", "t", 1.0, seed=s) for s in range(2)]
    found += [measured("new", "t", loss, seed=s) for s, loss in enumerate((0.5, 2.0))]
    assert "| 1 | +0.00%, +0.00% | 0:0 |" in comparison_table(found, "old", ["new"])


def test_the_chosen_recipe_is_the_best_by_cross_validation_whatever_is_held_out() -> None:
    found = [
        measured("old", "t", 1.0, validated=2.0),
        measured("new", "t", 3.0, validated=1.0),
    ]
    row = comparison_table(found, "old", ["new"], "chosen").splitlines()[-1]
    assert row.startswith("| chosen | regression | 1 | +200.00%")
    assert row.endswith("| 2.00 |")


@pytest.fixture
def entry(tmp_path: Path) -> CatalogueEntry:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(150, 3)), columns=["a", "b", "y"])
    frame["y"] += 2 * frame["a"]
    frame.to_csv(tmp_path / "t.csv", index=False)
    return CatalogueEntry(
        name="t",
        path=tmp_path / "t.csv",
        file="t.csv",
        family="t",
        kind=TaskKind.REGRESSION,
        target="y",
    )


def test_a_third_is_held_out_and_a_linear_model_finds_the_noise(entry: CatalogueEntry) -> None:
    split = split_entry(entry, 0, max_rows=80, n_folds=4)
    assert (split.data.task.n_rows, len(split.y), len(split.data.folds)) == (80, 50, 4)
    found = measure("linear", get_algorithm("linear").space(TaskKind.REGRESSION).default(), split)
    assert 0.6 < found.folds < 1.5
    assert 0.6 < found.refit < 1.5
    assert found.iterations == 0.0


def test_what_is_measured_is_kept_and_compared(
    bench: Callable[..., Result], entry: CatalogueEntry, tmp_path: Path
) -> None:
    (tmp_path / "catalogue.csv").write_text(
        "file,name,family,task,target,n_rows\nt.csv,t,t,regression,y,150\n"
    )
    recipes = {name: {"algorithm": "knn", "params": {"n_neighbors": n}} for name, n in NEIGHBOURS}
    (tmp_path / "recipes.json").write_text(json.dumps(recipes | {"usual": {"algorithm": "knn"}}))
    out = tmp_path / "out" / "recipes.jsonl"
    command = ["recipes", "run", "--catalogue", tmp_path / "catalogue.csv", "--min-rows", 100]
    command += ["--recipes", tmp_path / "recipes.json", "--folds", 2, "--out", out]
    assert bench(*command).stdout == "t seed 0\n"
    assert len(out.read_text().splitlines()) == 3
    assert bench(*command).stdout == ""  # it is there already
    found = bench("recipes", "table", out, "--base", "few", "--recipes", "many")
    assert "| many | all | 1 |" in found.stdout
    assert "usual" not in found.stdout
