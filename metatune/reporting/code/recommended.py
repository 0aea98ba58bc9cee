"""Recommended configuration as a script that was never run: nothing of it is trained here."""

from importlib.metadata import version
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from metatune.algorithms.base import BuildContext, learner_of
from metatune.algorithms.fitting import fit_step
from metatune.algorithms.registry import get_algorithm
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.row_metadata import PLAIN
from metatune.errors import ExportError
from metatune.evaluation.trial_data import TrialData
from metatune.reporting.code.members import SavedPart, SavedParts
from metatune.reporting.code.models import model_codes
from metatune.reporting.code.script import Script, assembled
from metatune.reporting.code.table import KnownTable, table_constants, table_sources
from metatune.reporting.code.training import model_sources, predicting_sources, training_source
from metatune.space import Configuration

__all__ = ["recommended_script"]

_LOOK_ROWS = 500  # that a learner is tried on, for what it makes of its parameters
_SEED = 0


def recommended_script(configuration: Configuration, table: KnownTable) -> str:
    """Write a configuration as a script.

    Parameters
    ----------
    configuration : Configuration
        Of a family that takes the table.
    table : KnownTable
        Its encoder has no model of texts.

    Returns
    -------
    str
        A script that chooses the number of iterations by rows held out, if its learner has any.

    Raises
    ------
    ExportError
        If something cannot be expressed; the message names it.
    """
    task, encoder = table.task, table.encoder
    if any(role is not None for role in (task.roles.weight, task.roles.group, task.roles.time)):
        raise ExportError("weights, groups and times of rows have no script")
    encoded = EncodedTask(
        X=np.asarray(encoder.transform(task.X)),
        y=task.y,
        layout=encoder.layout,
        kind=task.kind,
        n_classes=task.n_classes,
    )
    data = TrialData(task=encoded, folds=(), metrics=(task.metric.name,), seed=_SEED)
    model = _built(configuration, encoded)
    part = SavedPart(model=model, weight=1.0, fold=None, trial=None)
    saved = SavedParts(parts=(part,))
    open_iterations = get_algorithm(configuration.algorithm).iterative
    models = model_codes(saved.parts, data, open_iterations=open_iterations)
    functions = [
        *table_sources(table),
        *model_sources(saved, models, data, None),
        training_source(saved, models, data, open_iterations=open_iterations),
        *predicting_sources(saved, task),
    ]
    script = Script(
        title=_title(configuration, table),
        constants=table_constants(table, encoded.layout),
        functions=tuple(functions),
    )
    return assembled(script)


def _built(configuration: Configuration, encoded: EncodedTask) -> Pipeline:
    """Return a pipeline whose preprocessing is fitted, and whose learner has seen a few rows."""
    algorithm = get_algorithm(configuration.algorithm)
    context = BuildContext(
        kind=encoded.kind,
        layout=encoded.layout,
        shape=encoded.shape,
        seed=_SEED,
        iterations=1 if algorithm.iterative else None,
    )
    pipeline = algorithm.build(configuration, context)
    step, model = pipeline.steps[0][1], pipeline.steps[1][1]
    matrix = fit_step(step, encoded.X, encoded.y, PLAIN)
    rows = encoded.sample(_LOOK_ROWS, _SEED)
    model.fit(matrix[rows], encoded.y[rows])
    if learner_of(pipeline) is None:
        raise ExportError("the target hardly varies: there is nothing to learn")
    return pipeline


def _title(configuration: Configuration, table: KnownTable) -> str:
    name = table.file.path.replace("\\", "/").rpartition("/")[2]
    params: Any = " ".join(f"{key}={value}" for key, value in configuration.params.items())
    return (
        f"Predict {table.task.target!r} as in {name}: {configuration.algorithm},\n"
        "configured as past datasets recommend.\n\n"
        f"Written by metatune {version('metatune')}, which it does without. Of its\n"
        "space of hyperparameters:\n\n"
        f"{_wrapped(params)}\n\n"
        f"    python baseline.py train {name}\n"
        "    python baseline.py predict new.csv -o predictions.csv\n\n"
        "The saved model is a pickle: load none that others made."
    ).replace('"""', "'''")


def _wrapped(text: str) -> str:
    import textwrap

    return textwrap.fill(text, 92, initial_indent="    ", subsequent_indent="    ")
