"""Runs of estimators that go on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from mixed_table import make_table

from metatune import MetaTuneClassifier, load
from metatune.errors import (
    OptionError,
)
from metatune.execution.executor import Handle, InlineExecutor, Job
from metatune.storage.journal import read_journal


def test_a_run_goes_on_with_more_trials(tmp_path: Path) -> None:
    X, y = make_table(80)
    few = {"run_dir": tmp_path / "run", "random_state": 0, "include": ["naive_bayes", "knn"]}

    def fit(X: pd.DataFrame = X, **changes: Any) -> MetaTuneClassifier:
        with InlineExecutor() as executor:
            return MetaTuneClassifier(**{"executor": executor, **few, **changes}).fit(X, y)

    first = fit(max_trials=3)
    with pytest.raises(OptionError, match="is not empty"):
        fit(max_trials=6)
    longer = fit(max_trials=6, resume=True)
    assert len(longer.trials_) == 6
    assert [r.to_record() for r in first.trials_] == [r.to_record() for r in longer.trials_[:3]]
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["status"], record["max_trials"]) == ("done", 6)
    assert record["seconds"]["used"] > record["seconds"]["before"] > 0
    refused: list[tuple[str, dict[str, Any]]] = [
        ("another table", {"X": X.assign(size=X["size"] + 1)}),
        ("metric is 'accuracy' now and was not given", {"metric": "accuracy"}),
        ("random_state is 1 now and was 0", {"random_state": 1}),
        ("name a run_dir", {"run_dir": None}),
    ]
    for reason, changes in refused:
        with pytest.raises(OptionError, match=reason):
            fit(max_trials=6, resume=True, **changes)
    assert len(fit(max_trials=6, resume=True, random_state=None).trials_) == 6


def without_figures(trials: Any) -> list[dict[str, Any]]:
    """Return trials without what is measured, which differs each time."""
    varies = ("memory_mb", "latency", "model_bytes", "copied_folds", "stored_matrices")
    return [
        {k: v for k, v in trial.to_record().items() if k not in varies and "seconds" not in k}
        for trial in trials
    ]


def test_the_command_line_goes_on_with_a_run_from_python(
    call: Callable[..., Result], tmp_path: Path
) -> None:
    X, y = make_table(80)
    weights, groups = np.arange(80) % 3 + 1.0, np.arange(80) % 20
    few: dict[str, Any] = {"random_state": 0, "include": ["naive_bayes", "knn"], "n_jobs": 1}

    def fit(folder: str, n_trials: int) -> MetaTuneClassifier:
        model = MetaTuneClassifier(max_trials=n_trials, run_dir=tmp_path / folder, **few)
        return model.fit(X, y, sample_weight=weights, groups=groups)

    fit("run", 2)
    direct = fit("direct", 4)
    done = call("continue", tmp_path / "run", "--max-trials", "+2", "--json", "-q")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["trials"]["finished"] == 4
    assert told["started_from"] == "Python"
    longer = read_journal(tmp_path / "run" / "trials.jsonl")
    assert without_figures(longer) == without_figures(direct.trials_)
    assert np.array_equal(load(tmp_path / "run").predict_proba(X), direct.predict_proba(X))
    assert "is finished" in call("continue", tmp_path / "run").stderr
    elsewhere = call("continue", tmp_path / "run", "--data", "table.csv", "--max-trials", "+1")
    assert (elsewhere.exit_code, elsewhere.stderr.count("\n")) == (2, 1)
    assert "leave out --data" in elsewhere.stderr


def test_an_interrupted_run_from_python_is_continued(
    call: Callable[..., Result], tmp_path: Path
) -> None:
    X, y = make_table(80)

    class Interrupted(InlineExecutor):
        n_left = 2

        def submit(self, job: Job, *, beside: bool = False) -> Handle:
            self.n_left -= 1
            if self.n_left < 0:
                raise MemoryError  # nobody handles it: the process ends
            return super().submit(job, beside=beside)

    few: dict[str, Any] = {"random_state": 0, "include": ["naive_bayes", "knn"], "max_trials": 5}
    with pytest.raises(MemoryError), Interrupted() as executor:
        MetaTuneClassifier(executor=executor, run_dir=tmp_path / "run", **few).fit(X, y)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "running"
    done = call("continue", tmp_path / "run", "-q", "--jobs", "1")
    assert done.exit_code == 0, done.stderr
    with InlineExecutor() as here:
        direct = MetaTuneClassifier(executor=here, **few).fit(X, y)
    longer = read_journal(tmp_path / "run" / "trials.jsonl")
    assert without_figures(longer) == without_figures(direct.trials_)


def test_rows_that_parquet_would_change_are_continued_in_python_only(
    call: Callable[..., Result], tmp_path: Path
) -> None:
    X, y = make_table(80)
    X["odd"] = pd.Series([1, "a"] * 40, dtype=object)
    few: dict[str, Any] = {
        "random_state": 0,
        "include": ["naive_bayes"],
        "run_dir": tmp_path / "run",
    }
    with InlineExecutor() as executor:
        MetaTuneClassifier(executor=executor, max_trials=1, **few).fit(X, y)
        refused = call("continue", tmp_path / "run", "--max-trials", "+1")
        assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
        assert "its column 'odd' holds values that Parquet would change" in refused.stderr
        assert "resume=True" in refused.stderr
        longer = MetaTuneClassifier(executor=executor, max_trials=2, resume=True, **few)
        assert len(longer.fit(X, y).trials_) == 2
