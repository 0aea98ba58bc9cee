"""Store of the out-of-fold predictions of a build, for ensembles computed later."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metatune.evaluation.out_of_fold import prediction_file, write_predictions
from metatune.evaluation.trial_data import load_trial_data

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from metatune._typing import Float32Array
    from metatune.evaluation.trial import TrialResult

__all__ = ["KeptPredictions"]


class KeptPredictions:
    """Folder of float16 arrays, ``DATASET/CONFIGURATION.npy``, in the order of the rows.

    Probabilities are kept as they are, values in standard deviations of the target from its mean.

    Parameters
    ----------
    folder : Path
        Folder of the arrays; made if there is none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def outbox(self, dataset: str) -> Path:
        """Return the folder for workers to write predictions of a dataset to; made if missing."""
        path = self._folder / dataset / "new"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def keep(self, dataset: str, inbox: Path, result: "TrialResult") -> None:
        """Move a trial's predictions from the outbox to the store; lost if the disk is full."""
        source = self.outbox(dataset) / prediction_file(result.trial)
        if not source.is_file():
            return
        with contextlib.suppress(OSError):
            if result.ok:
                predictions = np.load(source, allow_pickle=False)
                target = self._folder / dataset / f"{result.trial.configuration.key}.npy"
                write_predictions(target, _scaled(predictions, inbox))
        source.unlink(missing_ok=True)

    def load(self, dataset: str) -> "dict[str, NDArray[np.float16]]":
        """Return the predictions of a dataset by configuration key."""
        found = sorted((self._folder / dataset).glob("*.npy"))
        return {path.stem: np.load(path, allow_pickle=False) for path in found}


def _scaled(predictions: "Float32Array", inbox: Path) -> "NDArray[np.float16]":
    if predictions.ndim == 2:
        return predictions.astype(np.float16)
    y = np.asarray(load_trial_data(str(inbox)).task.y, dtype=np.float64)
    scaled = (predictions - y.mean()) / (y.std() or 1.0)
    return np.asarray(np.clip(scaled, -6e4, 6e4).astype(np.float16))
