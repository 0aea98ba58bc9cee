"""Predictions of pipelines that were fitted on encoded data."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray


__all__ = ["expand_classes", "predict_array"]

_UNSEEN_CLASS = 1e-3


def predict_array(pipeline: Any, X: "FloatArray", n_classes: int) -> "FloatArray":
    """Predict with a pipeline fitted on encoded labels.

    Returns
    -------
    ndarray of shape (n_rows, n_classes) or (n_rows,)
        Probabilities, or values where `n_classes` is 0.
    """
    if n_classes:
        return expand_classes(pipeline.predict_proba(X), pipeline.classes_, n_classes)
    return np.asarray(pipeline.predict(X), dtype=np.float64)


def expand_classes(
    probabilities: "FloatArray", present: "AnyArray", n_classes: int
) -> "FloatArray":
    """Add columns for the classes that a fold's training rows lacked.

    A class that was never seen gets a small probability instead of none: the log loss of a zero
    would drown every difference between configurations.
    """
    if probabilities.shape[1] == n_classes:
        return probabilities
    full = np.full((len(probabilities), n_classes), _UNSEEN_CLASS)
    full[:, np.asarray(present, dtype=np.intp)] = probabilities
    return np.asarray(full / full.sum(axis=1, keepdims=True))
