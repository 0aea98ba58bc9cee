"""DATA as something on OpenML, on the command line."""

import io
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import openml
import pandas as pd
import pytest
from click.testing import Result
from openml_server.made_up import make_world
from openml_server.server import Fault, OpenMLServer
from openml_server.world import Task

from metatune import describe
from metatune.budget import Deadline
from metatune.cli.data import open_data
from metatune.data.reading.options import DETECT
from metatune.errors import OpenMLError, OptionError

Call = Callable[..., Result]
QUICK = (
    *("--include", "linear,naive_bayes,decision_tree", "--max-trials", "4", "--seed", "1"),
    "--no-report",
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep downloads of one test from another, whose server may have the same port."""
    monkeypatch.setenv("OPENML_CACHE_DIR", str(tmp_path / "openml"))
    monkeypatch.setenv("HOME", str(tmp_path))
    root = openml.config._root_cache_directory
    openml.config.set_root_cache_directory(tmp_path / "openml")
    yield
    openml.config.set_root_cache_directory(root)


@pytest.fixture(scope="module")
def model(metadata_dir: Path, programs: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of dataset 100, fitted as a user does."""
    folder = tmp_path_factory.mktemp("model")
    with OpenMLServer(world=make_world()) as server:
        done = metatune(
            programs,
            *("fit", "openml:100", "--openml-server", server.url, "--metadata", metadata_dir),
            *(*QUICK, "--jobs", 1, "--no-report", "-q", "-o", folder / "run"),
            environment={"OPENML_CACHE_DIR": str(folder / "openml"), "HOME": str(folder)},
        )
    assert done.returncode == 0, done.stderr
    assert f"predict {folder / 'run'} new_rows.csv" in done.stdout
    return str(folder / "run")


def metatune(
    programs: Path,
    *words: object,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(programs / "metatune"), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
    )


def test_fit_by_id_of_an_arff_dataset(
    server: OpenMLServer, metadata_dir: Path, programs: Path, tmp_path: Path
) -> None:
    server.world.add(replace(server.world.datasets[100], parquet=None))
    done = metatune(
        programs,
        *("fit", "openml:100", "--openml-server", server.url, "--metadata", metadata_dir),
        *(*QUICK, "--jobs", 1, "--no-report", "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert (record["target"], record["task"]) == ("class", "binary")
    assert record["data"]["source"]["format"] == "arff"
    assert "left out as OpenML says: id" in done.stderr
    assert (tmp_path / "openml-100.metatune" / "model.skops").is_file()


def test_fit_by_id_of_a_parquet_dataset(model: str) -> None:
    record = json.loads((Path(model) / "run.json").read_text())
    assert (record["target"], record["task"]) == ("class", "binary")
    assert record["data"]["source"]["format"] == "parquet"


def test_a_task_gives_target_and_metric(server: OpenMLServer, call: Call) -> None:
    server.world.add(Task(id=300, dataset=101, target="colour", measure="predictive_accuracy"))
    options = ("--openml-server", server.url, "--json")
    done = call("describe", "openml:task/300", *options)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["target"] == "colour"
    done = call("recommend", "openml:task/300", *options)
    assert json.loads(done.stdout)["metric"] == "accuracy"
    # with a target of one's own, the task's kind and measure mean nothing
    done = call("recommend", "openml:task/300", "--target", "a", *options)
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
def test_what_cannot_be_had_is_one_line(words: tuple[str, ...], said: str, call: Call) -> None:
    done = call(*words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.strip().count("\n") == 0


def test_a_dataset_without_target_asks_for_one(server: OpenMLServer, call: Call) -> None:
    server.world.add(replace(server.world.datasets[100], target=None))
    done = call("describe", "openml:100", "--openml-server", server.url)
    assert done.exit_code == 2
    assert "say which column to predict with --target" in done.stderr
    done = call("describe", "openml:100", "--openml-server", server.url, "--target", "a")
    assert done.exit_code == 0, done.stderr


def test_columns_that_the_user_names_are_not_left_out(server: OpenMLServer, call: Call) -> None:
    server.world.add(replace(server.world.datasets[100], ignored=("a",)))
    options = ("--openml-server", server.url, "--json")
    done = call("describe", "openml:100", "--target", "a", "--group", "id", *options)
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["target"], said["task"]) == ("a", "regression")


def test_a_silent_server_costs_no_more_than_the_time_there_is(server: OpenMLServer) -> None:
    server.faults.append(Fault(pattern="data", kind="slow", times=float("inf"), seconds=3.0))
    with pytest.raises(OpenMLError, match="cannot be reached"):
        open_data(
            "openml:100",
            target=None,
            server=server.url,
            reading=DETECT,
            deadline=Deadline.after(1.0),
        )
    assert len(server.requests) == 1


def test_python_says_where_names_are_understood() -> None:
    with pytest.raises(OptionError, match=r"openml:31.*command line.*get_dataset"):
        describe("openml:31")


class TestModels:
    """`predict` and `evaluate` with something on OpenML."""

    @pytest.mark.parametrize("arff", [False, True], ids=["parquet", "arff"])
    def test_predict(self, model: str, server: OpenMLServer, call: Call, arff: bool) -> None:
        dataset = server.world.datasets[100]
        truth = pd.read_parquet(io.BytesIO(dataset.parquet or b""))["class"]
        if arff:
            server.world.add(replace(dataset, parquet=None))
        done = call("predict", model, "openml:100", "--openml-server", server.url)
        assert done.exit_code == 0, done.stderr
        assert "left out as OpenML says: id" in done.stderr
        answer = pd.read_csv(io.StringIO(done.stdout))
        assert list(answer.columns) == ["class"]
        assert (answer["class"].to_numpy() == truth.to_numpy()).mean() > 0.8

    def test_predict_rows_of_a_dataset_without_target(
        self, model: str, server: OpenMLServer, call: Call
    ) -> None:
        server.world.add(replace(server.world.datasets[100], target=None, ignored=("a", "class")))
        done = call("predict", model, "openml:100", "--openml-server", server.url)
        assert done.exit_code == 0, done.stderr
        assert len(done.stdout.splitlines()) == 121

    def test_predict_says_if_a_task_is_about_something_else(
        self, model: str, server: OpenMLServer, call: Call
    ) -> None:
        server.world.add(Task(id=300, dataset=100, target="colour"))
        done = call("predict", model, "openml:task/300", "--openml-server", server.url)
        assert done.exit_code == 0, done.stderr
        assert "is about 'colour', but the model predicts 'class'" in done.stderr

    def test_evaluate_by_the_measure_of_a_task(
        self, model: str, server: OpenMLServer, call: Call
    ) -> None:
        server.world.add(Task(id=300, dataset=100, target="class", measure="f_measure"))
        options = ("--openml-server", server.url, "--json")
        done = call("evaluate", model, "openml:task/300", *options)
        assert done.exit_code == 0, done.stderr
        said = json.loads(done.stdout)
        assert [score["metric"] for score in said["scores"]][:2] == ["f1_weighted", "roc_auc"]
        assert said["n_rows"] == 120
        assert said["scores"][1]["score"] > 0.8
        done = call("evaluate", model, "openml:100", *options)
        assert json.loads(done.stdout)["scores"] == said["scores"][1:]

    def test_a_measure_that_does_not_fit_is_no_metric(
        self, model: str, server: OpenMLServer, call: Call
    ) -> None:
        server.world.add(Task(id=300, dataset=100, target="class", measure="kappa"))
        done = call("evaluate", model, "openml:task/300", "--openml-server", server.url, "--json")
        assert json.loads(done.stdout)["scores"][0]["metric"] == "roc_auc"

    @pytest.mark.parametrize("command", ["predict", "evaluate"])
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("openml:credit", "use openml:31 for a dataset"),
            ("openml:999", "Unknown dataset: check the id"),
            ("openml:101", "lacks the column"),
        ],
    )
    def test_a_mistake_is_one_line(
        self, model: str, server: OpenMLServer, call: Call, command: str, name: str, said: str
    ) -> None:
        dataset = server.world.datasets[101]
        frame = pd.read_parquet(io.BytesIO(dataset.parquet or b"")).drop(columns="a")
        content = io.BytesIO()
        frame.to_parquet(content, index=False)
        server.world.add(replace(dataset, parquet=content.getvalue()))
        done = call(command, model, name, "--openml-server", server.url, "-q")
        assert done.exit_code == 2
        assert said in done.stderr
        assert done.stderr.strip().count("\n") == 0
