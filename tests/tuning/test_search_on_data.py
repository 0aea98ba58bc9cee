"""The whole search on real learners: the same trials in processes as in the calling one."""

from pathlib import Path

import fake_search
import numpy as np
import pytest
from asking import Source
from fake_search import FakeStore, Plan

from metatune.algorithms.registry import get_algorithm
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.evaluation.rungs import plan_rungs
from metatune.evaluation.trial_data import TrialData
from metatune.evaluation.trial_job import evaluate_and_keep
from metatune.execution.executor import Executor, InlineExecutor
from metatune.execution.local_pool import LocalPool
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.recommender.advice import training_shape
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.search.outcome import Ended, SearchOutcome
from metatune.space import Configuration
from metatune.storage.journal import read_journal

KIND = TaskKind.BINARY
METRIC = resolve_metric(None, KIND)
FAMILIES = ("decision_tree", "naive_bayes", "lightgbm")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrialData, Path]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2_000, 4))
    y = (X[:, 0] + X[:, 1] ** 2 + 0.5 * rng.normal(size=len(X)) > 1).astype(np.int64)
    layout = Layout(names=("a", "b", "c", "d"), n_levels=(0, 0, 0, 0))
    task = EncodedTask(X=X, y=y, layout=layout, kind=KIND, n_classes=2)
    made = TrialData.make(task, (METRIC.name, "log_loss"), seed=0)
    directory = tmp_path_factory.mktemp("data")
    made.save(directory)
    return made, directory


def search(
    data: tuple[TrialData, Path], executor: Executor, journal_path: Path | None = None
) -> SearchOutcome:
    made, directory = data
    spaces = [get_algorithm(family).space(KIND) for family in FAMILIES]
    rng = np.random.default_rng(1)

    def next_candidate(history: History) -> Configuration:
        n_started = len(history.results) + len(history.pending)
        space = spaces[n_started % len(spaces)]
        return space.default() if n_started < len(spaces) else space.sample(rng)

    rungs = plan_rungs(training_shape(made), len(made.folds))
    plan = Plan(SuccessiveHalving(rungs, METRIC, seed=1), Source(next_candidate))
    store = FakeStore(journal_path, inbox=directory, outbox=directory)
    return fake_search.search(
        plan, executor, seconds=120.0, max_trials=10, store=store, function=evaluate_and_keep
    )


def outcome_of_each(outcome: SearchOutcome) -> list[tuple[object, ...]]:
    return [
        (r.trial, r.status, r.score, r.fold_scores, r.iterations, r.error)
        for r in outcome.history.results
    ]


def test_workers_find_exactly_what_the_calling_process_finds(
    data: tuple[TrialData, Path], tmp_path: Path
) -> None:
    inline = search(data, InlineExecutor())
    with LocalPool(2) as pool:
        in_processes = search(data, pool, tmp_path / "trials.jsonl")
    assert inline.ended is in_processes.ended is Ended.TRIALS
    assert outcome_of_each(in_processes) == outcome_of_each(inline)
    assert all(result.ok for result in inline.history.results)
    incumbent = inline.history.incumbent()
    assert incumbent is not None
    assert incumbent.score > 0.8
    journal = sorted(read_journal(tmp_path / "trials.jsonl"), key=lambda r: r.trial.number)
    assert journal == list(in_processes.history.results)
