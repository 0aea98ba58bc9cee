"""Support vector machines whose kernel width adapts to the data."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, clone

if TYPE_CHECKING:
    from metatune._typing import AnyArray


__all__ = ["ScaledKernel"]


class ScaledKernel(BaseEstimator):  # type: ignore[misc]
    """Support vector machine with a kernel width relative to the spread of the data.

    Parameters
    ----------
    estimator : sklearn.svm.SVC or sklearn.svm.SVR
        Its own `gamma` is replaced.
    width : float
        Multiple of scikit-learn's gamma "scale", 1 / (n_columns * variance).
    """

    def __init__(self, estimator: Any, width: float = 1.0) -> None:
        self.estimator = estimator
        self.width = width

    def fit(
        self, X: "AnyArray", y: "AnyArray", sample_weight: "AnyArray | None" = None
    ) -> "ScaledKernel":
        """Fit on labels or target values; a row's weight multiplies its C."""
        variance = float(np.var(X))
        gamma = self.width / (X.shape[1] * variance) if variance > 0 else self.width
        machine = clone(self.estimator).set_params(gamma=gamma)
        self.estimator_ = machine.fit(X, y, sample_weight=sample_weight)
        return self

    def decision_function(self, X: "AnyArray") -> "AnyArray":
        """Return the scores of a classifier, (n_rows,) or (n_rows, n_classes)."""
        return np.asarray(self.estimator_.decision_function(X))

    def predict(self, X: "AnyArray") -> "AnyArray":
        """Return labels or values of shape (n_rows,)."""
        return np.asarray(self.estimator_.predict(X))
