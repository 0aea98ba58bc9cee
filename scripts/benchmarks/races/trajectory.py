"""Incumbents of a run over time."""

from typing import Protocol

from metatune.evaluation.trial import TrialResult
from metatune.search.history import History
from metatune.tuning.events import Events

__all__ = ["Trajectory"]


class Clock(Protocol):
    """Tells how far a run is."""

    def seconds(self) -> float:
        """Return the seconds of the budget that have passed."""


class Trajectory(Events):
    """Notes every new incumbent.

    Parameters
    ----------
    clock : Clock
        Tells the time.

    Attributes
    ----------
    points : list of (float, int, float)
        Seconds of the budget, rung, cross-validated score.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.points: list[tuple[float, int, float]] = []

    def trial_ended(self, result: TrialResult, history: History) -> None:
        if history.incumbent() is result:
            at = round(self._clock.seconds(), 3)
            self.points.append((at, result.trial.rung.index, result.score))
