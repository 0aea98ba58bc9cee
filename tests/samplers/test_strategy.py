"""Strategies: the same run with candidates from elsewhere."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metatune.budget import Budget, Deadline
from metatune.data.task.make_task import make_task
from metatune.data.task.task import Task
from metatune.evaluation.trial import TrialResult
from metatune.execution.executor import (
    Handle,
    InlineExecutor,
    Job,
    JobOutcome,
    JobStatus,
    run_job,
)
from metatune.recommender.advice import Advice, advise_in_worker
from metatune.samplers.catalogue import StrategyName
from metatune.samplers.patience import Patience
from metatune.samplers.strategies.registry import METATUNE, make_strategy
from metatune.samplers.strategies.warm_start import N_RECOMMENDED
from metatune.samplers.strategy import Situation, Strategy
from metatune.search.history import History
from metatune.space import Configuration
from metatune.tuning.events import Events
from metatune.tuning.options import TuneOptions
from metatune.tuning.result import TuningResult
from metatune.tuning.tune import tune

FAMILIES = ("linear", "knn", "naive_bayes", "decision_tree")
PORTFOLIO = make_strategy(StrategyName.PORTFOLIO)
PRIOR_ORDER = make_strategy(StrategyName.PRIOR)
COLD_HALVING = make_strategy(StrategyName.HALVING, cold_start=True)
TRIED = (
    *(StrategyName.METATUNE, StrategyName.PRIOR, StrategyName.PORTFOLIO),
    *(StrategyName.HYPERBAND, StrategyName.GP),
)
"""Strategies that whole runs follow here; all others are tried without fits."""


class Watched(InlineExecutor):
    """Notes which requests for advice came by."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Job] = []

    def call(self, job: Job) -> JobOutcome:
        if job.function is advise_in_worker:
            self.asked.append(job)
        return super().call(job)


@pytest.fixture(scope="module")
def task() -> Task:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(150, 4)), columns=list("abcd"))
    table["buys"] = np.where(table["a"] + 0.5 * rng.normal(size=150) > 0.5, "yes", "no")
    return make_task(table, target="buys")


def run(
    task: Task, metadata: Path, strategy: Strategy, executor: InlineExecutor, n_trials: int = 12
) -> TuningResult:
    options = TuneOptions(
        budget=Budget(seconds=300.0, max_trials=n_trials),
        include=FAMILIES,
        metadata=metadata,
        strategy=strategy,
    )
    return tune(task, options, deadline=Deadline.after(300.0), executor=executor)


def started(result: TuningResult) -> list[Configuration]:
    return [r.trial.configuration for r in result.history.results if r.trial.rung.index == 0]


@pytest.mark.parametrize("name", TRIED)
def test_a_strategy_starts_with_recommendations_and_ends_in_a_model(
    task: Task, metadata_dir: Path, name: StrategyName
) -> None:
    executor = Watched()
    result = run(task, metadata_dir, make_strategy(name), executor)
    assert result.beats_constant
    assert len(result.history.results) == 12
    assert started(result)[0].origin == "default"
    assert len(executor.asked) == 1
    tried = list(dict.fromkeys(r.trial.configuration for r in result.history.results))
    begun = [c.origin for c in tried][1 : 1 + min(N_RECOMMENDED, 3)]
    assert set(begun) == {"portfolio"}


def test_a_cold_start_asks_nobody_and_draws_from_the_spaces(task: Task, metadata_dir: Path) -> None:
    result = run(task, metadata_dir, COLD_HALVING, Watched())
    assert result.advice is None
    drawn = started(result)[1:]
    assert {c.origin for c in drawn} == {"random"}
    assert len({c.key for c in drawn}) == len(drawn) > 4
    assert len({c.algorithm for c in drawn}) > 1


def test_the_portfolio_does_not_look_at_the_dataset(task: Task, metadata_dir: Path) -> None:
    executor = Watched()
    result = run(task, metadata_dir, PORTFOLIO, executor)
    advice = result.advice
    assert advice is not None
    assert np.isnan(list(advice.features.values.values())).all()
    assert np.ptp(advice.forecast.weights) == 0
    assert {c.origin for c in started(result)[1:4]} == {"portfolio"}


def test_the_prior_order_is_that_of_the_recommendations(task: Task, metadata_dir: Path) -> None:
    result = run(task, metadata_dir, PRIOR_ORDER, Watched())
    assert result.advice is not None
    assert np.isfinite(list(result.advice.features.values.values())).any()
    ranked = [r.configuration for r in result.advice.recommendations.ranked]
    begun = started(result)
    expected = [c for c in ranked if c != begun[0]]
    assert begun[1 : 1 + len(expected)] == expected
    assert begun[1 + len(expected) :], "the search goes on beyond the list"


def test_without_being_told_metatune_is_used() -> None:
    assert TuneOptions(budget=Budget(seconds=1.0)).strategy is METATUNE


def test_a_strategy_without_advice_cannot_follow_any() -> None:
    patience = Patience(deadline=Deadline.after(1.0))
    alone = Situation(spaces={}, rungs=(), n_first=0, patience=patience, seed=0)
    with pytest.raises(ValueError, match="no advice"):
        PRIOR_ORDER.sampler(alone)


class Pair(InlineExecutor):
    """Claims a second worker, on which past datasets are asked: its answer comes late."""

    def __init__(self, n_before: int) -> None:
        super().__init__()
        self.n_before = n_before
        self.questions: list[Handle] = []

    @property
    def n_workers(self) -> int:
        return 2

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        if job.function is not advise_in_worker:
            return super().submit(job, beside=beside)
        self.questions.append(Handle(job, self, beside=beside))
        return self.questions[-1]

    def wait(self, timeout: float) -> list[Handle]:
        told = super().wait(timeout)
        self.n_before -= len(told)
        if self.questions and self.n_before <= 0:
            answered = self.questions.pop()
            answered.outcome = self.call(answered.job)
            told.append(answered)
        return told

    def _cancel(self, handle: Handle) -> float:
        self.questions = [other for other in self.questions if other is not handle]
        return super()._cancel(handle)


class Prompt(Pair):
    """Answers before the first trial begins."""

    @property
    def idle(self) -> int:
        return 0 if self.questions else super().idle


class Enough(Events):
    """Ends a run after so many trials, whatever the time."""

    def __init__(self, n_trials: int) -> None:
        self.left = n_trials
        self.n_advised = 0
        self.refused = ""

    def advised(self, advice: Advice) -> None:
        self.n_advised += 1

    def not_advised(self, reason: str) -> None:
        self.refused = reason

    def trial_ended(self, result: TrialResult, history: History) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def timed_run(task: Task, metadata: Path, executor: Pair, events: Enough) -> TuningResult:
    options = TuneOptions(budget=Budget(seconds=300.0), include=FAMILIES, metadata=metadata)
    deadline = Deadline.after(300.0)
    return tune(task, options, deadline=deadline, executor=executor, events=events)


def test_defaults_are_tried_until_past_datasets_have_answered(
    task: Task, metadata_dir: Path
) -> None:
    result = timed_run(task, metadata_dir, Pair(n_before=3), Enough(14))
    begun = started(result)
    assert [c.algorithm for c in begun[:3]] == ["decision_tree", "linear", "knn"]
    assert {c.origin for c in begun[:3]} == {"default"}
    assert result.advice is not None
    assert "portfolio" in {c.origin for c in begun[3:]}
    assert len({c.key for c in begun}) == len(begun)
    assert {"advice", "choosing", "waiting"} <= set(result.timings)


def test_past_datasets_are_asked_once_however_soon_they_answer(
    task: Task, metadata_dir: Path
) -> None:
    events = Enough(8)
    result = timed_run(task, metadata_dir, Prompt(n_before=0), events)
    assert events.n_advised == 1
    assert "portfolio" in {c.origin for c in started(result)}


def test_defaults_go_on_where_there_is_no_answer(
    task: Task, metadata_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor, events = Pair(n_before=2), Enough(10)
    gone = JobOutcome(status=JobStatus.CRASHED, error="gone")

    def answer(_executor: Pair, job: Job) -> JobOutcome:
        return gone if job.function is advise_in_worker else run_job(job)

    monkeypatch.setattr(Pair, "call", answer)
    result = timed_run(task, metadata_dir, executor, events)
    assert events.refused == "gone"
    assert result.advice is None
    assert {c.algorithm for c in started(result)} == set(FAMILIES)
