"""Fit of a pipeline on rows that have sample weights, groups or times."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import has_fit_parameter

from metatune.algorithms.learners.stopping import WatchedRows
from metatune.data.row_metadata import PLAIN, RowMetadata

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from metatune._typing import AnyArray


__all__ = ["fit_model", "fit_pipeline", "fit_step"]


def fit_pipeline(
    pipeline: "Pipeline", X: "AnyArray", y: "AnyArray", row_metadata: RowMetadata = PLAIN
) -> "Pipeline":
    """Fit a pipeline of two steps, passing the row metadata to each of them.

    Parameters
    ----------
    pipeline : Pipeline
        Unfitted pipeline, as built by an `Algorithm`.
    X : ndarray of shape (n_rows, n_columns)
        Encoded features.
    y : ndarray of shape (n_rows,)
        Labels or target values.
    row_metadata : RowMetadata
        Metadata of these rows. Rows of weight zero are left out: a learner would still count
        them, as neighbours or in a leaf. Scaling and imputation weigh all others equally.

    Returns
    -------
    Pipeline
        The same pipeline, fitted.
    """
    if row_metadata.weights is not None and not row_metadata.weights.all():
        counts = row_metadata.weights > 0
        X, y, row_metadata = X[counts], y[counts], row_metadata.take(counts)
    if row_metadata.is_plain:
        pipeline.fit(X, y)
        return pipeline
    (_, preprocess), (_, model) = pipeline.steps
    fit_model(model, fit_step(preprocess, X, y, row_metadata), y, row_metadata)
    return pipeline


def fit_step(step: Any, X: "AnyArray", y: "AnyArray", row_metadata: RowMetadata) -> "AnyArray":
    """Fit a preprocessing step and return the training rows as it encodes them.

    No row may have the weight zero.
    """
    if row_metadata.is_plain or not has_fit_parameter(step, "row_metadata"):
        return np.asarray(step.fit_transform(X, y))
    return np.asarray(step.fit_transform(X, y, row_metadata=row_metadata))


def fit_model(
    model: Any,
    X: "AnyArray",
    y: "AnyArray",
    row_metadata: RowMetadata,
    watched: WatchedRows | None = None,
) -> None:
    """Fit the last step of a pipeline on encoded rows, none of which has the weight zero.

    Learners that stop early stop by the rows of `watched`, where there are any.
    """
    if watched is not None:
        model.fit(X, y, row_metadata=row_metadata, watched=watched)
    elif row_metadata.is_plain:
        model.fit(X, y)
    else:
        model.fit(X, y, row_metadata=row_metadata)
