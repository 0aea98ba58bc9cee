"""Extension of the AutoML benchmark: metrics, labels, limits, folds, and a fold as it is run."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from sklearn.metrics import average_precision_score, fbeta_score

from benchmarks.amlb.extensions import metatune as extension
from benchmarks.amlb.extensions.metatune.exec import (
    METRICS,
    metric_for,
    parameters,
    with_all_labels,
)
from metatune.kinds import TaskKind
from metatune.metrics import choose_metric

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "scripts" / "benchmarks" / "amlb"
STAND_IN = ROOT / "tests" / "helpers" / "automlbenchmark"
DEFAULTS = {
    "binary": ("auc", "logloss", "acc", "balacc"),
    "multiclass": ("logloss", "acc", "balacc"),
    "regression": ("rmse", "r2", "mae"),
}
"""Metrics that the benchmark computes unless it is told otherwise."""


def settings(**more: Any) -> SimpleNamespace:
    known = {"metric": "auc", "cores": 1, "max_runtime_seconds": 60, "max_mem_size_mb": 4096}
    return SimpleNamespace(**({**known, "seed": 7, "framework_params": {}} | more))


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, names in METRICS.items() for n in names])
def test_every_counterpart_fits_its_kind_of_task(kind: str, name: str) -> None:
    n_classes = {"binary": 2, "multiclass": 3, "regression": 0}[kind]
    labels = np.array(["a", "b", "c"][:n_classes], dtype=object) if n_classes else None
    y = np.arange(30) % n_classes if n_classes else np.linspace(1.0, 2.0, 30)
    metric, _ = choose_metric(metric_for(name, kind), TaskKind(kind), y, labels)
    perfect = np.eye(n_classes)[y.astype(int)] if n_classes else y
    poor = perfect[::-1].copy()
    better, worse = metric.function(y, perfect, None), metric.function(y, poor, None)
    assert (better > worse) == metric.greater_is_better


@pytest.mark.parametrize("kind", DEFAULTS)
def test_metrics_that_the_benchmark_computes_by_default_have_counterparts(kind: str) -> None:
    assert set(DEFAULTS[kind]) <= set(METRICS[kind])


@pytest.mark.parametrize("name", ["f05", "f1", "f2", "pr_auc"])
def test_the_positive_class_is_the_later_label(name: str) -> None:
    rng = np.random.default_rng(0)
    codes = (rng.uniform(size=200) < 0.8).astype(int)  # the later label is the frequent one
    p = np.clip(codes * 0.3 + rng.uniform(0.0, 0.7, size=200), 0.0, 1.0)
    y = pd.Series(np.where(codes == 1, "sane", "ill"))
    options = parameters(settings(metric=name), "binary", y)
    assert options["pos_label"] == "sane"
    metric, _ = choose_metric(
        options["metric"],
        TaskKind.BINARY,
        1 - codes if options["pos_label"] == "ill" else codes,
        np.array(["ill", "sane"], dtype=object),
        positive=options["pos_label"],
    )
    beta = {"f05": 0.5, "f1": 1.0, "f2": 2.0}.get(name)
    decided = (p > 0.5).astype(int)
    wanted = fbeta_score(codes, decided, beta=beta) if beta else average_precision_score(codes, p)
    assert metric.function(codes, np.column_stack([1.0 - p, p]), None) == pytest.approx(wanted)


def test_a_metric_without_counterpart_is_told_and_the_default_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert metric_for("max_pce", "binary") is None
    assert "max_pce" in caplog.text


def test_a_kind_of_task_that_metatune_lacks_is_refused() -> None:
    with pytest.raises(
        ValueError, match="no timeseries tasks: only binary, multiclass, regression"
    ):
        metric_for("mase", "timeseries")


def test_probabilities_come_in_alphabetical_order_with_labels_that_were_never_seen() -> None:
    given = np.array([[0.2, 0.8], [0.6, 0.4]])
    found, labels = with_all_labels(given, ["10", "9"], ["9", "10", "11"])
    assert labels == ["10", "11", "9"]
    assert found.tolist() == [[0.2, 0.0, 0.8], [0.6, 0.0, 0.4]]
    found, labels = with_all_labels(given, ["b", "a"], ["a", "b"])
    assert (labels, found[0].tolist()) == (["a", "b"], [0.8, 0.2])


def test_limits_of_a_task_become_parameters() -> None:
    y = pd.Series(["a", "b", None], dtype=object)
    config = settings(cores=3, framework_params={"strategy": "tpe", "_save_artifacts": ()})
    found = parameters(config, "binary", y)
    assert 59.0 < found["budget"] < 60.0
    assert (found["n_jobs"], found["random_state"], found["strategy"]) == (3, 7, "tpe")
    assert found["memory_limit"] == 1024 * 2**20  # a quarter: three workers and their leader
    assert "_save_artifacts" not in found


def test_parameters_of_the_definition_win() -> None:
    config = settings(framework_params={"n_jobs": 2, "budget": "1h"})
    found = parameters(config, "regression", pd.Series([1.0, 2.0]))
    assert (found["n_jobs"], found["budget"], found["pos_label"]) == (2, "1h", None)


@pytest.fixture(name="catalogue")
def _catalogue(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    sizes = rng.normal(size=100)
    labels = np.array(["small", "large"])[(sizes > 0).astype(int)]
    labels[:2] = "odd"
    classes = pd.DataFrame({"size": sizes, "label": labels, "leak": labels})
    numbers = pd.DataFrame({"x": sizes, "y": 2 * sizes + rng.normal(size=100)})
    numbers.loc[:9, "y"] = np.nan
    classes.to_csv(tmp_path / "classes.csv", index=False)
    numbers.to_csv(tmp_path / "numbers.csv", index=False)
    lines = [
        {"name": "a.b", "file": "classes.csv", "task": "multiclass", "target": "label"},
        {"name": "numbers", "file": "numbers.csv", "task": "regression", "target": "y"},
        {"name": "astray", "file": "numbers.csv", "task": "regression", "target": "z"},
    ]
    lines[0]["leak_columns"] = "leak"
    pd.DataFrame(lines).assign(family="f").to_csv(tmp_path / "catalogue.csv", index=False)
    return tmp_path / "catalogue.csv"


def make_folds(bench: Callable[..., Result], catalogue: Path, *names: str) -> Result:
    only = ("--only", ",".join(names), "--folds", 4, "--out", catalogue.parent / "out")
    return bench("amlb-folds", "--catalogue", catalogue, *only)


def test_each_row_with_a_target_is_tested_once(
    bench: Callable[..., Result], catalogue: Path
) -> None:
    assert make_folds(bench, catalogue, "numbers").exit_code == 0
    folder = catalogue.parent / "out" / "numbers"
    train = [pd.read_csv(folder / f"train_{fold}.csv") for fold in range(4)]
    test = [pd.read_csv(folder / f"test_{fold}.csv") for fold in range(4)]
    rows = pd.read_csv(catalogue.parent / "numbers.csv").dropna()["x"]
    assert sorted(pd.concat(test)["x"]) == pytest.approx(sorted(rows))
    assert all(
        len(learned) + len(tested) == 90 and not set(learned["x"]) & set(tested["x"])
        for learned, tested in zip(train, test, strict=True)
    )


def test_rows_of_rare_classes_are_only_trained_on(
    bench: Callable[..., Result], catalogue: Path
) -> None:
    make_folds(bench, catalogue, "a.b")
    for fold in range(4):
        train = pd.read_csv(catalogue.parent / "out" / "a_b" / f"train_{fold}.csv")
        test = pd.read_csv(catalogue.parent / "out" / "a_b" / f"test_{fold}.csv")
        assert list(train) == ["size", "label"], "the column that restates the target is left out"
        assert (train["label"] == "odd").sum() == 2
        assert set(test["label"]) == {"small", "large"}


def test_the_definition_is_yaml_that_names_every_file(
    bench: Callable[..., Result], catalogue: Path
) -> None:
    yaml = pytest.importorskip("yaml")
    found = make_folds(bench, catalogue, "a.b", "numbers")
    path = Path(found.stdout.splitlines()[-1])
    tasks = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [(t["name"], t["folds"], t["dataset"]["type"]) for t in tasks] == [
        ("a_b", 4, "multiclass"),
        ("numbers", 4, "regression"),
    ]
    assert [task["dataset"]["target"] for task in tasks] == ["label", "y"]
    files = [f for task in tasks for part in ("train", "test") for f in task["dataset"][part]]
    assert len(files) == len(set(files)) == 16
    assert all(Path(file).is_absolute() and Path(file).is_file() for file in files)


@pytest.mark.parametrize(
    ("name", "said"),
    [("unknown", "the catalogue has no table 'unknown'"), ("astray", "has no column 'z'")],
)
def test_what_cannot_be_folded_is_told_in_one_line(
    bench: Callable[..., Result], catalogue: Path, name: str, said: str
) -> None:
    found = make_folds(bench, catalogue, name)
    assert found.exit_code == 1
    assert said in found.stderr
    assert len(found.stderr.splitlines()) == 1


def run_fold(tmp_path: Path, dataset: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Start `exec.py` as the benchmark does: input by a pipe, an environment without a home."""
    params = {"max_trials": 1, "budget": "10h", "_save_artifacts": ["leaderboard", "estimate"]}
    config = settings(framework_params=params, output_dir=str(tmp_path), name="t", fold=0, **more)
    config.output_predictions_file = str(tmp_path / "predictions.csv")
    config.result_file = str(tmp_path / "result.json")
    found = subprocess.run(
        [sys.executable, "-W", "ignore", str(FOLDER / "extensions" / "metatune" / "exec.py")],
        input=json.dumps({"dataset": dataset, "config": vars(config), "options": {}}),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, (STAND_IN, ROOT)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    answer: dict[str, Any] = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert answer["output_file"] == config.output_predictions_file
    assert answer["models_count"] == 1
    assert 0.0 < answer["predict_duration"] < answer["training_duration"]
    return answer


def test_a_fold_with_classes_is_answered_in_the_labels_of_the_benchmark(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=120)
    labels = np.where(x > 0, "Tall", " short")
    table = pd.DataFrame({"x": x, "day": "2024-05-01", "label": labels})
    table.iloc[:80].to_csv(tmp_path / "train.csv", index=False)
    table.iloc[80:].to_csv(tmp_path / "test.csv", index=False)
    dataset = {
        "kind": "multiclass",
        "target": {"name": "label", "labels": ["giant", "short", "tall"]},
        "train": {"path": str(tmp_path / "train.csv")},
        "test": {"path": str(tmp_path / "test.csv")},
    }
    answer = run_fold(tmp_path, dataset, metric="logloss")
    assert answer["probabilities_labels"] == ["giant", "short", "tall"]
    probabilities = np.array(answer["probabilities"])
    assert probabilities.shape == (40, 3)
    assert not probabilities[:, 0].any()
    assert probabilities.sum(axis=1) == pytest.approx(1.0)
    assert answer["truth"] == [label.strip().lower() for label in labels[80:]]
    right = [p == t for p, t in zip(answer["predictions"], answer["truth"], strict=True)]
    assert np.mean(right) > 0.9
    assert "algorithm" in pd.read_csv(tmp_path / "leaderboard" / "leaderboard.csv")
    estimate = json.loads((tmp_path / "estimate" / "estimate.json").read_text(encoding="utf-8"))
    assert estimate["metric"] == "log_loss"


def test_a_fold_with_numbers_is_answered_without_probabilities(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=120)
    table = pd.DataFrame({"x": x, "group": pd.Categorical(["u", "v"] * 60), "y": 3 * x})
    table.iloc[:80].to_parquet(tmp_path / "train.parquet")
    table.iloc[80:].to_parquet(tmp_path / "test.parquet")
    dataset = {
        "kind": "regression",
        "target": {"name": "y", "labels": None},
        "train": {"path": str(tmp_path / "train.parquet")},
        "test": {"path": str(tmp_path / "test.parquet")},
    }
    answer = run_fold(tmp_path, dataset, metric="rmse")
    assert answer["probabilities"] is answer["probabilities_labels"] is None
    assert answer["truth"] == pytest.approx(3 * x[80:])
    assert np.corrcoef(answer["predictions"], answer["truth"])[0, 1] > 0.9


@pytest.mark.parametrize(("form", "file"), [("csv", "rows.csv"), ("arff", "rows.parquet")])
def test_rows_are_handed_over_as_files(
    form: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(STAND_IN)
    split = SimpleNamespace(path=f"rows.{form}", format=form, data_path="rows.{}".format)
    target = SimpleNamespace(name="label", values=["a", "b"])
    kind = SimpleNamespace(name="binary")
    dataset = SimpleNamespace(type=kind, target=target, train=split, test=split)
    config = settings()
    sent = extension.run(dataset, config)
    assert (FOLDER / "extensions" / "metatune" / sent["script"]).is_file()
    assert Path(sent["caller"]) == FOLDER / "extensions" / "metatune" / "__init__.py"
    assert sent["config"] is config
    assert sent["dataset"] is dataset
    assert sent["input_data"] == {
        "kind": "binary",
        "target": {"name": "label", "labels": ["a", "b"]},
        "train": {"path": file},
        "test": {"path": file},
    }


def test_the_setup_is_a_script_that_gets_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(STAND_IN)
    import amlb.utils

    extension.setup("checkout", _live_output_=True)
    script, arguments, options = amlb.utils.CALLS[-1]
    assert os.access(script, os.X_OK)
    assert (arguments, options) == (("checkout",), {"_live_output_": True})


def test_the_setup_says_which_python_it_needs() -> None:
    found = subprocess.run(
        [FOLDER / "extensions" / "metatune" / "setup.sh", "checkout"],
        env={"PATH": os.environ["PATH"], "METATUNE_PYTHON": "/bin/false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert found.stderr.startswith("metatune needs Python 3.11 or later")


def test_the_folder_is_a_user_directory_of_the_benchmark() -> None:
    yaml = pytest.importorskip("yaml")
    config, frameworks, constraints = (
        yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
        for name in ("config", "frameworks", "constraints")
    )
    named = [*config["frameworks"]["definition_file"], *config["benchmarks"]["constraints_file"]]
    own = [Path(name.format(user=FOLDER, root="")) for name in named if name.startswith("{user}")]
    assert len(own) == 2
    assert all(path.is_file() for path in own)
    assert (FOLDER / frameworks["metatune"]["module"].replace(".", "/") / "__init__.py").is_file()
    assert {name: limits["max_runtime_seconds"] for name, limits in constraints.items()} == {
        "10s1c": 10,
        "60s1c": 60,
        "300s1c": 300,
    }
    assert {limits["cores"] for limits in constraints.values()} == {1}
