"""Strategies: the same run with candidates from elsewhere."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metatune.budget import Budget, Deadline
from metatune.data.make_task import make_task
from metatune.data.task import Task
from metatune.search.executor import InlineExecutor, Job, JobOutcome
from metatune.space import Configuration
from metatune.strategy import (
    METATUNE,
    PORTFOLIO,
    PRIOR_ORDER,
    RANDOM,
    STRATEGIES,
    Situation,
    Strategy,
)
from metatune.tuning import TuneOptions, TuningResult, tune

FAMILIES = ("linear", "knn", "naive_bayes", "decision_tree")


class Watched(InlineExecutor):
    """Notes which requests for advice came by."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Job] = []

    def call(self, job: Job) -> JobOutcome:
        if job.function.endswith("advise_in_worker"):
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


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_every_strategy_ends_in_a_model(task: Task, metadata_dir: Path, strategy: Strategy) -> None:
    executor = Watched()
    result = run(task, metadata_dir, strategy, executor)
    assert result.beats_constant
    assert len(result.history.results) == 12
    assert started(result)[0].origin == "default"
    assert len(executor.asked) == (strategy is not RANDOM)


def test_random_search_asks_nobody_and_draws_from_the_spaces(
    task: Task, metadata_dir: Path
) -> None:
    result = run(task, metadata_dir, RANDOM, Watched())
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
    alone = Situation(
        advice=None, spaces={}, levels=(0,), n_first=0, patience=lambda: 0.0, timed=True, seed=0
    )
    with pytest.raises(ValueError, match="no advice"):
        PRIOR_ORDER.source(alone)
