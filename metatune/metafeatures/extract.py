"""Extraction of meta-features under a deadline."""

from typing import TYPE_CHECKING

import numpy as np

from metatune.budget import Deadline, Stopwatch
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.splits.folds import nested_order
from metatune.metafeatures.feature import Group
from metatune.metafeatures.registry import FEATURE_NAMES, GROUPS
from metatune.metafeatures.sample import Sample, draw, sample_shape
from metatune.metafeatures.vector import MetaFeatures

if TYPE_CHECKING:
    from metatune._typing import IndexArray

__all__ = ["extract_metafeatures"]

_ORDERED_ROWS = 100_000
_ORDER_SECONDS_PER_ROW = 1e-6


def extract_metafeatures(
    task: EncodedTask,
    *,
    seed: int = 0,
    deadline: Deadline | None = None,
    max_seconds: float = 10.0,
) -> MetaFeatures:
    """Compute the meta-features of a dataset.

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
        Time by which the features are needed.
    max_seconds : float
        Time limit in seconds from the call; the earlier of it and the deadline holds.

    Returns
    -------
    MetaFeatures
        With every known name; a group that does not fit is left missing and named in `skipped`.
    """
    end = (deadline or Deadline.never()).within(max_seconds)
    rows = _RowOrder(task, seed)
    collected: dict[str, float] = {}
    seconds: dict[str, float] = {}
    skipped: list[str] = []
    for group in GROUPS:
        shape = _shape(group, task)
        expected = group.expected_seconds(*shape) + rows.expected_seconds(shape[0])
        complete = False
        if expected <= end.remaining():
            watch = Stopwatch()
            sample = draw(task, rows.first(shape[0]), shape[1], seed)
            complete = _run(group, sample, end, collected)
            seconds[group.name] = watch.seconds()
        if not complete:
            skipped.append(group.name)
    values = {name: _clean(collected.get(name, np.nan)) for name in FEATURE_NAMES}
    return MetaFeatures(values=values, seconds=seconds, skipped=tuple(skipped))


class _RowOrder:
    """Nested order of the rows, made when a group first leaves rows out."""

    def __init__(self, task: EncodedTask, seed: int) -> None:
        self._task = task
        self._seed = seed
        self._order: IndexArray | None = None

    def expected_seconds(self, n_rows: int) -> float:
        """Return the expected seconds of `first`."""
        ready = self._order is not None or n_rows >= self._task.n_rows
        return 0.0 if ready else _ORDER_SECONDS_PER_ROW * min(self._task.n_rows, _ORDERED_ROWS)

    def first(self, n_rows: int) -> "IndexArray | None":
        """Return the first rows of the order, ascending; None means all rows."""
        if n_rows >= self._task.n_rows:
            return None
        if self._order is None:
            rows = _candidates(self._task, self._seed)
            self._order = rows[nested_order(self._task.y[rows], self._task.kind, self._seed)]
        return np.sort(self._order[:n_rows])


def _candidates(task: EncodedTask, seed: int) -> "IndexArray":
    """Return the rows worth ordering: all, or so many at random and one of every class.

    Ordering a million rows would take longer than all that is computed on the first thousands.
    """
    if task.n_rows <= _ORDERED_ROWS:
        return np.arange(task.n_rows, dtype=np.intp)
    rng = np.random.default_rng(seed)
    rows = rng.choice(task.n_rows, _ORDERED_ROWS, replace=False, shuffle=False)
    if not task.kind.is_classification:
        return np.sort(rows).astype(np.intp)
    one_of_class = np.full(int(task.y.max()) + 1, -1, dtype=np.intp)
    one_of_class[task.y] = np.arange(task.n_rows)
    return np.union1d(rows, one_of_class[one_of_class >= 0]).astype(np.intp)


def _shape(group: Group, task: EncodedTask) -> tuple[int, int]:
    return sample_shape(
        task.n_rows, task.X.shape[1], group.max_rows, group.max_columns, group.max_cells
    )


def _run(group: Group, sample: Sample, end: Deadline, collected: dict[str, float]) -> bool:
    """Compute a group step by step into `collected`; return whether all steps were done."""
    with np.errstate(all="ignore"):
        steps = group.compute(sample)
        while not end.passed():
            step = next(steps, None)
            if step is None:
                return True
            collected.update(step)
    return False


def _clean(value: float) -> float:
    return float(value) if np.isfinite(value) else float("nan")
