"""Costs of the final model, measured on itself, and what the user's limits leave to its parts."""

import statistics
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from metatune.budget import Deadline, Stopwatch
from metatune.ensemble.limits import Cost, ModelLimits
from metatune.errors import UnlikeTrainingWarning, UnusedCellsWarning
from metatune.evaluation.footprint import pickled_bytes
from metatune.evaluation.prepared_task import PreparedTask
from metatune.models import model_file
from metatune.storage.store import RunStore
from metatune.tuning.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from sklearn.pipeline import Pipeline

__all__ = [
    "ModelFigures",
    "file_bytes",
    "inner_limits",
    "measure_in_time",
    "measure_model",
    "tightened",
]

_REPEATS = 5
_BATCH = 1_000
_MEASURE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFigures:
    """Costs of a model on this machine, the work on the columns of the table included.

    Attributes
    ----------
    latency : float
        Seconds to predict a table of one row: the median of a few.
    encoding : float
        Seconds of that for the work on the columns of the table, measured likewise; NaN if there
        was no time.
    batch_seconds : float
        Seconds for each of many rows that are predicted together; NaN if there was no time.
    n_bytes : int
        Size of the saved model.
    """

    latency: float
    batch_seconds: float
    n_bytes: int
    encoding: float = float("nan")

    @property
    def cost(self) -> Cost:
        """The figures that limits are about."""
        return Cost(latency=self.latency, n_bytes=self.n_bytes)


def measure_model(
    pipeline: "Pipeline", table: "pd.DataFrame", n_bytes: int, deadline: Deadline
) -> ModelFigures:
    """Predict rows one by one and together.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted; takes tables.
    table : DataFrame
        Rows of the task.
    n_bytes : int
        Size of the saved model.
    deadline : Deadline
        Measuring ends with the repetition in which it passes.
    """
    with warnings.catch_warnings():  # cells that cannot be used were told of when they were read
        warnings.simplefilter("ignore", UnusedCellsWarning)
        warnings.simplefilter("ignore", UnlikeTrainingWarning)
        return _measured(pipeline, table, n_bytes, deadline)


def _measured(
    pipeline: "Pipeline", table: "pd.DataFrame", n_bytes: int, deadline: Deadline
) -> ModelFigures:
    latency = _latency(pipeline, table, deadline)
    batch = table.iloc[:_BATCH]
    # Rows one by one are an upper bound of rows together.
    each = float("nan")
    if latency * min(len(batch), 20) < deadline.remaining():
        watch = Stopwatch()
        _answer(pipeline)(batch)
        each = watch.seconds() / len(batch)
    return ModelFigures(latency=latency, batch_seconds=each, n_bytes=n_bytes)


def _latency(pipeline: "Pipeline", table: "pd.DataFrame", deadline: Deadline) -> float:
    """Return the seconds to predict a table of one row: the median of a few."""
    ask = _answer(pipeline)
    rows = [table.iloc[[i % len(table)]] for i in range(_REPEATS)]
    ask(rows[0])  # libraries load lazily; that is no cost of a row
    seconds = []
    for row in rows:
        watch = Stopwatch()
        ask(row)
        seconds.append(watch.seconds())
        if deadline.passed():
            break
    return statistics.median(seconds)


def _answer(pipeline: "Pipeline") -> "Callable[[pd.DataFrame], Any]":
    ask: Callable[[pd.DataFrame], Any] = getattr(pipeline, "predict_proba", pipeline.predict)
    return ask


def inner_limits(run: Run, prepared: PreparedTask, store: RunStore) -> ModelLimits:
    """Return what is left of the limits for models, besides the work on columns."""
    limits = run.options.limits
    if not limits.any:
        return limits
    constant = prepared.constant_pipeline()
    own = measure_in_time(run, prepared, constant, file_bytes(run, store, constant))
    # However little is left, it is more than nothing: shares of it are compared.
    latency, n_bytes = limits.max_latency, limits.max_bytes
    return ModelLimits(
        max_latency=None if latency is None else max(latency - own.latency, 1e-3 * latency),
        max_bytes=None if n_bytes is None else max(n_bytes - own.n_bytes, n_bytes // 1000, 1),
    )


def measure_in_time(
    run: Run, prepared: PreparedTask, pipeline: "Pipeline", n_bytes: int | None
) -> ModelFigures:
    """Measure a model within a moment; without `n_bytes` its size is that in memory."""
    n_bytes = pickled_bytes(pipeline) if n_bytes is None else n_bytes
    until = run.deadline.within(_MEASURE_SECONDS)
    figures = measure_model(pipeline, prepared.task.X, n_bytes, until)
    if (_REPEATS + 1) * figures.latency > until.remaining():
        return figures
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedCellsWarning)
        seconds = _latency(prepared.constant_pipeline(), prepared.task.X, until)
    return replace(figures, encoding=min(seconds, figures.latency))


def file_bytes(run: Run, store: RunStore, pipeline: "Pipeline") -> int | None:
    """Return the size that a model file would have, where that matters."""
    if run.options.limits.max_bytes is None:
        return None
    path = run.scratch / "measured.skops"
    model_file.save(pipeline, path, store.info())
    return path.stat().st_size


def tightened(
    inner: ModelLimits, limits: ModelLimits, figures: ModelFigures, *, last: bool
) -> ModelLimits:
    """Return limits that make up for what a model turned out to cost."""
    factor = 1e-9 if last else 0.9 / max(1.0, limits.excess(figures.cost))
    return ModelLimits(
        max_latency=None if inner.max_latency is None else factor * inner.max_latency,
        max_bytes=None if inner.max_bytes is None else max(1, int(factor * inner.max_bytes)),
    )
