"""Splits that the user of an estimator gives: `cv`, or further rows to judge by."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.validation import validate_data

from metatune.data.splits.given import read_splits
from metatune.errors import OptionError
from metatune.estimators.checks import known_columns
from metatune.storage.training_data import TrainingData

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_held_out", "with_splits"]


def with_splits(
    given: TrainingData, cv: Any, held_out: "tuple[Any, NDArray[Any]] | None"
) -> TrainingData:
    """Return training data with the splits that `cv` stands for, or with rows to judge by.

    Raises
    ------
    OptionError
        If both are given, or they do not fit the rows.
    """
    if held_out is None:
        if cv is None:
            return given
        classification = given.classification
        splits = read_splits(cv, given.X, given.y, given.groups, classification=classification)
        return replace(given, splits=splits)
    if cv is not None or given.groups is not None or given.times is not None:
        raise OptionError("validation= is a split already: leave out cv, groups and times")
    X, y = held_out
    if len(y) != X.shape[0]:
        raise OptionError(f"validation= has {X.shape[0]} rows and {len(y)} values of y")
    return given.with_held_out(X, y)


def read_held_out(model: Any, given: Any) -> "tuple[Any, NDArray[Any]] | None":
    """Check `validation`, a pair of features and target, against the rows that a model has seen."""
    if given is None:
        return None
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise OptionError("validation= must be a pair (X, y) of further rows to judge by")
    X, y = given[0], np.asarray(column_or_1d(given[1]))
    if not len(y):
        raise OptionError("validation= holds no rows: leave it out")
    if hasattr(X, "columns"):
        return known_columns(model, X), y
    return validate_data(model, X, reset=False, dtype=None, ensure_all_finite=False), y
