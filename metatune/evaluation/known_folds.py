"""Folds that a configuration has been through already: kept below the top rung, copied above.

A configuration that rises from one fold to all of them has been fitted on the first fold before,
on the same rows and with the same seed: that fold is taken over with its model and predictions.

Where the rows grow from rung to rung, learners start anew. Trees that were grown on a part of the
rows would keep what they have learned by heart there, and early stopping would judge them by rows
some of them have seen; scalers and categories of the preprocessing step change with the rows, so
that the weights of a linear model or a network refer to other inputs than before. And a model must
not depend on the rungs by which its configuration rose: the final fit could not repeat it.
"""

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune.budget import Stopwatch
from metatune.evaluation.file_store import FileStore
from metatune.evaluation.trial import Trial

if TYPE_CHECKING:
    from metatune.evaluation.fold import FoldOutcome

__all__ = ["KnownFolds"]

LEAST_SECONDS = 0.02  # a fit as short as that is as soon made again
BYTES_A_SECOND = 60e6  # of fitting: what is larger takes too long to write for the few that rise
_FILE = "outcome.pkl"


class KnownFolds:
    """The folds of one trial's configuration that are kept.

    Parameters
    ----------
    store : FileStore
        Where.
    trial : Trial
        The trial that looks for them, or leaves them.
    """

    def __init__(self, store: FileStore, trial: Trial) -> None:
        self._store = store
        self._key = ("fold", trial.configuration.key, trial.seed, trial.rung.row_share)

    def find(self, fold: int) -> "FoldOutcome | None":
        """Return a fold's outcome, None if it is not kept.

        Its `saved_seconds` are those of fit and prediction without the time to read it.
        """
        watch = Stopwatch()
        entry = self._store.find(*self._key, fold)
        if entry is None:
            return None
        try:
            outcome: FoldOutcome = pickle.loads((entry / _FILE).read_bytes())
        except (OSError, EOFError, pickle.UnpicklingError):
            return None
        spent = outcome.fit_seconds + outcome.predict_seconds
        saved = max(0.0, spent - watch.seconds())
        return replace(outcome, saved_seconds=saved, copied=True)

    def keep(self, fold: int, outcome: "FoldOutcome") -> None:
        """Keep a fold's outcome for the rung above, unless fitting it again is as quick."""
        seconds = outcome.fit_seconds + outcome.predict_seconds
        if outcome.copied or seconds < LEAST_SECONDS:
            return
        limit = min(self._store.largest_entry, int(seconds * BYTES_A_SECOND))

        def write(folder: Path) -> None:
            with (folder / _FILE).open("wb") as file:
                pickle.dump(outcome, _Limited(file.write, limit), protocol=5)

        self._store.add(write, *self._key, fold)

    def drop(self, fold: int) -> None:
        """Delete what is kept of a fold: the configuration is at the top."""
        self._store.drop(*self._key, fold)


class _Limited:
    """A file that refuses to grow beyond a limit."""

    def __init__(self, write: Callable[[Any], int], limit: int) -> None:
        self._write = write
        self._left = limit

    def write(self, data: Any) -> int:
        """Write bytes.

        Raises
        ------
        OSError
            If they are too many.
        """
        self._left -= memoryview(data).nbytes
        if self._left < 0:
            raise OSError("larger than it may be")
        return self._write(data)
