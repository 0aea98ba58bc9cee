"""Whole runs on a Dask cluster find what they find here, to the last bit."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from sklearn.base import clone

pytest.importorskip("distributed")

from distributed import Client

from metatune import MetaTuneClassifier
from metatune.algorithms.registry import get_algorithm
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.errors import OptionError
from metatune.evaluation.keep_rule import KeepRule
from metatune.evaluation.out_of_fold import prediction_file
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult
from metatune.evaluation.trial_data import TrialData
from metatune.evaluation.trial_job import evaluate_and_keep
from metatune.execution.dask_executor import DaskExecutor
from metatune.execution.executor import InlineExecutor, Job, JobStatus
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from dask_cluster import Cluster

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

QUICK: dict[str, Any] = {
    "budget": "5m",
    "max_trials": 3,
    "include": ["decision_tree", "naive_bayes"],
    "random_state": 3,
}


@pytest.fixture(scope="module")
def client(dask_cluster: "Cluster") -> Any:
    with Client(dask_cluster.address, set_as_default=False) as client:
        yield client


def what_was_found(trials: tuple[TrialResult, ...]) -> list[Any]:
    return [
        (t.trial.configuration.key, t.trial.rung, t.status, t.score, dict(t.fold_scores))
        for t in trials
    ]


def test_a_run_on_the_cluster_gives_what_a_run_here_gives(shop: pd.DataFrame, client: Any) -> None:
    X, y = shop.drop(columns="bought"), shop["bought"]
    here = MetaTuneClassifier(n_jobs=1, **QUICK).fit(X, y)
    there = MetaTuneClassifier(executor=client, **QUICK).fit(X, y)
    assert what_was_found(there.trials_) == what_was_found(here.trials_)
    assert np.array_equal(there.predict_proba(X), here.predict_proba(X))
    assert client.status == "running"


def test_files_that_trials_leave_are_the_same(client: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    layout = Layout(names=("a", "b", "c"), n_levels=(0, 0, 0))
    y = (X[:, 0] > 0).astype(np.int64)
    task = EncodedTask(X=X, y=y, layout=layout, kind=TaskKind.BINARY, n_classes=2)
    data = TrialData.make(task, ("roc_auc", "log_loss"), seed=0, n_folds=3)
    data.save(tmp_path / "data")
    top = Rung(index=0, row_share=1.0, n_folds=3)
    configuration = get_algorithm("decision_tree").space(TaskKind.BINARY).default()
    trial = Trial(number=4, configuration=configuration, rung=top, seed=0)
    rule = KeepRule(file="kept.pkl", loss_below=np.inf, folds_below=np.inf)
    left = []
    for executor in (InlineExecutor(), DaskExecutor(client)):
        outbox = tmp_path / type(executor).__name__
        outbox.mkdir()
        with executor:
            executor.submit(
                Job(
                    function=evaluate_and_keep,
                    inbox=str(tmp_path / "data"),
                    outbox=str(outbox),
                    arguments=(trial, rule),
                )
            )
            (handle,) = executor.wait(60.0)
        assert handle.outcome is not None
        assert handle.outcome.status is JobStatus.OK, handle.outcome.error
        left.append({path.name: path.read_bytes() for path in outbox.iterdir()})
    assert left[0].keys() == left[1].keys()
    assert len(left[0]) == 2
    predictions = prediction_file(trial)
    assert left[0][predictions] == left[1][predictions]


def test_clones_of_an_estimator_share_the_client(client: Any) -> None:
    model = MetaTuneClassifier(executor=client, **QUICK)
    copy = clone(model)
    assert copy.executor is client
    assert copy.get_params() == model.get_params()


def test_a_client_is_not_pickled_with_a_fitted_estimator(shop: pd.DataFrame, client: Any) -> None:
    few = {**QUICK, "max_trials": 1}
    X, y = shop.drop(columns="bought"), shop["bought"]
    model = MetaTuneClassifier(executor=client, **few).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert again.executor is None
    assert list(again.predict(X)) == list(model.predict(X))


def test_what_is_no_executor_is_refused(shop: pd.DataFrame) -> None:
    model = MetaTuneClassifier(executor="tcp://127.0.0.1:8786", **QUICK)
    with pytest.raises(OptionError, match=r"is of type str: give a distributed\.Client"):
        model.fit(shop.drop(columns="bought"), shop["bought"])


def test_command_line_uses_the_scheduler(
    call: Callable[..., Result],
    shop_file: Path,
    metadata_dir: Path,
    dask_cluster: "Cluster",
    tmp_path: Path,
) -> None:
    # the budget counts from the start of this process
    options = ["--budget", "9h", "--max-trials", "2", "--include", "decision_tree"]
    options += ["--no-report", "--quiet"]
    options += ["--metadata", str(metadata_dir), "--target", "bought", "--jobs", "2"]
    found = {}
    for name, where in [("here", []), ("there", ["--scheduler", dask_cluster.address])]:
        done = call("fit", shop_file, "-o", tmp_path / name, *options, *where)
        assert done.exit_code in (0, 3), done.stderr
        found[name] = json.loads((tmp_path / name / "run.json").read_text(encoding="utf-8"))
    assert found["there"]["score"] == found["here"]["score"]
    assert found["there"]["trials"] == found["here"]["trials"]
    assert found["there"]["options"]["scheduler"] == dask_cluster.address


def test_command_line_says_that_a_scheduler_does_not_answer(
    call: Callable[..., Result], shop_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metatune.execution.dask_executor.CONNECT_SECONDS", 0.5)
    done = call("fit", shop_file, "-o", tmp_path / "run", "--scheduler", "127.0.0.1:1")
    assert done.exit_code == 2
    assert done.stderr.startswith("metatune: error: no Dask scheduler answers at tcp://127.0.0.1:1")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()
