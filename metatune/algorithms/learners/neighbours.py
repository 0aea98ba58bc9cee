"""Nearest neighbours, at most as many as there are rows."""

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.neighbors import KDTree, KNeighborsClassifier, KNeighborsRegressor

if TYPE_CHECKING:
    from metatune._typing import AnyArray, IndexArray


__all__ = ["NeighboursClassifier", "NeighboursRegressor"]

_PRIOR_ROWS = 1.0


class _Neighbours(BaseEstimator):  # type: ignore[misc]
    """Base of the classifier and the regressor; the parameters are scikit-learn's.

    Neighbours are weighted by their sample weights; `n_neighbors` still counts rows.
    """

    model_: Any
    row_weights_: Any = None

    def __init__(self, n_neighbors: int = 5, weights: str = "uniform", p: int = 2) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.p = p

    def _settings(self, n_rows: int) -> dict[str, Any]:
        used = min(self.n_neighbors, n_rows)
        return {"n_neighbors": used, "weights": self.weights, "p": self.p, "n_jobs": 1}

    def _keep_weights(self, sample_weight: "AnyArray | None") -> None:
        self.row_weights_ = None if sample_weight is None else np.array(sample_weight, dtype=float)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the search tree, which follows from the rows."""
        state = dict(super().__getstate__())
        if "model_" in state:
            state["model_"] = copy(state["model_"])
            state["model_"]._tree = None
        return state

    @property
    def _searched(self) -> Any:
        """Neighbours with their search tree, made anew where it was left behind."""
        model = self.model_
        if model._fit_method == "kd_tree" and model._tree is None:
            model._tree = KDTree(model._fit_X, model.leaf_size, metric=model.effective_metric_)
        return model

    def _votes(self, X: "AnyArray") -> "tuple[IndexArray, AnyArray]":
        """Return the neighbours of each row and their weights, both (n_rows, n_used)."""
        distances, neighbours = self._searched.kneighbors(X)
        votes = self.row_weights_[neighbours]
        if self.weights == "distance":
            same = distances == 0
            with np.errstate(divide="ignore"):
                nearness = np.where(same.any(axis=1, keepdims=True), same, 1.0 / distances)
            votes = votes * nearness
        return neighbours, votes


class NeighboursClassifier(ClassifierMixin, _Neighbours):  # type: ignore[misc]
    """Class shares among the neighbours, mixed with those of all rows as if these were one more."""

    codes_: Any = None

    def fit(
        self, X: "AnyArray", y: "AnyArray", sample_weight: "AnyArray | None" = None
    ) -> "NeighboursClassifier":
        """Fit on labels 0..n_classes-1."""
        self._keep_weights(sample_weight)
        total = len(y) if sample_weight is None else sample_weight.sum()
        self.prior_ = np.bincount(y, weights=sample_weight) / total
        self.codes_ = None if sample_weight is None else np.asarray(y)
        self.model_ = KNeighborsClassifier(**self._settings(len(y))).fit(X, y)
        return self

    def predict_proba(self, X: "AnyArray") -> "AnyArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        shares = self._shares(X)
        n_used = self.model_.n_neighbors
        return np.asarray((shares * n_used + _PRIOR_ROWS * self.prior_) / (n_used + _PRIOR_ROWS))

    def _shares(self, X: "AnyArray") -> "AnyArray":
        if self.row_weights_ is None:
            return np.asarray(self._searched.predict_proba(X), dtype=np.float64)
        neighbours, votes = self._votes(X)
        labels = self.codes_[neighbours]
        totals = [np.where(labels == k, votes, 0.0).sum(axis=1) for k in range(len(self.prior_))]
        shares = np.column_stack(totals)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))


class NeighboursRegressor(RegressorMixin, _Neighbours):  # type: ignore[misc]
    """Mean of the neighbours."""

    values_: Any = None

    def fit(
        self, X: "AnyArray", y: "AnyArray", sample_weight: "AnyArray | None" = None
    ) -> "NeighboursRegressor":
        """Fit on target values."""
        self._keep_weights(sample_weight)
        self.values_ = None if sample_weight is None else np.asarray(y)
        self.model_ = KNeighborsRegressor(**self._settings(len(y))).fit(X, y)
        return self

    def predict(self, X: "AnyArray") -> "AnyArray":
        """Return values of shape (n_rows,)."""
        if self.values_ is None:
            return np.asarray(self._searched.predict(X))
        neighbours, votes = self._votes(X)
        return np.asarray((self.values_[neighbours] * votes).sum(axis=1) / votes.sum(axis=1))
