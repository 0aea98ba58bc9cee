"""Checks of the features and the target that an estimator is given."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from metatune.data.columns.inference import with_text_names
from metatune.data.task.given_target import plain_target
from metatune.data.task.make_task import to_frame
from metatune.data.wording import counted, listed
from metatune.errors import TableError, UnknownColumnsWarning

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["check_rows", "check_training_data", "column_names", "known_columns"]

_MIN_ROWS = 2


def check_training_data(estimator: Any, X: Any, y: Any) -> "tuple[Any, NDArray[Any]]":
    """Check features and target as scikit-learn does; tables keep their columns as they are.

    Parameters
    ----------
    estimator : MetaTuneClassifier or MetaTuneRegressor
        Learns the number of features and their names.
    X : DataFrame or array-like of shape (n_rows, n_columns)
    y : array-like of shape (n_rows,)

    Returns
    -------
    tuple of (DataFrame or array, ndarray of shape (n_rows,))

    Raises
    ------
    InputError
        If columns share a name, there are too few rows, or the target cannot be learned.
    ValueError
        If scikit-learn's own checks refuse them.
    """
    y = plain_target(y)
    classification = is_classifier(estimator)
    if _is_table(X):
        X = _with_possible_names(X)
        validate_data(estimator, X, y, skip_check_array=True)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_consistent_length(X, y)
    else:
        X, y = validate_data(
            estimator, X, y, dtype=None, ensure_all_finite=False, y_numeric=not classification
        )
    if len(X) < _MIN_ROWS:
        raise TableError(f"n_samples={len(X)} is too little to learn: give more rows")
    if classification:
        check_classification_targets(y)
    return X, np.asarray(y)


def check_rows(estimator: Any, X: Any) -> "pd.DataFrame":
    """Check the features of rows to be predicted, and turn them into a table.

    Columns are found by name, whatever their order; the target is left alone where it is among
    them, and further ones are ignored with a warning. Where one side has no names, columns count
    by their position.
    """
    check_is_fitted(estimator, "pipeline_")
    if not _is_table(X):
        X = validate_data(estimator, X, reset=False, dtype=None, ensure_all_finite=False)
        return to_frame(X)[0]
    return to_frame(known_columns(estimator, X))[0]


def known_columns(estimator: Any, X: Any) -> Any:
    """Return the columns of the fit, in its order, of a table with column names.

    Raises
    ------
    ValueError
        If one is missing, as scikit-learn says it.
    """
    known = getattr(estimator, "feature_names_in_", None)
    X = _in_order(_with_possible_names(X), known, getattr(estimator, "_target", None))
    validate_data(estimator, X, reset=False, skip_check_array=True)
    return X


def column_names(X: Any) -> list[Any]:
    """Return the names of a table's columns; none for arrays."""
    return list(X.columns) if _is_table(X) else []


def _is_table(X: Any) -> bool:
    """Return True if `X` has columns with names: a DataFrame of pandas, polars, ..."""
    return hasattr(X, "columns")


def _with_possible_names(X: Any) -> Any:
    """Name columns by texts where only some names are texts: scikit-learn takes all or none."""
    names = column_names(X)
    texts = sum(isinstance(name, str) for name in names)
    if len({str(name) for name in names}) == len(names) and texts in (0, len(names)):
        return X
    return with_text_names(X)  # or an error, if two are the same


def _in_order(X: Any, known: "NDArray[Any] | None", target: str | None) -> Any:
    """Return the columns that the fit knew in its order, if all of them are there."""
    names = column_names(X)
    if known is None or list(known) == names or not set(known) <= set(names):
        return X
    extra = [str(name) for name in names if name not in {*known, target}]
    if extra:
        what = counted(len(extra), "column")
        warnings.warn(
            f"{what} that the model does not know ignored: {listed(extra)}",
            UnknownColumnsWarning,
            stacklevel=5,
        )
    return X[list(known)]
