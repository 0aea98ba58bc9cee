"""Models of folds, fitted again: a second layer learned from what they predicted."""

import pickle
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.errors import ExportError
from metatune.evaluation.keep_rule import KeepRule
from metatune.evaluation.trial_job import evaluate
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.reporting.code.members import SavedPart, SavedParts

if TYPE_CHECKING:
    from metatune.evaluation.trial import Trial, TrialResult
    from metatune.evaluation.trial_data import TrialData

__all__ = ["with_models_of_folds"]

_FILE = "folds.pkl"


def with_models_of_folds(
    saved: SavedParts, trials: "Sequence[TrialResult]", data: "TrialData"
) -> SavedParts:
    """Fit the models of folds that the second layer of a saved model learned from once more.

    Parameters
    ----------
    saved : SavedParts
        Has a second layer.
    trials : sequence of TrialResult
        Finished trials of the run.
    data : TrialData
        Rows and folds of the run.

    Returns
    -------
    SavedParts
        The same, with these models.

    Raises
    ------
    ExportError
        If a trial is unknown, or its folds leave rows out.
    """
    assert saved.second is not None, "without a second layer nothing is asked for"
    if any(len(fold.train) + len(fold.valid) < data.task.n_rows for fold in data.folds):
        raise ExportError("a second layer that learned from a part of the rows has no script")
    by_number = {result.trial.number: result.trial for result in trials}
    held_out = []
    for number in saved.second.trials:
        if number not in by_number:
            raise ExportError(f"trial {number}, which a second layer learned from, is not known")
        models = _models_of_folds(by_number[number], data)
        held_out.append(
            tuple(
                SavedPart(model=model, weight=1.0, fold=fold, trial=number)
                for fold, model in enumerate(models)
            )
        )
    return replace(saved, second=replace(saved.second, held_out=tuple(held_out)))


def _models_of_folds(trial: "Trial", data: "TrialData") -> list[Any]:
    keep = KeepRule(file=_FILE, loss_below=np.inf, folds_below=np.inf, max_bytes=2**62)
    with tempfile.TemporaryDirectory() as folder, one_numeric_thread():
        result = evaluate(trial, data, keep=keep, outbox=Path(folder))
        if not result.ok:
            raise ExportError(f"trial {trial.number} fails when it is fitted again: {result.error}")
        with Path(folder, _FILE).open("rb") as file:  # written by this very process
            return [pickle.load(file) for _ in data.folds]
