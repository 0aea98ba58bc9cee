"""Iteration counts of learners that stop early, chosen by rows that do not score them.

Training stops by the validation rows of the fold, which spares rows held out of the training rows
and a second training. The loss at the iteration that is best for these very rows would be too good,
by about 3 % in the mean, so predictions are made at counts that other rows have chosen: in a trial
of several folds at the median over the other folds, in a single fold at the count that one half of
its validation rows favours for the other half. Cawley and Talbot (2010) describe the bias.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.algorithms.base import learner_of
from metatune.algorithms.learners.stopping import StoppingCurve, TrainingRows, WatchedRows
from metatune.budget import Deadline
from metatune.data.row_metadata import RowMetadata
from metatune.data.splits.folds import inner_folds
from metatune.kinds import TaskKind
from metatune.models.prediction import predict_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IndexArray = NDArray[np.intp]

__all__ = [
    "finish",
    "iterations_by_others",
    "predict_by_halves",
    "settle",
    "stopping_curve",
    "watched_rows",
]

_FEWEST_TO_HALVE = 4


def watched_rows(
    X: "FloatArray",
    y: "NDArray[Any]",
    kind: TaskKind,
    row_metadata: RowMetadata,
    seed: int,
    deadline: Deadline,
) -> WatchedRows:
    """Deal the validation rows of a fold into halves; groups and neighbours in time stay together.

    Parameters
    ----------
    X : ndarray of shape (n_valid, n_out)
        Preprocessed.
    y : ndarray of shape (n_valid,)
        Encoded labels or target values.
    kind : TaskKind
        What is predicted.
    row_metadata : RowMetadata
        Of these rows.
    seed : int
        Of the halves.
    deadline : Deadline
        When the training that they watch has to stop.
    """
    halves = np.zeros(len(y), dtype=np.intp)
    if len(y) >= _FEWEST_TO_HALVE:
        halves[inner_folds(y, kind, 2, seed, row_metadata)[0].valid] = 1
    rows = TrainingRows(X=X, y=y, weights=row_metadata.weights)
    return WatchedRows(rows=rows, halves=halves, deadline=deadline)


def stopping_curve(pipeline: Any) -> StoppingCurve | None:
    """Return the losses by which a pipeline's learner stopped; None if it cannot be settled."""
    return getattr(learner_of(pipeline), "curve_", None)


def settle(pipeline: Any, iterations: int) -> None:
    """Let a pipeline's learner predict with a number of iterations, at most those that it has.

    Parameters
    ----------
    pipeline : Pipeline
        Its learner can be settled.
    iterations : int
        At least 1.
    """
    learner_of(pipeline).settle(iterations)


def predict_by_halves(
    pipeline: Any, X: "FloatArray", halves: "IndexArray", n_classes: int
) -> "FloatArray":
    """Predict the rows watched, each half at the iterations that the other half favours.

    Parameters
    ----------
    pipeline : Pipeline
        Its learner can be settled; it stays at the iterations that both halves favour together.
    X : ndarray of shape (n_rows, n_out)
        Preprocessed.
    halves : ndarray of shape (n_rows,), int
        Of `watched_rows`.
    n_classes : int
        Number of classes; 0 for regression.
    """
    (_, model), curve = pipeline.steps[-1], learner_of(pipeline).curve_
    parts = [np.flatnonzero(halves == half) for half in (0, 1)]
    predictions = []
    for i, part in enumerate(parts):
        settle(pipeline, curve.best_of_others(i))
        if len(part):
            predictions.append(predict_array(model, X[part], n_classes))
    settle(pipeline, curve.best())
    order = np.argsort(np.concatenate(parts))
    return np.asarray(np.concatenate(predictions)[order])


def iterations_by_others(
    curves: "Sequence[StoppingCurve | None]", valid: "Sequence[IndexArray]"
) -> list[int | None]:
    """Return for each fold the median of the best iterations of the other ones.

    Folds whose validation rows overlap with its own, as those of another repeat do, have no say.

    Parameters
    ----------
    curves : sequence of StoppingCurve or None
        One for each fold; None where its learner cannot be settled.
    valid : sequence of ndarray
        The validation rows of each fold.

    Returns
    -------
    list of int or None
        None where no other fold can tell.
    """
    chosen: list[int | None] = []
    for i, (curve, rows) in enumerate(zip(curves, valid, strict=True)):
        others = [
            other.best()
            for j, other in enumerate(curves)
            if j != i
            and other is not None
            and not np.isin(valid[j], rows, assume_unique=True).any()
        ]
        chosen.append(round(float(np.median(others))) if curve and others else None)
    return chosen


def finish(pipeline: Any) -> None:
    """Free a pipeline of iterations that it does not predict with."""
    if stopping_curve(pipeline) is not None:
        learner_of(pipeline).finish()
