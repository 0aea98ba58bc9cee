"""How a search went."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from metatune.search.history import History
from metatune.search.trial import Trial

__all__ = ["Ended", "SearchOutcome"]


class Ended(StrEnum):
    """Why a search ended."""

    TIME = "time is up"
    TRIALS = "all trials are done"
    EXHAUSTED = "nothing is left to try"
    STOPPED = "stopped"
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
        Seconds of workers rather than of the search are ``errand`` and ``cut off``, trials that
        its end interrupted.
    """

    history: History
    ended: Ended
    unfinished: tuple[Trial, ...]
    seconds: float
    timings: Mapping[str, float]
