"""Findings of a run: what its report tells beside record, journal and model.

Importances are measured on rows that models of folds have not seen, with the final model's members
as they were fitted in these folds; where they are gone, with the final model on its own rows.
"""

import math
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.budget import Stopwatch
from metatune.data.splits.folds import Fold
from metatune.errors import BundleError, SearchError
from metatune.estimate.reselection import Composition
from metatune.evaluation.prepared_task import PreparedTask
from metatune.execution.executor import Job, JobOutcome, JobStatus
from metatune.models.ensemble import weighted_mean
from metatune.recommender.advice import Advice
from metatune.recommender.outlook import course_of, outlook_after
from metatune.recommender.planner import Planner
from metatune.recommender.recommendation import Course, Outlook
from metatune.reporting.blocks import blocks_of, column_findings
from metatune.reporting.fold_models import FoldModels
from metatune.reporting.importance import ImportanceRequest, measure_in_worker
from metatune.samplers.patience import Patience
from metatune.samplers.planned import PlannedSampler, climbed_levels
from metatune.search.history import History
from metatune.storage.findings import Findings, Importances, PriorExpectation, write_findings
from metatune.storage.store import RunStore
from metatune.tuning.estimate import INTERRUPTED
from metatune.tuning.final_model import FinalModel
from metatune.tuning.model_predictions import model_predictions
from metatune.tuning.run import Run
from metatune.tuning.time_plan import (
    EXPLAINED_SECONDS,
    estimate_seconds,
    findings_limit,
    findings_seconds,
)

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray

__all__ = ["RunFindings", "find_out", "keep_findings"]

_MOST_ROWS = 2_000  # to measure importances on;
_ENOUGH_ROWS = 1_000  # where a fold has fewer, those of further folds join,
_MOST_MODEL_BYTES = 30_000_000  # unless a member's models are too large
_MOST_KEPT = 20_000  # rows whose out-of-fold predictions are kept,
_MOST_CELLS = 2_000_000  # and cells of them
_BACKGROUND = 50  # rows that single predictions are explained against
_BACKGROUND_CELLS = 2_000_000
_MORE_SECONDS = 600.0  # for which it is told what they should bring
_N_PRIORS = 30
_N_POINTS = 24
_LEAST_SECONDS = 0.2
_LEFT_SHARE = 0.6  # of what is left beside the estimate's time, which takes the rest
_SAFE_SHARE = 0.9  # of the time after which a worker is stopped, and all that it found is lost
_MARGIN = 0.1  # seconds for starting and for handing the answer back
_NO_TIME = "the time did not suffice"
_LEAST_WEIGHT = 0.5  # of the members has to be there for the rest to stand for all


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunFindings:
    """Findings of a run, with the arrays that belong to them.

    Attributes
    ----------
    findings : Findings
    arrays : Mapping of str to ndarray
        See `metatune.storage.findings.write_findings`.
    """

    findings: Findings
    arrays: "Mapping[str, AnyArray]"


def find_out(
    run: Run,
    prepared: PreparedTask,
    store: RunStore,
    history: History,
    model: FinalModel,
    advice: Advice | None,
) -> RunFindings:
    """Find out what a report tells of a run, in the seconds that are kept for it.

    Parameters
    ----------
    run : Run
        Values of the run.
    prepared : PreparedTask
        Task of the run.
    store : RunStore
        Holds out-of-fold predictions and models of folds.
    history : History
        Every finished trial.
    model : FinalModel
        The saved model.
    advice : Advice or None
        Answer of past datasets.
    """
    arrays = _predictions(run, prepared, store, history, model.composition)
    arrays["background"] = _background(run, prepared)
    importances = _importances(run, prepared, store, history, model)
    measured = isinstance(importances, Importances)
    return RunFindings(
        findings=Findings(
            columns=column_findings(prepared.encoder),
            importances=importances if isinstance(importances, Importances) else None,
            not_measured="" if measured else str(importances),
            course=None if advice is None else _course(run, advice),
            outlook=None if advice is None else _outlook(run, prepared, history, advice),
            priors=() if advice is None else _priors(history, advice),
        ),
        arrays=arrays,
    )


def keep_findings(run: Run, found: RunFindings) -> str:
    """Write findings into the run directory; return the reason if there is no room for them."""
    if run.directory.is_scratch:
        return ""
    try:
        write_findings(found.findings, found.arrays, run.directory.path)
    except BundleError as error:  # the model is saved: nothing else is lost
        return str(error)
    return ""


def _predictions(
    run: Run,
    prepared: PreparedTask,
    store: RunStore,
    history: History,
    made: Composition | None,
) -> "dict[str, AnyArray]":
    """Return targets and out-of-fold predictions of the final model, of a sample of rows."""
    if made is None:
        return {}
    prediction = model_predictions(run, prepared, store, history, made)
    if prediction is None:
        return {}
    rows = np.flatnonzero(np.isfinite(prediction.reshape(len(prediction), -1)).all(axis=1))
    width = max(1, prediction[:1].size)
    rows = _sample(rows, max(1, min(_MOST_KEPT, _MOST_CELLS // width)), run.options.seed)
    if not len(rows):
        return {}
    found: dict[str, AnyArray] = {
        "y": np.asarray(prepared.data.task.y[rows]),
        "prediction": prediction[rows].astype(np.float32),
    }
    if prepared.data.weights is not None:
        found["weights"] = np.asarray(prepared.data.weights[rows])
    return found


def _background(run: Run, prepared: PreparedTask) -> "FloatArray":
    X = prepared.data.task.X
    most = max(1, min(_BACKGROUND, _BACKGROUND_CELLS // max(1, X.shape[1])))
    rows = _sample(np.arange(len(X)), most, run.options.seed)
    return np.asarray(X[rows], dtype=np.float64)


def _importances(
    run: Run, prepared: PreparedTask, store: RunStore, history: History, model: FinalModel
) -> Importances | str:
    """Measure importances in a worker, which is stopped where it takes too long."""
    watch = Stopwatch()
    left = run.deadline.remaining() - estimate_seconds(store, run.options, history) - _MARGIN
    limit = min(left, findings_limit(run.options))
    planned = max(findings_seconds(run.options), _LEFT_SHARE * left)
    reason = _hindrance(run, model, limit)
    if reason:
        return reason
    inbox = run.scratch / "importances"
    try:
        held_out = _write(run, prepared, store, model, inbox)
        limit -= watch.seconds()
        planned -= watch.seconds() + _MARGIN
        seconds = min(_SAFE_SHARE * limit - _MARGIN, max(_LEAST_SECONDS, planned))
        if not run.counted and seconds < _LEAST_SECONDS:
            return _no_time(run)
        job = Job(
            function=measure_in_worker,
            inbox=str(inbox),
            arguments=(_request(run, prepared, model, seconds, held_out=held_out),),
            # It ends by itself; only what hangs is stopped, before it costs the estimate.
            time_limit=run.deadline.remaining() if run.counted else limit,
        )
        return _answer(run, run.executor.call(job))
    except KeyboardInterrupt:
        return INTERRUPTED
    except (OSError, SearchError) as error:  # the model is saved, nothing else is lost
        return str(error)


def _hindrance(run: Run, model: FinalModel, seconds: float) -> str:
    """Return the reason why importances are not measured; empty if they can be."""
    if model.winner is None:
        return "the model is the constant prediction, which looks at no column"
    if model.interrupted:
        return INTERRUPTED
    return _no_time(run) if not run.counted and seconds < _LEAST_SECONDS else ""


def _no_time(run: Run) -> str:
    """Return the reason, with a remedy where there is one."""
    if run.options.budget.seconds >= EXPLAINED_SECONDS:
        return _NO_TIME
    return f"{_NO_TIME}, and only budgets of {EXPLAINED_SECONDS:g} s and more keep some for it"


def _answer(run: Run, outcome: JobOutcome) -> Importances | str:
    if outcome.status is JobStatus.OK:
        answer: Importances | str = outcome.value
        return answer
    return _no_time(run) if outcome.status is JobStatus.TIMED_OUT else outcome.error


def _request(
    run: Run, prepared: PreparedTask, model: FinalModel, seconds: float, *, held_out: bool
) -> ImportanceRequest:
    task, made = prepared.task, model.composition
    return ImportanceRequest(
        metric=task.metric,
        blocks=blocks_of(prepared.encoder),
        classes=() if task.classes is None else tuple(map(str, task.classes.tolist())),
        positive=None if task.positive is None else task.positive.code,
        decision=() if made is None else made.adjustment.decision,
        held_out=held_out,
        seconds=None if run.counted else seconds,
        seed=run.options.seed,
    )


def _write(
    run: Run, prepared: PreparedTask, store: RunStore, model: FinalModel, inbox: Path
) -> bool:
    """Put model and rows into a new inbox; return whether the model has not seen the rows."""
    data = prepared.data
    found = _held_out(prepared, store, model)
    if found is None:
        rng = np.random.default_rng(run.options.seed)
        rows = rng.permutation(data.task.n_rows)[:_MOST_ROWS]
        X: FloatArray = np.asarray(data.task.X[rows])
        estimator: Any = model.pipeline[1:]
    else:
        rows, X, estimator = found
        # One fold after the other: where time is short, a single model predicts the first rows.
        rows, X = rows[:_MOST_ROWS], X[:_MOST_ROWS]
    inbox.mkdir()
    (inbox / "model.pkl").write_bytes(pickle.dumps(estimator))
    np.save(inbox / "X.npy", X)
    np.save(inbox / "y.npy", data.task.y[rows])
    if data.weights is not None:
        np.save(inbox / "weights.npy", data.weights[rows])
    return found is not None


def _held_out(
    prepared: PreparedTask, store: RunStore, model: FinalModel
) -> "tuple[IndexArray, FloatArray, FoldModels] | None":
    """Return rows of the first folds, and the members as they were fitted without these rows.

    Returns
    -------
    tuple of (ndarray, ndarray, FoldModels), optional
        Rows, their matrix with the number of the fold as a last column, and what predicts it. None
        where too few of the members' models are kept.
    """
    data, made = prepared.data, model.composition
    if made is None:
        return None
    numbers = _folds_needed(data.folds, prepared.task.n_rows)
    kept = _kept_members(store, model, len(numbers))
    if kept is None:
        return None
    members, weights = kept
    n_folds = min(len(numbers), *(len(fitted) for fitted in members))
    adjustment, low = made.adjustment, prepared.task.metric.low
    models = [
        weighted_mean(
            [fitted[k] for fitted in members], weights, prepared.task.classes, adjustment, low=low
        )
        for k in range(n_folds)
    ]
    rng = np.random.default_rng(0)
    valid = [rng.permutation(data.folds[k].valid)[:_MOST_ROWS] for k in range(n_folds)]
    matrices = [
        np.column_stack([data.matrix(k, rows), np.full(len(rows), float(k))])
        for k, rows in enumerate(valid)
    ]
    return np.concatenate(valid), np.concatenate(matrices), FoldModels(models)


def _folds_needed(folds: "tuple[Fold, ...]", n_rows: int) -> list[int]:
    """Return the first folds that validate enough rows, each row once."""
    seen = np.zeros(n_rows, dtype=bool)
    needed: list[int] = []
    for number, fold in enumerate(folds):
        if seen[fold.valid].any() or seen.sum() >= _ENOUGH_ROWS:
            break
        seen[fold.valid] = True
        needed.append(number)
    return needed


def _kept_members(
    store: RunStore, model: FinalModel, n_folds: int
) -> tuple[list[tuple[Any, ...]], list[float]] | None:
    """Return the models of the first folds of each member, and the members' weights."""
    members, weights = [], []
    for result, weight in model.members:
        if result is None:
            continue
        few = n_folds == 1 or n_folds * result.model_bytes > _MOST_MODEL_BYTES
        found = store.fold_models.load(result, first=few)
        if found:
            members.append(found)
            weights.append(weight)
    total = sum(weights)
    if total < _LEAST_WEIGHT:
        return None
    return members, [weight / total for weight in weights]


def _course(run: Run, advice: Advice) -> Course | None:
    whole = run.options.planned_seconds
    if not math.isfinite(whole):
        return None
    seconds = np.geomspace(max(0.5, 0.01 * whole), whole, _N_POINTS)
    return course_of(
        advice.forecast,
        metric=advice.guide,
        constant=advice.constant,
        seconds=tuple(map(float, seconds)),
        n_workers=run.executor.n_workers,
        seed=run.options.seed,
    )


def _outlook(run: Run, prepared: PreparedTask, history: History, advice: Advice) -> Outlook | None:
    """Return what another ten minutes should bring."""
    planner = Planner(
        forecast=advice.forecast, spaces=prepared.spaces, levels=climbed_levels(prepared.rungs)
    )
    sampler = PlannedSampler(
        planner=planner,
        spaces=prepared.spaces,
        metric=advice.guide,
        constant=advice.constant,
        patience=Patience(
            deadline=run.deadline,
            planned_seconds=run.options.planned_seconds if run.counted else None,
        ),
        seed=run.options.seed,
    )
    return outlook_after(
        planner,
        sampler.observations(history),
        metric=advice.guide,
        constant=advice.constant,
        seconds=_MORE_SECONDS,
        n_workers=run.executor.n_workers,
        seed=run.options.seed,
    )


def _priors(history: History, advice: Advice) -> tuple[PriorExpectation, ...]:
    """Return what was expected of the leading configurations before the first trial."""
    leading = {result.trial.configuration.key for result in history.contenders()[:_N_PRIORS]}
    return tuple(
        PriorExpectation(
            key=one.configuration.key,
            metric=advice.guide,
            score=one.expected_score,
            low=one.score_interval[0],
            high=one.score_interval[1],
        )
        for one in advice.recommendations.ranked
        if one.configuration.key in leading and math.isfinite(sum(one.score_interval))
    )


def _sample(rows: "IndexArray", most: int, seed: int) -> "IndexArray":
    """Return at most so many of some rows, at random, ascending."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, size=most, replace=False))
