"""Recommenders on made-up and on published results."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

from benchmarks.recommenders.harness import run_strategy
from benchmarks.recommenders.matrix import Matrix
from benchmarks.recommenders.plots import plot_matrix
from benchmarks.recommenders.published import load_autosklearn, load_oboe, load_tabrepo
from benchmarks.recommenders.registry import STRATEGIES
from benchmarks.recommenders.results import Results
from benchmarks.recommenders.tables import summary, write_tables

SHARED = Path(os.environ.get("METATUNE_SHARED", Path(__file__).parents[4] / "shared"))
HISTORY = SHARED / "run_history"
published = pytest.mark.skipif(not (HISTORY / "oboe").is_dir(), reason="no published results")


@pytest.fixture(name="history")
def _history(tmp_path: Path) -> Path:
    """A folder like that of the published matrix of Oboe."""
    rng = np.random.default_rng(0)
    n, parameters = 30, [{"C": 10.0**power} for power in range(-3, 4)]
    rows = [
        {
            "dataset_id": dataset,
            "dataset_name": f"name{dataset}",
            "algorithm": algorithm,
            "hyperparameters": json.dumps(one),
            "score": rng.uniform(0.1, 0.4),
            "fit_seconds": rng.uniform(0.1, 3.0),
        }
        for dataset in range(n)
        for algorithm in ("SVC", "LinearSVC")
        for one in parameters
    ]
    folder = tmp_path / "history" / "oboe"
    folder.mkdir(parents=True)
    pd.DataFrame(rows).to_parquet(folder / "evaluations.parquet")
    columns = ["NumberOfClasses", "train_rows_used", "columns_after_encoding"]
    datasets = pd.DataFrame(rng.uniform(2, 500, size=(n, 3)), columns=columns)
    datasets.insert(0, "dataset_id", range(n))
    datasets.insert(1, "dataset_name", [f"name{i}" if i else None for i in range(n)])
    datasets.to_csv(folder / "datasets.csv", index=False)
    return folder.parent


def options(history: Path, out: Path, *more: str) -> list[str | Path]:
    chosen = ["--matrices", "oboe", "--strategies", "random,greedy,nearest-cost"]
    return ["recommenders", *chosen, "--history", history, "--out", out, *more]


def test_tables_and_a_figure_are_written(
    bench: Callable[..., Result], history: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    printed = bench(*options(history, out)).stdout
    assert "30 of 30 datasets, 14 configurations" in printed
    assert "| greedy portfolio |" in printed
    assert (out / "oboe.md").read_text(encoding="utf-8") in printed
    assert (out / "oboe.png").stat().st_size > 10_000
    curves = pd.read_csv(out / "oboe.csv")
    assert set(curves["strategy"]) == {"random", "greedy", "nearest-cost"}
    last = curves[(curves["axis"] == "evaluations") & (curves["at"] == 64)]
    assert last["regret"].tolist() == [0.0, 0.0, 0.0]  # all 14 have been tried


def test_a_second_run_computes_nothing_unless_told_to(
    bench: Callable[..., Result], history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    bench(*options(history, out, "--quick"))
    kept = load_results_of(out)
    assert kept["done"].sum() == 6  # two folds of ten
    bench(*options(history, out))
    assert load_results_of(out)["done"].all()

    def refuse() -> NoReturn:
        raise AssertionError("asked to compute")

    monkeypatch.setitem(STRATEGIES, "greedy", lambda: Refusing(refuse))
    bench(*options(history, out))
    with pytest.raises(AssertionError, match="asked to compute"):
        bench(*options(history, out, "--fresh"))


class Refusing:
    repeats = 1

    def __init__(self, refuse: Callable[[], NoReturn]) -> None:
        self.refuse = refuse

    def fit(self, train: Matrix) -> NoReturn:
        self.refuse()


def load_results_of(out: Path) -> dict[str, Any]:
    with np.load(out / "results" / "oboe" / "greedy.npz") as stored:
        return {name: stored[name] for name in stored.files}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--matrices", "obo"], "'obo' is not one of 'oboe'"),
        (["--strategies", "random,magic"], "'magic' is not one of"),
        (["--history", "nowhere"], "nowhere"),
    ],
)
def test_a_wrong_option_is_explained(
    bench: Callable[..., Result], arguments: list[str], complaint: str
) -> None:
    found = bench("recommenders", *arguments)
    assert found.exit_code == 2
    assert complaint in found.stderr


def test_own_strategies_are_compared_with_the_best_baseline(matrix: Matrix, tmp_path: Path) -> None:
    results = {}
    for name, key in (("random", "random"), ("greedy", "greedy"), ("forest", "metatune")):
        results[key] = Results.empty(matrix)
        run_strategy(STRATEGIES[name](), matrix, results[key], np.arange(4), lambda found: None)
    text = write_tables(tmp_path, matrix, results)
    table = summary(results)
    best = table.loc[["random", "greedy"], "1 evals"].min()
    change = table.loc["metatune", "1 evals"] / best - 1
    assert f"| *best baseline* | {best:.3f} |" in text
    assert f"| *metatune against it* | {change:+.1%} |" in text
    assert plot_matrix(tmp_path, matrix, results) == tmp_path / "made_up.png"


def test_only_datasets_that_all_strategies_have_seen_are_averaged(matrix: Matrix) -> None:
    results = {name: Results.empty(matrix) for name in ("random", "greedy")}
    run_strategy(
        STRATEGIES["random"](), matrix, results["random"], np.arange(4), lambda found: None
    )
    run_strategy(STRATEGIES["greedy"](), matrix, results["greedy"], np.array([1]), lambda f: None)
    rows = matrix.folds == 1
    expected = results["random"].evaluations[rows, 0].mean()
    assert summary(results).loc["random", "1 evals"] == pytest.approx(expected)


@published
def test_published_matrices_are_complete() -> None:
    oboe, autosklearn, tabrepo = (
        load(HISTORY) for load in (load_oboe, load_autosklearn, load_tabrepo)
    )
    assert oboe.loss.shape == (377, 219)
    assert autosklearn.loss.shape == (111, 106)
    assert tabrepo.loss.shape == (75, 104)
    assert set(oboe.folds) == set(range(10))
    assert [int(name) % 10 for name in oboe.datasets] == oboe.folds.tolist()
    for one in (oboe, autosklearn, tabrepo):
        assert np.isfinite(one.loss).all()
        assert (one.seconds > 0).all()
        rows = one.features[:, one.sizes[0]]
        assert np.nanmin(rows) >= 10


@published
def test_the_portfolio_on_oboe_has_its_known_regret() -> None:
    matrix = load_oboe(HISTORY)
    results = {}
    for name in ("greedy", "greedy-cost"):
        results[name] = Results.empty(matrix)
        run_strategy(STRATEGIES[name](), matrix, results[name], np.arange(10), lambda found: None)
    table = summary(results)
    assert table.loc["greedy"].to_numpy()[:7] == pytest.approx(
        [0.606, 0.350, 0.233, 0.152, 0.099, 0.061, 0.029], abs=6e-4
    )
    assert table.loc["greedy-cost"].to_numpy()[7:] == pytest.approx(
        [0.889, 0.479, 0.308, 0.163, 0.105], abs=6e-4
    )
