"""Out-of-fold predictions: what each configuration says about rows it was not fitted on.

A trial at the top rung leaves one file, a float32 array in the order of the task's rows. A row that
several folds validate has the mean of their predictions; a row that none validates is NaN.
"""

import contextlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.search.history import History
from metatune.search.merit import by_merit
from metatune.search.trial import Trial, TrialResult
from metatune.whole_files import replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Predictions = NDArray[np.float32]

__all__ = [
    "MAX_PREDICTION_BYTES",
    "MAX_PREDICTION_FILES",
    "PredictionStore",
    "out_of_fold",
    "prediction_file",
    "write_predictions",
]

MAX_PREDICTION_FILES = 50
"""Predictions of so many trials are kept; an ensemble gains nothing from more."""

MAX_PREDICTION_BYTES = 400_000_000
"""They may take so much room together."""

_LEAST_FILES = 5  # whatever room they take: an ensemble of fewer is none
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
    with np.errstate(invalid="ignore"):
        mean = total / (times[:, None] if n_classes else times)
    return mean.astype(np.float32)


def write_predictions(path: Path, predictions: "NDArray[Any]") -> None:
    """Write an array in one step: whoever finds the file finds all of it."""
    with replacing(path) as part, part.open("wb") as file:
        np.save(file, predictions, allow_pickle=False)


class PredictionStore:
    """Keeps the predictions of a run's best trials.

    Parameters
    ----------
    outbox : Path
        Where workers leave predictions.
    folder : Path
        Where they are kept; made if there is none.
    """

    def __init__(self, outbox: Path, folder: Path) -> None:
        self._outbox = outbox
        self._folder = folder
        self._held: dict[int, TrialResult] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def restore(self, results: Iterable[TrialResult]) -> None:
        """Take over what an earlier run with these results left in the folder.

        Files of trials that are not among the results are deleted: they were never counted.
        """
        known = {prediction_file(result.trial): result for result in results if result.ok}
        for path in self._folder.iterdir():
            if path.name in known:
                self._held[known[path.name].trial.number] = known[path.name]
            elif path.name.endswith((".npy", ".npy.part")):
                path.unlink(missing_ok=True)

    def secure(self, result: TrialResult) -> None:
        """Put the predictions of a trial that has ended in safety, before its result counts.

        A disk without room costs the predictions, not the result.
        """
        name = prediction_file(result.trial)
        source = self._outbox / name
        if not result.ok or not source.exists():
            return
        try:
            with replacing(self._folder / name) as part:
                shutil.move(source, part)  # perhaps to another file system
        except OSError:
            source.unlink(missing_ok=True)

    def trial_ended(self, result: TrialResult, history: History) -> None:
        """Count a result's predictions among those held, and delete what is one too many."""
        path = self.path(result)
        if not result.ok or not path.exists():
            return
        self._held[result.trial.number] = result
        room = max(_LEAST_FILES, MAX_PREDICTION_BYTES // max(1, path.stat().st_size))
        for surplus in self.members(history)[min(MAX_PREDICTION_FILES, room) :]:
            self.path(surplus).unlink(missing_ok=True)
            del self._held[surplus.trial.number]

    def members(self, history: History) -> list[TrialResult]:
        """Return the trials whose predictions are held, those to miss least last."""
        return by_merit(list(self._held.values()), history)

    def load(self, results: Sequence[TrialResult]) -> "dict[int, Predictions]":
        """Map predictions into memory, read-only.

        Parameters
        ----------
        results : sequence of TrialResult
            Whose.

        Returns
        -------
        dict of int to ndarray of shape (n_rows,) or (n_rows, n_classes)
            By the number of the trial; trials whose file is gone or damaged are left out.
        """
        found = {}
        for result in results:
            with contextlib.suppress(OSError, ValueError):
                found[result.trial.number] = np.load(
                    self.path(result), mmap_mode="r", allow_pickle=False
                )
        return found

    def path(self, result: TrialResult) -> Path:
        """Return where the predictions of a trial are kept."""
        return self._folder / prediction_file(result.trial)
