"""The honest estimate at the end of a run: whose, on which rows, and when there is none."""

import dataclasses
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from run_parts import make_parts

from metatune.budget import Budget, Deadline
from metatune.data.row_metadata import RowMetadata
from metatune.data.splits.folds import Fold
from metatune.ensemble.member_pool import CONSTANT
from metatune.ensemble.report import with_ensemble
from metatune.errors import SearchError
from metatune.estimate.corrected import Estimate, NoEstimate
from metatune.estimate.reselection import Composition
from metatune.evaluation.out_of_fold import prediction_file, write_predictions
from metatune.execution.executor import Executor, InlineExecutor, Job, JobOutcome, JobStatus
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.recommender.belief import Belief, BeliefSettings
from metatune.recommender.forecast import Forecast
from metatune.search.history import History
from metatune.space import Configuration
from metatune.storage.predictions import PredictionStore
from metatune.tuning import estimate as estimating
from metatune.tuning.estimate import estimate_record, estimate_score, with_estimate
from metatune.tuning.options import TuneOptions
from metatune.tuning.time_plan import estimate_seconds
from tests.evaluation.test_trial_job import make_data
from tests.storage.test_kept_things import ok

LOG_LOSS = resolve_metric("log_loss", TaskKind.BINARY)
BUDGET = Budget(seconds=100.0, max_trials=10)
N_ROWS = 240


class Run:
    """A finished search: made-up predictions of a few trials at the top rung."""

    def __init__(self, folder: Path, *, n_trials: int = 4, **changes: Any) -> None:
        data = make_data(TaskKind.BINARY, ("log_loss",))
        self.data = dataclasses.replace(data, **changes)
        self.folder = folder
        (folder / "outbox").mkdir()
        self.store = PredictionStore(folder / "outbox", folder / "predictions")
        self.history = History(LOG_LOSS)
        rng = np.random.default_rng(0)
        self.predictions: list[Any] = []
        for number in range(n_trials):
            sure = 0.5 + 0.3 * rng.random(N_ROWS)
            p = np.where(self.data.task.y == 1, sure, 1 - sure) + 0.2 * rng.random(N_ROWS) - 0.1
            self.add(number, np.column_stack((1 - p, p)))

    def add(self, number: int, prediction: Any) -> None:
        prediction = prediction.astype(np.float32)
        score = LOG_LOSS.score(self.data.task.y, np.nan_to_num(prediction, nan=0.5))
        result = ok(number, score)
        self.history.add(result)
        write_predictions(self.folder / "outbox" / prediction_file(result.trial), prediction)
        self.store.secure(result)
        self.store.trial_ended(result, self.history)
        self.predictions.append(prediction)

    def run(
        self,
        executor: Executor | None = None,
        deadline: Deadline | None = None,
        budget: Budget = BUDGET,
    ) -> Any:
        return make_parts(
            self.folder, TuneOptions(budget=budget, seed=1), executor=executor, deadline=deadline
        )

    def estimate(
        self,
        made: Composition | None = None,
        *,
        interrupted: bool = False,
        fitted_on: str = "all rows",
        advice: Any = None,
        **changes: Any,
    ) -> Estimate | NoEstimate:
        task = SimpleNamespace(metric=LOG_LOSS, kind=TaskKind.BINARY)
        prepared: Any = SimpleNamespace(task=task, data=self.data, all_rows="all rows")
        store: Any = SimpleNamespace(predictions=self.store)
        model: Any = SimpleNamespace(
            composition=made or self.best(), interrupted=interrupted, fitted_on=fitted_on
        )
        return estimate_score(self.run(**changes), prepared, store, self.history, model, advice)

    def reserve(self, seconds: float) -> float:
        store: Any = SimpleNamespace(predictions=self.store)
        options = TuneOptions(budget=Budget(seconds=seconds))
        return estimate_seconds(store, options, self.history)

    def best(self) -> Composition:
        return Composition(weights={self.history.contenders()[0].trial.number: 1.0})


def test_estimate_of_the_winner(tmp_path: Path) -> None:
    run = Run(tmp_path)
    found = run.estimate()
    assert isinstance(found, Estimate)
    best = run.history.contenders()[0]
    assert found.optimistic == pytest.approx(best.score, rel=1e-5)
    assert found.low < found.optimistic <= found.score < found.high
    assert (found.metric, found.n_candidates, found.n_rows) == ("log_loss", 4, N_ROWS)
    assert found.n_bootstraps == 500


def test_estimate_of_an_ensemble(tmp_path: Path) -> None:
    run = Run(tmp_path)
    made = Composition(weights={0: 0.5, 2: 0.3, CONSTANT: 0.2})
    found = run.estimate(made)
    assert isinstance(found, Estimate)
    assert (found.n_candidates, found.n_bootstraps) == (4, 200)
    mean = 0.5 * run.predictions[0] + 0.3 * run.predictions[2] + 0.2 * 0.5
    y = run.data.task.y
    assert found.optimistic == pytest.approx(LOG_LOSS.score(y, mean.astype(float)), abs=0.01)
    assert found.low < found.optimistic <= found.score < found.high


def test_runs_by_trials_get_the_same_estimate_each_time(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    assert Run(tmp_path / "a").estimate() == Run(tmp_path / "b").estimate()


def test_rows_that_no_model_has_predicted_are_left_out(tmp_path: Path) -> None:
    run = Run(tmp_path, n_trials=2)
    holey = np.array(run.predictions[0])
    holey[:100] = np.nan
    run.add(7, holey)
    found = run.estimate()
    assert isinstance(found, Estimate)
    assert found.n_rows == N_ROWS - 100


def test_large_tables_are_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimating, "MAX_ROWS", 100)
    monkeypatch.setattr(estimating, "MIN_ROWS", 10)
    groups = np.arange(N_ROWS, dtype=np.int64) // 7
    found = Run(tmp_path, row_metadata=RowMetadata(groups=groups)).estimate()
    assert isinstance(found, Estimate)
    assert 93 < found.n_rows <= 100  # whole groups


def test_weights_count(tmp_path: Path) -> None:
    weights = np.where(np.arange(N_ROWS) < 120, 2.0, 1e-6)
    run = Run(tmp_path, row_metadata=RowMetadata(weights=weights))
    found = run.estimate()
    assert isinstance(found, Estimate)
    y = run.data.task.y
    first = [LOG_LOSS.score(y[:120], p[:120].astype(float)) for p in run.predictions]
    assert found.optimistic == pytest.approx(min(first), rel=1e-3)


@pytest.mark.parametrize("repeated", [False, True])
def test_folds_of_rows_are_known_where_each_has_one(repeated: bool) -> None:
    rows = np.arange(10)
    folds = [Fold(train=rows[5:], valid=rows[:5]), Fold(train=rows[:5], valid=rows[5:8])]
    if repeated:
        folds.append(Fold(train=rows[3:], valid=rows[:3]))
    found = estimating._fold_of_rows(tuple(folds), 10)
    if repeated:
        assert found is None
    else:
        assert found is not None
        assert found[:8].tolist() == [0] * 5 + [1] * 3


def make_folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name


def make_advice(guide: str, slope: float) -> Any:
    """Advice of past datasets on which a third of the rows lost as much as the slope says."""
    third = -slope * math.log(3.0)
    values = np.array([[[third, third, 0.0, 0.0]], [[third, third, 0.0, 0.0]]])
    belief = Belief.from_past(values.reshape(2, 4), np.array([0.5, 0.5]), BeliefSettings())
    forecast = Forecast(
        configurations=(Configuration(algorithm="knn", params={}),),
        regret=np.zeros((2, 1)),
        weights=np.array([0.5, 0.5]),
        belief=belief,
        log_seconds=np.zeros((1, 4)),
    )
    return SimpleNamespace(guide=guide, forecast=forecast)


def test_a_model_of_all_rows_is_better_than_those_of_folds(tmp_path: Path) -> None:
    run = Run(make_folder(tmp_path, "plain"))
    advice = make_advice("log_loss", slope=-0.5)
    plain = run.estimate()
    grown = Run(make_folder(tmp_path, "grown")).estimate(advice=advice)
    assert isinstance(plain, Estimate)
    assert isinstance(grown, Estimate)
    gained = N_ROWS / run.data.n_train_rows
    assert grown.growth == pytest.approx(gained**-0.5)
    assert grown.score == pytest.approx(plain.score * gained**-0.5)
    assert grown.high / grown.score == pytest.approx(plain.high / plain.score)
    assert grown.optimistic == plain.optimistic


@pytest.mark.parametrize(
    "changes",
    [
        {"advice": make_advice("roc_auc", slope=-0.5)},
        {"advice": make_advice("log_loss", slope=-0.5), "fitted_on": "192 of 240 rows"},
        {"advice": make_advice("log_loss", slope=0.5)},
    ],
    ids=["another metric", "not all rows", "more rows that did harm"],
)
def test_an_estimate_grows_only_by_what_past_datasets_say(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    plain = Run(make_folder(tmp_path, "plain")).estimate()
    other = Run(make_folder(tmp_path, "other")).estimate(**changes)
    assert isinstance(plain, Estimate)
    assert isinstance(other, Estimate)
    bounds = (plain.score, plain.low, plain.high)
    assert (other.score, other.low, other.high) == pytest.approx(bounds, rel=1e-9)


def test_no_estimate_is_said_rather_than_a_wrong_one(tmp_path: Path) -> None:
    run = Run(tmp_path)
    winner, stranger = run.best(), Composition(weights={99: 1.0})

    def reason(found: Estimate | NoEstimate) -> str:
        assert isinstance(found, NoEstimate)
        return found.reason

    nothing: Any = SimpleNamespace()
    constant: Any = SimpleNamespace(composition=None, interrupted=False)
    assert "constant" in reason(estimate_score(nothing, nothing, nothing, run.history, constant))
    assert "interrupted" in reason(run.estimate(winner, interrupted=True))
    assert "not tried on all folds" in reason(run.estimate(stranger))
    late = run.estimate(winner, deadline=Deadline.after(0.0))
    assert "time did not suffice" in reason(late)


class Stopped(InlineExecutor):
    def call(self, job: Job) -> JobOutcome:
        assert 0.0 < job.time_limit < 100.0
        return JobOutcome(status=JobStatus.TIMED_OUT, error="stopped")


def test_a_worker_that_is_stopped_costs_only_the_estimate(tmp_path: Path) -> None:
    found = Run(tmp_path).estimate(executor=Stopped())
    assert found == NoEstimate(reason="the time did not suffice")


class Lost(InlineExecutor):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def call(self, job: Job) -> JobOutcome:
        raise self._error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SearchError("workers cannot be started"), "workers cannot be started"),
        (OSError("no room"), "no room"),
        (KeyboardInterrupt(), "the run was interrupted"),
    ],
)
def test_what_breaks_off_the_estimate_does_not_break_the_run(
    error: BaseException, reason: str, tmp_path: Path
) -> None:
    assert Run(tmp_path).estimate(executor=Lost(error)) == NoEstimate(reason=reason)


def test_time_is_kept_free_once_there_is_something_to_estimate(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.reserve(100.0) == pytest.approx(3.0)
    assert run.reserve(5.0) == pytest.approx(0.6)
    assert run.reserve(9e3) == pytest.approx(8.0)
    (tmp_path / "other").mkdir()
    assert Run(tmp_path / "other", n_trials=0).reserve(100.0) == 0.0


def test_leaderboard_and_record(tmp_path: Path) -> None:
    run = Run(tmp_path)
    found = run.estimate()
    assert isinstance(found, Estimate)
    winner = run.history.contenders()[0].trial.configuration
    board = with_estimate(run.history.leaderboard(), winner, found)
    assert list(board.columns[6:10]) == ["score", "estimate", "estimate_low", "estimate_high"]
    assert board["estimate"].iloc[0] == found.score
    assert board["estimate_high"].iloc[0] == found.high
    assert board["estimate"].iloc[1:].isna().all()
    members = [{"trial": 0, "algorithm": "fake", "weight": 0.5}] * 2
    mixed = with_ensemble(run.history.leaderboard(), {"members": members, "score": 0.4})
    board = with_estimate(mixed, winner, found)
    assert board["estimate"].dropna().index.tolist() == [0]
    assert board["algorithm"].iloc[0] == "ensemble"
    empty = with_estimate(run.history.leaderboard(), None, NoEstimate(reason="why"))
    assert empty[["estimate", "estimate_low", "estimate_high"]].isna().all(axis=None)
    assert estimate_record(NoEstimate(reason="why")) == {"estimate": None, "no_estimate": "why"}
    assert Estimate(**estimate_record(found)["estimate"]) == found
