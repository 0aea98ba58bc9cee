"""Store of a run's out-of-fold predictions: those of its best trials."""

import contextlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metatune.evaluation.out_of_fold import prediction_file
from metatune.evaluation.trial import TrialResult
from metatune.files.atomic import replacing
from metatune.search.history import History
from metatune.search.merit import by_merit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Predictions = NDArray[np.float32]

__all__ = [
    "MAX_PREDICTION_BYTES",
    "MAX_PREDICTION_FILES",
    "PredictionStore",
]

MAX_PREDICTION_FILES = 50
"""Predictions of so many trials are kept; an ensemble gains nothing from more."""

MAX_PREDICTION_BYTES = 400_000_000
"""They may take so much room together."""

_UNREADABLE = (OSError, ValueError, EOFError, OverflowError, MemoryError)
_LEAST_FILES = 5  # whatever room they take: an ensemble of fewer is none


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
            with contextlib.suppress(*_UNREADABLE):
                found[result.trial.number] = np.load(
                    self.path(result), mmap_mode="r", allow_pickle=False
                )
        return found

    def path(self, result: TrialResult) -> Path:
        """Return where the predictions of a trial are kept."""
        return self._folder / prediction_file(result.trial)
