"""Check that predictions from texts help a learner that knows the other columns."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from metatune.algorithms.base import BuildContext
from metatune.algorithms.fitting import fit_pipeline
from metatune.algorithms.registry import get_algorithm
from metatune.evaluation.trial_data import TrialData
from metatune.models.prediction import predict_array

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from metatune._typing import FloatArray

__all__ = ["check_seconds", "losses_of_trees", "texts_help"]

_MAX_ROWS = 1_500  # of a fold to train on,
_MAX_JUDGED = 5_000  # and to judge by
_MAX_FOLDS = 3
_TREES = 100
_LEAVES = 15
_LEAST_GAIN = 0.99  # of squared errors
_FIT_SECONDS = 0.03
_CELL_SECONDS = 3e-6


def texts_help(losses: "FloatArray", without: "FloatArray", least_errors: float = 0.0) -> bool:
    """Return True if small boosted trees predict clearly better with the columns of the texts.

    Where the other columns all but determine the target, a column that foretells it less exactly
    leads trees astray.

    Parameters
    ----------
    losses, without : ndarray of shape (n_judged,)
        Of `losses_of_trees` with the columns of texts, and without them or with those of fewer
        texts.
    least_errors : float
        Standard errors that the gain has to be.
    """
    gains = without - losses
    error = float(gains.std()) / len(gains) ** 0.5
    gain = float(gains.mean())
    return gain > (1 - _LEAST_GAIN) * float(without.mean()) and gain >= least_errors * error


def check_seconds(data: TrialData) -> float:
    """Predict the seconds of the trees of both sides of a check, from sizes alone."""
    folds = data.folds[:_MAX_FOLDS]
    rows = sum(min(len(fold.train), _MAX_ROWS) for fold in folds)
    n_models = 2 * (data.task.n_classes if data.task.n_classes > 2 else 1)
    cells = rows * data.task.layout.n_columns
    return n_models * (_FIT_SECONDS * len(folds) + _CELL_SECONDS * cells)


def losses_of_trees(data: TrialData) -> "FloatArray":
    """Return the losses of small boosted trees, fold by fold, in all rows that are judged.

    They are squared errors of values or of probabilities: logarithms of probabilities would punish
    how sure trees of a fixed number are, not what they know.

    Parameters
    ----------
    data : TrialData
        Rows, columns and folds.

    Returns
    -------
    ndarray of shape (n_judged,)
        In the same rows, in the same order, whatever the columns.
    """
    y = data.task.y
    truth = np.eye(data.task.n_classes)[y] if data.task.n_classes else y[:, None]
    losses = []
    for number, fold in enumerate(data.folds[:_MAX_FOLDS]):
        train, valid = np.sort(fold.train[:_MAX_ROWS]), fold.valid
        valid = valid[:: -(-len(valid) // _MAX_JUDGED)]
        pipeline = _trees(data, len(train))
        fit_pipeline(
            pipeline, data.matrix(number, train), data.task.y[train], data.row_metadata.take(train)
        )
        said = predict_array(pipeline, data.matrix(number, valid), data.task.n_classes)
        weights = data.row_metadata.take(valid).weights
        squares = ((truth[valid] - said.reshape(len(valid), -1)) ** 2).sum(axis=1)
        losses.append(squares if weights is None else squares * (weights / weights.mean()))
    return np.concatenate(losses)


def _trees(data: TrialData, n_rows: int) -> "Pipeline":
    task = data.task
    algorithm = get_algorithm("lightgbm")
    space = algorithm.space(task.kind)
    context = BuildContext(
        kind=task.kind,
        layout=task.layout,
        shape=replace(task.shape, n_rows=n_rows),
        seed=data.seed,
        iterations=_TREES,
        preprocess_seed=data.seed,
    )
    values = {**space.defaults, "num_leaves": _LEAVES}
    return algorithm.build(space.from_values(values, "check"), context)
