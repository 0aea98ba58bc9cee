"""Estimate of the final model's score on new rows: the last step of a run."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.budget import Deadline
from metatune.data.row_metadata import RowMetadata
from metatune.data.splits.folds import Fold
from metatune.ensemble.member_pool import CONSTANT, MemberPool
from metatune.ensemble.second_layer import learned_predictions
from metatune.errors import SearchError
from metatune.estimate.corrected import Estimate, NoEstimate
from metatune.estimate.corrected import estimate_score as corrected_score
from metatune.estimate.drawing import sample_rows
from metatune.estimate.growth import grown
from metatune.estimate.reselection import Composition, Reselection
from metatune.evaluation.constant import constant_predictions
from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.trial_data import TrialData
from metatune.execution.executor import Job, JobStatus
from metatune.kinds import TaskKind
from metatune.metrics import PERFECT_SCORE, Metric
from metatune.models.adjustment import NO_ADJUSTMENT
from metatune.recommender.advice import Advice
from metatune.recommender.growth import expected_growth
from metatune.search.history import History
from metatune.space import Configuration
from metatune.storage.store import RunStore
from metatune.tuning.final_model import FinalModel
from metatune.tuning.run import Run

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    IndexArray = NDArray[np.intp]

__all__ = [
    "INTERRUPTED",
    "EstimateRequest",
    "estimate_in_worker",
    "estimate_record",
    "estimate_score",
    "with_estimate",
]

INTERRUPTED = "the run was interrupted"
"""Reason for which there is no estimate."""

_LEAST_SECONDS = 0.3
_MOST_SECONDS = 8.0
_MARGIN = 0.1  # seconds for starting and for handing the answer back
MAX_ROWS = 100_000
_MAX_CELLS = 25_000_000  # rows x classes x members: 100 MB
MIN_ROWS = 2_000
_NO_TIME = "the time did not suffice"
_DRAWS = 500
_FEW_DRAWS = 100  # for metrics that have to be called anew for each draw and member
_LEAST_DRAWS = 60
_MIXED_DRAWS = 200  # each of them selects an ensemble
_SMALL_ROWS = 3_000
_MAX_WORK = 2e9  # rows x classes x members x draws where no clock ends them: some ten seconds
_ROW_METADATA = ("weights", "groups", "times")


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateRequest:
    """Request for an estimate, as a worker gets it.

    Attributes
    ----------
    metric : Metric
        The run's.
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

    metric: Metric
    kind: TaskKind
    seconds: float | None
    made: Composition
    numbers: tuple[int, ...]
    seed: int


def estimate_score(
    run: Run,
    prepared: PreparedTask,
    store: RunStore,
    history: History,
    model: FinalModel,
    advice: Advice | None = None,
) -> Estimate | NoEstimate:
    """Estimate the score of the final model on new rows.

    It comes last, when the model is saved: it takes nothing from the fits but the seconds that the
    time plan keeps free, and a worker that takes longer is stopped.

    Parameters
    ----------
    run : Run
        Values of the run.
    prepared : PreparedTask
        Task of the run.
    store : RunStore
        Holds out-of-fold predictions.
    history : History
        Every finished trial.
    model : FinalModel
        The final model; if it is interrupted, there is no time.
    advice : Advice or None
        Answer of past datasets: they tell how much better a model of all rows is than those of
        folds.
    """
    made = model.composition
    reason = _hindrance(run, made, interrupted=model.interrupted)
    if made is None or reason:
        return NoEstimate(reason=reason)
    found = store.predictions.load(store.predictions.members(history))
    found |= learned_predictions(run.scratch, made.weights)
    if not set(made.weights) - {CONSTANT} <= set(found):
        return NoEstimate(reason="the winner was not tried on all folds")
    predictions: dict[int, NDArray[Any]] = {number: found[number] for number in sorted(found)}
    if not made.is_single:
        predictions[CONSTANT] = constant_predictions(prepared.data, prepared.task.metric)
    inbox = run.scratch / "estimate"
    try:
        reason = _write(prepared.data, list(predictions.values()), run.options.seed, inbox)
        if reason:
            return NoEstimate(reason=reason)
        estimate = _call(run, prepared, inbox, made, tuple(predictions))
        return _of_all_rows(estimate, prepared, model, advice)
    except KeyboardInterrupt:
        return NoEstimate(reason=INTERRUPTED)
    except (OSError, SearchError) as error:  # the model is saved, nothing else is lost
        return NoEstimate(reason=f"{error}")


def _hindrance(run: Run, made: Composition | None, *, interrupted: bool) -> str:
    if made is None:
        return "nothing beat the constant prediction"
    if interrupted:
        return INTERRUPTED
    return _NO_TIME if run.deadline.remaining() < _LEAST_SECONDS else ""


def _call(
    run: Run, prepared: PreparedTask, inbox: Path, made: Composition, numbers: tuple[int, ...]
) -> Estimate | NoEstimate:
    remaining = run.deadline.remaining() - _MARGIN
    seconds = min(_MOST_SECONDS, remaining)
    request = EstimateRequest(
        metric=prepared.task.metric,
        kind=prepared.task.kind,
        seconds=None if run.counted else seconds - _MARGIN,
        made=made,
        numbers=numbers,
        seed=run.options.seed,
    )
    job = Job(
        function=estimate_in_worker,
        inbox=str(inbox),
        arguments=(request,),
        time_limit=remaining if run.counted else seconds,
    )
    outcome = run.executor.call(job)
    if outcome.status is JobStatus.OK:
        answer: Estimate | NoEstimate = outcome.value
        return answer
    timed_out = outcome.status is JobStatus.TIMED_OUT
    return NoEstimate(reason=_NO_TIME if timed_out else outcome.error)


def _of_all_rows(
    estimate: Estimate | NoEstimate,
    prepared: PreparedTask,
    model: FinalModel,
    advice: Advice | None,
) -> Estimate | NoEstimate:
    """Correct an estimate by models of folds, where the final model was fitted on all rows."""
    perfect = PERFECT_SCORE.get(prepared.task.metric.name)
    if isinstance(estimate, NoEstimate) or advice is None or perfect is None:
        return estimate
    growth = expected_growth(advice.forecast)
    if model.fitted_on != prepared.all_rows or advice.guide != estimate.metric or growth is None:
        return estimate
    data = prepared.data
    gained = math.log(data.task.n_rows / data.n_train_rows)
    return grown(
        estimate, perfect=perfect, shift=growth.slope * gained, spread=growth.spread * gained
    )


def _write(data: TrialData, predictions: "list[NDArray[Any]]", seed: int, inbox: Path) -> str:
    """Put into a new inbox what the worker needs; return what hinders it."""
    y, row_metadata = data.task.y, data.row_metadata
    rows = np.flatnonzero(np.all([_covered(p) for p in predictions], axis=0))
    if not len(rows):
        return "no row was predicted by every candidate"
    cells = sum(int(np.prod(p.shape[1:])) for p in predictions)
    most = min(MAX_ROWS, max(MIN_ROWS, _MAX_CELLS // cells))
    rows = sample_rows(rows, row_metadata.take(rows), most, seed)
    inbox.mkdir()
    np.save(inbox / "predictions.npy", np.stack([p[rows] for p in predictions]))
    np.save(inbox / "y.npy", y[rows])
    folds = _fold_of_rows(data.folds, len(y))
    if folds is not None:
        np.save(inbox / "folds.npy", folds[rows])
    for name in _ROW_METADATA:
        values = getattr(row_metadata, name)
        if values is not None:
            np.save(inbox / f"{name}.npy", values[rows])
    return ""


def estimate_in_worker(inbox: str, request: EstimateRequest) -> Estimate | NoEstimate:
    """Estimate from the arrays in `inbox`; the function that worker processes call."""
    deadline = None if request.seconds is None else Deadline.after(request.seconds)
    folder = Path(inbox)
    metric = request.metric
    y, predictions = np.load(folder / "y.npy"), np.load(folder / "predictions.npy")
    row_metadata = RowMetadata(
        **{name: _optional(folder / f"{name}.npy") for name in _ROW_METADATA}
    )
    folds = _optional(folder / "folds.npy")
    pool = MemberPool(
        kind=request.kind,
        y=y,
        members=dict(zip(request.numbers, predictions, strict=True)),
        folds=(),
        row_metadata=row_metadata,
    )
    chooser = Reselection(pool, metric, request.made, strata=folds, seed=request.seed)
    return corrected_score(
        metric,
        y,
        chooser,
        row_metadata=row_metadata,
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
    if request.metric.name not in PERFECT_SCORE:
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
