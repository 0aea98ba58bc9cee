"""Fitted pipelines that workers leave behind: which ones, and for how long.

They are scratch space of the run, read back by the same run only. A file holds the pickles of a
trial's pipelines one after the other, the first fold's first.
"""

import math
import pickle
from pathlib import Path
from typing import Any

from metatune.evaluation.keep_rule import MAX_KEPT_BYTES, KeepRule
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult
from metatune.search.history import History
from metatune.search.merit import by_merit

__all__ = ["MAX_KEPT_MODELS", "KeptModels"]

MAX_KEPT_MODELS = 20
"""Of so many trials at the top rung the pipelines of all folds are kept."""


class KeptModels:
    """Says which pipelines to keep, deletes those that are outdone, and reads the others back.

    Parameters
    ----------
    outbox : Path
        Where workers leave them.
    top : Rung
        The highest one: folds of its trials cover all rows there are to cover.
    """

    def __init__(self, outbox: Path, top: Rung) -> None:
        self._outbox = outbox
        self._top = top
        self._held: dict[int, TrialResult] = {}

    def rule(self, trial: Trial, history: History) -> KeepRule | None:
        """Return what a worker has to keep of a trial that is about to start; None for nothing."""
        lead = history.loss_to_lead(trial.rung)
        folds = self._folds_below(trial, history) if trial.rung == self._top else -math.inf
        if lead == folds == -math.inf:
            return None
        return KeepRule(file=_file(trial), loss_below=lead, folds_below=folds)

    def keep_all(self, trial: Trial) -> KeepRule:
        """Return the rule for a trial of an earlier process whose folds are fitted once more."""
        return KeepRule(file=_file(trial), loss_below=math.inf, folds_below=math.inf)

    def trial_ended(self, result: TrialResult, history: History) -> None:
        """Count a trial among those whose folds are kept, and delete what is one too many."""
        if result.trial.rung != self._top or not self._size(result):
            return
        self._held[result.trial.number] = result
        room = MAX_KEPT_BYTES
        for rank, held in enumerate(by_merit(list(self._held.values()), history)):
            room -= self._size(held)
            leads = held is history.incumbent()
            if (rank >= MAX_KEPT_MODELS or room < 0) and not leads:
                room += self._size(held)
                (self._outbox / _file(held.trial)).unlink(missing_ok=True)
                del self._held[held.trial.number]

    def holds(self, result: TrialResult) -> bool:
        """Return True if anything is kept of a trial: nothing is of those of earlier processes."""
        return self._size(result) > 0

    def load(self, result: TrialResult, *, first: bool = False) -> tuple[Any, ...]:
        """Read back what this run's own workers have written.

        Parameters
        ----------
        result : TrialResult
            Of which trial.
        first : bool
            Only the first fold's pipeline.

        Returns
        -------
        tuple of Pipeline
            Fitted on the training rows of a fold each; empty if nothing was kept.
        """
        found: list[Any] = []
        try:
            with (self._outbox / _file(result.trial)).open("rb") as file:
                while not (first and found):
                    found.append(pickle.load(file))
        except (OSError, EOFError, pickle.UnpicklingError):
            pass  # the end of the file, or there is none
        return tuple(found)

    def _folds_below(self, trial: Trial, history: History) -> float:
        """Return the loss to undercut: that of the last one kept, or of the best of its kind."""
        held = list(self._held.values())
        if len(held) < MAX_KEPT_MODELS:
            return math.inf
        name = trial.configuration.algorithm
        kin = [history.loss(r) for r in held if r.trial.configuration.algorithm == name]
        worst = sorted(history.loss(r) for r in held)[MAX_KEPT_MODELS - 1]
        return max(worst, min(kin, default=math.inf))

    def _size(self, result: TrialResult) -> int:
        try:
            return (self._outbox / _file(result.trial)).stat().st_size
        except OSError:
            return 0


def _file(trial: Trial) -> str:
    return f"trial-{trial.number}.pkl"
