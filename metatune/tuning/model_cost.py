"""Costs of the final model, measured on itself."""

import statistics
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metatune.budget import Deadline, Stopwatch
from metatune.ensemble.limits import Cost
from metatune.errors import UnusedCellsWarning

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

__all__ = ["ModelFigures", "measure_model"]

_REPEATS = 5
_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFigures:
    """Costs of a model on this machine, the work on the columns of the table included.

    Attributes
    ----------
    latency : float
        Seconds to predict a table of one row: the median of a few.
    batch_seconds : float
        Seconds for each of many rows that are predicted together; NaN if there was no time.
    n_bytes : int
        Size of the saved model.
    """

    latency: float
    batch_seconds: float
    n_bytes: int

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
        return _measured(pipeline, table, n_bytes, deadline)


def _measured(
    pipeline: "Pipeline", table: "pd.DataFrame", n_bytes: int, deadline: Deadline
) -> ModelFigures:
    ask = pipeline.predict_proba if hasattr(pipeline, "predict_proba") else pipeline.predict
    rows = [table.iloc[[i % len(table)]] for i in range(_REPEATS)]
    ask(rows[0])  # libraries load lazily; that is no cost of a row
    seconds = []
    for row in rows:
        watch = Stopwatch()
        ask(row)
        seconds.append(watch.seconds())
        if deadline.passed():
            break
    batch = table.iloc[:_BATCH]
    # Rows one by one are an upper bound of rows together.
    each = float("nan")
    if statistics.median(seconds) * min(len(batch), 20) < deadline.remaining():
        watch = Stopwatch()
        ask(batch)
        each = watch.seconds() / len(batch)
    return ModelFigures(latency=statistics.median(seconds), batch_seconds=each, n_bytes=n_bytes)
