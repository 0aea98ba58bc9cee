"""Runs whose trials hold schedules or slopes: repeatable, continued, and their model a replay."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from sklearn.base import clone

from metatune import load
from metatune.evaluation.trial import TrialResult
from metatune.samplers.catalogue import StrategyName
from metatune.schedule import read_schedule
from metatune.storage.journal import read_journal

Call = Callable[..., Result]
FAMILIES = {
    StrategyName.PBT: "mlp,decision_tree",
    StrategyName.GRADIENT: "linear,knn,naive_bayes,decision_tree",
}


@pytest.fixture(scope="module")
def fixed(metadata_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    space = tmp_path_factory.mktemp("space") / "space.toml"
    quick = "[mlp]\nhidden = 16\nlearning_rate = { low = 0.01, default = 0.03 }\n"
    space.write_text(quick, encoding="utf-8")
    return [
        *("--metadata", str(metadata_dir), "--budget", "10h", "--seed", "3"),
        *("--space", str(space), "--single", "--no-report", "-q", "--jobs"),
    ]


@pytest.fixture(scope="module")
def shop_file(shop: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of fewer rows: networks learn from it in fewer batches."""
    path = tmp_path_factory.mktemp("data") / "shop.csv"
    shop.head(100).to_csv(path, index=False)
    return path


def results(folder: Path) -> list[TrialResult]:
    return sorted(read_journal(folder / "trials.jsonl"), key=lambda r: r.trial.number)


def tried(folder: Path) -> list[object]:
    """Trials of a run in their order, with what they told."""
    return [
        (r.trial.number, r.trial.configuration.key, r.trial.rung.index, r.score, r.slope)
        for r in results(folder)
    ]


@pytest.mark.parametrize("name", list(FAMILIES))
def test_a_counted_run_is_the_same_for_one_worker_and_two_and_after_it_was_killed(
    name: StrategyName, shop_file: Path, fixed: list[str], tmp_path: Path, call: Call
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, jobs in ((one, "1"), (two, "2")):
        words = ("--strategy", name, "--include", FAMILIES[name], "--max-trials", "11")
        assert call("fit", shop_file, *fixed, jobs, *words, "-o", folder).exit_code == 0
    assert tried(one) == tried(two)
    whole = tried(one)
    assert name in {r.trial.configuration.origin for r in results(one)[7:]}, "it acts at last"
    lines = (one / "trials.jsonl").read_bytes().splitlines(keepends=True)
    (one / "trials.jsonl").write_bytes(b"".join(lines[:7]) + lines[7][:40])
    record = json.loads((one / "run.json").read_text())
    left = {key: value for key, value in record.items() if key not in ("score", "winner")}
    (one / "run.json").write_text(json.dumps({**left, "status": "running"}))
    result = call("continue", one, "--trust-run", "-q")
    assert result.exit_code == 0, result.stderr
    assert tried(one) == whole


def test_slopes_are_told_where_they_are_followed_and_nowhere_else(
    shop_file: Path, fixed: list[str], tmp_path: Path, call: Call
) -> None:
    words = ("--include", "linear,naive_bayes", "--max-trials", "8", "--cold-start")
    for name in (StrategyName.GRADIENT, StrategyName.RANDOM):
        folder = tmp_path / name
        made = call("fit", shop_file, *fixed, "1", *words, "--strategy", name, "-o", folder)
        assert made.exit_code == 0
    told = [(r.trial.configuration.algorithm, r.slope) for r in results(tmp_path / "gradient")]
    assert all((slope is not None) == (family == "linear") for family, slope in told)
    assert all(result.slope is None for result in results(tmp_path / "random"))


@pytest.fixture(scope="module")
def population(
    shop_file: Path, fixed: list[str], call: Call, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("population") / "run"
    words = ("--include", "mlp", "--max-trials", "14", "--cold-start")
    made = call("fit", shop_file, *fixed, "1", *words, "--strategy", "pbt", "-o", folder)
    assert made.exit_code == 0, made.stderr
    return folder


def test_the_model_of_a_population_is_a_replay_of_its_schedule_on_all_rows(
    population: Path, shop_file: Path
) -> None:
    winner = max((r for r in results(population) if r.ok), key=lambda r: r.score)
    schedule = read_schedule(str(winner.trial.configuration.params["schedule"]))
    model, table = load(population / "model.skops"), pd.read_csv(shop_file)
    (_, encoder), (_, preprocess), (_, decoder) = model.steps
    stages = decoder.model.estimator.stages
    assert [stage["iterations"] for stage in stages] == [stage.iterations for stage in schedule]
    assert sum(map(len, stages)) == len(schedule) + sum(len(s.changes) for s in schedule)
    y = np.searchsorted(decoder.labels, table["bought"])
    seen = clone(preprocess).fit_transform(encoder.transform(table.drop(columns="bought")), y)
    replay = clone(decoder.model).fit(seen, y)
    np.testing.assert_array_equal(replay.predict_proba(seen), decoder.model.predict_proba(seen))


@pytest.mark.filterwarnings("ignore")
def test_a_script_trains_by_the_schedule_of_the_model(
    population: Path, call: Call, tmp_path: Path
) -> None:
    result = call("export", population, "-o", tmp_path / "script.py")
    assert result.exit_code == 0, result.stderr
    assert "its predictions are those of the model" in result.stderr
    assert "NetworkClassifierByStages(" in (tmp_path / "script.py").read_text()


def test_importance_says_how_what_changed_is_counted(population: Path, call: Call) -> None:
    told = json.loads(call("importance", population, "--json").stdout)
    (space,) = told["spaces"]
    with_schedule = {
        r.trial.configuration.key
        for r in results(population)
        if r.ok and "schedule" in r.trial.configuration.params
    }
    assert space["n_scheduled"] == len(with_schedule) > 0
    assert space["hyperparameters"]
    shown = " ".join(call("importance", population).stdout.split())
    assert f"{len(with_schedule)} of them changed hyperparameters while the model" in shown
