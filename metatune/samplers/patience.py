"""Patience of a search: seconds below which the cost of a trial does not matter."""

from dataclasses import dataclass

from metatune.budget import Deadline
from metatune.recommender.rank import PATIENCE

__all__ = ["Patience"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds below which it does not matter what a trial costs: a share of those that remain.

    Attributes
    ----------
    deadline : Deadline
        End of the run.
    planned_seconds : float or None
        Taken instead of what remains where a run has to be repeatable.
    """

    deadline: Deadline
    planned_seconds: float | None = None

    @property
    def timed(self) -> bool:
        """True if measured times may decide: not where a run has to be repeatable."""
        return self.planned_seconds is None

    @property
    def budget_seconds(self) -> float:
        """Seconds that the search may take from now on."""
        if self.planned_seconds is not None:
            return self.planned_seconds
        return max(0.0, self.deadline.remaining())

    @property
    def seconds(self) -> float:
        """Patience at this moment."""
        return PATIENCE * self.budget_seconds
