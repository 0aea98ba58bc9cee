"""Group of listeners that are told the same, of which none can end a run."""

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from metatune.errors import ListenerWarning, OptionError
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult
from metatune.search.history import History
from metatune.storage.record import Outcome
from metatune.tuning.events import Events, RunFacts, Step

if TYPE_CHECKING:
    from metatune.recommender.advice import Advice

__all__ = ["Group", "read_callbacks"]


class Group(Events):
    """Listeners that are told the same.

    Parameters
    ----------
    listeners : iterable of Events
        Told in this order. One that raises an error is warned of once, by a `ListenerWarning`, and
        told nothing more.
    """

    def __init__(self, listeners: Iterable[Events]) -> None:
        self._listeners = list(listeners)

    def run_starts(self, facts: RunFacts) -> None:
        self._tell("run_starts", facts)

    def step_starts(self, step: Step) -> None:
        self._tell("step_starts", step)

    def search_starts(self, rungs: tuple[Rung, ...], constant_score: float) -> None:
        self._tell("search_starts", rungs, constant_score)

    def resumes(self, history: History, used: float) -> None:
        self._tell("resumes", history, used)

    def advised(self, advice: "Advice") -> None:
        self._tell("advised", advice)

    def not_advised(self, reason: str) -> None:
        self._tell("not_advised", reason)

    def trial_starts(self, trial: Trial) -> None:
        self._tell("trial_starts", trial)

    def trial_ended(self, result: TrialResult, history: History) -> None:
        self._tell("trial_ended", result, history)

    def search_ends(self, reason: str) -> None:
        self._tell("search_ends", reason)

    def run_ends(self, outcome: Outcome) -> None:
        self._tell("run_ends", outcome)

    def _tell(self, event: str, *what: Any) -> None:
        for listener in tuple(self._listeners):
            try:
                getattr(listener, event)(*what)
            # Whatever a listener does wrong, it must not cost the run.
            except Exception as error:  # noqa: BLE001
                self._listeners.remove(listener)
                reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
                warnings.warn(
                    f"{type(listener).__name__}.{event} failed and is told nothing more: {reason}",
                    ListenerWarning,
                    stacklevel=2,
                )


def read_callbacks(given: Any) -> tuple[Events, ...]:
    """Check listeners that a user gives: one, several, or None.

    Raises
    ------
    OptionError
        If one is none.
    """
    if given is None:
        return ()
    listeners = (given,) if isinstance(given, Events) else given
    try:
        listeners = tuple(listeners)
    except TypeError:
        listeners = (given,)
    for listener in listeners:
        if not isinstance(listener, Events):
            kind = type(listener).__name__
            raise OptionError(
                f"callbacks= holds a {kind}: give objects of subclasses of metatune.Events"
            )
    return listeners
