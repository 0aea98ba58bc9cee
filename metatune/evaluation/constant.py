"""The constant prediction: the score that every model has to beat."""

from typing import TYPE_CHECKING

import numpy as np

from metatune.data.splits.folds import Fold
from metatune.evaluation.out_of_fold import out_of_fold
from metatune.evaluation.trial_data import TrialData
from metatune.metrics import Metric
from metatune.models.pipeline import ConstantClassifier, ConstantRegressor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from metatune.kinds import TaskKind

__all__ = ["constant_model", "constant_predictions", "constant_score"]

_MEDIAN_METRICS = ("mae", "neg_mean_absolute_error", "neg_median_absolute_error")


def constant_model(kind: "TaskKind", metric: Metric) -> ConstantClassifier | ConstantRegressor:
    """Return the unfitted constant model that suits a metric best."""
    if kind.is_classification:
        return ConstantClassifier()
    return ConstantRegressor("median" if metric.name in _MEDIAN_METRICS else "mean")


def constant_score(data: TrialData, metric: Metric) -> float:
    """Score the constant prediction on the folds of a run.

    Returns
    -------
    float
        Mean of the finite fold scores, in the metric's own sign; NaN if there is none.
    """
    y = np.asarray(data.task.y)
    scores = [
        metric.score(
            y[fold.valid], _constant_of_fold(data, metric, fold), _weights(data, fold.valid)
        )
        for fold in data.folds
    ]
    finite = [score for score in scores if np.isfinite(score)]
    return float(np.mean(finite)) if finite else float("nan")


def constant_predictions(data: TrialData, metric: Metric) -> "NDArray[np.float32]":
    """Return the out-of-fold predictions of the constant, as a trial would leave them."""
    parts = ((fold.valid, _constant_of_fold(data, metric, fold)) for fold in data.folds)
    return out_of_fold(data.task.n_rows, data.task.n_classes, parts)


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
