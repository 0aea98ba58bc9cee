"""Preparation of a task for a search: its rows as numbers, in folds, and the rungs to climb."""

from dataclasses import replace
from pathlib import Path

from metatune.algorithms.narrowed_space import narrowed_spaces
from metatune.algorithms.registry import FAMILIES
from metatune.budget import Timings
from metatune.data.encoding.encoder import encode_task
from metatune.data.task.cutting import cut_columns, cut_rows
from metatune.data.task.task import Task
from metatune.evaluation.constant import constant_score
from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.rungs import plan_columns, plan_folds, plan_rows, plan_rungs
from metatune.evaluation.text_columns import add_texts
from metatune.evaluation.trial_data import TrialData
from metatune.files.scratch import no_room
from metatune.metrics import RECORDED_METRICS
from metatune.recommender.advice import accepted_rows, eligible_shape, usable_algorithms
from metatune.tuning.options import TuneOptions

__all__ = ["prepare"]

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
    n_features = sum(column.kind.is_used for column in task.columns)
    n_columns = plan_columns(n_features, seconds)
    n_rows = plan_rows(task.n_rows, min(len(task.columns), n_columns), seconds)
    n_rows = min(n_rows, _accepted_rows(task, options, min(n_features, n_columns)))
    whole, task = task, _cut(task, n_rows, n_columns, options.seed)
    encoder, encoded = encode_task(task, options.seed, text_allowance=_TEXT_SHARE * seconds)
    n_rows = _accepted_rows(task, options, encoded.X.shape[1])
    if n_rows < task.n_rows:  # dates and texts have become several columns each
        task = _cut(whole, n_rows, n_columns, options.seed)
        encoder, encoded = encode_task(task, options.seed, text_allowance=_TEXT_SHARE * seconds)
    metrics = tuple(dict.fromkeys((task.metric.name, *RECORDED_METRICS[task.kind])))
    plan = plan_folds(encoded.n_rows, encoded.X.shape[1], seconds)
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
        rungs=plan_rungs(
            data.n_train_rows,
            len(data.folds),
            n_columns=encoded.X.shape[1],
            budget_seconds=seconds,
        ),
        constant=constant_score(data, task.metric),
        spaces=spaces,
    )


def _cut(task: Task, n_rows: int, n_columns: int, seed: int) -> Task:
    return cut_columns(cut_rows(task, n_rows, seed), n_columns, seed)


def _accepted_rows(task: Task, options: TuneOptions, n_columns: int) -> int:
    """Return the rows of a task that are of use to a family, given so many columns: at most all."""
    found = accepted_rows(task.kind, n_columns, task.n_classes, options.include, options.exclude)
    n_splits = plan_folds(task.n_rows, n_columns, options.planned_seconds).n_splits
    n_train = task.n_rows - task.n_rows // n_splits
    return task.n_rows if n_train <= found else int(found)
