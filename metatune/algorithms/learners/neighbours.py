"""Nearest neighbours that never ask for more neighbours than there are rows."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[Any]

__all__ = ["NeighboursClassifier", "NeighboursRegressor"]

_PRIOR_ROWS = 1.0


class _Neighbours(BaseEstimator):  # type: ignore[misc]
    """What the classifier and the regressor share; the parameters are scikit-learn's."""

    def __init__(self, n_neighbors: int = 5, weights: str = "uniform", p: int = 2) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.p = p

    def _settings(self, n_rows: int) -> dict[str, Any]:
        used = min(self.n_neighbors, n_rows)
        return {"n_neighbors": used, "weights": self.weights, "p": self.p, "n_jobs": 1}


class NeighboursClassifier(ClassifierMixin, _Neighbours):  # type: ignore[misc]
    """Class shares among the neighbours, mixed with those of all rows as if these were one more."""

    def fit(self, X: "FloatArray", y: "FloatArray") -> "NeighboursClassifier":
        """Fit on labels 0..n_classes-1."""
        self.prior_ = np.bincount(y) / len(y)
        self.model_ = KNeighborsClassifier(**self._settings(len(y))).fit(X, y)
        return self

    def predict_proba(self, X: "FloatArray") -> "FloatArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        shares = np.asarray(self.model_.predict_proba(X), dtype=np.float64)
        n_used = self.model_.n_neighbors
        return np.asarray((shares * n_used + _PRIOR_ROWS * self.prior_) / (n_used + _PRIOR_ROWS))


class NeighboursRegressor(RegressorMixin, _Neighbours):  # type: ignore[misc]
    """Mean of the neighbours."""

    def fit(self, X: "FloatArray", y: "FloatArray") -> "NeighboursRegressor":
        """Fit on target values."""
        self.model_ = KNeighborsRegressor(**self._settings(len(y))).fit(X, y)
        return self

    def predict(self, X: "FloatArray") -> "FloatArray":
        """Return values of shape (n_rows,)."""
        return np.asarray(self.model_.predict(X))
