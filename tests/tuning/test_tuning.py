"""`tune` from a task to a saved pipeline, in this process and in worker processes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from short_table import make_table

from metatune.budget import Budget, Deadline
from metatune.data.task.make_task import make_task
from metatune.data.task.task import Task
from metatune.errors import OptionError
from metatune.estimate.corrected import Estimate
from metatune.evaluation.out_of_fold import prediction_file
from metatune.evaluation.refit import refit_in_worker
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import TrialResult
from metatune.execution.executor import Executor, InlineExecutor, Job, JobOutcome, JobStatus
from metatune.execution.local_pool import LocalPool
from metatune.models import model_file
from metatune.recommender.advice import Advice, advise_in_worker
from metatune.search.history import History
from metatune.search.outcome import Ended
from metatune.storage.directory import RunDirectory
from metatune.storage.journal import read_journal
from metatune.tuning.events import Events
from metatune.tuning.options import TuneOptions
from metatune.tuning.result import TuningResult
from metatune.tuning.tune import tune

FAMILIES = ("linear", "knn", "naive_bayes", "decision_tree")


def run(
    metadata: Path, task: Task | None = None, executor: Executor | None = None, **changes: Any
) -> TuningResult:
    usual: dict[str, Any] = {
        "max_trials": 8,
        "seed": 1,
        "run_dir": None,
        "events": None,
        "include": FAMILIES,
    }
    options = usual | changes
    return tune(
        task or make_task(make_table(), target="buys"),
        TuneOptions(
            budget=Budget(seconds=300.0, max_trials=options["max_trials"]),
            include=options["include"],
            seed=options["seed"],
            metadata=metadata,
        ),
        deadline=Deadline.after(300.0),
        executor=executor or InlineExecutor(),
        directory=options["run_dir"],
        events=options["events"],
    )


class Log(Events):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def search_starts(self, rungs: tuple[Rung, ...], constant_score: float) -> None:
        self.heard.append("start")

    def advised(self, advice: Advice) -> None:
        self.heard.append("advice")

    def not_advised(self, reason: str) -> None:
        self.heard.append(f"no advice: {reason}")

    def trial_ended(self, result: TrialResult, history: History) -> None:
        assert result in history.results
        self.heard.append("trial")

    def search_ends(self, reason: str) -> None:
        self.heard.append("end")


Usual = tuple[RunDirectory, TuningResult, Log]


@pytest.fixture(scope="module")
def usual(metadata_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Usual:
    """A run, in its directory, with what was told of it."""
    log = Log()
    run_dir = RunDirectory.check(tmp_path_factory.mktemp("usual") / "run", overwrite=False)
    run_dir.make()
    return run_dir, run(metadata_dir, run_dir=run_dir, events=log), log


def test_a_task_becomes_a_pipeline_that_takes_tables(usual: Usual) -> None:
    table = make_table()
    _, result, _ = usual
    assert result.beats_constant
    assert result.score > 0.8 > result.constant_score == 0.5
    assert result.ended is Ended.TRIALS
    assert len(result.history.results) == 8
    assert result.fitted_on.startswith("all rows")
    assert result.winner == result.history.contenders()[0].trial.configuration
    labels = result.pipeline.predict(table.drop(columns="buys"))
    assert (labels == table["buys"]).mean() > 0.75
    np.testing.assert_array_equal(result.pipeline.classes_, ["no", "yes"])


def test_a_safe_start_then_the_recommended_ones(usual: Usual) -> None:
    _, result, log = usual
    assert result.advice is not None
    first = [r.trial.configuration for r in result.history.results if r.trial.rung.index == 0]
    assert first[0].algorithm == "decision_tree"
    assert first[0].origin == "default"
    ranked = [r.configuration for r in result.advice.recommendations.ranked]
    new = {c for c in ranked if c != first[0]}
    assert len(new) == 3
    assert set(first[1:4]) == new
    assert {c.origin for c in first[1:4]} == {"portfolio"}
    assert log.heard[0] == "start"
    assert log.heard[-1] == "end"
    assert log.heard.count("trial") == 8


def test_the_run_directory_holds_journal_and_model(usual: Usual) -> None:
    run_dir, result, _ = usual
    assert read_journal(run_dir.journal) == list(result.history.results)
    top = [r.trial for r in result.history.results if r.trial.rung.index == 1]
    kept = {path.name for path in run_dir.predictions.iterdir()}
    assert kept == {prediction_file(trial) for trial in top} != set()
    loaded = model_file.load(run_dir.path)
    X = make_table().drop(columns="buys")
    np.testing.assert_array_equal(loaded.predict_proba(X), result.pipeline.predict_proba(X))
    assert model_file.model_info(loaded)["target"] == "buys"
    assert model_file.model_info(loaded)["metric"] == "roc_auc"
    assert not list(run_dir.path.parent.rglob("*.part"))


def test_the_same_seed_gives_the_same_run_with_any_number_of_workers(metadata_dir: Path) -> None:
    one = run(metadata_dir, max_trials=12)
    with LocalPool(2) as pool:
        two = run(metadata_dir, max_trials=12, executor=pool)
    assert [plain(r) for r in one.history.results] == [plain(r) for r in two.history.results]
    X = make_table().drop(columns="buys")
    np.testing.assert_array_equal(one.pipeline.predict_proba(X), two.pipeline.predict_proba(X))
    other = run(metadata_dir, max_trials=2, seed=2)
    begun = one.history.results[:2]
    assert [plain(r) for r in begun] != [plain(r) for r in other.history.results]


def plain(result: TrialResult) -> dict[str, object]:
    """Return what must not depend on speed: neither times nor what was worth sharing."""
    measured = ("latency", "memory_mb", "copied_folds", "stored_matrices")
    record = result.to_record().items()
    return {k: v for k, v in record if k not in measured and not k.endswith("seconds")}


def test_long_runs_go_on_beyond_the_recommended(metadata_dir: Path) -> None:
    result = run(metadata_dir, max_trials=14)
    origins = {r.trial.configuration.origin for r in result.history.results}
    assert {"default", "portfolio", "mutation"} <= origins
    estimate = result.estimate
    assert isinstance(estimate, Estimate)
    assert estimate.n_candidates > 1
    assert estimate.low < estimate.score <= estimate.optimistic
    assert result.leaderboard()["estimate"].dropna().tolist() == [estimate.score]


def test_regression(metadata_dir: Path) -> None:
    table = make_table().drop(columns="buys")
    table["price"] = 10 * table["a"] + 3 * table["b"]
    result = run(metadata_dir, make_task(table, target="price"))
    assert result.beats_constant
    assert result.score < 0.5 * result.constant_score
    assert result.pipeline.predict(table).shape == (190,)


def test_nothing_to_learn_ends_with_the_constant(metadata_dir: Path, tmp_path: Path) -> None:
    table = pd.DataFrame({"a": ["same"] * 60, "y": ["u", "v"] * 30})
    run_dir = RunDirectory.check(tmp_path / "run", overwrite=False)
    run_dir.make()
    result = run(metadata_dir, make_task(table, target="y"), run_dir=run_dir)
    assert not result.beats_constant
    assert result.winner is None
    assert result.score == result.constant_score
    proba = model_file.load(tmp_path / "run").predict_proba(table.drop(columns="y"))
    np.testing.assert_allclose(proba, 0.5)


def test_no_algorithm_left_is_said_with_reasons(metadata_dir: Path) -> None:
    task = make_task(make_table().drop(columns="buys").assign(y=np.arange(190.0)), target="y")
    options = TuneOptions(
        budget=Budget(seconds=60.0, max_trials=2), include=("naive_bayes",), metadata=metadata_dir
    )
    with pytest.raises(OptionError, match=r"no algorithm is left to try.*naive_bayes"):
        tune(task, options, deadline=Deadline.after(60), executor=InlineExecutor())


def test_families_without_a_past_are_searched_all_the_same(metadata_dir: Path) -> None:
    result = run(metadata_dir, include=("discriminant",), max_trials=3)
    assert result.advice is not None
    assert result.advice.recommendations.ranked == ()
    assert result.beats_constant
    assert {r.trial.configuration.algorithm for r in result.history.results} == {"discriminant"}


class Refuser(InlineExecutor):
    """An executor in which one function never succeeds."""

    def __init__(self, refused: Callable[..., Any]) -> None:
        super().__init__()
        self.refused = refused

    def call(self, job: Job) -> JobOutcome:
        if job.function is self.refused:
            return JobOutcome(status=JobStatus.CRASHED, error="gone")
        return super().call(job)


def test_if_the_final_fit_fails_the_kept_fold_models_are_the_answer(metadata_dir: Path) -> None:
    result = run(metadata_dir, executor=Refuser(refit_in_worker))
    assert result.beats_constant
    assert result.fitted_on == "152 of 190 rows in each fold"
    labels = result.pipeline.predict(make_table())
    assert (labels == make_table()["buys"]).mean() > 0.75


def test_without_a_recommendation_the_defaults_of_the_families_are_tried(
    metadata_dir: Path,
) -> None:
    log = Log()
    result = run(metadata_dir, executor=Refuser(advise_in_worker), events=log, max_trials=10)
    assert result.advice is None
    assert "no advice: gone" in log.heard
    tried = {r.trial.configuration.algorithm for r in result.history.results}
    assert tried == set(FAMILIES)


class Interrupter(Events):
    def trial_ended(self, result: TrialResult, history: History) -> None:
        if result.trial.number == 3:
            raise KeyboardInterrupt


def test_an_interrupted_run_ends_with_the_best_so_far(metadata_dir: Path) -> None:
    result = run(metadata_dir, events=Interrupter())
    assert result.ended is Ended.INTERRUPTED
    assert result.beats_constant
    assert 4 <= len(result.history.results) < 8


def test_the_record_of_a_run_is_plain_json(usual: Usual) -> None:
    for result in usual[1].history.results:
        assert json.loads(json.dumps(result.to_record()))["status"] == "ok"
