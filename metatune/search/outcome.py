"""Outcome of a search: its results, and why it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from metatune.evaluation.trial import Trial
from metatune.search.history import History

__all__ = ["Ended", "SearchOutcome"]


class Ended(StrEnum):
    """Reason for the end of a search."""

    TIME = "time is up"
    TRIALS = "all trials are done"
    EXHAUSTED = "nothing is left to try"
    INTERRUPTED = "interrupted"
    CLUSTER_LOST = "the cluster was lost"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchOutcome:
    """Outcome of a search.

    Attributes
    ----------
    history : History
        Results of all trials.
    ended : Ended
        Reason for its end.
    unfinished : tuple of Trial
        Trials interrupted by the end of the search; they are in neither history nor journal.
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
        """Return the outcome of this search and its continuation together."""
        names = dict.fromkeys([*self.timings, *other.timings])
        both = {n: self.timings.get(n, 0.0) + other.timings.get(n, 0.0) for n in names}
        return replace(
            other,
            unfinished=(*self.unfinished, *other.unfinished),
            seconds=self.seconds + other.seconds,
            timings=both,
        )
