"""Runs whose budget is hardly enough: a first model all the same, and no more rows than fit."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metatune.budget import Budget, Deadline
from metatune.data.task.make_task import make_task
from metatune.errors import BundleError
from metatune.evaluation.trial_job import evaluate_and_keep
from metatune.execution.executor import Executor, Handle, InlineExecutor, Job, JobOutcome, JobStatus
from metatune.models import model_file
from metatune.search.halving import SuccessiveHalving
from metatune.search.outcome import Ended, SearchOutcome
from metatune.storage.directory import RunDirectory
from metatune.storage.journal import read_journal
from metatune.tuning import emergency
from metatune.tuning import tune as tuning
from metatune.tuning.final_model import Finisher
from metatune.tuning.options import TuneOptions
from metatune.tuning.result import TuningResult
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
        run_dir=run_dir,
    )


def new_directory(path: Path) -> RunDirectory:
    run_dir = RunDirectory.check(path, overwrite=False)
    run_dir.make()
    return run_dir


class Asleep(InlineExecutor):
    """Workers that are never there in time."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: set[Handle] = set()

    @property
    def idle(self) -> int:
        return 0 if self.taken else 1

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        handle = Handle(job, self, beside=beside)
        self.taken.add(handle)
        return handle

    def call(self, job: Job) -> JobOutcome:
        return JobOutcome(status=JobStatus.TIMED_OUT, error="not there")

    def _cancel(self, handle: Handle) -> float:
        self.taken.discard(handle)
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
    monkeypatch.setattr(emergency, "_MAX_CELLS", 100)
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
        self.taken -= set(self._ended)
        return super().wait(timeout)

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        handle = super().submit(job, beside=beside)
        if job.function is evaluate_and_keep and job.arguments[0].number == 0:
            self.taken.remove(handle)
            handle.outcome = InlineExecutor().call(job)
            self._ended.append(handle)
        return handle


@pytest.mark.parametrize("executor", [Asleep, OnlyTree])
def test_where_the_tree_is_no_better_than_the_constant_a_linear_model_is_tried(
    executor: type[Asleep], metadata_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "_ANOTHER_SECONDS", -1e9)  # whatever else the machine does
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


def test_the_constant_is_saved_while_the_first_trial_runs(
    metadata_dir: Path, tmp_path: Path
) -> None:
    run_dir = new_directory(tmp_path / "run")
    executor = Watching(run_dir.model)
    run(metadata_dir, executor, run_dir=run_dir, max_trials=2)
    assert executor.seen[:2] == [("submit", False), ("wait", True)]


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
    assert "10,000 of 12,000 were used" in result.note
    assert result.fitted_on.endswith("of 12,000 rows")
    assert result.pipeline.predict(table).shape == (12_000,)
    whole = run(metadata_dir, InlineExecutor(), seconds=60.0, table=table, max_trials=2)
    assert whole.note == ""
    assert "10,000" not in whole.fitted_on


@pytest.mark.parametrize(
    ("single", "max_trials", "n_rounds"), [(True, None, 2), (False, None, 1), (True, 5, 1)]
)
def test_time_that_no_ensemble_needs_is_searched_on(
    single: bool,
    max_trials: int | None,
    n_rounds: int,
    metadata_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a given number of trials it is not: measured times must not decide."""
    monkeypatch.setattr(Finisher, "expects_single", lambda *_: single)
    reserves: list[float] = []

    def search(halving: SuccessiveHalving, *_: Any, **options: Any) -> SearchOutcome:
        reserves.append(options["reserve"]())
        return SearchOutcome(
            history=halving.history,
            ended=Ended.TIME,
            unfinished=(),
            seconds=1.0,
            timings={"waiting": 1.0},
        )

    monkeypatch.setattr(tuning, "run_search", search)
    result = run(metadata_dir, InlineExecutor(), max_trials=max_trials)
    assert len(reserves) == n_rounds
    assert result.timings["waiting"] == n_rounds
    assert result.ended is Ended.TIME
    assert result.beats_constant  # by a quick default, before the second round


def test_an_interruption_while_it_is_planned_ends_the_search(
    metadata_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Finisher, "expects_single", interrupted)
    result = run(metadata_dir, Asleep(), allowed=2.5)
    assert result.ended is Ended.INTERRUPTED
    assert result.beats_constant
