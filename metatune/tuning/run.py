"""Run: the values that every step of a journey reads."""

from dataclasses import dataclass
from pathlib import Path

from metatune.budget import Deadline, Timings
from metatune.execution.executor import Executor
from metatune.storage.directory import RunDirectory
from metatune.tuning.events import Events
from metatune.tuning.options import TuneOptions

__all__ = ["Run"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """Values that every step of a journey reads; passed along, never kept.

    Attributes
    ----------
    options : TuneOptions
        Decisions of the user.
    deadline : Deadline
        When everything, the saved model included, has to be finished.
    executor : Executor
        Where jobs run.
    directory : RunDirectory
        Journal, predictions and model.
    scratch : Path
        Folder that is gone after the run.
    events : Events
        Told of everything, decides nothing.
    timings : Timings
        Seconds by what they were spent on.
    """

    options: TuneOptions
    deadline: Deadline
    executor: Executor
    directory: RunDirectory
    scratch: Path
    events: Events
    timings: Timings

    @property
    def counted(self) -> bool:
        """True if trials are counted instead of timed: then measured times must not decide."""
        return self.options.budget.max_trials is not None
