"""The one place that fits a trial."""

import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from metatune.algorithms.base import BuildContext, Shape
from metatune.algorithms.registry import get_algorithm
from metatune.budget import Stopwatch
from metatune.data.splits import Fold, subsample
from metatune.metrics import Metric, resolve_metric
from metatune.search.rungs import Rung
from metatune.search.trial import Trial, TrialResult, TrialStatus
from metatune.search.trial_data import TrialData, load_trial_data

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = [
    "KeepRule",
    "evaluate",
    "evaluate_and_keep",
    "evaluate_in_worker",
    "expand_classes",
    "predict_array",
]

_MAX_VALID_ROWS = 10_000  # below the top rung; more rows would not change which trial is promoted
_UNSEEN_CLASS = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRule:
    """Keep a trial's first fitted pipeline if it is good enough to be the incumbent.

    Attributes
    ----------
    file : str
        Name of the file in the outbox to pickle it to (scratch space of the run, read back by the
        same run only).
    loss_below : float
        Keep it if the trial's loss is below.
    """

    file: str
    loss_below: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _FoldOutcome:
    pipeline: Any
    scores: tuple[float, ...]
    fit_seconds: float
    predict_seconds: float
    iterations: int | None


def evaluate_in_worker(inbox: str, trial: Trial) -> TrialResult:
    """Run a trial on the data in `inbox`; the function that worker processes call."""
    with threadpool_limits(limits=1):
        return evaluate(trial, load_trial_data(inbox))


def evaluate_and_keep(
    inbox: str, outbox: str, trial: Trial, keep: KeepRule | None = None
) -> TrialResult:
    """Run a trial on the data in `inbox`, leaving in `outbox` what may be used again."""
    with threadpool_limits(limits=1):
        return evaluate(trial, load_trial_data(inbox), keep=keep, outbox=Path(outbox))


def evaluate(
    trial: Trial,
    data: TrialData,
    *,
    keep: KeepRule | None = None,
    outbox: Path | None = None,
) -> TrialResult:
    """Fit and score a trial's configuration on the folds of its rung.

    Parameters
    ----------
    trial : Trial
        What to try.
    data : TrialData
        On which rows.
    keep : KeepRule, optional
        When and where to keep the first fold's pipeline.
    outbox : Path, optional
        Folder of what is kept; nothing is without.

    Returns
    -------
    TrialResult
        With status ``ok``, or ``failed`` where the metric is undefined on every fold. Whatever
        the learner raises is raised: the executor makes a failed outcome of it.
    """
    watch = Stopwatch()
    metrics = [resolve_metric(name, data.task.kind) for name in data.metrics]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcomes = [
            _run_fold(trial, data, fold, metrics) for fold in data.folds[: trial.rung.n_folds]
        ]
    result = _summarise(trial, data.metrics, outcomes, watch)
    if keep is None or outbox is None:
        return result
    if metrics[0].loss(result.score) < keep.loss_below:
        (outbox / keep.file).write_bytes(pickle.dumps(outcomes[0].pipeline, protocol=5))
    return result


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


def _run_fold(trial: Trial, data: TrialData, fold: Fold, metrics: list[Metric]) -> _FoldOutcome:
    task = data.task
    train = subsample(fold, trial.rung.row_share, task.n_classes)
    valid = _valid_rows(fold, trial.rung, len(data.folds))
    algorithm = get_algorithm(trial.configuration.algorithm)
    shape = Shape(n_rows=len(train), n_columns=task.X.shape[1], n_classes=task.n_classes)
    context = BuildContext(kind=task.kind, layout=task.layout, shape=shape, seed=trial.seed)
    pipeline = algorithm.build(trial.configuration, context)
    watch = Stopwatch()
    pipeline.fit(task.X[train], task.y[train])
    fit_seconds = watch.seconds()
    prediction = predict_array(pipeline, task.X[valid], task.n_classes)
    predict_seconds = watch.seconds() - fit_seconds
    if not np.isfinite(prediction).all():
        raise ValueError("predictions are not finite")
    return _FoldOutcome(
        pipeline=pipeline,
        scores=tuple(metric.score(task.y[valid], prediction) for metric in metrics),
        fit_seconds=fit_seconds,
        predict_seconds=predict_seconds,
        iterations=algorithm.iterations_used(pipeline),
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


def _valid_rows(fold: Fold, rung: Rung, n_folds: int) -> "NDArray[np.intp]":
    if rung.n_folds == n_folds or len(fold.valid) <= _MAX_VALID_ROWS:
        return fold.valid
    step = np.linspace(0, len(fold.valid) - 1, _MAX_VALID_ROWS)
    return fold.valid[np.unique(step.astype(np.intp))]


def _summarise(
    trial: Trial, names: tuple[str, ...], outcomes: list[_FoldOutcome], watch: Stopwatch
) -> TrialResult:
    by_metric = {
        name: tuple(outcome.scores[i] for outcome in outcomes) for i, name in enumerate(names)
    }
    finite = [score for score in by_metric[names[0]] if np.isfinite(score)]
    iterations = tuple(o.iterations for o in outcomes if o.iterations is not None)
    if not finite:
        return TrialResult(
            trial=trial,
            status=TrialStatus.FAILED,
            seconds=watch.seconds(),
            cpu_seconds=watch.cpu_seconds(),
            error=f"{names[0]} is undefined on every fold",
        )
    return TrialResult(
        trial=trial,
        status=TrialStatus.OK,
        score=float(np.mean(finite)),
        fold_scores=by_metric,
        fit_seconds=sum(o.fit_seconds for o in outcomes),
        predict_seconds=sum(o.predict_seconds for o in outcomes),
        seconds=watch.seconds(),
        cpu_seconds=watch.cpu_seconds(),
        iterations=iterations,
    )
