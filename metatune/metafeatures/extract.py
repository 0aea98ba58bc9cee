"""Extraction of meta-features under a deadline."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from metatune.budget import Deadline, Stopwatch
from metatune.data.encoded import EncodedTask
from metatune.data.splits import nested_order
from metatune.metafeatures.feature import Group
from metatune.metafeatures.registry import FEATURE_NAMES, GROUPS
from metatune.metafeatures.sample import draw, sample_shape
from metatune.metafeatures.vector import MetaFeatures

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["extract_metafeatures"]


def extract_metafeatures(
    task: EncodedTask,
    *,
    seed: int = 0,
    deadline: Deadline | None = None,
    max_seconds: float = 10.0,
) -> MetaFeatures:
    """Characterise a dataset.

    Groups are computed from the cheapest to the dearest, each on a (stratified) subsample of rows
    and columns where the table is large. Without a pressing deadline the result depends on the
    data and the seed only. Degenerate data never raises: what is undefined is NaN.

    Parameters
    ----------
    task : EncodedTask
        The dataset.
    seed : int
        Seed of the subsamples and of the random landmarkers.
    deadline : Deadline, optional
        When the features have to be there.
    max_seconds : float
        Allowance in seconds, counted from the call; the earlier of both ends holds.

    Returns
    -------
    MetaFeatures
        With every known name; a group that does not fit is left missing and named in `skipped`.
    """
    end = (deadline or Deadline.never()).within(max_seconds)
    collected: dict[str, float] = {}
    seconds: dict[str, float] = {}
    skipped: list[str] = []
    order: NDArray[np.intp] | None = None
    for group in GROUPS:
        shape = _shape(group, task)
        if group.expected_seconds(*shape) > end.remaining():
            skipped.append(group.name)
            continue
        watch = Stopwatch()
        if order is None and shape[0] < task.n_rows:
            order = _row_order(task, seed)
        rows = np.empty(0, dtype=np.intp) if order is None else order
        values, complete = _run(group, task, rows, shape, seed, end)
        collected.update(values)
        seconds[group.name] = watch.seconds()
        if not complete:
            skipped.append(group.name)
    return MetaFeatures(values=_all_names(collected), seconds=seconds, skipped=tuple(skipped))


def _shape(group: Group, task: EncodedTask) -> tuple[int, int]:
    return sample_shape(
        task.n_rows, task.X.shape[1], group.max_rows, group.max_columns, group.max_cells
    )


def _row_order(task: EncodedTask, seed: int) -> "NDArray[np.intp]":
    return nested_order(task.y, task.kind, seed)


def _run(
    group: Group,
    task: EncodedTask,
    order: "NDArray[np.intp]",
    shape: tuple[int, int],
    seed: int,
    end: Deadline,
) -> tuple[dict[str, float], bool]:
    """Compute one group step by step; return its values and whether all steps were done."""
    values: dict[str, float] = {}
    with np.errstate(all="ignore"):
        steps = group.compute(draw(task, order, shape, seed))
        while not end.passed():
            step = next(steps, None)
            if step is None:
                return values, True
            values.update(step)
    return values, False


def _all_names(collected: Mapping[str, float]) -> dict[str, float]:
    unknown = collected.keys() - set(FEATURE_NAMES)
    if unknown:
        raise KeyError(f"meta-features {sorted(unknown)} are computed but not defined")
    return {name: _clean(collected.get(name, np.nan)) for name in FEATURE_NAMES}


def _clean(value: float) -> float:
    return float(value) if np.isfinite(value) else float("nan")
