"""DATA as something on OpenML, on the command line."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from openml_server.server import OpenMLServer
from openml_server.world import Task


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENML_CACHE_DIR", str(tmp_path / "openml"))
    monkeypatch.setenv("HOME", str(tmp_path))


def metatune(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "metatune", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("parquet", [True, False], ids=["parquet", "arff"])
def test_fit_by_id(server: OpenMLServer, metadata_dir: Path, tmp_path: Path, parquet: bool) -> None:
    if not parquet:
        server.world.add(replace(server.world.datasets[100], parquet=None))
    done = metatune(
        *("fit", "openml:100", "--openml-server", server.url, "--metadata", metadata_dir),
        *("--max-trials", 6, "--seed", 1, "--jobs", 1, "--json", "-o", tmp_path / "run"),
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert (record["target"], record["task"]) == ("class", "binary")
    assert record["data"]["source"]["format"] == ("parquet" if parquet else "arff")
    assert "left out as OpenML says: id" in done.stderr
    assert (tmp_path / "run" / "model.skops").is_file()


def test_a_task_gives_target_and_metric(server: OpenMLServer, tmp_path: Path) -> None:
    server.world.add(Task(id=300, dataset=101, target="colour", measure="predictive_accuracy"))
    done = metatune("describe", "openml:task/300", "--openml-server", server.url, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["target"] == "colour"
    done = metatune("recommend", "openml:task/300", "--openml-server", server.url, "--json")
    assert json.loads(done.stdout)["metric"] == "accuracy"
    # with a target of one's own, the task's kind and measure mean nothing
    done = metatune(
        *("recommend", "openml:task/300", "--target", "a", "--openml-server", server.url),
        "--json",
    )
    assert json.loads(done.stdout)["metric"] == "rmse"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fit", "openml:iris"), "names nothing on OpenML"),
        (("fit", "openml:100", "--openml-server", "localhost"), "no address"),
        (
            ("describe", "openml:100", "--openml-server", "http://127.0.0.1:9/api/v1/xml"),
            "cannot be reached",
        ),
    ],
)
def test_what_cannot_be_had_is_one_line(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = metatune(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.strip().count("\n") == 0


def test_a_dataset_without_target_asks_for_one(server: OpenMLServer) -> None:
    server.world.add(replace(server.world.datasets[100], target=None))
    done = metatune("describe", "openml:100", "--openml-server", server.url)
    assert done.returncode == 2
    assert "say which column to predict with --target" in done.stderr
    done = metatune("describe", "openml:100", "--openml-server", server.url, "--target", "a")
    assert done.returncode == 0, done.stderr
