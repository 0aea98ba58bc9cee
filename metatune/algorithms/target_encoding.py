"""Target encoding: a category becomes the smoothed mean of the target among its rows."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

__all__ = ["TargetMeanEncoder"]

_SMOOTHING = 10.0  # rows at the overall mean that every level is mixed with
_N_FOLDS = 5
_MAX_TARGETS = 8


class TargetMeanEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Replace category codes by shrunken target means (Micci-Barreca, 2001).

    A numeric target and a binary one give one column for each category column; several classes
    give one for each of the eight most frequent classes. Training rows are cross-fitted. Unlike
    scikit-learn's encoder it takes any class counts, down to a single row, and its folds do not
    depend on the version of scikit-learn.

    Parameters
    ----------
    n_levels : tuple of int
        Levels of each column; codes are -1 (missing) to ``n_levels - 1``.
    classification : bool
        Whether the target holds classes.
    seed : int
        Seed of the folds.
    """

    def __init__(
        self, n_levels: tuple[int, ...], classification: bool = True, seed: int = 0
    ) -> None:
        self.n_levels = n_levels
        self.classification = classification
        self.seed = seed

    def fit(self, codes: "IntArray", y: "NDArray[Any]") -> "TargetMeanEncoder":
        """Learn the means of all rows."""
        targets = self._targets(y)
        self.prior_ = targets.mean(axis=0)
        self.means_ = self._level_means(codes, targets, self.prior_)
        return self

    def fit_transform(self, codes: "IntArray", y: "NDArray[Any]") -> "FloatArray":
        """Learn the means, and encode each row by means that do not contain it."""
        self.fit(codes, y)
        targets = self._targets(y)
        n_rows = len(codes)
        if n_rows < 2:
            return self.transform(codes)
        fold = np.random.default_rng(self.seed).permutation(n_rows) % min(_N_FOLDS, n_rows)
        encoded = np.empty((n_rows, codes.shape[1] * targets.shape[1]))
        for k in range(int(fold.max()) + 1):
            inside, outside = fold == k, fold != k
            prior = targets[outside].mean(axis=0)
            means = self._level_means(codes[outside], targets[outside], prior)
            encoded[inside] = _look_up(codes[inside], means)
        return encoded

    def transform(self, codes: "IntArray") -> "FloatArray":
        """Encode rows by the means of all training rows; unseen levels get the overall mean."""
        return _look_up(codes, self.means_)

    def _targets(self, y: "NDArray[Any]") -> "FloatArray":
        if not self.classification:
            values = np.asarray(y, dtype=np.float64)
            scale = float(np.abs(values).max(initial=0.0)) or 1.0
            return (values / scale)[:, None]
        labels, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        frequent = np.argsort(-counts, kind="stable")[:_MAX_TARGETS]
        chosen = frequent if len(labels) > 2 else np.array([len(labels) - 1])
        return np.asarray(codes[:, None] == chosen[None, :], dtype=np.float64)

    def _level_means(
        self, codes: "IntArray", targets: "FloatArray", prior: "FloatArray"
    ) -> "list[FloatArray]":
        means = []
        for column, n_levels in zip(codes.T, self.n_levels, strict=True):
            shifted = column + 1
            counts = np.bincount(shifted, minlength=n_levels + 1)[:, None]
            sums = np.stack(
                [np.bincount(shifted, weights=t, minlength=n_levels + 1) for t in targets.T], axis=1
            )
            means.append((sums + _SMOOTHING * prior) / (counts + _SMOOTHING))
        return means


def _look_up(codes: "IntArray", means: "list[FloatArray]") -> "FloatArray":
    return np.hstack([table[column + 1] for column, table in zip(codes.T, means, strict=True)])
