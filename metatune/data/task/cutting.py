"""Fewer rows and columns of a task, for budgets too short for all of them."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.columns.column import ColumnKind
from metatune.data.splits.folds import nested_order
from metatune.data.splits.given import JUDGED
from metatune.data.task.strength import strengths
from metatune.data.task.task import Task

if TYPE_CHECKING:
    from metatune._typing import IndexArray

__all__ = ["cut_columns", "cut_rows"]

_CHOOSING_SHARE = 0.5  # of the rows
_MOST_CHOOSING = 5_000  # rows
_FEWEST_CHOOSING = 5


def cut_rows(task: Task, n_rows: int, seed: int) -> Task:
    """Return a task with a random sample of its rows, in their order.

    Parameters
    ----------
    task : Task
        Task to sample from; unchanged.
    n_rows : int
        Size of the sample, at least the number of classes.
    seed : int
        Seed of the sample.

    Returns
    -------
    Task
        The sample is stratified by class and lacks none; `n_left_out` says how many rows it does
        without. The task itself if it has no more rows.
    """
    if task.n_rows <= n_rows:
        return task
    if task.kind.is_classification:
        rows = np.sort(nested_order(task.y, task.kind, seed)[: max(n_rows, task.n_classes)])
    else:
        rows = np.sort(np.random.default_rng(seed).permutation(task.n_rows)[:n_rows])
    row_metadata = task.row_metadata.take(rows)
    if row_metadata.weights is not None:
        weights = row_metadata.weights / row_metadata.weights.mean()
        row_metadata = replace(row_metadata, weights=weights)
    return replace(
        task,
        X=task.X.iloc[rows].reset_index(drop=True),
        y=task.y[rows],
        row_metadata=row_metadata,
        n_left_out=task.n_left_out + task.n_rows - len(rows),
    )


def cut_columns(task: Task, n_columns: int, seed: int) -> Task:
    """Return a task with those of its columns that tell most of the target, each by itself.

    What is chosen by a row's target cannot be judged by that row. The columns are therefore chosen
    by half of the rows, and only the others will be validated.

    Parameters
    ----------
    task : Task
        Task to choose from; unchanged.
    n_columns : int
        Columns to keep.
    seed : int
        Seed of the choice of rows.

    Returns
    -------
    Task
        The other columns are of the kind "left out", so that a model still knows them. The task
        itself if it has no more columns, or no rows to choose by.
    """
    used = [column for column in task.columns if column.kind.is_used]
    if len(used) <= n_columns:
        return task
    rows = _choosing_rows(task, seed)
    if len(rows) < _FEWEST_CHOOSING:  # splits of the user may judge all rows
        return task
    found = strengths(task.X.iloc[rows], used, task.y[rows], task.kind)
    order = np.argsort(-found, kind="stable")[:n_columns]
    kept = {used[i].name for i in order}
    return replace(
        task,
        columns=tuple(
            column
            if column.name in kept or not column.kind.is_used
            else replace(column, kind=ColumnKind.LEFT_OUT)
            for column in task.columns
        ),
        chosen_by=rows,
    )


def _choosing_rows(task: Task, seed: int) -> "IndexArray":
    """Choose rows that validation can do without: whole groups, and the earliest of all."""
    n_rows = min(_MOST_CHOOSING, round(_CHOOSING_SHARE * task.n_rows))
    groups, times = task.row_metadata.groups, task.row_metadata.times
    if task.row_metadata.splits is not None:
        return np.flatnonzero((task.row_metadata.splits != JUDGED).all(axis=1))
    if times is not None:
        order = np.argsort(times, kind="stable")
        return np.flatnonzero(times < times[order[n_rows]])
    if groups is not None:
        names, sizes = np.unique(groups, return_counts=True)
        shuffled = np.random.default_rng(seed).permutation(len(names))
        chosen = names[shuffled[np.cumsum(sizes[shuffled]) <= n_rows]]
        return np.flatnonzero(np.isin(groups, chosen))
    return np.sort(nested_order(task.y, task.kind, seed)[:n_rows])
