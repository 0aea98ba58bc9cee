"""Fits and scores a configuration on one fold."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.algorithms.base import BuildContext, Shape
from metatune.algorithms.fitting import fit_model
from metatune.algorithms.registry import get_algorithm
from metatune.budget import Stopwatch
from metatune.data.splits import Fold, subsample
from metatune.metrics import Metric
from metatune.search.prepared import prepare
from metatune.search.rungs import Rung
from metatune.search.store import FileStore
from metatune.search.trial import Trial
from metatune.search.trial_data import TrialData

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from metatune.search.footprint import Footprint

    FloatArray = NDArray[np.float64]

__all__ = ["FoldOutcome", "expand_classes", "predict_array", "run_fold", "valid_rows"]

_MAX_VALID_ROWS = 10_000  # on row shares; more rows would not change which trial is promoted
_UNSEEN_CLASS = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoldOutcome:
    """What a fold gave.

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
    preprocess_seconds : float
        How much of that was preprocessing.
    saved_seconds : float
        How much of that was not spent, since something was taken over.
    iterations : int or None
        At which the algorithm stopped, if it stops early.
    stored : bool
        Whether the preprocessed rows were taken over.
    copied : bool
        Whether the whole outcome was.
    footprint : Footprint or None
        What the pipeline costs, where it was measured.
    """

    pipeline: Any
    prediction: "FloatArray"
    scores: tuple[float, ...]
    fit_seconds: float
    predict_seconds: float
    preprocess_seconds: float
    saved_seconds: float
    iterations: int | None
    stored: bool = False
    copied: bool = False
    footprint: "Footprint | None" = None


def run_fold(
    trial: Trial,
    data: TrialData,
    number: int,
    metrics: list[Metric],
    store: FileStore | None = None,
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

    Returns
    -------
    FoldOutcome
        The same with and without a store, but for the seconds.

    Raises
    ------
    ValueError
        If a prediction is not finite. Whatever the learner raises is raised, too.
    """
    task, fold = data.task, data.folds[number]
    train = subsample(fold, trial.rung.row_share, task.n_classes)
    valid = valid_rows(fold, trial.rung)
    algorithm = get_algorithm(trial.configuration.algorithm)
    shape = Shape(n_rows=len(train), n_columns=task.X.shape[1], n_classes=task.n_classes)
    context = BuildContext(
        kind=task.kind,
        layout=task.layout,
        shape=shape,
        seed=trial.seed,
        preprocess_seed=data.seed,
    )
    pipeline = algorithm.build(trial.configuration, context)
    (name, step), (_, model) = pipeline.steps
    facts = data.facts.take(train)
    prepared = prepare(
        step,
        lambda: (data.matrix(number, train), task.y[train], data.matrix(number, valid)),
        store,
        number,
        trial.rung.row_share,
        facts=facts,
    )
    pipeline.steps[0] = (name, prepared.step)
    watch = Stopwatch()
    fit_model(model, prepared.train, task.y[train], facts)
    fit_seconds = watch.seconds()
    prediction = predict_array(model, prepared.valid, task.n_classes)
    predict_seconds = watch.seconds() - fit_seconds
    if not np.isfinite(prediction).all():
        raise ValueError("predictions are not finite")
    weights = None if data.weights is None else data.weights[valid]
    return FoldOutcome(
        pipeline=pipeline,
        prediction=prediction,
        scores=tuple(metric.score(task.y[valid], prediction, weights) for metric in metrics),
        fit_seconds=fit_seconds + prepared.fit_seconds,
        predict_seconds=predict_seconds + prepared.transform_seconds,
        preprocess_seconds=prepared.fit_seconds + prepared.transform_seconds,
        saved_seconds=prepared.saved_seconds,
        iterations=algorithm.iterations_used(pipeline),
        stored=prepared.stored,
    )


def predict_array(pipeline: Any, X: "FloatArray", n_classes: int) -> "FloatArray":
    """Predict with a pipeline fitted on encoded labels.

    Returns
    -------
    ndarray of shape (n_rows, n_classes) or (n_rows,)
        Probabilities, or values where `n_classes` is 0.
    """
    if n_classes:
        return expand_classes(pipeline.predict_proba(X), pipeline.classes_, n_classes)
    return np.asarray(pipeline.predict(X), dtype=np.float64)


def expand_classes(
    probabilities: "FloatArray", present: "NDArray[Any]", n_classes: int
) -> "FloatArray":
    """Add columns for the classes that a fold's training rows lacked.

    A class that was never seen gets a small probability instead of none: the log loss of a zero
    would drown every difference between configurations.
    """
    if probabilities.shape[1] == n_classes:
        return probabilities
    full = np.full((len(probabilities), n_classes), _UNSEEN_CLASS)
    full[:, np.asarray(present, dtype=np.intp)] = probabilities
    return np.asarray(full / full.sum(axis=1, keepdims=True))


def valid_rows(fold: Fold, rung: Rung) -> "NDArray[np.intp]":
    """Return the rows that a fold is scored on at a rung; all of them where all rows train."""
    if rung.row_share == 1.0 or len(fold.valid) <= _MAX_VALID_ROWS:
        return fold.valid
    step = np.linspace(0, len(fold.valid) - 1, _MAX_VALID_ROWS)
    return fold.valid[np.unique(step.astype(np.intp))]
