"""Final pipeline, which takes tables and returns labels, and the constant models."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.pipeline import Pipeline

from metatune.models.prediction import expand_classes
from metatune.models.refitting import fit_again

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray

__all__ = ["ConstantClassifier", "ConstantRegressor", "LabelDecoder", "assemble_pipeline"]


class LabelDecoder(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classifier fitted on codes that predicts the user's labels.

    Parameters
    ----------
    model : estimator
        Classifier fitted on labels 0..n_classes-1, perhaps not on all of them.
    labels : ndarray of shape (n_classes,)
        The user's label for each code.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The user's labels.
    """

    def __init__(self, model: Any, labels: "AnyArray") -> None:
        self.model = model
        self.labels = labels

    @property
    def classes_(self) -> "AnyArray":
        return self.labels

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the model on new rows, each by its weight."""
        self.labels, codes = np.unique(y, return_inverse=True)
        fit_again(self.model, X, codes, sample_weight)
        return self

    def predict_proba(self, X: Any) -> "FloatArray":
        """Return probabilities of shape (n_rows, n_classes)."""
        return expand_classes(self.model.predict_proba(X), self.model.classes_, len(self.labels))

    def predict(self, X: Any) -> "AnyArray":
        """Return the most probable label of each row."""
        return np.asarray(self.labels[self.predict_proba(X).argmax(axis=1)])

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self.model, "classes_")


class ConstantClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Constant prediction of the shares of the classes: the baseline score."""

    def fit(self, X: Any, y: "AnyArray", sample_weight: Any = None) -> Self:  # noqa: ARG002
        """Count the classes, each row by its weight."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        counts = np.bincount(codes, weights=sample_weight)
        self.shares_ = counts / counts.sum()
        return self

    def predict_proba(self, X: Any) -> "FloatArray":
        """Return the same probabilities for every row."""
        return np.tile(self.shares_, (len(X), 1))

    def predict(self, X: Any) -> "AnyArray":
        """Return the most frequent label for every row."""
        return np.full(len(X), self.classes_[int(np.argmax(self.shares_))])


class ConstantRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Constant prediction of the mean or median of the target: the baseline score.

    Parameters
    ----------
    statistic : {"mean", "median"}
        Statistic to predict; the median for metrics of absolute errors.
    """

    def __init__(self, statistic: str = "mean") -> None:
        self.statistic = statistic

    def fit(self, X: Any, y: "AnyArray", sample_weight: Any = None) -> Self:  # noqa: ARG002
        """Average the target, each row by its weight."""
        if self.statistic == "mean":
            self.value_ = float(np.average(y, weights=sample_weight))
        elif sample_weight is None:
            self.value_ = float(np.median(y))
        else:
            self.value_ = _weighted_median(np.asarray(y), np.asarray(sample_weight))
        return self

    def predict(self, X: Any) -> "FloatArray":
        """Return the same value for every row."""
        return np.full(len(X), self.value_)


def _weighted_median(values: "AnyArray", weights: "AnyArray") -> float:
    """Return the least value that at least half of the weight does not exceed."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])


def assemble_pipeline(encoder: Any, fitted: Any, labels: "AnyArray | None") -> Pipeline:
    """Combine the table encoder with a pipeline fitted on encoded data.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted table encoder.
    fitted : Pipeline or estimator
        Pipeline fitted on the encoded matrix.
    labels : ndarray of shape (n_classes,) or None
        The user's labels in the order of their codes; None for regression.

    Returns
    -------
    Pipeline
        Pipeline that takes a table as users have it.
    """
    steps = fitted.steps if isinstance(fitted, Pipeline) else [("model", fitted)]
    name, model = steps[-1]
    if labels is not None and is_classifier(model):
        model = LabelDecoder(model, labels)
    return Pipeline([("table", encoder), *steps[:-1], (name, model)])
