"""Out-of-fold predictions of the final model: what its members say of rows they had not seen."""

from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.ensemble.member_pool import CONSTANT
from metatune.ensemble.second_layer import learned_predictions
from metatune.estimate.reselection import Composition
from metatune.evaluation.constant import constant_predictions
from metatune.evaluation.prepared_task import PreparedTask
from metatune.search.history import History
from metatune.storage.store import RunStore
from metatune.tuning.run import Run

if TYPE_CHECKING:
    from metatune._typing import FloatArray

__all__ = ["model_predictions"]


def model_predictions(
    run: Run, prepared: PreparedTask, store: RunStore, history: History, made: Composition
) -> "FloatArray | None":
    """Return the final model's prediction of each row by models that had not seen it.

    Parameters
    ----------
    run : Run
        Values of the run. Its scratch folder holds the predictions of a second layer.
    prepared : PreparedTask
        Task of the run.
    store : RunStore
        Holds out-of-fold predictions.
    history : History
        Every finished trial.
    made : Composition
        Composition of the model.

    Returns
    -------
    ndarray of shape (n_rows,) or (n_rows, n_classes), or None
        Calibrated; NaN in rows that no fold validates. None where a member has no predictions.
    """
    known: dict[int, Any] = dict(store.predictions.load(store.predictions.members(history)))
    known |= learned_predictions(run.scratch, made.weights)
    if CONSTANT in made.weights:
        known[CONSTANT] = constant_predictions(prepared.data, prepared.task.metric)
    if not set(made.weights) <= set(known):
        return None
    total = sum(made.weights.values())
    parts = [weight / total * known[number] for number, weight in made.weights.items()]
    mean = np.asarray(np.sum(parts, axis=0, dtype=np.float64))
    if mean.ndim == 2:
        with np.errstate(invalid="ignore"):
            return made.adjustment.probabilities(mean)
    low = prepared.task.metric.low
    return mean if low is None else np.maximum(mean, low)
