"""Bounds of the final model's predictions: calibrated before it is saved, so that it holds them."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metatune.ensemble.bounds import (
    LEAST_ROWS,
    ROW_METADATA,
    OutOfFold,
    SpreadRequest,
    set_bounds_of,
    spread_in_worker,
    value_bounds_of,
)
from metatune.ensemble.member_pool import CONSTANT
from metatune.errors import SearchError
from metatune.estimate.drawing import sample_rows
from metatune.estimate.reselection import Composition
from metatune.evaluation.prepared_task import PreparedTask
from metatune.execution.executor import Job, JobStatus
from metatune.models.bounds import ValueBounds, set_bounds
from metatune.search.history import History
from metatune.storage.store import RunStore
from metatune.tuning.final_model import FinalModel
from metatune.tuning.model_predictions import model_predictions
from metatune.tuning.run import Run
from metatune.tuning.time_plan import bounds_seconds, estimate_seconds

if TYPE_CHECKING:
    from metatune._typing import FloatArray, IndexArray

__all__ = ["calibrate_bounds"]

_LEAST_SECONDS = 0.2  # for a spread to be worth trying
_MOST_ROWS, _MOST_CELLS = 20_000, 5_000_000  # that the spread is learned from
_FEWEST_ROWS = 300
_PATIENCE = 3.0  # times the seconds that it should take, before it is stopped
_START_SECONDS = 0.15  # of the job, whatever the rows
_CELLS_PER_SECOND = 150_000  # through all fits of the spread, on a slow core


def calibrate_bounds(
    run: Run, prepared: PreparedTask, store: RunStore, history: History, model: FinalModel
) -> FinalModel:
    """Return the final model with bounds of its predictions, if it has out-of-fold predictions.

    Parameters
    ----------
    run : Run
        Values of the run.
    prepared : PreparedTask
        Task of the run.
    store : RunStore
        Holds out-of-fold predictions.
    history : History
        Every finished trial.
    model : FinalModel
        As it was built; its pipeline is given the bounds.
    """
    try:
        if not model.interrupted:
            _calibrate(run, prepared, store, history, model)
    except KeyboardInterrupt:  # the model is built: it is saved with the bounds that it has
        return replace(model, interrupted=True)
    run.timings.lap("bounding")
    return model


def _calibrate(
    run: Run, prepared: PreparedTask, store: RunStore, history: History, model: FinalModel
) -> None:
    prediction = _prediction(run, prepared, store, history, model)
    if prediction is None:
        return
    finite = np.isfinite(prediction)
    rows = np.flatnonzero(finite if prediction.ndim == 1 else finite.all(axis=1))
    if len(rows) < LEAST_ROWS:
        return
    known = _known(prepared, prediction, rows)
    if prepared.task.kind.is_classification:
        set_bounds(model.pipeline, set_bounds_of(known))
        return
    bounds = value_bounds_of(known, prepared.task.metric.low)
    set_bounds(model.pipeline, bounds)
    if run.options.limits.max_bytes is None and model.winner is not None:
        set_bounds(model.pipeline, _adapted(run, prepared, store, history, rows, known, bounds))


def _prediction(
    run: Run, prepared: PreparedTask, store: RunStore, history: History, model: FinalModel
) -> "FloatArray | None":
    """Return the model's prediction of each row by models that had not seen it, NaN in others."""
    made = model.composition or Composition(weights={CONSTANT: 1.0})
    if model.winner is not None and model.composition is None:
        return None
    return model_predictions(run, prepared, store, history, made)


def _known(prepared: PreparedTask, prediction: "FloatArray", rows: "IndexArray") -> OutOfFold:
    return OutOfFold(
        y=np.asarray(prepared.data.task.y)[rows],
        prediction=prediction[rows],
        row_metadata=prepared.data.row_metadata.take(rows),
    )


def _adapted(
    run: Run,
    prepared: PreparedTask,
    store: RunStore,
    history: History,
    rows: "IndexArray",
    known: OutOfFold,
    bounds: ValueBounds,
) -> ValueBounds:
    """Return intervals whose width follows the size of errors, if there is time to learn it."""
    kept = 0.0 if run.counted else estimate_seconds(store, run.options, history)
    left = run.deadline.remaining() - kept - store.seconds_to_save()
    seconds = left if run.counted else min(left, bounds_seconds(store, run.options, history))
    if seconds < _LEAST_SECONDS:
        return bounds
    layout = prepared.data.task.layout.observed
    cells = _MOST_CELLS
    if not run.counted:
        cells = min(cells, int(_CELLS_PER_SECOND * max(0.0, seconds - _START_SECONDS)))
    most = min(_MOST_ROWS, max(_FEWEST_ROWS, cells // layout.n_columns))
    chosen = sample_rows(np.arange(len(rows)), known.row_metadata, most, run.options.seed)
    request = SpreadRequest(
        bounds=bounds, categorical=layout.categorical, seed=run.options.seed % 2**31
    )
    try:
        inbox = Path(tempfile.mkdtemp(prefix="bounds", dir=run.scratch))  # a run may finish twice
        _write(inbox, known, chosen)
        np.save(inbox / "X.npy", prepared.data.task.X[rows[chosen], : layout.n_columns])
        job = Job(
            function=spread_in_worker,
            inbox=str(inbox),
            arguments=(request,),
            time_limit=min(left, _PATIENCE * seconds),
        )
        outcome = run.executor.call(job)
    except (OSError, SearchError):  # intervals of one width are there already
        return bounds
    return outcome.value if outcome.status is JobStatus.OK else bounds


def _write(inbox: Path, known: OutOfFold, chosen: "IndexArray") -> None:
    """Put into an inbox what the worker needs."""
    np.save(inbox / "y.npy", known.y[chosen])
    np.save(inbox / "prediction.npy", known.prediction[chosen])
    for name in ROW_METADATA:
        values = getattr(known.row_metadata, name)
        if values is not None:
            np.save(inbox / f"{name}.npy", values[chosen])
