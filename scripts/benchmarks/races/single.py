"""Single pipelines of a run, fitted on all rows of the task."""

import pickle
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.data.encoding.encoder import encode_task
from metatune.evaluation.refit import plan_refit, refit_in_worker
from metatune.evaluation.rungs import plan_folds
from metatune.evaluation.text_columns import add_texts
from metatune.evaluation.trial_data import TrialData
from metatune.models.pipeline import assemble_pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sklearn.pipeline import Pipeline

    from metatune.data.task.task import Task
    from metatune.evaluation.trial import TrialResult
    from metatune.search.history import History

__all__ = ["fit_on_all_rows", "fit_single"]


def fit_single(task: "Task", history: "History", *, seed: int, budget: float) -> "Pipeline | None":
    """Fit the incumbent of a search as a run without an ensemble would, were there always time.

    Parameters
    ----------
    task : Task
        What was searched on.
    history : History
        Of the search.
    seed : int
        Of the run.
    budget : float
        Of the run, in seconds: the folds depend on it.

    Returns
    -------
    Pipeline or None
        Takes a table; None if no trial has a score.
    """
    best = history.incumbent()
    if best is None:
        return None
    (single,) = fit_on_all_rows(task, [best], seed=seed, budget=budget)
    return single


def fit_on_all_rows(
    task: "Task", results: "Iterable[TrialResult]", *, seed: int, budget: float
) -> "Iterator[Pipeline]":
    """Fit the configurations of trials, one after the other.

    Parameters
    ----------
    task : Task
        What was searched on.
    results : iterable of TrialResult
        Trials of the search.
    seed, budget : int, float
        Of the run.
    """
    encoder, encoded = encode_task(task, seed)
    folds = plan_folds(encoded.shape, budget)
    data = TrialData.make(
        encoded, (task.metric.name,), seed=seed, row_metadata=task.row_metadata, plan=folds
    )
    data = add_texts(data, encoder, task.X)
    with tempfile.TemporaryDirectory(prefix="metatune-race-") as scratch:
        folder = Path(scratch)
        data.save(folder / "data")
        for result in results:
            plan = plan_refit(result, encoded.n_rows, data.n_train_rows)
            refit_in_worker(str(folder / "data"), scratch, plan, "model.pkl")
            # scratch space of this very process
            fitted = pickle.loads((folder / "model.pkl").read_bytes())
            yield assemble_pipeline(encoder, fitted, task.classes)
