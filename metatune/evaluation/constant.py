"""The constant prediction: the score that every model has to beat."""

from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.data.splits.folds import Fold
from metatune.evaluation.decision import judged_prediction
from metatune.evaluation.out_of_fold import out_of_fold
from metatune.evaluation.trial_data import TrialData
from metatune.metrics import Metric
from metatune.metrics.confusion import score_tables
from metatune.models.pipeline import ConstantClassifier, ConstantRegressor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from metatune.data.task.task import Task
    from metatune.kinds import TaskKind

__all__ = [
    "constant_decision",
    "constant_model",
    "constant_prediction",
    "constant_predictions",
    "constant_score",
]

_MEDIAN_METRICS = ("mae", "neg_mean_absolute_error", "neg_median_absolute_error")


def constant_model(kind: "TaskKind", metric: Metric) -> ConstantClassifier | ConstantRegressor:
    """Return the unfitted constant model that suits a metric best."""
    if kind.is_classification:
        return ConstantClassifier()
    return ConstantRegressor("median" if metric.name in _MEDIAN_METRICS else "mean")


def constant_prediction(task: "Task") -> tuple[float, ...] | float:
    """Return the shares of the classes, or the value that the constant predicts for every row."""
    model = constant_model(task.kind, task.metric).fit(task.X, task.y, task.row_metadata.weights)
    if task.kind.is_classification:
        return tuple(float(share) for share in model.predict_proba([0])[0])
    return float(model.predict([0])[0])


def constant_score(data: TrialData, metric: Metric) -> float:
    """Score the constant prediction on the folds of a run.

    Returns
    -------
    float
        Mean of the finite fold scores, in the metric's own sign; NaN if there is none.
    """
    y = np.asarray(data.task.y)
    scores = [_score(data, metric, fold, y[fold.valid]) for fold in data.folds]
    finite = [score for score in scores if np.isfinite(score)]
    return float(np.mean(finite)) if finite else float("nan")


def constant_predictions(data: TrialData, metric: Metric) -> "NDArray[np.float32]":
    """Return the out-of-fold predictions of the constant, as a trial would leave them."""
    parts = ((fold.valid, _constant_of_fold(data, metric, fold)) for fold in data.folds)
    return out_of_fold(data.task.n_rows, data.task.n_classes, parts)


def constant_decision(data: TrialData, metric: Metric) -> tuple[float, ...]:
    """Return factors by which the constant decides for the label that serves a metric best.

    Returns
    -------
    tuple of float
        Empty where that is the most frequent one, or the metric is none of labels.
    """
    n_classes = data.task.n_classes
    if not metric.decides or not metric.weighs:
        return ()
    counts = np.bincount(data.task.y, weights=data.weights, minlength=n_classes)
    tables = np.zeros((n_classes, n_classes, n_classes))
    for decided in range(n_classes):
        tables[decided, :, decided] = counts
    losses = np.array([metric.loss(score) for score in score_tables(metric, tables)])
    usual, best = int(counts.argmax()), int(losses.argmin())
    if not losses[best] < losses[usual]:
        return ()
    factors = np.full(n_classes, counts[best] / counts.max() / 2.0)
    factors[best] = 1.0
    return tuple(factors.tolist())


def _score(data: TrialData, metric: Metric, fold: Fold, y: "NDArray[Any]") -> float:
    prediction, weights = _constant_of_fold(data, metric, fold), _weights(data, fold.valid)
    return metric.score(y, judged_prediction(metric, y, prediction, weights), weights)


def _constant_of_fold(data: TrialData, metric: Metric, fold: Fold) -> "NDArray[np.float64]":
    """Predict a fold's validation rows from its training rows."""
    task = data.task
    target, weights = np.asarray(task.y)[fold.train], _weights(data, fold.train)
    if task.n_classes:
        counts = np.bincount(target, weights=weights, minlength=task.n_classes)
        return np.tile(counts / counts.sum(), (len(fold.valid), 1))
    model = constant_model(task.kind, metric).fit(target[:, None], target, weights)
    return model.predict(fold.valid[:, None])


def _weights(data: TrialData, rows: "NDArray[np.intp]") -> "NDArray[np.float64] | None":
    return None if data.weights is None else np.asarray(data.weights)[rows]
