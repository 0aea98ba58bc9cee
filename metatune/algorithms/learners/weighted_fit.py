"""Fit of an estimator with sample weights, groups and times where its `fit` accepts them."""

from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import has_fit_parameter

from metatune.algorithms.learners.stopping import WatchedRows
from metatune.data.row_metadata import RowFacts

if TYPE_CHECKING:
    from metatune._typing import AnyArray


__all__ = ["fit_learner"]


def fit_learner(
    learner: Any,
    X: "AnyArray",
    y: "AnyArray",
    facts: RowFacts,
    watched: WatchedRows | None = None,
) -> Any:
    """Fit an estimator with sample weights, groups and times where its `fit` accepts them.

    Parameters
    ----------
    learner : estimator
        Its `fit` takes ``facts`` (own learners that hold rows out or weigh them themselves),
        or scikit-learn's ``sample_weight``.
    X : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows,)
    facts : RowFacts
        Metadata of these rows.
    watched : WatchedRows, optional
        Rows by which it may stop, if it stops early at all.

    Raises
    ------
    TypeError
        If there are weights and the learner takes neither: no family may ignore them.
    """
    if watched is not None and has_fit_parameter(learner, "watched"):
        return learner.fit(X, y, facts=facts, watched=watched)
    if facts.is_plain:
        return learner.fit(X, y)
    if has_fit_parameter(learner, "facts"):
        return learner.fit(X, y, facts=facts)
    if facts.weights is None:
        return learner.fit(X, y)
    return learner.fit(X, y, sample_weight=facts.weights)
