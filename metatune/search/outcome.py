"""Outcome of a search: its results, and why it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from metatune.evaluation.trial import Trial
from metatune.search.history import History

__all__ = ["Ended", "SearchOutcome"]


class Ended(StrEnum):
    """Why a search ended."""

    TIME = "time is up"
    TRIALS = "all trials are done"
    EXHAUSTED = "nothing is left to try"
    INTERRUPTED = "interrupted"
    CLUSTER_LOST = "the cluster was lost"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchOutcome:
    """How a search went.

    Attributes
    ----------
    history : History
        All results.
    ended : Ended
        Why it ended.
    unfinished : tuple of Trial
        Trials that the end of the search cut off; they are in neither history nor journal.
    seconds : float
        Wall clock of the search.
    timings : Mapping of str to float
        Where it went: ``choosing`` what to try, ``noting`` results, ``waiting`` for workers.
        Seconds of workers rather than of the search are ``advice`` and ``cut off``, trials that
        its end interrupted.
    """

    history: History
    ended: Ended
    unfinished: tuple[Trial, ...]
    seconds: float
    timings: Mapping[str, float]

    def followed_by(self, other: "SearchOutcome") -> "SearchOutcome":
        """Return how this search and another one that went on with it went together."""
        names = dict.fromkeys([*self.timings, *other.timings])
        both = {n: self.timings.get(n, 0.0) + other.timings.get(n, 0.0) for n in names}
        return replace(
            other,
            unfinished=(*self.unfinished, *other.unfinished),
            seconds=self.seconds + other.seconds,
            timings=both,
        )
