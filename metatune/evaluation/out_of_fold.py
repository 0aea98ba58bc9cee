"""Out-of-fold predictions: what each configuration says about rows it was not fitted on.

A trial at the top rung leaves one file, a float32 array in the order of the task's rows. A row that
several folds validate has the mean of their predictions; a row that none validates is NaN.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.evaluation.trial import Trial
from metatune.files.atomic import replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Predictions = NDArray[np.float32]

__all__ = ["out_of_fold", "prediction_file", "write_predictions"]

_KEY_LENGTH = 12


def prediction_file(trial: Trial) -> str:
    """Name the file of a trial's out-of-fold predictions."""
    return f"{trial.number:06d}-{trial.configuration.key[:_KEY_LENGTH]}.npy"


def out_of_fold(
    n_rows: int,
    n_classes: int,
    parts: "Iterable[tuple[NDArray[np.intp], NDArray[np.float64]]]",
) -> "Predictions":
    """Put the predictions of folds together in the order of the task's rows.

    Parameters
    ----------
    n_rows : int
        Rows of the task.
    n_classes : int
        Number of classes; 0 for regression.
    parts : iterable of (ndarray of shape (n_valid,), ndarray of shape (n_valid[, n_classes]))
        Positions of each fold's validation rows, and what was predicted for them.

    Returns
    -------
    ndarray of shape (n_rows,) or (n_rows, n_classes), float32
        The mean for rows in several folds, NaN for rows in none.
    """
    shape = (n_rows, n_classes) if n_classes else (n_rows,)
    total, times = np.zeros(shape), np.zeros(n_rows)
    for rows, prediction in parts:
        total[rows] += prediction  # a row is in a fold only once
        times[rows] += 1
    with np.errstate(invalid="ignore", over="ignore"):
        mean = total / (times[:, None] if n_classes else times)
        return mean.astype(np.float32)


def write_predictions(path: Path, predictions: "NDArray[Any]") -> None:
    """Write an array in one step: whoever finds the file finds all of it."""
    with replacing(path) as part, part.open("wb") as file:
        np.save(file, predictions, allow_pickle=False)
