"""Events of a fit, written line by line."""

import contextlib
import sys

from metatune.evaluation.trial import TrialResult
from metatune.search.history import History
from metatune.tuning.events import Events

__all__ = ["Talker"]


class Talker(Events):
    """Writes what happens to standard error, as far as it was asked for.

    Parameters
    ----------
    verbose : int
        1 for a line for each new best model, 2 for one for each trial.
    metric : str
        The run's.
    """

    def __init__(self, verbose: int, metric: str) -> None:
        self._verbose = verbose
        self._metric = metric

    def trial_ended(self, result: TrialResult, history: History) -> None:
        leads = history.incumbent() is result
        if self._verbose > 1 or (self._verbose and leads):
            what = f"{self._metric} {result.score:.5g}" if result.ok else f"{result.status}"
            remark = " (best so far)" if leads else ""
            trial = result.trial
            text = f"trial {trial.number}: {trial.configuration.algorithm}, {what}{remark}\n"
            _say(text)

    def search_ends(self, reason: str) -> None:
        if self._verbose:
            _say(f"search ended: {reason}\n")


def _say(text: str) -> None:
    """Write to standard error; a program may have none, or nobody who reads it."""
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write(text)
