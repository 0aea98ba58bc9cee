"""The best single pipeline of a run, fitted on all rows of the task."""

import warnings
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from metatune.algorithms.base import BuildContext, Shape
from metatune.algorithms.registry import get_algorithm
from metatune.data.encoder import encode_task
from metatune.search.model import assemble_pipeline
from metatune.search.refit import plan_refit
from metatune.search.trial_data import TrialData

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from metatune.data.task import Task
    from metatune.search.history import History

__all__ = ["fit_single"]


def fit_single(task: "Task", history: "History", seed: int) -> "Pipeline | None":
    """Fit the incumbent of a search as a run without an ensemble would, were there always time.

    Returns
    -------
    Pipeline or None
        Takes a table; None if no trial has a score.
    """
    best = history.incumbent()
    if best is None:
        return None
    encoder, encoded = encode_task(task, seed)
    data = TrialData.make(encoded, (task.metric.name,), seed=seed)
    plan = plan_refit(best, encoded.n_rows, data.n_train_rows)
    context = BuildContext(
        kind=task.kind,
        layout=encoded.layout,
        shape=Shape(
            n_rows=encoded.n_rows, n_columns=encoded.X.shape[1], n_classes=encoded.n_classes
        ),
        seed=best.trial.seed,
        iterations=plan.iterations,
    )
    configuration = best.trial.configuration
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore")
        pipeline = get_algorithm(configuration.algorithm).build(configuration, context)
        pipeline.fit(encoded.X, encoded.y)
    return assemble_pipeline(encoder, pipeline, task.classes)
