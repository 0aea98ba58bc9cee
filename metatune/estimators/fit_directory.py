"""The run directory of an estimator's fit: made, gone on with, recorded."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from metatune.budget import Budget, Deadline
from metatune.data.task.task import Task
from metatune.errors import OptionError
from metatune.search.outcome import Ended
from metatune.storage.directory import RunDirectory, library_versions, this_process
from metatune.storage.resume import Earlier, check_same_options, find_earlier
from metatune.tuning.estimate import estimate_record
from metatune.tuning.options import TuneOptions
from metatune.tuning.result import TuningResult

__all__ = ["FitDirectory"]


class FitDirectory:
    """Where a fit leaves journal and model, and what an earlier one has left there.

    Leaving its context lets other processes run in the directory.

    Parameters
    ----------
    path : str, Path or None
        The directory; None for a fit that leaves nothing.
    resume : bool
        Go on with the run in it, if there is one.

    Raises
    ------
    OptionError
        If it cannot be used.
    BundleError
        If the run in it is damaged.
    """

    def __init__(self, path: str | Path | None, *, resume: bool = False) -> None:
        self.run_dir: RunDirectory | None = None
        self.earlier: Earlier | None = None
        self._record: dict[str, Any] = {}
        if path is None:
            if resume:
                raise OptionError("resume=True has nothing to go on with: name a run_dir")
            return
        self.run_dir = RunDirectory.check(Path(path), resume=resume)
        if resume:
            self.earlier = find_earlier(self.run_dir)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.run_dir is not None:
            self.run_dir.release()

    @property
    def used(self) -> float:
        """Seconds of the budget that earlier fits have used."""
        return 0.0 if self.earlier is None else self.earlier.used

    def seed(self, chosen: int, *, given: bool) -> int:
        """Return the seed of the run: that of its beginning unless another one was given."""
        record = {} if self.earlier is None or self.earlier.record is None else self.earlier.record
        return int(record["seed"]) if not given and "seed" in record else chosen

    def plan_seconds(self, budget: Budget) -> float:
        """Return the budget with which the run began."""
        return budget.seconds if self.earlier is None else self.earlier.plan_seconds(budget.seconds)

    def deadline(self, budget: Budget) -> Deadline:
        """Return when the budget of the whole run is used up, counted from now."""
        return Deadline.after(budget.seconds - self.used)

    def start(self, task: Task, options: TuneOptions) -> None:
        """Make the directory and note what the run is.

        Raises
        ------
        OptionError
            If the run in it was started with other options.
        """
        if self.run_dir is None:
            return
        budget = options.budget
        bound = {
            "metric": task.metric.name,
            "task": str(task.kind),
            "include": list(options.include),
            "exclude": list(options.exclude),
            "random_state": options.seed,
        }
        if self.earlier is not None:
            where = str(self.run_dir.path)
            check_same_options(self.earlier, bound, where=where, spell=str)
        self.run_dir.make(resume=self.earlier is not None)
        self._record = {
            "process": this_process(),
            "versions": library_versions(),
            "options": bound,
            "seed": options.seed,
            "max_trials": budget.max_trials,
            "seconds": {
                "budget": budget.seconds,
                "plan": self.plan_seconds(budget),
                "before": self.used,
                "used": self.used,
            },
        }
        self.run_dir.write_record({**self._record, "status": "running"})

    def end(self, result: TuningResult, info: Mapping[str, Any], *, used: float) -> None:
        """Write the leaderboard, and note how the run ended.

        Parameters
        ----------
        result : TuningResult
            What was found.
        info : Mapping of str to Any
            What the model is about.
        used : float
            Seconds of the budget that the whole run has used.
        """
        if self.run_dir is None:
            return
        self.run_dir.write_leaderboard(result.leaderboard())
        outcome = {
            "status": "interrupted" if result.ended is Ended.INTERRUPTED else "done",
            **info,
            "score": None if math.isnan(result.score) else result.score,
            **estimate_record(result.estimate),
        }
        seconds = {**self._record["seconds"], "used": used}
        self.run_dir.write_record({**self._record, **outcome, "seconds": seconds})
