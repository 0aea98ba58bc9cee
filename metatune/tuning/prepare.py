"""Preparation of a task for a search: its rows as numbers, in folds, and the rungs to climb."""

import math
from dataclasses import replace
from pathlib import Path

from metatune.algorithms.narrowed_space import narrowed_spaces
from metatune.algorithms.registry import FAMILIES
from metatune.budget import Timings
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.encoder import TableEncoder, encode_task
from metatune.data.encoding.shape import Shape
from metatune.data.task.cutting import cut_columns, cut_rows
from metatune.data.task.task import Task
from metatune.evaluation.constant import constant_score
from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.rungs import plan_columns, plan_folds, plan_rows, plan_rungs
from metatune.evaluation.text_columns import add_texts
from metatune.evaluation.trial_data import TrialData
from metatune.files.scratch import no_room
from metatune.metrics import RECORDED_METRICS
from metatune.recommender.advice import (
    accepted_rows,
    eligible_shape,
    training_shape,
    usable_algorithms,
)
from metatune.tuning.options import TuneOptions

__all__ = ["encode_what_fits", "prepare"]

_TEXT_SHARE = 0.1  # of the budget, for latent components of texts,
_TEXT_MODEL_SHARE = 0.1  # and for learning from their n-grams


def prepare(task: Task, options: TuneOptions, scratch: Path, timings: Timings) -> PreparedTask:
    """Prepare a task with no more rows than the budget is enough for, and write it for workers.

    Parameters
    ----------
    task : Task
        Table, target and metric.
    options : TuneOptions
        Decisions of the user.
    scratch : Path
        Folder that takes what workers read.
    timings : Timings
        Takes the seconds of encoding.

    Raises
    ------
    OptionError
        If no algorithm is left to try.
    BundleError
        If there is no room.
    """
    seconds = options.planned_seconds
    task, encoder, encoded = encode_what_fits(
        task,
        seconds,
        include=options.include,
        exclude=options.exclude,
        seed=options.seed,
        text_allowance=_TEXT_SHARE * seconds,
    )
    metrics = tuple(dict.fromkeys((task.metric.name, *RECORDED_METRICS[task.kind])))
    plan = plan_folds(encoded.shape, seconds)
    data = TrialData.make(
        encoded,
        metrics,
        metric=task.metric,
        seed=options.seed,
        row_metadata=task.row_metadata,
        plan=plan,
        never_valid=task.chosen_by,
    )
    data = add_texts(data, encoder, task.X, _TEXT_MODEL_SHARE * seconds)
    timings.lap("encoding")
    shape = eligible_shape(data)
    usable = usable_algorithms(task.kind, shape, options.include, options.exclude)
    spaces = narrowed_spaces(usable, task.kind, options.space)
    data = replace(data, own=tuple(usable[name] for name in spaces if name not in FAMILIES))
    inbox = scratch / "data"
    try:
        data.save(inbox)
    except OSError as error:
        raise no_room(error) from error
    return PreparedTask(
        task=task,
        encoder=encoder,
        data=data,
        inbox=inbox,
        rungs=plan_rungs(training_shape(data), len(data.folds), budget_seconds=seconds),
        constant=constant_score(data, task.metric),
        spaces=spaces,
    )


def encode_what_fits(
    task: Task,
    seconds: float,
    *,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    seed: int = 0,
    text_allowance: float = math.inf,
) -> tuple[Task, TableEncoder, EncodedTask]:
    """Cut a task to the rows and columns that a budget and the algorithms take, and encode it.

    Parameters
    ----------
    task : Task
        Table, target and metric.
    seconds : float
        The budget.
    include, exclude : tuple of str
        Families that are allowed.
    seed : int
        Of the rows and columns that are drawn, and of the encoder.
    text_allowance : float, optional
        Seconds for latent components of texts.

    Returns
    -------
    tuple of Task, TableEncoder and EncodedTask
        The task that was cut, its encoder and its encoded form.

    Raises
    ------
    OptionError
        If a family is unknown, or none is left.
    """

    def useful_rows(n_columns: int) -> int:
        """Return the rows that are of use to a family, given so many columns: at most all."""
        found = accepted_rows(task.kind, n_columns, task.n_classes, include, exclude)
        shape = Shape(n_rows=task.n_rows, n_columns=n_columns, n_classes=task.n_classes)
        n_splits = plan_folds(shape, seconds).n_splits
        n_train = task.n_rows - task.n_rows // n_splits
        return task.n_rows if n_train <= found else int(found)

    def cut(n_rows: int) -> Task:
        return cut_columns(cut_rows(whole, n_rows, seed), n_columns, seed)

    whole = task
    n_features = sum(column.kind.is_used for column in task.columns)
    n_columns = plan_columns(n_features, seconds)
    n_rows = plan_rows(task.n_rows, min(len(task.columns), n_columns), seconds)
    task = cut(min(n_rows, useful_rows(min(n_features, n_columns))))
    encoder, encoded = encode_task(task, seed, text_allowance=text_allowance)
    n_rows = useful_rows(encoded.X.shape[1])
    if n_rows < task.n_rows:  # dates and texts have become several columns each
        task = cut(n_rows)
        encoder, encoded = encode_task(task, seed, text_allowance=text_allowance)
    return task, encoder, encoded
