"""Parts that make columns for a learner."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

__all__ = [
    "RangeClipper",
    "TargetMeans",
    "ValueMeans",
    "as_float32",
    "clip_far",
    "clip_large",
    "missing_flags",
    "ratio",
    "squash",
    "use_minus_one",
]


def clip_large(X: Any) -> Any:
    """Bring numbers into the range in which their squares are finite."""
    return np.clip(np.asarray(X, dtype=np.float64), -1e30, 1e30)


def clip_far(X: Any) -> Any:
    """Draw values of new rows in that lie absurdly far outside those of the training rows."""
    return np.clip(X, -1e6, 1e6)


def squash(X: Any) -> Any:
    """Squash outliers smoothly into (-3, 3)."""
    return X / np.sqrt(1.0 + (X / 3.0) ** 2)


def missing_flags(X: Any) -> Any:
    """Return 1 where a cell is missing, else 0."""
    return np.isnan(X).astype(np.float64)


def as_float32(X: Any) -> Any:
    """Halve the digits of numbers, which is twice as fast."""
    return X.astype(np.float32)


def ratio(a: Any, b: Any) -> Any:
    """Divide columns; missing where the divisor is zero."""
    return a / b.where(b != 0)


def use_minus_one(X: Any) -> Any:
    """Write the codes of categories as integers, -1 where they are missing."""
    return np.where(np.isnan(X), -1, X).astype(np.int64)


class RangeClipper(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Clip columns to the range of their training values, widened by 15 % on either side.

    A wrong entry in a new row, like the year 0, would else be extrapolated to.
    """

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002
        low, high = np.nanmin(X, axis=0), np.nanmax(X, axis=0)
        slack = 0.15 * (high - low)
        self.low_, self.high_ = low - slack, high + slack
        return self

    def transform(self, X: Any) -> Any:
        return np.clip(X, self.low_, self.high_)


class ValueMeans(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Replace the codes of categories by the mean target of their rows.

    Means are drawn towards the overall mean as if each category had ten rows more. Training rows
    get means of the other four fifths of the rows, so that their own target has no say.
    """

    def __init__(self, seed: Any) -> None:
        self.seed = seed

    def fit(self, X: Any, y: Any) -> Self:
        self.size_ = X.max() + 3  # for missing cells, codes up to the largest, and unseen ones
        self.means_ = self._means(X, self._targets(y))
        return self

    def fit_transform(self, X: Any, y: Any) -> Any:
        self.fit(X, y)
        targets = self._targets(y)
        n_folds = min(5, len(X))
        fold = np.random.default_rng(self.seed).permutation(len(X)) % n_folds
        encoded = np.empty((len(X), X.shape[1] * targets.shape[1]))
        for k in range(n_folds):
            means = self._means(X[fold != k], targets[fold != k])
            encoded[fold == k] = self._look_up(X[fold == k], means)
        return encoded

    def transform(self, X: Any) -> Any:
        return self._look_up(X, self.means_)

    def _targets(self, y: Any) -> Any:
        return (y / np.abs(y).max())[:, None]

    def _means(self, X: Any, targets: Any) -> Any:
        overall = targets.mean(axis=0)
        means = []
        for column in X.T + 1:
            counts = np.bincount(column, minlength=self.size_)[:, None]
            sums = [np.bincount(column, target, minlength=self.size_) for target in targets.T]
            means.append((np.stack(sums, axis=1) + 10.0 * overall) / (counts + 10.0))
        return means

    def _look_up(self, X: Any, means: Any) -> Any:
        places = np.minimum(X.T + 1, self.size_ - 1)
        return np.hstack([table[column] for column, table in zip(places, means, strict=True)])


class TargetMeans(ValueMeans):
    """Replace the codes of categories by the shares of the classes among their rows.

    Of two classes the share of the second one, else those of the eight most frequent ones.
    """

    def _targets(self, y: Any) -> Any:
        labels, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        frequent = np.argsort(-counts, kind="stable")[:8]
        chosen = frequent if len(labels) > 2 else np.array([1])
        return (codes[:, None] == chosen).astype(np.float64)
