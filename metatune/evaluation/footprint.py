"""Footprint of a fitted pipeline: its size, and the time of predicting one row."""

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metatune.budget import Stopwatch
from metatune.models.prediction import predict_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Footprint", "measure_footprint", "pickled_bytes"]

_REPEATS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Size of a fitted pipeline, and the time of predicting one row.

    Attributes
    ----------
    model_bytes : int
        Its size when it is written down.
    latency : float
        Seconds to predict one row on its own.
    """

    model_bytes: int
    latency: float


def measure_footprint(pipeline: Any, X: "NDArray[np.float64]", n_classes: int) -> Footprint:
    """Measure a pipeline that was fitted on encoded data.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted; it has predicted before, so that nothing is loaded for the first time here.
    X : ndarray of shape (n_rows, n_columns)
        Encoded rows, at least one.
    n_classes : int
        Number of classes; 0 for regression.
    """
    seconds = []
    for _ in range(_REPEATS):
        watch = Stopwatch()
        predict_array(pipeline, X[:1], n_classes)
        seconds.append(watch.seconds())
    return Footprint(model_bytes=pickled_bytes(pipeline), latency=min(seconds))


def pickled_bytes(value: Any) -> int:
    """Count the bytes of a pickle without making one: arrays are neither copied nor held.

    The same for equal models, as far as possible. Whether two equal texts are one object depends
    on where they come from, so what occurs twice counts twice; and the trees of nearest neighbours
    count the questions they have answered, so whole numbers count the same whatever they are.
    """
    try:
        return _count(value, once=False)
    except (ValueError, RecursionError):  # something that holds itself
        return _count(value, once=True)


def _count(value: Any, *, once: bool) -> int:
    counter = _Counter()
    pickler = _EvenPickler(counter, protocol=5, buffer_callback=counter.add)
    pickler.fast = not once
    pickler.dump(value)
    return counter.n_bytes


class _EvenPickler(pickle.Pickler):
    """Writes every whole number alike: as the name, one byte long, of something kept elsewhere."""

    def persistent_id(self, value: Any) -> int | None:
        return 0 if type(value) is int else None


class _Counter:
    """A file that only counts."""

    def __init__(self) -> None:
        self.n_bytes = 0

    def write(self, text: "bytes | bytearray | memoryview") -> int:
        self.n_bytes += len(text)
        return len(text)

    def add(self, buffer: pickle.PickleBuffer) -> bool:
        """Count an array that is left out of the pickle; of a read-only one the pickle says so."""
        array = buffer.raw()
        self.n_bytes += array.nbytes - array.readonly
        return False
