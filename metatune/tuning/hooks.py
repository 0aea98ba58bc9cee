"""What a search asks of its caller while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metatune.evaluation.trial import Trial, TrialResult
from metatune.execution.executor import Job, JobOutcome
from metatune.search.history import History

if TYPE_CHECKING:
    from metatune.evaluation.keep_rule import KeepRule

__all__ = ["Errand", "Keeping"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Keeping:
    """What becomes of the things that trials leave in the outbox.

    Attributes
    ----------
    rule : callable
        ``rule(trial, history)`` tells which fitted pipelines the worker keeps.
    secure : callable
        Called with each result before it is written to the journal.
    """

    rule: "Callable[[Trial, History], KeepRule | None]"
    secure: Callable[[TrialResult], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Errand:
    """Job that takes the place of a trial once, from the beginning of the search.

    Attributes
    ----------
    job : Job
        The job.
    done : callable
        Called with its outcome; not at all if the search ends before.
    """

    job: Job
    done: Callable[[JobOutcome], None]
