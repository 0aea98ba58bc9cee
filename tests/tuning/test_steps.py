"""Steps of the journey, one by one, from the preparation to the record."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from run_parts import make_parts, make_prepared, make_store
from sklearn.dummy import DummyRegressor

from metatune.budget import Budget, Deadline, Timings
from metatune.data.task.make_task import make_task
from metatune.data.task.task import Task
from metatune.ensemble.limits import SAVED_BYTES, Cost, ModelLimits
from metatune.ensemble.plan import PlanRequest
from metatune.errors import OptionError
from metatune.estimate.values import NoEstimate
from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial
from metatune.evaluation.trial_data import TrialData
from metatune.metadataset.recipes import ALL_ROUND
from metatune.samplers.base import TOP_RUNG, ListedSampler, Proposal, Sampler
from metatune.samplers.catalogue import StrategyName
from metatune.samplers.strategies.registry import make_strategy
from metatune.search.history import History
from metatune.search.outcome import Ended, SearchOutcome
from metatune.storage.store import RunStore
from metatune.tuning.members import fit_members, member_costs, plan_members
from metatune.tuning.model_cost import (
    ModelFigures,
    file_bytes,
    inner_limits,
    measure_in_time,
    measure_model,
    tightened,
)
from metatune.tuning.options import TuneOptions
from metatune.tuning.outcome import outcome_of
from metatune.tuning.prepare import prepare
from metatune.tuning.result import TuningResult
from metatune.tuning.run import Run
from metatune.tuning.run_members import RunMembers
from metatune.tuning.sampling import make_question, make_sampler
from metatune.tuning.search import run_search
from metatune.tuning.time_plan import TimePlan

FAMILIES = ("linear", "knn", "decision_tree")


def make_small_task(n_rows: int = 120) -> Task:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(n_rows, 3)), columns=list("abc"))
    table["y"] = table["a"] + 0.3 * rng.normal(size=n_rows)
    return make_task(table, target="y")


def make_many_classes_task(n_classes: int) -> Task:
    """Make a task of five rows of each class."""
    rng = np.random.default_rng(0)
    labels = np.repeat([f"class {i}" for i in range(n_classes)], 5)
    return make_task(pd.DataFrame({"a": rng.normal(size=len(labels)), "y": labels}), target="y")


def make_dated_task(n_columns: int) -> Task:
    """Make a task of 3,000 rows, each column of which becomes several."""
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 3_000), unit="D")
    table = pd.DataFrame({f"day{i}": rng.permutation(days) for i in range(n_columns)})
    return make_task(table.assign(y=rng.normal(size=3_000)), target="y")


def make_options(n_trials: int | None = 4, **more: Any) -> TuneOptions:
    return TuneOptions(
        budget=Budget(seconds=300.0, max_trials=n_trials), include=FAMILIES, seed=1, **more
    )


class Parts:
    """Values of a run, a prepared task and a store, open until the end of the test."""

    def __init__(self, folder: Path, options: TuneOptions, task: Task | None = None) -> None:
        self.run: Run = make_parts(folder, options)
        task = task or make_small_task()
        self.prepared: PreparedTask = make_prepared(task, folder / "data", n_folds=3)
        self.store: RunStore = make_store(self.run, self.prepared)

    @property
    def all(self) -> tuple[Run, PreparedTask, RunStore]:
        return self.run, self.prepared, self.store

    def search(self) -> SearchOutcome:
        """Try the defaults of the families on all folds."""
        defaults = [self.prepared.spaces[name].default() for name in FAMILIES]
        plan = TimePlan.of(*self.all)
        return run_search(
            self.run,
            self.prepared,
            ListedSampler(defaults, {defaults[1]: TOP_RUNG}),
            self.store,
            (),
            plan,
        )


class TestPreparation:
    def test_workers_find_the_task_as_numbers_in_folds(self, tmp_path: Path) -> None:
        timings = Timings()
        prepared = prepare(make_small_task(), make_options(), tmp_path, timings)
        loaded = TrialData.load(prepared.inbox)
        np.testing.assert_array_equal(loaded.task.X, prepared.data.task.X)
        assert set(prepared.spaces) == set(FAMILIES)
        assert prepared.rungs
        assert prepared.n_table_rows == 120
        assert prepared.left_out == ""
        assert "encoding" in timings.seconds

    @pytest.mark.parametrize(("n_rows", "n_used"), [(15_900, 15_900), (30_000, 12_000)])
    def test_more_rows_than_any_family_takes_are_left_out(
        self, tmp_path: Path, n_rows: int, n_used: int
    ) -> None:
        options = TuneOptions(budget=Budget(seconds=300.0), include=("svm",))  # 12,000 rows
        prepared = prepare(make_small_task(n_rows), options, tmp_path, Timings())
        assert (prepared.task.n_rows, prepared.n_table_rows) == (n_used, n_rows)
        assert set(prepared.spaces) == {"svm"}

    def test_columns_that_dates_become_count_for_the_rows_that_are_left_out(
        self, tmp_path: Path
    ) -> None:
        options = TuneOptions(budget=Budget(seconds=300.0), include=("svm",))  # 1,500,000 cells
        prepared = prepare(make_dated_task(100), options, tmp_path, Timings())
        n_columns = prepared.data.task.X.shape[1]
        assert n_columns > 200
        assert prepared.task.n_rows == 1_500_000 // n_columns
        assert set(prepared.spaces) == {"svm"}

    def test_columns_are_chosen_by_rows_that_are_left(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("metatune.tuning.prepare.plan_columns", lambda n, seconds: 140)
        options = TuneOptions(budget=Budget(seconds=300.0), include=("svm",))
        prepared = prepare(make_dated_task(150), options, tmp_path, Timings())
        n_rows, chosen_by = prepared.task.n_rows, prepared.task.chosen_by
        assert n_rows < 3_000
        assert chosen_by is not None
        assert chosen_by.max() < n_rows
        assert len(chosen_by) == n_rows // 2
        assert not set(chosen_by) & set(np.concatenate([f.valid for f in prepared.data.folds]))

    def test_no_family_left_is_refused(self, tmp_path: Path) -> None:
        options = TuneOptions(budget=Budget(seconds=60.0), include=("naive_bayes",))
        with pytest.raises(OptionError):
            prepare(make_small_task(), options, tmp_path, Timings())


def take(sampler: Sampler, history: History, n: int) -> list[Proposal | None]:
    """Take proposals, and let each be under way before the next."""
    rung = Rung(index=0, row_share=1.0, n_folds=1)
    found = []
    for number in range(n):
        found.append(sampler.propose(history))
        if found[-1] is not None:
            configuration = found[-1].configuration
            history.start(Trial(number=number, configuration=configuration, rung=rung, seed=0))
    return found


class TestSampler:
    def test_short_and_blind_runs_ask_no_past_datasets(
        self, metadata_dir: Path, tmp_path: Path
    ) -> None:
        short = Parts(tmp_path / "a", make_options(1, metadata=metadata_dir))
        cold = make_strategy(StrategyName.RANDOM, cold_start=True)
        blind = Parts(tmp_path / "b", make_options(9, metadata=metadata_dir, strategy=cold))
        for parts in (short, blind):
            assert make_question(parts.run, parts.prepared) is None

    def test_a_counted_run_has_the_answer_before_its_first_trial(
        self, metadata_dir: Path, tmp_path: Path
    ) -> None:
        parts = Parts(tmp_path, make_options(9, metadata=metadata_dir))
        question = make_question(parts.run, parts.prepared)
        assert question is not None
        assert question.is_settled
        assert question.advice is not None

    def test_a_quick_tree_and_the_best_recipe_of_small_tables_open_every_run(
        self, tmp_path: Path
    ) -> None:
        parts = Parts(tmp_path, make_options())
        sampler = make_sampler(*parts.all, None)
        history = History(parts.prepared.task.metric)
        first = take(sampler, history, 3)
        spaces, kind = parts.prepared.spaces, parts.prepared.task.kind
        assert [p and p.configuration for p in first] == [
            spaces["decision_tree"].default(),
            spaces["lightgbm"].default(),
            ALL_ROUND.configuration(kind),
        ]
        assert [p and p.rung for p in first] == [0, TOP_RUNG, 0]

    def test_where_fits_are_dear_a_run_opens_with_less(self, tmp_path: Path) -> None:
        parts = Parts(tmp_path, make_options(plan_seconds=1.0))
        sampler = make_sampler(*parts.all, None)
        first = take(sampler, History(parts.prepared.task.metric), 3)
        spaces = parts.prepared.spaces
        assert [p and p.configuration for p in first[:2]] == [
            spaces["decision_tree"].default(),
            spaces["lightgbm"].default(),
        ]
        assert first[2] is not None
        assert first[2].configuration != ALL_ROUND.configuration(parts.prepared.task.kind)
        assert [p and p.rung for p in first[:2]] == [0, TOP_RUNG - 1]

    @pytest.mark.parametrize(("n_classes", "opens"), [(3, True), (60, False)])
    def test_boosting_opens_no_run_that_is_too_short_for_its_classes(
        self, tmp_path: Path, n_classes: int, *, opens: bool
    ) -> None:
        task = make_many_classes_task(n_classes)
        parts = Parts(tmp_path, make_options(plan_seconds=3.0), task)
        sampler = make_sampler(*parts.all, None)
        first = take(sampler, History(parts.prepared.task.metric), 2)
        assert [p and p.configuration.algorithm == "lightgbm" for p in first] == [False, opens]

    def test_a_cold_start_begins_without_the_recipe(self, tmp_path: Path) -> None:
        cold = make_strategy(StrategyName.HALVING, cold_start=True)
        parts = Parts(tmp_path, make_options(strategy=cold))
        sampler = make_sampler(*parts.all, None)
        history = History(parts.prepared.task.metric)
        first = take(sampler, history, 3)
        assert [p and p.configuration.origin for p in first] == ["default", "default", "random"]


def test_a_search_runs_until_its_trials_are_spent_and_everything_is_recorded(
    tmp_path: Path,
) -> None:
    parts = Parts(tmp_path, make_options(3))
    outcome = parts.search()
    assert outcome.ended is Ended.TRIALS
    assert len(outcome.history.results) == 3
    assert len((parts.run.directory.path / "trials.jsonl").read_text().splitlines()) >= 3


class TestMembers:
    @pytest.fixture
    def parts(self, tmp_path: Path) -> Parts:
        return Parts(tmp_path, make_options(9))

    def test_a_member_costs_its_time_for_a_row_and_its_share_of_the_file(
        self, parts: Parts
    ) -> None:
        history = parts.search().history
        costs = member_costs(parts.store, history)
        members = {r.trial.number: r for r in parts.store.predictions.members(history)}
        assert set(costs) == set(members)
        for number, cost in costs.items():
            assert cost.latency == members[number].latency
            assert cost.n_bytes == SAVED_BYTES * members[number].model_bytes

    def test_members_are_planned_from_their_predictions_and_fitted_on_all_rows(
        self, parts: Parts
    ) -> None:
        history = parts.search().history
        leader = history.contenders()[0]
        request = PlanRequest(
            metric=parts.prepared.task.metric,
            single=leader.trial.number,
            only_single=True,
            costs=member_costs(parts.store, history),
            limits=parts.run.options.limits,
            seed=0,
        )
        plan = plan_members(*parts.all, history, request, Deadline.after(60.0))
        assert plan is not None
        assert plan.is_single
        (part,) = fit_members(*parts.all, history, plan, Deadline.after(60.0))
        assert part.result == leader
        assert part.whole is not None
        assert part.whole.predict(parts.prepared.data.task.X).shape == (120,)

    def test_without_time_there_is_no_plan_of_a_single_model(self, parts: Parts) -> None:
        history = parts.search().history
        request = PlanRequest(
            metric=parts.prepared.task.metric,
            single=history.contenders()[0].trial.number,
            only_single=True,
            costs={},
            limits=parts.run.options.limits,
            seed=0,
        )
        assert plan_members(*parts.all, history, request, Deadline.after(0.1)) is None

    def test_members_so_far_have_a_standing_as_soon_as_there_are_some(self, parts: Parts) -> None:
        members = RunMembers(parts.prepared, parts.store)
        assert members.standing("rmse", History(parts.prepared.task.metric)) is None
        history = parts.search().history
        standing = members.standing("rmse", history)
        assert standing is not None
        assert members.standing("rmse", history) is standing  # nothing new was told


class TestCost:
    frame = pd.DataFrame({"a": np.arange(50.0)})
    model: Any = DummyRegressor().fit(frame, np.arange(50.0))

    def test_a_model_is_measured_row_by_row_and_in_a_batch(self) -> None:
        found = measure_model(self.model, self.frame, 123, Deadline.after(60.0))
        assert 0.0 < found.batch_seconds < found.latency
        assert found.cost == Cost(latency=found.latency, n_bytes=123)

    def test_without_time_rows_are_not_measured_together(self) -> None:
        found = measure_model(self.model, self.frame, 123, Deadline.after(0.0))
        assert found.latency > 0.0
        assert np.isnan(found.batch_seconds)

    def test_limits_are_tightened_by_as_much_as_a_model_broke_them(self) -> None:
        limits = ModelLimits(max_latency=1.0, max_bytes=None)
        figures = ModelFigures(latency=3.0, batch_seconds=0.1, n_bytes=10)
        tighter = tightened(limits, limits, figures, last=False)
        assert tighter.max_latency == pytest.approx(0.3)
        assert tighter.max_bytes is None
        last = tightened(limits, limits, figures, last=True)
        assert last.max_latency is not None
        assert last.max_latency < 1e-6

    def test_the_work_on_columns_is_taken_off_the_limits(self, tmp_path: Path) -> None:
        limits = ModelLimits(max_latency=10.0, max_bytes=1_000_000)
        parts = Parts(tmp_path, make_options(limits=limits))
        inner = inner_limits(*parts.all)
        assert inner.max_latency is not None
        assert inner.max_bytes is not None
        assert 0.0 < inner.max_latency < 10.0
        constant = parts.prepared.constant_pipeline()
        assert inner.max_bytes == 1_000_000 - (file_bytes(parts.run, parts.store, constant) or 0)
        figures = measure_in_time(parts.run, parts.prepared, constant, None)
        assert figures.n_bytes > 0

    def test_the_file_is_written_for_measuring_only_where_its_size_is_limited(
        self, tmp_path: Path
    ) -> None:
        parts = Parts(tmp_path, make_options())
        constant = parts.prepared.constant_pipeline()
        assert file_bytes(parts.run, parts.store, constant) is None
        assert inner_limits(*parts.all) == parts.run.options.limits


def test_the_outcome_of_a_run_is_plain_and_says_why_there_is_no_estimate(tmp_path: Path) -> None:
    parts = Parts(tmp_path, make_options(3))
    search = parts.search()
    winner = search.history.contenders()[0].trial.configuration
    result = TuningResult(
        pipeline=parts.prepared.constant_pipeline(),
        history=search.history,
        advice=None,
        score=float("nan"),
        estimate=NoEstimate(reason="the time did not suffice"),
        constant_score=1.0,
        beats_constant=True,
        winner=winner,
        fitted_on="all rows",
        ended=search.ended,
        seconds=1.0,
        timings={},
    )
    outcome = outcome_of(result)
    assert (outcome.score, outcome.estimate) == (None, None)
    assert outcome.no_estimate == "the time did not suffice"
    assert outcome.winner is not None
    assert (outcome.winner.algorithm, outcome.winner.key) == (winner.algorithm, winner.key)
    assert (outcome.trials.finished, outcome.trials.ok) == (3, 3)
    tried = {each.trial.configuration.key for each in search.history.results}
    assert outcome.trials.configurations == len(tried)
