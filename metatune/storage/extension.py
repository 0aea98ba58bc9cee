"""Extension of a run: more time or trials than were planned, or another choice of its model."""

from dataclasses import dataclass

from metatune.budget import Budget
from metatune.storage.resume import Earlier
from metatune.storage.run_options import RunOptions

__all__ = ["CHOICE", "Extension", "choice_alone", "extended"]

CHOICE = ("prefer", "max_latency", "max_size")
"""Options that choose the model among the trials, and leave the search as it is."""

_DEFAULT_MORE = 600.0  # seconds, where only more trials or another choice are asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """More than was planned for a run.

    Attributes
    ----------
    seconds : float or None
        More seconds, counted from the start of this process.
    trials : int or None
        More trials than are finished; none where only the model is chosen anew.
    """

    seconds: float | None = None
    trials: int | None = None


def choice_alone(now: RunOptions, earlier: Earlier | None) -> Extension | None:
    """Return the extension of a finished run whose model is to be chosen by other options.

    Parameters
    ----------
    now : RunOptions
        Options that are given now.
    earlier : Earlier or None
        What earlier processes have left.

    Returns
    -------
    Extension or None
        No more trials; None for a run that goes on anyway, that has no trials, or whose choice is
        as it was.
    """
    if earlier is None or earlier.record is None or not earlier.finished:
        return None
    if not earlier.past.results:
        return None
    before = earlier.record.options
    same = all(getattr(before, name) == getattr(now, name) for name in CHOICE)
    return None if same else Extension(trials=0)


def extended(budget: Budget, earlier: Earlier, extension: Extension | None) -> Budget:
    """Return the budget of a whole run that goes on.

    Parameters
    ----------
    budget : Budget
        Budget as the command says it.
    earlier : Earlier
        What earlier processes have left.
    extension : Extension or None
        More than was planned.
    """
    seconds = earlier.budget_seconds(budget.seconds)
    max_trials = earlier.max_trials(budget.max_trials)
    n_finished, more = len(earlier.past.results), extension or Extension()
    if more.seconds is not None:
        seconds = earlier.used + more.seconds
        if max_trials is not None and n_finished >= max_trials:
            max_trials = None  # they are done: time alone decides from now on
    if more.trials is not None:
        max_trials = n_finished + more.trials
        if more.seconds is None:
            seconds = max(seconds, earlier.used + _DEFAULT_MORE)
    return Budget(seconds=seconds, max_trials=max_trials)
