"""Remarks on a fit, for a user who sees no output: what the estimators warn of."""

from metatune.data.task.task import Task
from metatune.data.wording import counted
from metatune.search.history import failure_causes
from metatune.storage.record import Outcome
from metatune.tuning.result import TuningResult

__all__ = ["partial", "remarks_on"]


def remarks_on(task: Task, result: TuningResult) -> list[str]:
    """Return what a user has to know who sees no output."""
    guess = task.positive is not None and task.positive.is_guess and task.metric.is_sided
    said = list(task.notes[:1]) if guess else []
    if not result.beats_constant:
        causes = failure_causes(result.history.results)[:3]
        failed = "; ".join(f"{count} x {status}: {cause}" for status, cause, count in causes)
        said.append(
            "no model beat the constant prediction, and so the model is the constant: look at "
            "leaderboard_, or give more time or other columns"
            + (f" (failed trials: {failed})" if failed else "")
        )
    return said


def partial(outcome: Outcome) -> str:
    """Say that a fit was interrupted, and what its model is then."""
    n_trials = counted(outcome.trials.finished, "trial")
    return (
        f"the fit was interrupted after {n_trials}: the model is the best until then, "
        f"fitted on {outcome.fitted_on}, and not what the whole budget would have given"
    )
