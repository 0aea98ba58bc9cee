"""Fits and scores a configuration on one fold."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.algorithms.base import BuildContext
from metatune.algorithms.fitting import fit_model
from metatune.algorithms.learners.stopping import StoppingCurve, TrainingRows
from metatune.algorithms.registry import get_algorithm
from metatune.budget import Deadline, Stopwatch
from metatune.data.splits.folds import Fold, subsample
from metatune.evaluation.decision import judged_prediction
from metatune.evaluation.file_store import FileStore
from metatune.evaluation.hypergradient import pipeline_slope
from metatune.evaluation.iterations import (
    predict_by_halves,
    settle,
    stopping_curve,
    watched_rows,
)
from metatune.evaluation.rungs import Rung
from metatune.evaluation.shared_preprocessing import Prepared, prepare
from metatune.evaluation.trial import Slope, Trial
from metatune.evaluation.trial_data import TrialData
from metatune.metrics import Metric
from metatune.models.prediction import predict_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IndexArray = NDArray[np.intp]

__all__ = ["FoldOutcome", "run_fold", "settle_fold", "valid_rows"]

_MAX_VALID_ROWS = 10_000  # on row shares; more rows would not change which trial is promoted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoldOutcome:
    """Outcome of a fold.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted on the fold's training rows.
    prediction : ndarray of shape (n_valid,) or (n_valid, n_classes)
        Of the rows in `valid_rows`.
    scores : tuple of float
        One for each metric, in its own sign.
    fit_seconds, predict_seconds : float
        Wall clock, as if nothing had been taken over from earlier trials.
    training_seconds : float
        How much of that the learner was trained.
    preprocess_seconds : float
        How much of that was preprocessing.
    saved_seconds : float
        How much of that was not spent, since something was taken over.
    iterations : int or None
        That were best for the rows in `valid_rows`, if the algorithm stops early.
    curve : StoppingCurve or None
        By which it stopped; None where nothing was watched.
    stored : bool
        Whether the preprocessed rows were taken over.
    copied : bool
        Whether the whole outcome was.
    slope : Slope or None
        Derivatives of the validation loss, where they were asked for and the learner has them.
    """

    pipeline: Any
    prediction: "FloatArray"
    scores: tuple[float, ...]
    fit_seconds: float
    predict_seconds: float
    training_seconds: float
    preprocess_seconds: float
    saved_seconds: float
    iterations: int | None
    curve: StoppingCurve | None = None
    stored: bool = False
    copied: bool = False
    slope: Slope | None = None


def run_fold(
    trial: Trial,
    data: TrialData,
    number: int,
    metrics: list[Metric],
    store: FileStore | None = None,
    *,
    deadline: Deadline,
    slopes: bool = False,
) -> FoldOutcome:
    """Fit a trial's configuration on a fold's training rows and score it on its validation rows.

    Parameters
    ----------
    trial : Trial
        What to fit, and on which share of the rows.
    data : TrialData
        Where the rows are.
    number : int
        Which of the folds.
    metrics : list of Metric
        By which to score.
    store : FileStore, optional
        Where preprocessed rows are shared with other trials on the same data.
    deadline : Deadline
        When learners that train in iterations have to stop.
    slopes : bool
        Whether derivatives of the validation loss are wanted.

    Returns
    -------
    FoldOutcome
        The same with and without a store, but for the seconds.

    Raises
    ------
    ValueError
        If a prediction is not finite. Whatever the learner raises is raised, too.
    """
    task, train, valid = data.task, _train_rows(trial, data, number), _valid(trial, data, number)
    algorithm = get_algorithm(trial.configuration.algorithm)
    pipeline = _build(trial, data, len(train))
    prepared = _prepare(pipeline, trial, data, number, train, store)
    (name, _), (_, model) = pipeline.steps
    pipeline.steps[0] = (name, prepared.step)
    row_metadata, valid_row_metadata = data.row_metadata.take(train), data.row_metadata.take(valid)
    watched = None
    if algorithm.iterative:
        watched = watched_rows(
            prepared.valid, task.y[valid], task.kind, valid_row_metadata, trial.seed, deadline
        )
    watch = Stopwatch()
    fit_model(model, prepared.train, task.y[train], row_metadata, watched)
    training_seconds = watch.seconds()
    curve = stopping_curve(pipeline)
    if curve is None or watched is None:
        prediction = predict_array(model, prepared.valid, task.n_classes)
    else:
        prediction = predict_by_halves(pipeline, prepared.valid, watched.halves, task.n_classes)
    predict_seconds = watch.seconds() - training_seconds
    slope = None
    if slopes:
        known = TrainingRows(X=prepared.train, y=task.y[train], weights=row_metadata.weights)
        unseen = TrainingRows(X=prepared.valid, y=task.y[valid], weights=valid_row_metadata.weights)
        slope = pipeline_slope(model, trial.configuration, known, unseen)
    return FoldOutcome(
        pipeline=pipeline,
        prediction=prediction,
        scores=_scores(prediction, data, valid, metrics),
        fit_seconds=training_seconds + prepared.fit_seconds,
        predict_seconds=predict_seconds + prepared.transform_seconds,
        training_seconds=training_seconds,
        preprocess_seconds=prepared.fit_seconds + prepared.transform_seconds,
        saved_seconds=prepared.saved_seconds,
        iterations=algorithm.iterations_used(pipeline) if curve is None else curve.best(),
        curve=curve,
        stored=prepared.stored,
        slope=slope,
    )


def settle_fold(
    trial: Trial,
    data: TrialData,
    number: int,
    outcome: FoldOutcome,
    iterations: int,
    metrics: list[Metric],
) -> FoldOutcome:
    """Let a fold's learner predict with another number of its iterations, and score that.

    Parameters
    ----------
    trial, data, number, metrics
        As for `run_fold`.
    outcome : FoldOutcome
        What `run_fold` returned, with a curve; its pipeline is changed.
    iterations : int
        At least 1.
    """
    valid, watch = _valid(trial, data, number), Stopwatch()
    pipeline = outcome.pipeline
    settle(pipeline, iterations)
    prediction = predict_array(pipeline, data.matrix(number, valid), data.task.n_classes)
    return replace(
        outcome,
        prediction=prediction,
        scores=_scores(prediction, data, valid, metrics),
        fit_seconds=outcome.fit_seconds + watch.seconds(),
    )


def _build(trial: Trial, data: TrialData, n_train: int) -> Any:
    task = data.task
    context = BuildContext(
        kind=task.kind,
        layout=task.layout,
        shape=replace(task.shape, n_rows=n_train),
        seed=trial.seed,
        preprocess_seed=data.seed,
        fidelity=trial.rung.row_share,
    )
    return get_algorithm(trial.configuration.algorithm).build(trial.configuration, context)


def _prepare(
    pipeline: Any,
    trial: Trial,
    data: TrialData,
    number: int,
    train: "IndexArray",
    store: FileStore | None,
) -> Prepared:
    valid = _valid(trial, data, number)
    return prepare(
        pipeline.steps[0][1],
        lambda: (data.matrix(number, train), data.task.y[train], data.matrix(number, valid)),
        store,
        number,
        trial.rung.row_share,
        row_metadata=data.row_metadata.take(train),
    )


def _scores(
    prediction: "FloatArray", data: TrialData, valid: "IndexArray", metrics: list[Metric]
) -> tuple[float, ...]:
    if not np.isfinite(prediction).all():
        raise ValueError("predictions are not finite")
    y = data.task.y[valid]
    weights = None if data.weights is None else data.weights[valid]
    return tuple(
        metric.score(y, judged_prediction(metric, y, prediction, weights), weights)
        for metric in metrics
    )


def _train_rows(trial: Trial, data: TrialData, number: int) -> "IndexArray":
    return subsample(data.folds[number], trial.rung.row_share, data.task.n_classes)


def _valid(trial: Trial, data: TrialData, number: int) -> "IndexArray":
    return valid_rows(data.folds[number], trial.rung)


def valid_rows(fold: Fold, rung: Rung) -> "NDArray[np.intp]":
    """Return the rows that a fold is scored on at a rung; all of them where all rows train."""
    if rung.row_share == 1.0 or len(fold.valid) <= _MAX_VALID_ROWS:
        return fold.valid
    step = np.linspace(0, len(fold.valid) - 1, _MAX_VALID_ROWS)
    return fold.valid[np.unique(step.astype(np.intp))]
