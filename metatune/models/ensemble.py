"""Ensemble estimators: weighted means of fitted pipelines, in the user's labels."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone

from metatune.models.adjustment import Adjustment
from metatune.models.prediction import expand_classes
from metatune.models.refitting import fit_again
from metatune.models.second_layer import SecondLayer

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray


__all__ = ["EnsembleClassifier", "EnsembleRegressor", "weighted_mean"]


class EnsembleClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Weighted mean of the probabilities of fitted pipelines.

    Parameters
    ----------
    members : list of Pipeline
        Pipelines fitted on the encoded matrix and on codes of labels, perhaps not all labels.
    weights : list of float
        One for each member; with those of the second layer they sum to 1.
    labels : ndarray of shape (n_classes,)
        The user's label for each code.
    temperature : float
        Divisor of the logarithms of the mean: a calibration.
    shifts : list of float
        Shift of the logarithm of each class's probability; empty for none.
    decision : list of float
        Factors of probabilities before the largest decides the label; empty for none.
        For two classes it is a threshold.
    second : SecondLayer or None
        What learns from the members' predictions.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The user's labels.
    """

    def __init__(
        self,
        members: list[Any],
        weights: list[float],
        labels: "AnyArray",
        temperature: float = 1.0,
        shifts: list[float] | None = None,
        decision: list[float] | None = None,
        second: SecondLayer | None = None,
    ) -> None:
        self.members = members
        self.weights = weights
        self.labels = labels
        self.temperature = temperature
        self.shifts = shifts
        self.decision = decision
        self.second = second

    @property
    def classes_(self) -> "AnyArray":
        return self.labels

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit every member on all of new rows, each by its weight; the members' weights stay.

        A second layer is left out: it would have to be learned from rows held out.
        """
        self.labels, codes = np.unique(y, return_inverse=True)
        self.members = [fit_again(clone(m), X, codes, sample_weight) for m in self.members]
        self.weights, self.second = _without_second(self.weights, self.second), None
        return self

    def predict_proba(self, X: Any) -> "FloatArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        return self._adjustment().probabilities(self._mean(X))

    def predict(self, X: Any) -> "AnyArray":
        """Return the label of each row."""
        return np.asarray(self.labels[self._adjustment().decide(self.predict_proba(X))])

    def __sklearn_is_fitted__(self) -> bool:
        return all(hasattr(member, "classes_") for member in self.members)

    def _mean(self, X: Any) -> "FloatArray":
        parts = [
            expand_classes(member.predict_proba(X), member.classes_, len(self.labels))
            for member in self.members
        ]
        return _sum(X, parts, self.weights, self.second)

    def _adjustment(self) -> Adjustment:
        return Adjustment(
            temperature=self.temperature,
            shifts=tuple(self.shifts or ()),
            decision=tuple(self.decision or ()),
        )


class EnsembleRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Weighted mean of the values that fitted pipelines predict.

    Parameters
    ----------
    members : list of Pipeline
        Fitted on the encoded matrix.
    weights : list of float
        One for each member; with those of the second layer they sum to 1.
    low : float or None
        Smaller values are raised to it, where the metric is undefined below.
    second : SecondLayer or None
        What learns from the members' predictions.
    """

    def __init__(
        self,
        members: list[Any],
        weights: list[float],
        low: float | None = None,
        second: SecondLayer | None = None,
    ) -> None:
        self.members = members
        self.weights = weights
        self.low = low
        self.second = second

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit every member on all of new rows, each by its weight; the members' weights stay.

        A second layer is left out: it would have to be learned from rows held out.
        """
        self.members = [fit_again(clone(m), X, y, sample_weight) for m in self.members]
        self.weights, self.second = _without_second(self.weights, self.second), None
        return self

    def predict(self, X: Any) -> "FloatArray":
        """Return values of shape (n_rows,)."""
        parts = [np.asarray(member.predict(X), dtype=np.float64) for member in self.members]
        mean = _sum(X, parts, self.weights, self.second)
        return np.asarray(mean if self.low is None else np.maximum(mean, self.low))

    def __sklearn_is_fitted__(self) -> bool:
        return bool(self.members)


def _sum(
    X: Any, parts: "list[FloatArray]", weights: list[float], second: SecondLayer | None
) -> "FloatArray":
    """Return the weighted sum of the members' predictions and of the second layer's."""
    total = np.zeros(parts[0].shape)
    for part, weight in zip(parts, weights, strict=True):
        total += weight * part
    return total if second is None else total + second.total(X, parts)


def _without_second(weights: list[float], second: SecondLayer | None) -> list[float]:
    """Return weights of the members alone: in proportion, or alike where they have none."""
    if second is None:
        return weights
    total = sum(weights)
    return [weight / total if total > 0.0 else 1.0 / len(weights) for weight in weights]


def weighted_mean(
    members: list[Any],
    weights: list[float],
    labels: "AnyArray | None",
    adjustment: Adjustment,
    *,
    low: float | None = None,
    second: SecondLayer | None = None,
) -> EnsembleClassifier | EnsembleRegressor:
    """Combine fitted pipelines into one estimator.

    Parameters
    ----------
    members : list of Pipeline
        Pipelines fitted on the encoded matrix.
    weights : list of float
        Weight of each member.
    labels : ndarray of shape (n_classes,) or None
        The user's labels in the order of their codes; None for regression.
    adjustment : Adjustment
        Calibration and decision; regression has none.
    low : float, optional
        Least value that regression may predict.
    second : SecondLayer, optional
        What learns from the members' predictions.
    """
    if labels is None:
        return EnsembleRegressor(members, weights, low, second)
    return EnsembleClassifier(
        members,
        weights,
        labels,
        temperature=adjustment.temperature,
        shifts=list(adjustment.shifts),
        decision=list(adjustment.decision),
        second=second,
    )
