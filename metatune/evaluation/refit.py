"""The final fit: which configuration, on all rows, within the seconds that are left."""

import math
import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metatune.algorithms.base import BuildContext
from metatune.algorithms.fitting import fit_pipeline
from metatune.algorithms.registry import get_algorithm
from metatune.evaluation.trial import TrialResult
from metatune.evaluation.trial_data import TrialData, load_trial_data
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.files.atomic import replacing

__all__ = ["USUAL_GROWTH", "RefitPlan", "plan_refit", "refit", "refit_in_worker", "refit_seconds"]

USUAL_GROWTH = 1.2
"""Exponent of the growth of fit time with the rows; most families lie below."""

_MARGIN = 1.5  # measured fits of the same size differ by so much on a busy machine
_MAX_GROWTH = 2.0
_ITERATIONS_KNOWN = 0.6  # of a fit that has to find out when to stop, at most
_OVERHEAD = 0.1  # seconds to hand over,
_SECONDS_PER_BYTE = 1e-8  # and to pickle and load a model


@dataclass(frozen=True, slots=True, kw_only=True)
class RefitPlan:
    """Plan of a fit on all rows.

    Attributes
    ----------
    result : TrialResult
        The trial whose configuration is fitted.
    iterations : int or None
        Iterations to train where the algorithm stopped early in the trial.
    """

    result: TrialResult
    iterations: int | None


def refit_seconds(
    result: TrialResult, n_rows: int, n_train_rows: int, exponent: float = USUAL_GROWTH
) -> float:
    """Predict the seconds of fitting a trial's configuration on all rows.

    Parameters
    ----------
    result : TrialResult
        A trial that ended well.
    n_rows : int
        Rows of the table.
    n_train_rows : int
        Training rows of one fold at full row share.
    exponent : float
        Of the growth of fit time with the rows.
    """
    growth = _growth(result, n_rows, n_train_rows)
    per_fold = result.fit_seconds / result.trial.rung.n_folds
    if plan_refit(result, n_rows, n_train_rows).iterations is not None:
        per_fold *= _ITERATIONS_KNOWN
    fitting = _MARGIN * per_fold * growth**exponent
    return float(fitting + _OVERHEAD + _SECONDS_PER_BYTE * growth * result.model_bytes)


def plan_refit(result: TrialResult, n_rows: int, n_train_rows: int) -> RefitPlan:
    """Decide how many iterations the final fit trains.

    The folds stopped early on fewer rows; with more rows the best number of iterations grows
    slowly, so their mean is scaled by the square root of the growth. After a trial on a small
    share of the rows nothing is known about all of them: the final fit then stops early itself.
    """
    growth = _growth(result, n_rows, n_train_rows)
    if not result.iterations or growth > _MAX_GROWTH:
        return RefitPlan(result=result, iterations=None)
    mean = sum(result.iterations) / len(result.iterations)
    return RefitPlan(result=result, iterations=max(1, round(math.sqrt(growth) * mean)))


def _growth(result: TrialResult, n_rows: int, n_train_rows: int) -> float:
    """Return how many times as many rows the final fit has."""
    return n_rows / max(1.0, n_train_rows * result.trial.rung.row_share)


def refit_in_worker(inbox: str, outbox: str, plan: RefitPlan, file: str) -> None:
    """Fit on all rows of the data in `inbox` and pickle the pipeline to `file` in `outbox`.

    The pickle is scratch space of the run, read back by the same run only.
    """
    with warnings.catch_warnings(), one_numeric_thread():
        warnings.simplefilter("ignore")
        pipeline = refit(load_trial_data(inbox), plan)
    with replacing(Path(outbox) / file) as part:  # whoever finds the file finds all of it
        part.write_bytes(pickle.dumps(pipeline, protocol=5))


def refit(data: TrialData, plan: RefitPlan) -> Any:
    """Return the pipeline of a plan, fitted on all rows.

    Parameters
    ----------
    data : TrialData
        The rows.
    plan : RefitPlan
        What to fit on them.
    """
    task, trial = data.task, plan.result.trial
    context = BuildContext(
        kind=task.kind,
        layout=task.layout,
        shape=task.shape,
        seed=trial.seed,
        iterations=plan.iterations,
        preprocess_seed=data.seed,
    )
    pipeline = get_algorithm(trial.configuration.algorithm).build(trial.configuration, context)
    return fit_pipeline(pipeline, task.X, task.y, data.row_metadata)
