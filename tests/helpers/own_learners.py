"""Learners as users write them: outside metatune, with scikit-learn's interface."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

__all__ = ["Centroids", "Forgetful", "Median"]


class Centroids(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Distance to the mean of each class; it has scores, and no probabilities."""

    def __init__(self, power: float = 2.0) -> None:
        self.power = power

    def fit(self, X: Any, y: Any) -> "Centroids":
        self.classes_ = np.unique(y)
        self.means_ = np.array([X[y == label].mean(axis=0) for label in self.classes_])
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        far = [(np.abs(X - mean) ** self.power).sum(axis=1) for mean in self.means_]
        scores = -np.stack(far, axis=1)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict(self, X: Any) -> np.ndarray:
        scores = self.decision_function(X)
        positions = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[positions])


class Median(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The median of the targets; a share of it is a parameter."""

    def __init__(self, share: float = 0.5) -> None:
        self.share = share

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Median":
        self.value_ = float(np.quantile(y, self.share))
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: Any) -> np.ndarray:
        return np.full(len(X), self.value_)


class Forgetful(Centroids):
    """Classifier whose parameters do not survive a copy."""

    def decision_function(self, X: Any) -> np.ndarray:
        noise = np.random.default_rng().normal(size=len(X))
        return super().decision_function(X) + (noise if len(self.classes_) == 2 else noise[:, None])
