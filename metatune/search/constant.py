"""The constant prediction: the score that every model has to beat."""

from typing import TYPE_CHECKING

import numpy as np

from metatune.metrics import Metric
from metatune.search.model import ConstantClassifier, ConstantRegressor
from metatune.search.trial_data import TrialData

if TYPE_CHECKING:
    from metatune.kinds import TaskKind

__all__ = ["constant_model", "constant_score"]

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
    task = data.task
    scores = []
    for fold in data.folds:
        target = np.asarray(task.y)[fold.train]
        trained, judged = (
            None if data.weights is None else np.asarray(data.weights)[rows]
            for rows in (fold.train, fold.valid)
        )
        if task.n_classes:
            counts = np.bincount(target, weights=trained, minlength=task.n_classes)
            prediction = np.tile(counts / counts.sum(), (len(fold.valid), 1))
        else:
            model = constant_model(task.kind, metric).fit(target[:, None], target, trained)
            prediction = model.predict(fold.valid[:, None])
        scores.append(metric.score(np.asarray(task.y)[fold.valid], prediction, judged))
    finite = [score for score in scores if np.isfinite(score)]
    return float(np.mean(finite)) if finite else float("nan")
