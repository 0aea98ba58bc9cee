"""The final model: an ensemble, averaged folds or a single pipeline; in time, and within limits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ended_search import EndedSearch, make_run, make_table
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from metatune.budget import Budget, Deadline
from metatune.ensemble.limits import ModelLimits
from metatune.ensemble.report import ensemble_record, with_ensemble
from metatune.evaluation.refit import refit_in_worker
from metatune.evaluation.trial_job import evaluate_and_keep
from metatune.execution.executor import (
    Handle,
    InlineExecutor,
    Job,
    JobOutcome,
)
from metatune.execution.local_pool import LocalPool
from metatune.models import model_file
from metatune.models.ensemble import EnsembleClassifier, EnsembleRegressor
from metatune.search.history import History
from metatune.tuning import final_model
from metatune.tuning.model_parts import Part


@pytest.mark.filterwarnings("ignore::metatune.errors.UnusedCellsWarning")
@pytest.mark.parametrize("target", ["buys", "grade", "price"])
def test_an_ensemble_that_helps_is_the_model_and_survives_saving(
    target: str, tmp_path: Path
) -> None:
    run = make_run(tmp_path, target)
    final = run.finish()
    model = final.pipeline.steps[-1][1]
    assert isinstance(model, EnsembleRegressor if target == "price" else EnsembleClassifier)
    assert len(final.members) >= 2
    of_both = sum(weight for _, weight in final.members) + sum(final.second.values())
    assert of_both == pytest.approx(1.0)
    assert final.fitted_on.startswith("all rows")
    assert final.plan is not None
    assert run.prepared.task.metric.better(final.score, final.plan.single_score)
    best = run.history.contenders()[0]
    assert (final.winner, final.trial) == (best.trial.configuration, best.trial.number)
    new = make_table(100).drop(columns=target)
    new.loc[0, "city"] = "Lima"  # never seen
    new.loc[1, "a"] = np.nan
    loaded = model_file.load(tmp_path / "run")
    ask = "predict" if target == "price" else "predict_proba"
    np.testing.assert_array_equal(getattr(loaded, ask)(new), getattr(final.pipeline, ask)(new))
    np.testing.assert_array_equal(loaded.predict(new), final.pipeline.predict(new))
    assert final.figures is not None
    assert final.figures.n_bytes == (tmp_path / "run" / "model.skops").stat().st_size
    assert final.figures.latency > 0
    assert loaded.n_features_in_ == 5
    assert list(loaded.feature_names_in_) == ["a", "b", "c", "d", "city"]
    if target != "price":
        assert set(loaded.classes_) == set(make_table()[target])
        np.testing.assert_allclose(loaded.predict_proba(new).sum(axis=1), 1.0)


def test_the_model_is_an_estimator_that_can_be_cloned_and_fitted_anew(tmp_path: Path) -> None:
    final = make_run(tmp_path).finish()
    table = make_table(150).drop(columns=["price", "grade"])
    again = clone(final.pipeline).fit(table.drop(columns="buys"), table["buys"])
    assert (again.predict(table) == table["buys"]).mean() > 0.7


def test_the_constant_does_not_take_the_place_of_a_model_that_is_there(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    final = run.finish()
    assert run.store.save_first()
    new = make_table(50)
    loaded = model_file.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.predict_proba(new), final.pipeline.predict_proba(new))


def test_a_single_one_is_plain(tmp_path: Path) -> None:
    final = make_run(tmp_path, ensemble=False).finish()
    assert [name for name, _ in final.pipeline.steps] == ["table", "preprocess", "model"]
    assert final.members[0][1] == 1.0
    assert ensemble_record(final.plan, final.members) is None


class TestAveraging:
    """A model of all rows is averaged with those of its folds where the learner is unstable."""

    def test_an_unstable_single_one_is_averaged(self, tmp_path: Path) -> None:
        run = make_run(tmp_path, "price", families=("knn",))
        final = run.finish()
        assert final.plan is not None
        assert final.plan.is_single
        assert final.score == run.history.results[0].score
        assert final.fitted_on == "all rows, averaged with 3 models of folds"
        mean = final.pipeline.steps[-1][1]
        assert mean.weights == pytest.approx([1 / 2, 1 / 6, 1 / 6, 1 / 6])
        learners = [member.steps[-1][1].estimator_.model_ for member in mean.members]
        fitted = [learner.n_samples_fit_ for learner in learners]
        assert fitted[0] == 400
        assert fitted[1:] == pytest.approx([267, 267, 267], abs=1)

    def test_a_stable_one_is_not(self, tmp_path: Path) -> None:
        run = make_run(tmp_path, "price", families=("linear",))
        assert run.finish().fitted_on == "all rows"

    def test_nor_is_one_that_has_to_be_single(self, tmp_path: Path) -> None:
        for name, options in (
            ("asked", {"ensemble": False}),
            ("limited", {"limits": ModelLimits(max_latency=9.0)}),
        ):
            run = make_run(tmp_path / name, "price", families=("knn",), **options)
            final = run.finish()
            assert final.fitted_on == "all rows"
            assert not isinstance(final.pipeline.steps[-1][1], EnsembleRegressor)

    def test_nor_is_a_large_one(self, tmp_path: Path) -> None:
        run = make_run(tmp_path, "price", families=("knn",))
        large = replace(run.history.results[0], model_bytes=30_000_000)
        run = replace(run, history=History(run.prepared.task.metric, [large]))
        assert run.finish().fitted_on == "all rows"

    def test_members_of_an_ensemble_are_not(self, tmp_path: Path) -> None:
        final = make_run(tmp_path, "price", families=("knn", "linear")).finish()
        assert {r.trial.configuration.algorithm for r, _ in final.members if r is not None} == {
            "knn",
            "linear",
        }
        assert final.fitted_on == "all rows"
        assert len(final.pipeline.steps[-1][1].members) == len(final.members)

    def test_what_cannot_be_saved_in_time_is_left_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = make_run(tmp_path, "price", families=("knn",))
        monkeypatch.setattr(final_model, "can_save", lambda *_: False)
        final = run.finish()
        assert final.fitted_on == "all rows"
        assert not isinstance(final.pipeline.steps[-1][1], EnsembleRegressor)

    def test_folds_alone_count_alike(self) -> None:
        pipe = Pipeline([])
        alone = Part(result=None, weight=1.0, folds=(pipe, pipe))
        assert alone.shares == (0.5, 0.5)
        assert alone.least().shares == (1.0,)
        both = Part(result=None, weight=1.0, whole=pipe, folds=(pipe, pipe))
        assert both.shares == (0.5, 0.25, 0.25)
        assert both.least().shares == (1.0,)


class Counting(InlineExecutor):
    """An executor that counts the trials it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.n_trials = 0

    def call(self, job: Job) -> JobOutcome:
        self.n_trials += job.function is evaluate_and_keep
        return super().call(job)


class TestFoldsOfEarlierProcesses:
    """A run that goes on ends with the kind of model that it would have ended with at once."""

    def make(self, folder: Path, *, lost: bool, **options: Any) -> tuple[EndedSearch, Counting]:
        executor = Counting()
        run = make_run(folder, "price", families=("knn",), executor=executor, **options)
        if lost:
            for path in run.store.outbox.glob("trial-*.pkl"):
                path.unlink()
            assert not run.store.fold_models.holds(run.history.results[0])
        return run, executor

    def test_they_are_fitted_once_more_and_give_the_same_model(self, tmp_path: Path) -> None:
        at_once, executor = self.make(tmp_path / "whole", lost=False)
        whole = at_once.finish()
        assert executor.n_trials == 0
        later, executor = self.make(tmp_path / "later", lost=True)
        again = later.finish()
        assert executor.n_trials == 1
        assert again.fitted_on == whole.fitted_on == "all rows, averaged with 3 models of folds"
        new = make_table(60)
        np.testing.assert_array_equal(again.pipeline.predict(new), whole.pipeline.predict(new))

    def test_they_are_not_where_they_would_be_late(self, tmp_path: Path) -> None:
        run, executor = self.make(tmp_path, lost=True)
        slow = replace(run.history.results[0], seconds=1e4)
        run = replace(run, history=History(run.prepared.task.metric, [slow]))
        assert run.finish().fitted_on == "all rows"
        assert executor.n_trials == 0

    def test_they_are_where_trials_are_counted_whatever_they_take(self, tmp_path: Path) -> None:
        run, executor = self.make(tmp_path, lost=True)
        slow = replace(run.history.results[0], seconds=1e4)
        counted = replace(run.run.options, budget=Budget(seconds=300.0, max_trials=1))
        run = replace(
            run,
            run=replace(run.run, options=counted),
            history=History(run.prepared.task.metric, [slow]),
        )
        assert run.finish().fitted_on == "all rows, averaged with 3 models of folds"
        assert executor.n_trials == 1

    def test_they_are_not_where_the_model_has_to_be_single(self, tmp_path: Path) -> None:
        run, executor = self.make(tmp_path, lost=True, ensemble=False)
        assert run.finish().fitted_on == "all rows"
        assert executor.n_trials == 0

    def test_they_are_not_where_the_learner_is_stable(self, tmp_path: Path) -> None:
        executor = Counting()
        run = make_run(tmp_path, "price", families=("linear",), executor=executor)
        for path in run.store.outbox.glob("trial-*.pkl"):
            path.unlink()
        assert run.finish().fitted_on == "all rows"
        assert executor.n_trials == 0


def test_labels_are_decided_as_the_metric_asks(tmp_path: Path) -> None:
    run = make_run(tmp_path, metric="balanced_accuracy", table=make_table(800, rare=-3.5))
    final = run.finish()
    assert final.plan is not None
    assert final.plan.adjustment.decision
    table = make_table(800, rare=-3.5)
    proba = final.pipeline.predict_proba(table)
    labels = final.pipeline.predict(table)
    rare = int(np.argmin(final.pipeline.classes_ == "no"))
    assert (labels == "yes").sum() > (proba[:, rare] > 0.5).sum()
    np.testing.assert_array_equal(model_file.load(tmp_path / "run").predict(table), labels)


def test_a_size_limit_is_kept(tmp_path: Path) -> None:
    free = make_run(tmp_path / "free").finish()
    assert free.figures is not None
    limit = int(0.7 * free.figures.n_bytes)
    final = make_run(tmp_path / "tight", limits=ModelLimits(max_bytes=limit)).finish()
    assert final.figures is not None
    assert (tmp_path / "tight" / "run" / "model.skops").stat().st_size <= limit
    assert final.note == ""


@pytest.mark.parametrize("limits", [ModelLimits(max_bytes=10), ModelLimits(max_latency=1e-6)])
def test_limits_that_cannot_be_kept_end_with_the_least_and_say_so(
    limits: ModelLimits, tmp_path: Path
) -> None:
    run = make_run(tmp_path, limits=limits)
    final = run.finish()
    assert "limits cannot be kept" in final.note
    assert len(final.members) == 1
    costs = {
        r.trial.configuration: r.model_bytes if limits.max_bytes else r.latency
        for r in run.history.results
    }
    assert final.winner == min(costs, key=costs.__getitem__)


def test_one_job_or_two_give_the_same_model(tmp_path: Path) -> None:
    one = make_run(tmp_path / "one").finish()
    with LocalPool(2) as pool:
        two = make_run(tmp_path / "two", executor=pool).finish()
    new = make_table(60)
    np.testing.assert_array_equal(one.pipeline.predict_proba(new), two.pipeline.predict_proba(new))


def test_a_member_that_hangs_does_not_break_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging(InlineExecutor):
        """The second fit on all rows never ends."""

        def __init__(self) -> None:
            super().__init__()
            self.n_fits = 0
            self.hanging: list[Handle] = []

        @property
        def idle(self) -> int:
            return 0 if self.hanging else super().idle

        def submit(self, job: Job, *, beside: bool = False) -> Handle:
            self.n_fits += job.function is refit_in_worker
            if self.n_fits == 2:
                self.hanging.append(Handle(job, self))
                return self.hanging[-1]
            return super().submit(job, beside=beside)

        def _cancel(self, handle: Handle) -> float:
            self.hanging = [other for other in self.hanging if other is not handle]
            return super()._cancel(handle)

    executor = Hanging()
    run = make_run(tmp_path, executor=executor)
    # The clock is not waited for: as soon as the fit hangs, the time is up.
    passed = Deadline.passed
    monkeypatch.setattr(Deadline, "passed", lambda self: bool(executor.hanging) or passed(self))
    final = run.finish()
    assert not executor.hanging
    assert len(final.members) >= 2
    assert "all rows (1) and" in final.fitted_on


def test_a_tiny_table_with_a_class_of_one_row(tmp_path: Path) -> None:
    table = make_table(24)
    table.loc[3, "grade"] = "E"
    final = make_run(tmp_path, "grade", table=table).finish()
    proba = final.pipeline.predict_proba(table)
    assert proba.shape == (24, len(set(table["grade"])))
    assert np.isfinite(proba).all()


def test_the_leaderboard_shows_the_ensemble_first(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    final = run.finish()
    record = ensemble_record(final.plan, final.members)
    assert record is not None
    board = with_ensemble(run.history.leaderboard(), record)
    assert board.loc[0, "algorithm"] == "ensemble"
    assert board.loc[0, "rank"] == 0
    assert board.loc[0, "score"] == final.score
    weights = dict(zip(board["trial"], board["weight"], strict=True))
    for result, weight in final.members:
        if result is not None:
            assert weights[result.trial.number] == weight
    assert (board["model_bytes"].iloc[1:] > 0).all()
    assert (board["latency"].iloc[1:] > 0).all()
    plain = with_ensemble(run.history.leaderboard(), None)
    assert plain["weight"].isna().all()
    assert plain["rank"].notna()[0]
