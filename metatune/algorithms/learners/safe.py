"""Last step of every pipeline: a wrapper that makes any learner safe.

`SafeClassifier` takes labels of any type and training rows of one class, hides warnings and never
predicts a probability of 0 or 1. `SafeRegressor` learns a standardised target and never predicts
far outside the range of the training targets.
"""

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone

from metatune.algorithms.learners.stopping import TrainingRows, WatchedRows
from metatune.algorithms.learners.targets import TargetTransform
from metatune.algorithms.learners.weighted_fit import fit_learner
from metatune.data.row_metadata import PLAIN, RowMetadata, counting_rows

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray


__all__ = ["SafeClassifier", "SafeRegressor"]

_MARGIN = 0.15  # how far beyond the range of the training targets predictions may go


class SafeClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Wrapper of a classifier for labels 0..n_classes-1.

    Parameters
    ----------
    estimator : classifier
        Has `fit` and `predict_proba`; only ever sees two classes or more, as integers.
    smoothing : float
        Probabilities are mixed with the uniform distribution as if `smoothing` of the training
        rows had been spread over all classes: a zero that turns out wrong costs infinite log loss.
    """

    def __init__(self, estimator: Any, smoothing: float = 1.0) -> None:
        self.estimator = estimator
        self.smoothing = smoothing

    def fit(
        self,
        X: "FloatArray",
        y: "AnyArray",
        row_metadata: RowMetadata = PLAIN,
        watched: WatchedRows | None = None,
        sample_weight: "AnyArray | None" = None,
    ) -> "SafeClassifier":
        """Fit on rows of one or more classes.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
        y : ndarray of shape (n_rows,)
            Labels of any type that can be sorted.
        row_metadata : RowMetadata
            Metadata of these rows.
        watched : WatchedRows, optional
            Rows by which a learner that stops early may stop; those of classes that `y` lacks are
            left out.
        sample_weight : array-like of shape (n_rows,), optional
            Weights as scikit-learn passes them, in the place of `row_metadata`.
        """
        X, y, row_metadata = _weighed(X, y, row_metadata, sample_weight)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.n_features_in_ = X.shape[1]
        self.share_ = self.smoothing / (len(codes) + self.smoothing)
        if len(self.classes_) > 1:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                labels = codes.astype(np.int64)
                known = None if watched is None else self._known(watched)
                self.estimator_ = fit_learner(clone(self.estimator), X, labels, row_metadata, known)
        return self

    def as_learned(self, rows: TrainingRows) -> TrainingRows:
        """Return the rows of known classes, with the learner's labels."""
        return replace(rows, y=np.searchsorted(self.classes_, rows.y))

    def _known(self, watched: WatchedRows) -> WatchedRows:
        known = np.flatnonzero(np.isin(watched.rows.y, self.classes_))
        rows = self.as_learned(watched.rows.take(known))
        return replace(watched, rows=rows, halves=watched.halves[known])

    def predict_proba(self, X: "FloatArray") -> "FloatArray":
        """Return probabilities of shape (n_rows, n_classes): finite, above zero, rows sum to 1."""
        n_classes = len(self.classes_)
        if n_classes == 1:
            return np.ones((len(X), 1))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            raw = np.asarray(self.estimator_.predict_proba(np.asarray(X)), dtype=np.float64)
        raw = np.clip(np.nan_to_num(raw, nan=0.0, posinf=1.0), 0.0, None)
        total = raw.sum(axis=1, keepdims=True)
        proba = np.where(total > 0, raw / np.where(total > 0, total, 1.0), 1.0 / n_classes)
        mixed = (1.0 - self.share_) * proba + self.share_ / n_classes
        return np.asarray(mixed / mixed.sum(axis=1, keepdims=True))

    def predict(self, X: "FloatArray") -> "AnyArray":
        """Return the most probable label of each row."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])


class SafeRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Wrapper of a regressor, which learns a transformed target of mean 0 and variance 1.

    Predictions are clipped to the range of the training targets, widened by 15 % on either side:
    linear models, networks and Gaussian processes else extrapolate without bounds.

    Parameters
    ----------
    estimator : regressor
        Has `fit` and `predict`.
    target : {"standard", "log", "quantile"}
        See `TargetTransform`.
    """

    def __init__(self, estimator: Any, target: str = "standard") -> None:
        self.estimator = estimator
        self.target = target

    def fit(
        self,
        X: "FloatArray",
        y: "AnyArray",
        row_metadata: RowMetadata = PLAIN,
        watched: WatchedRows | None = None,
        sample_weight: "AnyArray | None" = None,
    ) -> "SafeRegressor":
        """Fit on finite target values.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
        y : ndarray of shape (n_rows,)
        row_metadata : RowMetadata
            Metadata of these rows.
        watched : WatchedRows, optional
            Rows by which a learner that stops early may stop.
        sample_weight : array-like of shape (n_rows,), optional
            Weights as scikit-learn passes them, in the place of `row_metadata`.
        """
        X, y, row_metadata = _weighed(X, y, row_metadata, sample_weight)
        values = np.asarray(y, dtype=np.float64)
        self.n_features_in_ = X.shape[1]
        self.low_, self.high_ = float(values.min()), float(values.max())
        if self.low_ < self.high_:
            self.transform_ = TargetTransform(self.target).fit(values)
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                transformed = self.transform_.transform(values)
                known = None
                if watched is not None:
                    known = replace(watched, rows=self.as_learned(watched.rows))
                self.estimator_ = fit_learner(
                    clone(self.estimator), X, transformed, row_metadata, known
                )
        return self

    def as_learned(self, rows: TrainingRows) -> TrainingRows:
        """Return rows with the learner's target values."""
        values = np.asarray(rows.y, dtype=np.float64)
        return replace(rows, y=self.transform_.transform(values))

    def predict(self, X: "FloatArray") -> "FloatArray":
        """Return finite values of shape (n_rows,)."""
        if self.low_ == self.high_:
            return np.full(len(X), self.low_)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            raw = np.asarray(self.estimator_.predict(np.asarray(X)), dtype=np.float64)
            raw = raw.reshape(len(X))
            values = self.transform_.inverse(np.nan_to_num(raw, nan=0.0))
        margin = _MARGIN * (self.high_ / 2 - self.low_ / 2) * 2
        return np.clip(values, self.low_ - margin, self.high_ + margin)


def _weighed(
    X: "FloatArray", y: "AnyArray", row_metadata: RowMetadata, sample_weight: "AnyArray | None"
) -> "tuple[FloatArray, AnyArray, RowMetadata]":
    """Leave out the rows of weight zero, if there are weights; tables become arrays."""
    X = np.asarray(X)
    if sample_weight is None:
        return X, y, row_metadata
    rows, weighed = counting_rows(sample_weight, len(X))
    return X[rows], np.asarray(y)[rows], weighed
