"""Linear learners on categories of many levels, one sparse column for each level."""

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.preprocessing import OneHotEncoder

if TYPE_CHECKING:
    from metatune._typing import AnyArray, IntArray


__all__ = ["OneHotLearner"]


_FEWEST_ROWS = 2  # of a level with a column of its own


class OneHotLearner(BaseEstimator):  # type: ignore[misc]
    """Learner that sees category codes as sparse columns of 0 and 1.

    Parameters
    ----------
    estimator : estimator
        Takes sparse matrices and ``sample_weight``.
    n_codes : int
        The last so many columns hold codes, at least one.
    max_columns : int
        The rarer levels share a column until there are no more columns than that.
    """

    def __init__(self, estimator: Any, n_codes: int, max_columns: int) -> None:
        self.estimator = estimator
        self.n_codes = n_codes
        self.max_columns = max_columns

    def fit(
        self, X: "AnyArray", y: "AnyArray", sample_weight: "AnyArray | None" = None
    ) -> "OneHotLearner":
        """Learn the levels, and fit on labels or target values."""
        codes, min_rows = self._codes(X), _FEWEST_ROWS
        while _n_columns(codes, min_rows) > self.max_columns:
            min_rows *= 2
        self.encoder_ = OneHotEncoder(
            min_frequency=min_rows, handle_unknown="infrequent_if_exist"
        ).fit(codes)
        learner = clone(self.estimator)
        self.estimator_ = learner.fit(self.design(X), y, sample_weight=sample_weight)
        return self

    def predict(self, X: "AnyArray") -> "AnyArray":
        """Return labels or values of shape (n_rows,)."""
        return np.asarray(self.estimator_.predict(self.design(X)))

    def predict_proba(self, X: "AnyArray") -> "AnyArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        return np.asarray(self.estimator_.predict_proba(self.design(X)))

    def _codes(self, X: "AnyArray") -> "IntArray":
        return X[:, -self.n_codes :].astype(np.int64)

    def design(self, X: "AnyArray") -> Any:
        """Return the sparse columns that the learner behind sees, (n_rows, n_out)."""
        numbers = sparse.csr_matrix(X[:, : -self.n_codes])
        return sparse.hstack([numbers, self.encoder_.transform(self._codes(X))], format="csr")


def _n_columns(codes: "IntArray", min_rows: int) -> int:
    counts = (np.unique(column, return_counts=True)[1] for column in codes.T)
    return sum(int((count >= min_rows).sum()) + 1 for count in counts)
