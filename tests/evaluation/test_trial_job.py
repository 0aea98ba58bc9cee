"""Trials on real learners: scores, rows, kept pipelines, failures."""

import json
import math
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metatune.algorithms.base import Algorithm, BuildContext
from metatune.algorithms.registry import get_algorithm
from metatune.budget import Deadline
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.evaluation.constant import constant_score
from metatune.evaluation.fold import run_fold
from metatune.evaluation.keep_rule import KeepRule
from metatune.evaluation.refit import plan_refit, refit_in_worker, refit_seconds
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.evaluation.trial_data import TrialData
from metatune.evaluation.trial_job import evaluate, evaluate_in_worker
from metatune.execution.executor import InlineExecutor, Job, JobStatus
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.models.pipeline import LabelDecoder, assemble_pipeline
from metatune.models.prediction import expand_classes
from metatune.space import Configuration

TOP = Rung(index=1, row_share=1.0, n_folds=3)
LOW = Rung(index=0, row_share=1 / 3, n_folds=1)


def make_task(kind: TaskKind, n_rows: int = 240) -> EncodedTask:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 4))
    X[:, 3] = rng.integers(0, 3, n_rows)
    signal = X[:, 0] + 0.5 * X[:, 1] + 0.3 * rng.normal(size=n_rows)
    n_classes = {TaskKind.BINARY: 2, TaskKind.MULTICLASS: 3, TaskKind.REGRESSION: 0}[kind]
    y = signal if not n_classes else np.digitize(signal, [0.0, 0.8][: n_classes - 1])
    return EncodedTask(
        X=X,
        y=y,
        layout=Layout(names=("a", "b", "c", "d"), n_levels=(0, 0, 0, 3)),
        kind=kind,
        n_classes=n_classes,
    )


def make_data(kind: TaskKind, metrics: tuple[str, ...]) -> TrialData:
    return TrialData.make(make_task(kind), metrics, seed=0, n_folds=3)


@pytest.mark.parametrize(("rung", "n_trees"), [(LOW, 67), (TOP, 200)])
def test_pipelines_know_the_share_of_the_rows(rung: Rung, n_trees: int) -> None:
    data = make_data(TaskKind.REGRESSION, ("rmse",))
    trial = make_trial("random_forest", TaskKind.REGRESSION, rung)
    metrics = [resolve_metric("rmse", TaskKind.REGRESSION)]
    pipeline = run_fold(trial, data, 0, metrics, deadline=Deadline.never()).pipeline
    assert pipeline.steps[-1][1].estimator_.forest.n_estimators == n_trees


def make_trial(name: str, kind: TaskKind, rung: Rung = TOP, number: int = 0) -> Trial:
    configuration = get_algorithm(name).space(kind).default()
    return Trial(number=number, configuration=configuration, rung=rung, seed=7)


@pytest.mark.parametrize(
    ("kind", "metrics"),
    [
        (TaskKind.BINARY, ("roc_auc", "f1")),
        (TaskKind.MULTICLASS, ("log_loss", "accuracy")),
        (TaskKind.REGRESSION, ("rmse", "r2")),
    ],
)
@pytest.mark.parametrize("name", ["lightgbm", "linear", "decision_tree"])
def test_trials_beat_the_constant(kind: TaskKind, metrics: tuple[str, ...], name: str) -> None:
    data = make_data(kind, metrics)
    result = evaluate(make_trial(name, kind), data)
    metric = resolve_metric(metrics[0], kind)
    assert result.ok
    assert metric.better(result.score, constant_score(data, metric))
    assert {len(scores) for scores in result.fold_scores.values()} == {3}
    assert tuple(result.fold_scores) == metrics
    assert result.score == pytest.approx(np.mean(result.fold_scores[metrics[0]]))
    assert result.fit_seconds > 0
    assert (len(result.iterations) == 3) == (name == "lightgbm")


def test_same_seed_same_scores() -> None:
    data = make_data(TaskKind.BINARY, ("log_loss",))
    one, two = (evaluate(make_trial("extra_trees", TaskKind.BINARY), data) for _ in range(2))
    assert one.fold_scores == two.fold_scores


def test_low_rung_uses_fewer_rows_and_one_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_data(TaskKind.REGRESSION, ("rmse",))
    seen: list[int] = []
    algorithm = get_algorithm("linear")
    build = type(algorithm).build

    def spy(self: Algorithm, configuration: Configuration, context: BuildContext) -> Any:
        seen.append(context.shape.n_rows)
        return build(self, configuration, context)

    monkeypatch.setattr(type(algorithm), "build", spy)
    evaluate(make_trial("linear", TaskKind.REGRESSION, LOW), data)
    assert seen == [53]


def test_saved_data_gives_the_same_result(tmp_path: Path) -> None:
    data = make_data(TaskKind.MULTICLASS, ("log_loss",))
    data.save(tmp_path / "data")
    trial = make_trial("lightgbm", TaskKind.MULTICLASS)
    mapped = evaluate_in_worker(str(tmp_path / "data"), trial)
    assert mapped.fold_scores == evaluate(trial, data).fold_scores
    assert not TrialData.load(tmp_path / "data").task.X.flags.writeable


def test_data_saved_before_rows_had_weights_is_read(tmp_path: Path) -> None:
    """Work directories of meta-datasets live long."""
    make_data(TaskKind.BINARY, ("roc_auc",)).save(tmp_path / "data")
    path = tmp_path / "data" / "data.json"
    description = json.loads(path.read_text())
    del description["facts"]
    path.write_text(json.dumps(description))
    assert TrialData.load(tmp_path / "data").row_metadata.is_plain


def test_only_a_better_pipeline_is_kept(tmp_path: Path) -> None:
    data = make_data(TaskKind.REGRESSION, ("rmse",))
    path = tmp_path / "kept.pkl"
    trial = make_trial("linear", TaskKind.REGRESSION)
    evaluate(trial, data, keep=KeepRule(file=path.name, loss_below=0.0), outbox=tmp_path)
    assert not path.exists()
    evaluate(trial, data, keep=KeepRule(file=path.name, loss_below=math.inf), outbox=tmp_path)
    pipeline = pickle.loads(path.read_bytes())
    assert pipeline.predict(data.task.X).shape == (240,)


def test_a_learner_that_fails_becomes_a_failed_outcome(tmp_path: Path) -> None:
    data = make_data(TaskKind.BINARY, ("roc_auc",))
    data.save(tmp_path / "data")
    wrong = Configuration(algorithm="linear", params={})
    trial = Trial(number=0, configuration=wrong, rung=TOP, seed=0)
    executor = InlineExecutor()
    executor.submit(
        Job(
            function=evaluate_in_worker,
            inbox=str(tmp_path / "data"),
            arguments=(trial,),
        )
    )
    (handle,) = executor.wait(0)
    outcome = handle.outcome
    assert outcome is not None
    assert outcome.status is JobStatus.FAILED
    assert outcome.error
    assert "\n" not in outcome.error


def test_a_metric_undefined_on_every_fold_fails() -> None:
    task = make_task(TaskKind.BINARY)
    y = np.zeros(len(task.y), dtype=np.int64)
    y[:1] = 1
    lonely = EncodedTask(X=task.X, y=y, layout=task.layout, kind=task.kind, n_classes=2)
    data = TrialData.make(lonely, ("roc_auc",), seed=0, n_folds=2)
    data = TrialData(
        task=lonely, folds=tuple(f for f in data.folds if 0 in f.train), metrics=data.metrics
    )
    result = evaluate(make_trial("decision_tree", TaskKind.BINARY), data)
    assert result.status is TrialStatus.FAILED
    assert "undefined" in result.error


def test_unseen_classes_get_a_little_probability() -> None:
    full = expand_classes(np.array([[0.4, 0.6]]), np.array([0, 2]), 3)
    assert full.shape == (1, 3)
    assert full.sum() == pytest.approx(1.0)
    assert 0 < full[0, 1] < 0.01


def test_results_survive_json() -> None:
    result = evaluate(
        make_trial("linear", TaskKind.BINARY), make_data(TaskKind.BINARY, ("roc_auc",))
    )
    assert TrialResult.from_record(result.to_record()) == result


def test_refit_uses_all_rows_and_the_iterations_of_the_folds(tmp_path: Path) -> None:
    data = make_data(TaskKind.BINARY, ("log_loss",))
    data.save(tmp_path / "data")
    result = evaluate(make_trial("lightgbm", TaskKind.BINARY), data)
    plan = plan_refit(result, data.task.n_rows, data.n_train_rows)
    assert plan.iterations is not None
    assert min(result.iterations) <= plan.iterations <= 1.3 * max(result.iterations)
    refit_in_worker(str(tmp_path / "data"), str(tmp_path), plan, "refit.pkl")
    fitted = pickle.loads((tmp_path / "refit.pkl").read_bytes())
    assert get_algorithm("lightgbm").iterations_used(fitted) == plan.iterations


def test_refit_after_a_small_share_of_the_rows_stops_early_itself() -> None:
    data = make_data(TaskKind.BINARY, ("log_loss",))
    result = evaluate(make_trial("lightgbm", TaskKind.BINARY, LOW), data)
    assert plan_refit(result, data.task.n_rows, data.n_train_rows).iterations is None
    on_all = refit_seconds(result, data.task.n_rows, data.n_train_rows)
    assert on_all > 4 * result.fit_seconds


def test_decoder_speaks_in_labels() -> None:
    task = make_task(TaskKind.MULTICLASS)
    algorithm = get_algorithm("decision_tree")
    data = TrialData.make(task, ("log_loss",), seed=0, n_folds=3)
    trial = make_trial("decision_tree", TaskKind.MULTICLASS)
    assert evaluate(trial, data).ok
    from metatune.algorithms.base import BuildContext
    from metatune.data.encoding.shape import Shape

    context = BuildContext(
        kind=task.kind,
        layout=task.layout,
        shape=Shape(n_rows=240, n_columns=4, n_classes=3),
        seed=0,
    )
    fitted = algorithm.build(trial.configuration, context).fit(task.X, task.y)
    labels = np.array(["high", "low", "mid"])
    pipeline = assemble_pipeline("passthrough", fitted, labels)
    assert isinstance(pipeline.steps[-1][1], LabelDecoder)
    np.testing.assert_array_equal(pipeline.classes_, labels)
    np.testing.assert_array_equal(pipeline.predict(task.X), labels[fitted.predict(task.X)])
    np.testing.assert_allclose(pipeline.predict_proba(task.X), fitted.predict_proba(task.X))


def test_a_large_model_takes_its_time_to_hand_over() -> None:
    data = make_data(TaskKind.BINARY, ("log_loss",))
    result = evaluate(make_trial("decision_tree", TaskKind.BINARY), data)
    small, large = (
        refit_seconds(replace(result, model_bytes=size), data.task.n_rows, data.n_train_rows)
        for size in (10_000, 100_000_000)
    )
    assert small < 0.2 + 3 * result.fit_seconds
    assert large > small + 1.0
