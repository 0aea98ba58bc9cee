"""Fit of an estimator with sample weights, groups and times where its `fit` accepts them."""

from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import has_fit_parameter

from metatune.algorithms.learners.stopping import WatchedRows
from metatune.data.row_metadata import RowMetadata

if TYPE_CHECKING:
    from metatune._typing import AnyArray


__all__ = ["fit_learner"]


def fit_learner(
    learner: Any,
    X: "AnyArray",
    y: "AnyArray",
    row_metadata: RowMetadata,
    watched: WatchedRows | None = None,
) -> Any:
    """Fit an estimator with sample weights, groups and times where its `fit` accepts them.

    Parameters
    ----------
    learner : estimator
        Its `fit` takes ``row_metadata`` (own learners that hold rows out or weigh them themselves),
        or scikit-learn's ``sample_weight``.
    X : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows,)
    row_metadata : RowMetadata
        Metadata of these rows.
    watched : WatchedRows, optional
        Rows by which it may stop, if it stops early at all.

    Raises
    ------
    TypeError
        If there are weights and the learner takes neither: no family may ignore them.
    """
    if watched is not None and has_fit_parameter(learner, "watched"):
        return learner.fit(X, y, row_metadata=row_metadata, watched=watched)
    if row_metadata.is_plain:
        return learner.fit(X, y)
    if has_fit_parameter(learner, "row_metadata"):
        return learner.fit(X, y, row_metadata=row_metadata)
    if row_metadata.weights is None:
        return learner.fit(X, y)
    return learner.fit(X, y, sample_weight=row_metadata.weights)
