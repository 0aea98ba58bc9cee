"""Sampling of a task's rows, for budgets too short for all of them."""

from dataclasses import replace

import numpy as np

from metatune.data.splits.folds import nested_order
from metatune.data.task.task import Task

__all__ = ["cut_rows"]


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
