"""Priors from made-up histories, and from the published ones where they are at hand."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metatune.building.learn_priors import learn_priors, relative_success, shares_of_winners
from metatune.building.run_history import RUN_COLUMNS, read_history
from metatune.errors import TableError
from metatune.metadataset.priors import HyperparameterPriors
from metatune.metadataset.store import find_metadata
from metatune.space import Choice, Float, Value

ROOT = Path(__file__).resolve().parents[2]
HISTORY = Path(os.environ.get("METATUNE_SHARED", ROOT / "../shared")) / "run_history"
UNIT = Float(0.0, 1.0)


def run(dataset: str, loss: float, algorithm: str = "KNeighborsClassifier", **given: Any) -> Any:
    return {
        "source": given.pop("source", "made-up"),
        "dataset": dataset,
        "pool": "classification",
        "algorithm": algorithm,
        "hyperparameters": json.dumps(given),
        "loss": loss,
        "n_rows": np.nan,
        "n_columns": np.nan,
        "winners_only": given.get("winners_only", False),
    }


def table(rows: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(RUN_COLUMNS))


def neighbours_history(n_datasets: int) -> pd.DataFrame:
    """Distances win always, whole weights never; 20 runs for each dataset."""
    return table(
        [
            run(f"d{d}", float(i % 2) + i / 100, weights=("distance", "uniform")[i % 2], p=1)
            for d in range(n_datasets)
            for i in range(20)
        ]
    )


def weight_of(history: pd.DataFrame, name: str, option: Value) -> float:
    density = learn_priors(history).priors.densities["classification", "knn", name]
    assert isinstance(density.domain, Choice)
    return density.weights[density.domain.options.index(option)]


def test_the_best_fifth_wins() -> None:
    assert list(shares_of_winners([5, 4, 3, 2, 1, 6, 7, 8, 9, 10])) == [
        0,
        0,
        0,
        1,
        1,
        0,
        0,
        0,
        0,
        0,
    ]
    assert list(shares_of_winners([3.0, 1.0, 2.0])) == [0, 1, 0]  # at least one


def test_ties_share_what_is_left() -> None:
    weights = shares_of_winners([0.0] + [1.0] * 9)
    assert weights[0] == 1.0
    assert weights[1:] == pytest.approx([1 / 9] * 9)
    assert shares_of_winners([1.0] * 10) == pytest.approx([0.2] * 10)


def test_many_tries_are_no_success() -> None:
    """Nine tenths of the runs lie low, and win no more often than the others."""
    rng = np.random.default_rng(0)
    tried = [*rng.uniform(0.0, 0.1, 900), *rng.uniform(0.9, 1.0, 100)]
    density = relative_success(UNIT, tried, np.full(1000, 0.2), tried)
    assert density == pytest.approx(np.full(10, 0.1))


def test_rare_winners_count_for_more_than_common_losers() -> None:
    rng = np.random.default_rng(0)
    tried = [*rng.uniform(0.0, 0.1, 900), *rng.uniform(0.9, 1.0, 100)]
    won = np.array([0.1] * 900 + [0.9] * 100)  # 90 winners there, 90 here
    density = relative_success(UNIT, tried, won, tried)
    assert density[9] / density[0] == pytest.approx(9.0, rel=0.1)
    assert density[5] == pytest.approx(density[4], rel=1e-3)  # where nothing was tried: in between
    assert density[0] < density[5] < density[9]


def test_few_datasets_move_the_prior_little() -> None:
    one, many = neighbours_history(1), neighbours_history(60)
    assert 0.5 < weight_of(one, "weights", "distance") < 0.53
    # 20 runs and 2 pseudo-runs for each of two options: odds of (20 + 2) to (0 + 2)
    full = 22 / 24
    assert weight_of(many, "weights", "distance") == pytest.approx(
        0.75 * full + 0.25 * 0.5, abs=1e-4
    )


def test_datasets_count_the_same_however_many_runs_they_have() -> None:
    small = [run("s", i % 2, weights=("distance", "uniform")[i % 2]) for i in range(20)]
    large = [run("l", 1 - i % 2, weights=("distance", "uniform")[i % 2]) for i in range(2000)]
    alone = weight_of(table(small), "weights", "distance") - 0.5
    both = weight_of(table(small + large), "weights", "distance") - 0.5
    assert alone > 0
    assert abs(both) < 0.2 * alone + 0.01


def test_datasets_of_few_runs_count_less() -> None:
    few = [
        run(f"d{d}", i % 2, weights=("distance", "uniform")[i % 2])
        for d in range(5)
        for i in (0, 1)
    ]
    lone = learn_priors(table(few)).priors.densities["classification", "knn", "weights"]
    full = 4 / 6  # (2 + 2) to (0 + 2)
    trust = 1.0 / 21.0  # five datasets of two runs weigh like one
    assert lone.weights[1] == pytest.approx(trust * full + (1 - trust) / 2, abs=1e-4)
    assert lone.n_datasets == 5


def test_what_does_not_vary_is_silent() -> None:
    priors = learn_priors(neighbours_history(3)).priors
    assert set(priors.densities) == {("classification", "knn", "weights")}


def test_sources_are_never_compared_with_each_other() -> None:
    """The second source has all the better scores, by another protocol."""
    rows = [
        run("d", i % 2, source=s, weights=("distance", "uniform")[i % 2 ^ flip])
        | {"loss": i % 2 - 10.0 * flip}
        for s, flip in (("one", 0), ("two", 1))
        for i in range(20)
    ]
    density = learn_priors(table(rows)).priors.densities["classification", "knn", "weights"]
    assert density.weights == (0.5, 0.5)
    assert density.sources == ("one", "two")


def test_winners_are_set_against_the_values_that_occur() -> None:
    rows = [
        run(f"d{d}", 0.1, weights="distance" if d < 15 else "uniform") | {"winners_only": True}
        for d in range(20)
    ]
    density = learn_priors(table(rows)).priors.densities["classification", "knn", "weights"]
    # each option was tried once: a winner has (2 + 2) to (0 + 2); 20 datasets are half trusted
    won = 0.75 * (4 / 6) + 0.25 * (2 / 6)
    assert density.weights[1] == pytest.approx(0.5 * won + 0.5 * 0.5, abs=1e-4)


def test_winners_fractions_are_those_of_their_own_dataset() -> None:
    """A tenth of the rows is another number on every dataset, but was tried on each."""
    rows = [
        run(f"d{d}", 0.1, "DecisionTreeClassifier", min_weight_fraction_leaf=(0.0, 0.1)[d % 2])
        | {"winners_only": True, "n_rows": 10.0 * (d + 2)}
        for d in range(10)
    ]
    learned = learn_priors(table(rows))
    key = ("classification", "decision_tree", "min_samples_leaf")
    assert learned.priors.densities[key].n_datasets == 10
    even = learned.priors.densities[key].weights
    assert max(even) < 0.12  # half of the datasets chose either


def test_runs_are_counted_by_what_became_of_them() -> None:
    rows = [run("d", 0.0, weights="distance"), run("d", 0.5, weights="uniform")]
    rows += [run("d", 0.2, "SVC", kernel="poly"), run("d", 0.2, "AdaBoostClassifier")]
    rows += [run("d", 0.1, "LogisticRegression", C=1.0)]
    learned = learn_priors(table(rows))
    assert learned.mapped == {("made-up", "knn"): 2, ("made-up", "linear"): 1}
    assert learned.unmapped == {
        ("made-up", "SVC", "kernel=poly"): 1,
        ("made-up", "AdaBoostClassifier", "no counterpart"): 1,
    }
    assert learned.priors.family_wins == {
        "classification": {"made-up": {"knn": 1.0, "linear": 0.0}}
    }


def test_a_folder_without_histories_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="holds no known run history"):
        read_history(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A little history in the published layout."""
    for name in ("oboe", "tabrepo_lightgbm"):
        (tmp_path / "history" / name).mkdir(parents=True)
    oboe = [
        {
            "dataset_id": d,
            "dataset_name": "",
            "task_type": "classification",
            "algorithm": "KNeighborsClassifier",
            "hyperparameters": json.dumps({"n_neighbors": k, "p": p}),
            "metric": "balanced_error_rate",
            "score": 0.1 * p + k / 1000,
        }
        for d in (3, 8)
        for k in (1, 5, 9, 15)
        for p in (1, 2)
    ]
    pd.DataFrame(oboe).to_parquet(tmp_path / "history" / "oboe" / "evaluations.parquet")
    pd.DataFrame(
        {"dataset_id": [3, 8], "train_rows_used": [100, 200], "columns_after_encoding": [4, 9]}
    ).to_csv(tmp_path / "history" / "oboe" / "datasets.csv", index=False)
    forest = {"dataset_id": 1, "dataset_name": "a", "algorithm": "LGBMRegressor"}
    rows = [
        forest | {"task_type": "regression", "hyperparameters": text, "metric": m, "score": 1.0}
        for text in ('{"num_leaves": 31}', '"default"', None)
        for m in ("rmse", "mae")
    ]
    path = tmp_path / "history" / "tabrepo_lightgbm" / "evaluations.csv.gz"
    pd.DataFrame(rows).to_csv(path, index=False)
    return tmp_path / "history"


def test_histories_become_one_tidy_table(folder: Path) -> None:
    runs = read_history(folder)
    assert tuple(runs.columns) == RUN_COLUMNS
    assert runs["source"].value_counts().to_dict() == {"oboe": 16, "tabrepo_lightgbm": 1}
    oboe = runs[runs["source"] == "oboe"]
    assert set(zip(oboe["dataset"], oboe["n_rows"], oboe["n_columns"], strict=True)) == {
        ("3", 80.0, 4.0),
        ("8", 160.0, 9.0),
    }
    (other,) = runs[runs["source"] != "oboe"].to_dict("records")
    assert (other["pool"], other["dataset"], other["loss"]) == ("regression", "1", 1.0)


def test_the_script_learns_and_tells(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "priors.json"
    command = [sys.executable, str(ROOT / "scripts" / "learn_priors.py")]
    done = subprocess.run(
        [*command, "--history", str(folder), "--out", str(out)],
        capture_output=True,
        text=True,
        check=True,
    )
    densities = HyperparameterPriors.load(out).densities
    assert set(densities) == {("classification", "knn", n) for n in ("n_neighbors", "p")}
    assert densities["classification", "knn", "p"].weights[0] > 0.5
    assert "17 runs used, 0 not" in done.stdout
    assert "knn              p                    2 datasets" in done.stdout


@pytest.mark.skipif(not HISTORY.is_dir(), reason="the published histories are not at hand")
def test_the_shipped_priors_are_those_of_the_published_histories() -> None:
    runs = read_history(HISTORY)
    learned = learn_priors(runs[runs["pool"] == "regression"]).priors.densities
    shipped = HyperparameterPriors.load(find_metadata() / "priors.json").densities
    assert set(learned) == {key for key in shipped if key[0] == "regression"}
    for key, density in learned.items():
        assert density.weights == pytest.approx(shipped[key].weights, abs=2e-4), key
        assert density.n_datasets == shipped[key].n_datasets
        assert density.sources == shipped[key].sources
