"""Refitting of a model's parts on new rows that may have sample weights."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import Pipeline

from metatune.algorithms.fitting import fit_pipeline
from metatune.data.row_metadata import counting_rows

if TYPE_CHECKING:
    from metatune._typing import AnyArray

__all__ = ["fit_again"]


def fit_again(part: Any, X: "AnyArray", y: "AnyArray", sample_weight: "AnyArray | None") -> Any:
    """Fit a part of a model.

    Parameters
    ----------
    part : Pipeline or estimator
        Pipeline of a family, or the last step of one, or a constant.
    X : array-like of shape (n_rows, n_columns)
        What the steps before it make of the new rows.
    y : ndarray of shape (n_rows,)
        Codes of labels, or values.
    sample_weight : array-like of shape (n_rows,) or None
        Rows of weight zero count as absent.

    Returns
    -------
    Pipeline or estimator
        The same part.

    Raises
    ------
    OptionError
        If the weights cannot be used.
    """
    X = np.asarray(X)
    if sample_weight is None:
        return part.fit(X, y)
    if isinstance(part, Pipeline):
        rows, row_metadata = counting_rows(sample_weight, len(X))
        return fit_pipeline(part, X[rows], np.asarray(y)[rows], row_metadata)
    return part.fit(X, y, sample_weight=sample_weight)
