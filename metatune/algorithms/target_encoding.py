"""Target encoding of categories by the smoothed mean of the target among their rows."""

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from metatune.data.row_metadata import PLAIN, RowMetadata

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray, IntArray


__all__ = ["TargetMeanEncoder", "cross_fitting_folds"]

_SMOOTHING = 10.0  # rows at the overall mean that every level is mixed with
_N_FOLDS = 5
_MAX_TARGETS = 8


class TargetMeanEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Replace category codes by shrunken target means (Micci-Barreca, 2001).

    A numeric target and a binary one give one column for each category column; several classes
    give one for each of the eight most frequent classes. Training rows are cross-fitted, groups of
    rows together. Unlike scikit-learn's encoder it takes any class counts, down to a single row,
    and its folds do not depend on the version of scikit-learn.

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

    def fit(
        self, codes: "IntArray", y: "AnyArray", row_metadata: RowMetadata = PLAIN
    ) -> "TargetMeanEncoder":
        """Learn the means of all rows."""
        targets = self._targets(y)
        self.prior_ = np.average(targets, axis=0, weights=row_metadata.weights)
        self.means_ = self._level_means(codes, targets, self.prior_, row_metadata.weights)
        return self

    def fit_transform(
        self, codes: "IntArray", y: "AnyArray", row_metadata: RowMetadata = PLAIN
    ) -> "FloatArray":
        """Learn the means, and encode each row by means that do not contain it."""
        self.fit(codes, y, row_metadata)
        targets = self._targets(y)
        n_rows = len(codes)
        fold = cross_fitting_folds(n_rows, self.seed, row_metadata.groups)
        if not fold.any():
            return self.transform(codes)
        encoded = np.empty((n_rows, codes.shape[1] * targets.shape[1]))
        for k in np.unique(fold):
            inside, outside = fold == k, fold != k
            weights = None if row_metadata.weights is None else row_metadata.weights[outside]
            prior = np.average(targets[outside], axis=0, weights=weights)
            means = self._level_means(codes[outside], targets[outside], prior, weights)
            encoded[inside] = _look_up(codes[inside], means)
        return encoded

    def transform(self, codes: "IntArray") -> "FloatArray":
        """Encode rows by the means of all training rows; unseen levels get the overall mean."""
        return _look_up(codes, self.means_)

    def get_feature_names_out(self, input_features: "AnyArray") -> "AnyArray":
        """Return the names of the encoded columns, given those of the columns before."""
        n_targets = len(self.prior_)
        parts = ["mean"] if n_targets == 1 else [f"mean {i}" for i in range(n_targets)]
        return np.asarray([f"{n}: {part}" for n in input_features for part in parts], dtype=object)

    def _targets(self, y: "AnyArray") -> "FloatArray":
        if not self.classification:
            values = np.asarray(y, dtype=np.float64)
            scale = float(np.abs(values).max(initial=0.0)) or 1.0
            return (values / scale)[:, None]
        labels, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        frequent = np.argsort(-counts, kind="stable")[:_MAX_TARGETS]
        chosen = frequent if len(labels) > 2 else np.array([len(labels) - 1])
        return np.asarray(codes[:, None] == chosen[None, :], dtype=np.float64)

    def _level_means(
        self,
        codes: "IntArray",
        targets: "FloatArray",
        prior: "FloatArray",
        weights: "FloatArray | None",
    ) -> "list[FloatArray]":
        weighted = targets if weights is None else targets * weights[:, None]
        means = []
        for column, n_levels in zip(codes.T, self.n_levels, strict=True):
            shifted = column + 1
            counts = np.bincount(shifted, weights=weights, minlength=n_levels + 1)[:, None]
            sums = np.stack(
                [np.bincount(shifted, weights=t, minlength=n_levels + 1) for t in weighted.T],
                axis=1,
            )
            means.append((sums + _SMOOTHING * prior) / (counts + _SMOOTHING))
        return means


def cross_fitting_folds(
    n_rows: int, seed: int, groups: "IntArray | None", n_folds: int = _N_FOLDS
) -> "IndexArray":
    """Return the fold of each row, all 0 where there is nothing to split.

    Rows of a group have the same fold, unless there is one group only.
    """
    codes = np.arange(n_rows)
    if groups is not None and (groups != groups[0]).any():
        codes = np.unique(groups, return_inverse=True)[1]
    n_codes = int(codes.max(initial=0)) + 1
    dealt = np.random.default_rng(seed).permutation(n_codes) % min(n_folds, n_codes)
    return np.asarray(dealt[codes], dtype=np.intp)


def _look_up(codes: "IntArray", means: "list[FloatArray]") -> "FloatArray":
    return np.hstack([table[column + 1] for column, table in zip(codes.T, means, strict=True)])
