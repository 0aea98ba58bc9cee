"""Trackers, on local files: skipped where their packages are missing."""

import pickle
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from metatune import MetaTuneRegressor
from metatune.errors import ListenerWarning, OptionError
from metatune.execution.executor import InlineExecutor
from metatune.listeners import MLflowTracker, TensorBoardTracker, Tracker, WandbTracker


class Notebook(Tracker):
    """Tracker that writes down what it is told, and perhaps fails at it."""

    package = "json"

    def __init__(self, fails_at: int = 99) -> None:
        super().__init__()
        self.told: list[tuple[Any, ...]] = []
        self.fails_at = fails_at

    def open(self, params: Mapping[str, Any]) -> None:
        self.told.append(("open", dict(params), threading.current_thread().name))

    def log(self, step: int, values: Mapping[str, float]) -> None:
        if step >= self.fails_at:
            raise ConnectionError("the server is away")
        self.told.append((step, dict(values)))

    def close(self, results: Mapping[str, Any], *, ok: bool) -> None:
        self.told.append(("close", dict(results), ok))


def fit(*callbacks: Tracker) -> MetaTuneRegressor:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = X[:, 0] + 0.1 * rng.normal(size=80)
    with InlineExecutor() as executor:
        return MetaTuneRegressor(
            max_trials=3,
            include=["linear", "decision_tree"],
            random_state=0,
            executor=executor,
            callbacks=callbacks,
        ).fit(X, y)


def test_a_tracker_is_told_of_a_run_from_beginning_to_end() -> None:
    notebook = Notebook()
    model = fit(notebook)
    (_, params, thread), (zero, before), *trials, (last, end), (_, results, ok) = notebook.told
    assert thread == "metatune-tracker"
    assert (params["metric"], params["task"], params["n_rows"]) == ("rmse", "regression", 80)
    assert params["max_trials"] == 3
    assert (zero, list(before)) == (0, ["constant_score"])
    assert [step for step, _ in trials] == [1, 2, 3]
    assert [values["score"] for _, values in trials] == [r.score for r in model.trials_]
    assert trials[-1][1]["best_score"] == min(r.score for r in model.trials_)
    assert last == 3
    assert end["final_score"] > 0
    assert (results["ended"], ok) == ("all trials are done", True)
    fit(notebook)
    assert sum(what == "close" for what, *_ in notebook.told) == 2


def test_a_server_that_is_away_costs_a_warning_and_no_run() -> None:
    notebook = Notebook(fails_at=1)
    with pytest.warns(ListenerWarning, match="Notebook.* the server is away") as caught:
        model = fit(notebook)
    assert len([w for w in caught if issubclass(w.category, ListenerWarning)]) == 1
    assert len(model.trials_) == 3


def test_a_tracker_travels_before_and_after_a_run() -> None:
    notebook = pickle.loads(pickle.dumps(Notebook()))
    fit(notebook)
    again = pickle.loads(pickle.dumps(notebook))
    assert again.told == notebook.told
    fit(again)
    assert len(again.told) == 2 * len(notebook.told)


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        (MLflowTracker, "pip install 'metatune[mlflow]'"),
        (WandbTracker, "pip install 'metatune[wandb]'"),
        (TensorBoardTracker, "pip install 'metatune[tensorboard]'"),
    ],
)
def test_a_missing_package_is_said_in_a_line(kind: type[Tracker], command: str) -> None:
    class Missing(kind):  # type: ignore[valid-type, misc]
        package = "no_such_package_for_metatune"

    with pytest.raises(OptionError) as caught:
        Missing("somewhere")
    assert command in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("store", ["sqlite", "folder"])
def test_mlflow_holds_the_trials(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    from mlflow.tracking import MlflowClient

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = f"sqlite:///{tmp_path}/mlflow.db" if store == "sqlite" else str(tmp_path / "runs")
    tracker = MLflowTracker(uri, experiment="tests")
    model = fit(tracker)
    assert tracker.leave() == ""
    client = MlflowClient(tracking_uri=uri if store == "sqlite" else (tmp_path / "runs").as_uri())
    experiment = client.get_experiment_by_name("tests")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["metric"] == "rmse"
    assert run.data.tags["metatune.ended"] == "all trials are done"
    history = client.get_metric_history(run.info.run_id, "score")
    assert {m.step: m.value for m in history} == {
        n: pytest.approx(r.score) for n, r in enumerate(model.trials_, start=1)
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_an_event_file_holds_the_trials(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    fit(TensorBoardTracker(tmp_path / "events"))
    (file,) = (tmp_path / "events").iterdir()
    content = file.read_bytes()
    assert content.count(b"best_score") == 3
    assert b"final_score" in content


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_weights_and_biases_holds_the_trials_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    tracker = WandbTracker("tests", mode="offline", dir=str(tmp_path))
    fit(tracker)
    assert tracker.leave() == ""
    (file,) = tmp_path.rglob("*.wandb")
    assert b"best_score" in file.read_bytes()


def test_a_command_says_how_to_install_mlflow(
    call: Callable[..., Result], shop_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MLflowTracker, "package", "no_such_package_for_metatune")
    result = call("fit", shop_file, "--mlflow", "runs", "-o", tmp_path / "run")
    assert result.exit_code == 2
    assert "pip install 'metatune[mlflow]'" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()
