"""The honest estimate as a step of a run: which predictions, where, and how long."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.budget import Budget, Deadline
from metatune.data.row_metadata import RowFacts
from metatune.data.splits.folds import Fold
from metatune.ensemble.member_pool import CONSTANT, MemberPool
from metatune.errors import SearchError
from metatune.estimate.corrected import Estimate, NoEstimate, estimate_score
from metatune.estimate.drawing import sample_rows
from metatune.estimate.reselection import Composition, Reselection
from metatune.evaluation.constant import constant_predictions
from metatune.evaluation.trial_data import TrialData
from metatune.execution.executor import Executor, Job, JobStatus
from metatune.kinds import TaskKind
from metatune.metrics import PERFECT_SCORE, resolve_metric
from metatune.models.adjustment import NO_ADJUSTMENT
from metatune.search.history import History
from metatune.space import Configuration
from metatune.storage.predictions import PredictionStore

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    IndexArray = NDArray[np.intp]

__all__ = ["EstimateRequest", "Estimator", "estimate_in_worker", "estimate_record", "with_estimate"]

_SHARE = 0.02  # of the budget: an ensemble's takes what is left beyond that
_LEAST_SECONDS = 0.3
_MOST_SECONDS = 8.0
_MARGIN = 0.1  # seconds for starting and for handing the answer back
_MAX_ROWS = 100_000
_MAX_CELLS = 25_000_000  # rows x classes x members: 100 MB
_MIN_ROWS = 2_000
_JOB = -3
_DRAWS = 500
_FEW_DRAWS = 100  # for metrics that have to be called anew for each draw and member
_LEAST_DRAWS = 60
_MIXED_DRAWS = 200  # each of them selects an ensemble
_SMALL_ROWS = 3_000
_MAX_WORK = 2e9  # rows x classes x members x draws where no clock ends them: some ten seconds
_FACTS = ("weights", "groups", "times")


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateRequest:
    """What a worker is asked for.

    Attributes
    ----------
    metric : str
        Name of the run's metric.
    kind : TaskKind
        What is predicted.
    seconds : float or None
        When to end with the draws there are; None in runs that must be repeatable.
    made : Composition
        What the run has chosen.
    numbers : tuple of int
        Whose predictions there are, in their order.
    seed : int
        Seed of the draws.
    """

    metric: str
    kind: TaskKind
    seconds: float | None
    made: Composition
    numbers: tuple[int, ...]
    seed: int


class Estimator:
    """Estimates at the end of a run what its model is worth.

    It comes last, when the model is saved: it takes nothing from the fits but the seconds that it
    asks the search to keep free, and a worker that takes longer is stopped.

    Parameters
    ----------
    data : TrialData
        Rows and folds.
    predictions : PredictionStore
        Out-of-fold predictions of the run.
    folder : Path
        Scratch space of the run.
    executor : Executor
        Where the work is done.
    deadline : Deadline
        When the run has to be finished.
    budget : Budget
        Of the whole run.
    seed : int
        Of the run.
    """

    def __init__(
        self,
        *,
        data: TrialData,
        predictions: PredictionStore,
        folder: Path,
        executor: Executor,
        deadline: Deadline,
        budget: Budget,
        seed: int,
    ) -> None:
        self._data = data
        self._predictions = predictions
        self._inbox = folder / "estimate"
        self._executor = executor
        self._deadline = deadline
        self._budget = budget
        self._seed = seed

    def reserve(self, history: History) -> float:
        """Return the seconds to keep free at the end of the run."""
        if not self._predictions.members(history):
            return 0.0
        return min(_MOST_SECONDS, max(_LEAST_SECONDS, _SHARE * self._budget.seconds))

    def estimate(
        self, history: History, made: Composition | None, *, hurry: bool = False
    ) -> Estimate | NoEstimate:
        """Estimate what the final model is worth on new rows.

        Parameters
        ----------
        history : History
            Every finished trial.
        made : Composition or None
            What the model is made of; None for the constant prediction.
        hurry : bool
            Somebody waits: there is no time.
        """
        reason = self._hindrance(made, hurry=hurry)
        if made is None or reason:
            return NoEstimate(reason=reason)
        found = self._predictions.load(self._predictions.members(history))
        if not set(made.weights) - {CONSTANT} <= set(found):
            return NoEstimate(reason="the winner was not tried on all folds")
        predictions = {number: found[number] for number in sorted(found)}
        if not made.is_single:
            metric = resolve_metric(self._data.metrics[0], self._data.task.kind)
            predictions[CONSTANT] = constant_predictions(self._data, metric)
        try:
            reason = self._write(list(predictions.values()))
            return NoEstimate(reason=reason) if reason else self._call(made, tuple(predictions))
        except KeyboardInterrupt:
            return NoEstimate(reason="the run was interrupted")
        except (OSError, SearchError) as error:  # the model is saved, nothing else is lost
            return NoEstimate(reason=f"{error}")

    def _hindrance(self, made: Composition | None, *, hurry: bool) -> str:
        if made is None:
            return "nothing beat the constant prediction"
        if hurry:
            return "the run was interrupted"
        return "the time did not suffice" if self._deadline.remaining() < _LEAST_SECONDS else ""

    def _call(self, made: Composition, numbers: tuple[int, ...]) -> Estimate | NoEstimate:
        remaining = self._deadline.remaining() - _MARGIN
        repeatable = self._budget.max_trials is not None
        seconds = min(_MOST_SECONDS, remaining)
        request = EstimateRequest(
            metric=self._data.metrics[0],
            kind=self._data.task.kind,
            seconds=None if repeatable else seconds - _MARGIN,
            made=made,
            numbers=numbers,
            seed=self._seed,
        )
        job = Job(
            id=_JOB,
            function="metatune.tuning.estimate:estimate_in_worker",
            inbox=str(self._inbox),
            arguments=(request,),
            time_limit=remaining if repeatable else seconds,
        )
        outcome = self._executor.call(job)
        if outcome.status is JobStatus.OK:
            answer: Estimate | NoEstimate = outcome.value
            return answer
        if outcome.status is JobStatus.TIMED_OUT:
            return NoEstimate(reason="the time did not suffice")
        return NoEstimate(reason=outcome.error)

    def _write(self, predictions: "list[NDArray[Any]]") -> str:
        """Put what the worker needs into its inbox; say what hinders it."""
        y, facts = self._data.task.y, self._data.facts
        rows = np.flatnonzero(np.all([_covered(p) for p in predictions], axis=0))
        if not len(rows):
            return "no row was predicted by every candidate"
        cells = sum(int(np.prod(p.shape[1:])) for p in predictions)
        most = min(_MAX_ROWS, max(_MIN_ROWS, _MAX_CELLS // cells))
        rows = sample_rows(rows, facts.take(rows), most, self._seed)
        self._inbox.mkdir()
        np.save(self._inbox / "predictions.npy", np.stack([p[rows] for p in predictions]))
        np.save(self._inbox / "y.npy", y[rows])
        folds = _fold_of_rows(self._data.folds, len(y))
        if folds is not None:
            np.save(self._inbox / "folds.npy", folds[rows])
        for name in _FACTS:
            values = getattr(facts, name)
            if values is not None:
                np.save(self._inbox / f"{name}.npy", values[rows])
        return ""


def estimate_in_worker(inbox: str, request: EstimateRequest) -> Estimate | NoEstimate:
    """Estimate from the arrays in `inbox`; the function that worker processes call."""
    deadline = None if request.seconds is None else Deadline.after(request.seconds)
    folder = Path(inbox)
    metric = resolve_metric(request.metric, request.kind)
    y, predictions = np.load(folder / "y.npy"), np.load(folder / "predictions.npy")
    facts = RowFacts(**{name: _optional(folder / f"{name}.npy") for name in _FACTS})
    folds = _optional(folder / "folds.npy")
    pool = MemberPool(
        kind=request.kind,
        y=y,
        members=dict(zip(request.numbers, predictions, strict=True)),
        folds=(),
        facts=facts,
    )
    chooser = Reselection(pool, metric, request.made, strata=folds, seed=request.seed)
    return estimate_score(
        metric,
        y,
        chooser,
        facts=facts,
        folds=folds,
        n_bootstraps=_n_draws(request, predictions.shape),
        deadline=deadline,
        seed=request.seed,
    )


def estimate_record(estimate: Estimate | NoEstimate) -> dict[str, Any]:
    """Return what the record of a run says: the estimate, or null and why there is none."""
    if isinstance(estimate, NoEstimate):
        return {"estimate": None, "no_estimate": estimate.reason}
    return {"estimate": asdict(estimate)}


def with_estimate(
    leaderboard: "pd.DataFrame", winner: Configuration | None, estimate: Estimate | NoEstimate
) -> "pd.DataFrame":
    """Put the estimate beside the final model's score in a leaderboard.

    Parameters
    ----------
    leaderboard : DataFrame
        As `History.leaderboard` returns it, perhaps with an ensemble of rank 0; left as it is.
    winner : Configuration or None
        What the model is where there is no ensemble; None for the constant prediction, which has
        no row.
    estimate : Estimate or NoEstimate
        Of the final model.

    Returns
    -------
    DataFrame
        With columns estimate, estimate_low and estimate_high behind the score, NaN in other rows.
    """
    place = list(leaderboard.columns).index("score")
    rank = leaderboard["rank"]
    is_model = (rank == 0).fillna(False)
    if not is_model.any():
        is_model = rank.notna() & (leaderboard["configuration"] == str(winner))
    board = leaderboard.copy()
    values = {"estimate": np.nan, "estimate_low": np.nan, "estimate_high": np.nan}
    if isinstance(estimate, Estimate):
        values = dict(zip(values, (estimate.score, estimate.low, estimate.high), strict=True))
    for offset, (name, value) in enumerate(values.items(), start=1):
        board.insert(place + offset, name, np.where(is_model, value, np.nan))
    return board


def _n_draws(request: EstimateRequest, shape: tuple[int, ...]) -> int:
    """Return how many draws are worth their time, or affordable where no clock ends them."""
    if request.metric not in PERFECT_SCORE:
        return _FEW_DRAWS
    if not request.made.is_single or request.made.adjustment != NO_ADJUSTMENT:
        return _MIXED_DRAWS if shape[1] <= _SMALL_ROWS else _LEAST_DRAWS
    if request.seconds is not None:
        return _DRAWS
    return min(_DRAWS, max(_LEAST_DRAWS, int(_MAX_WORK / np.prod(shape))))


def _optional(path: Path) -> "NDArray[Any] | None":
    return np.load(path) if path.exists() else None


def _covered(prediction: "NDArray[Any]") -> "NDArray[np.bool_]":
    finite = np.isfinite(prediction)
    return np.asarray(finite if finite.ndim == 1 else finite.all(axis=1))


def _fold_of_rows(folds: tuple[Fold, ...], n_rows: int) -> "IndexArray | None":
    """Return the fold that validates each row; None where a row has predictions of several."""
    fold_of, times = np.zeros(n_rows, dtype=np.intp), np.zeros(n_rows, dtype=np.intp)
    for number, fold in enumerate(folds):
        fold_of[fold.valid] = number
        times[fold.valid] += 1
    return fold_of if times.max() <= 1 else None
