"""Runs whose budget is hardly enough: a first model all the same, and no more rows than fit."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metatune.budget import Budget, Deadline
from metatune.data.task.make_task import make_task
from metatune.errors import BundleError
from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.trial_job import evaluate_and_keep
from metatune.execution.executor import (
    Executor,
    Handle,
    InlineExecutor,
    Job,
    JobOutcome,
    JobStatus,
)
from metatune.models import model_file
from metatune.search.halving import SuccessiveHalving
from metatune.search.outcome import Ended, SearchOutcome
from metatune.storage.directory import RunDirectory
from metatune.storage.journal import read_journal
from metatune.storage.store import RunStore
from metatune.tuning import emergency, final_model
from metatune.tuning import tune as tuning
from metatune.tuning.options import TuneOptions
from metatune.tuning.result import TuningResult
from metatune.tuning.run import Run
from metatune.tuning.time_plan import TimePlan
from metatune.tuning.tune import tune


def make_table(n_rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(n_rows, 4)), columns=list("abcd"))
    table["buys"] = np.where(table["a"] + 0.3 * rng.normal(size=n_rows) > 0.5, "yes", "no")
    return table


def run(
    metadata: Path,
    executor: Executor,
    *,
    seconds: float = 300.0,
    allowed: float = 300.0,
    table: pd.DataFrame | None = None,
    run_dir: RunDirectory | None = None,
    include: tuple[str, ...] = ("decision_tree", "naive_bayes"),
    max_trials: int | None = None,
) -> TuningResult:
    """Tune with a deadline of its own, however long the budget says that the run may be."""
    return tune(
        make_task(make_table() if table is None else table, target="buys"),
        TuneOptions(
            budget=Budget(seconds=seconds, max_trials=max_trials),
            include=include,
            metadata=metadata,
        ),
        deadline=Deadline.after(allowed),
        executor=executor,
        directory=run_dir,
    )


def new_directory(path: Path) -> RunDirectory:
    run_dir = RunDirectory.check(path, overwrite=False)
    run_dir.make()
    return run_dir


class Asleep(InlineExecutor):
    """Workers that are never there in time."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Handle] = []

    @property
    def idle(self) -> int:
        return 0 if any(not handle.beside for handle in self.taken) else 1

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        self.taken.append(Handle(job, self, beside=beside))
        return self.taken[-1]

    def call(self, job: Job) -> JobOutcome:
        return JobOutcome(status=JobStatus.TIMED_OUT, error="not there")

    def _cancel(self, handle: Handle) -> float:
        self.taken = [other for other in self.taken if other is not handle]
        return 0.0


@pytest.mark.parametrize("allowed", [2.5, 0.0])
def test_the_quick_default_is_fitted_where_workers_come_too_late(
    allowed: float, metadata_dir: Path, tmp_path: Path
) -> None:
    run_dir = new_directory(tmp_path / "run")
    result = run(metadata_dir, Asleep(), allowed=allowed, run_dir=run_dir)
    assert result.ended is Ended.TIME
    assert result.beats_constant
    assert result.winner is not None
    assert result.winner.algorithm == "decision_tree"
    (told,) = result.history.results
    assert told.trial.number == 0
    assert read_journal(run_dir.journal) == [told]
    table = make_table(60)
    labels = model_file.load(tmp_path / "run").predict(table)
    assert (labels == table["buys"]).mean() > 0.8


def test_nothing_is_fitted_here_that_was_excluded(metadata_dir: Path) -> None:
    result = run(metadata_dir, Asleep(), allowed=0.0, include=("naive_bayes",))
    assert not result.beats_constant
    assert result.history.results == ()


def test_nothing_is_fitted_here_that_may_take_long(
    metadata_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emergency, "MAX_CELLS", 100)
    assert not run(metadata_dir, Asleep(), allowed=0.0).beats_constant


def test_a_run_that_has_to_be_repeatable_tries_nothing_out_of_turn(metadata_dir: Path) -> None:
    table = make_table()
    table["buys"] = np.random.default_rng(0).permutation(table["buys"])
    result = run(
        metadata_dir,
        Asleep(),
        allowed=0.0,
        table=table,
        include=("decision_tree", "linear"),
        max_trials=5,
    )
    (only,) = result.history.results
    assert (only.trial.number, only.trial.configuration.algorithm) == (0, "decision_tree")


class OnlyTree(Asleep):
    """Of the trials, only that of the tree is done in time."""

    def wait(self, timeout: float) -> list[Handle]:
        done = [handle for handle in self.taken if handle.outcome is not None]
        self.taken = [handle for handle in self.taken if handle.outcome is None]
        return done

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        handle = super().submit(job, beside=beside)
        if job.function is evaluate_and_keep and job.arguments[0].number == 0:
            handle.outcome = InlineExecutor().call(job)
        return handle


@pytest.mark.parametrize("executor", [Asleep, OnlyTree])
def test_where_the_tree_is_no_better_than_the_constant_a_linear_model_is_tried(
    executor: type[Asleep], metadata_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emergency, "ANOTHER_SECONDS", -1e9)  # whatever else the machine does
    rng = np.random.default_rng(3)
    table = pd.DataFrame(rng.normal(size=(120, 4)), columns=list("abcd"))
    table["buys"] = 0.6 * table["a"] + rng.normal(size=120)
    result = run(
        metadata_dir,
        executor(),
        allowed=2.5,
        table=table,
        include=("decision_tree", "linear", "naive_bayes"),
    )
    tried = [r.trial.configuration.algorithm for r in result.history.results]
    assert tried == ["decision_tree", "linear"]
    assert result.history.results[0].score > result.constant_score  # as rmse, so worse
    assert result.winner is not None
    assert result.winner.algorithm == "linear"
    assert len({r.trial.number for r in result.history.results}) == 2


class Watching(InlineExecutor):
    """Notes whether there was a model file when something was asked of it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self.seen: list[tuple[str, bool]] = []

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        self.seen.append(("submit", self._file.exists()))
        return super().submit(job, beside=beside)

    def wait(self, timeout: float) -> list[Handle]:
        self.seen.append(("wait", self._file.exists()))
        return super().wait(timeout)


def test_the_constant_is_saved_while_the_next_trial_runs(
    metadata_dir: Path, tmp_path: Path
) -> None:
    while not model_file.is_writer_ready():
        pass
    run_dir = new_directory(tmp_path / "run")
    executor = Watching(run_dir.model)
    run(metadata_dir, executor, run_dir=run_dir, max_trials=2)
    events = [("submit", False), ("wait", False), ("submit", False), ("wait", True)]
    assert executor.seen[:4] == events, "the first trial may need the only core"


def test_nobody_waits_for_what_writes_models(
    metadata_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [False, False, True]
    monkeypatch.setattr(model_file, "is_writer_ready", lambda: answers.pop(0) if answers else True)
    run_dir = new_directory(tmp_path / "run")
    executor = Watching(run_dir.model)
    run(metadata_dir, executor, run_dir=run_dir, max_trials=4)
    saved = [exists for event, exists in executor.seen if event == "wait"]
    assert saved[:4] == [False, False, False, True]


def test_a_model_that_cannot_be_saved_ends_the_run(
    metadata_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise BundleError("no room")

    monkeypatch.setattr(model_file, "save", full)
    with pytest.raises(BundleError, match="no room"):
        run(metadata_dir, InlineExecutor(), run_dir=new_directory(tmp_path / "run"), max_trials=2)


def test_a_budget_too_short_for_the_whole_table_makes_do_with_some_rows(
    metadata_dir: Path,
) -> None:
    table = make_table(12_000)
    result = run(metadata_dir, InlineExecutor(), seconds=2.5, table=table, max_trials=2)
    assert "10,000 of 12,000 rows were used" in result.note
    assert result.fitted_on.endswith("of 12,000 rows")
    assert result.pipeline.predict(table).shape == (12_000,)
    whole = run(metadata_dir, InlineExecutor(), seconds=60.0, table=table, max_trials=2)
    assert whole.note == ""
    assert "10,000" not in whole.fitted_on


@pytest.mark.parametrize(("max_trials", "n_rounds"), [(None, 3), (5, 1)])
def test_time_that_finishing_did_not_need_is_searched_on(
    max_trials: int | None, n_rounds: int, metadata_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a given number of trials it is not: measured times must not decide."""
    worth = iter([True, True, False])
    monkeypatch.setattr(TimePlan, "is_worth_more", lambda *_: next(worth))
    plans: list[TimePlan] = []

    def search(
        run: Run,
        prepared: PreparedTask,
        _sampler: Any,
        store: Any,
        earlier: Any,
        plan: TimePlan,
        _answer: Any = None,
    ) -> SearchOutcome:
        plans.append(plan)
        halving = SuccessiveHalving(prepared.rungs, prepared.task.metric)
        for result in earlier:
            halving.tell(result)
        emergency.run_quick_trials(run, prepared, halving, store, ())
        return SearchOutcome(
            history=halving.history,
            ended=Ended.TIME,
            unfinished=(),
            seconds=1.0,
            timings={"waiting": 1.0},
        )

    monkeypatch.setattr(tuning, "run_search", search)
    result = run(metadata_dir, InlineExecutor(), max_trials=max_trials)
    assert [plan.finishing > 0.0 for plan in plans] == [False, True, True][:n_rounds]
    assert result.timings["waiting"] == n_rounds
    assert result.ended is Ended.TIME
    assert result.beats_constant


@pytest.mark.parametrize(
    ("owner", "step"),
    [(final_model, "plan_members"), (final_model, "fit_members"), (RunStore, "save")],
)
def test_an_interruption_of_the_last_steps_leaves_a_model(
    owner: Any, step: str, metadata_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, step, InterruptedOnce(getattr(owner, step)))
    result = run(metadata_dir, InlineExecutor(), allowed=2.5)
    assert result.ended is Ended.INTERRUPTED
    assert result.beats_constant


class InterruptedOnce:
    """Step that somebody interrupts the first time that it is about a trial."""

    def __init__(self, step: Callable[..., Any]) -> None:
        self.step = step
        self.interrupted = False

    def __get__(self, owner: Any, _type: type) -> Callable[..., Any]:
        return functools.partial(self, owner)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        of_a_trial = not isinstance(arguments[0], RunStore) or len(arguments) > 2
        if of_a_trial and not self.interrupted:
            self.interrupted = True
            raise KeyboardInterrupt
        return self.step(*arguments, **options)
