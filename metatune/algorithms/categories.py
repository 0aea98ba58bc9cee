"""Category encoder: converts codes to columns that a learner can use."""

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import OneHotEncoder

from metatune.algorithms.target_encoding import TargetMeanEncoder
from metatune.data.row_metadata import PLAIN, RowMetadata

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray, IntArray


__all__ = ["MISSING_CODE", "CategoryEncoder", "canonical_codes"]

MISSING_CODE = -1

_MAX_LEVELS = 30
_MAX_COLUMNS = 600


class CategoryEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Encode category codes; columns with one level in the training rows are mostly dropped.

    Parameters
    ----------
    n_levels : tuple of int
        Levels of each column; other codes count as missing.
    encoding : {"one_hot", "ordinal", "target", "levels"}
        "one_hot" groups rare levels and gives columns of more than about 30 levels to the target
        encoding, so that the width stays bounded; "ordinal" keeps the codes, with -1 for missing;
        "levels" is for learners that make columns of the codes themselves: it keeps all columns of
        codes, at the end, and puts target means of those with more than 30 levels before them.
    classification : bool
        Whether the target holds classes.
    seed : int
        Seed of the cross-fitting of the target encoding.
    """

    def __init__(
        self,
        n_levels: tuple[int, ...],
        encoding: str = "one_hot",
        classification: bool = True,
        seed: int = 0,
    ) -> None:
        self.n_levels = n_levels
        self.encoding = encoding
        self.classification = classification
        self.seed = seed

    def fit(
        self, X: "FloatArray", y: "AnyArray", row_metadata: RowMetadata = PLAIN
    ) -> "CategoryEncoder":
        """Learn the levels; see `fit_transform`."""
        self.fit_transform(X, y, row_metadata)
        return self

    def fit_transform(
        self, X: "FloatArray", y: "AnyArray", row_metadata: RowMetadata = PLAIN
    ) -> "FloatArray":
        """Learn the levels and return the encoded training rows.

        Target-encoded columns are cross-fitted here: a row's own target does not enter its cells.
        """
        codes = canonical_codes(X, self.n_levels)
        counts = np.array([len(np.unique(column)) for column in codes.T], dtype=np.intp)
        usable = np.flatnonzero(counts > 1)
        self._share_out(usable, counts[usable])
        parts = []
        if len(self.one_hot_):
            self.one_hot_encoder_ = OneHotEncoder(
                min_frequency=min(10, 1 + len(codes) // 500),
                handle_unknown="infrequent_if_exist",
                sparse_output=False,
            )
            parts.append(self.one_hot_encoder_.fit_transform(codes[:, self.one_hot_]))
        if len(self.target_):
            self.target_encoder_ = TargetMeanEncoder(
                n_levels=tuple(self.n_levels[i] for i in self.target_),
                classification=self.classification,
                seed=self.seed,
            )
            parts.append(
                self.target_encoder_.fit_transform(codes[:, self.target_], y, row_metadata)
            )
        return np.hstack([*parts, codes[:, self.ordinal_].astype(np.float64)])

    def transform(self, X: "FloatArray") -> "FloatArray":
        """Return the encoded matrix, float64; levels never seen are treated as rare ones."""
        codes = canonical_codes(X, self.n_levels)
        parts = []
        if len(self.one_hot_):
            parts.append(self.one_hot_encoder_.transform(codes[:, self.one_hot_]))
        if len(self.target_):
            parts.append(self.target_encoder_.transform(codes[:, self.target_]))
        return np.hstack([*parts, codes[:, self.ordinal_].astype(np.float64)])

    def get_feature_names_out(self, input_features: "AnyArray") -> "AnyArray":
        """Return the names of the encoded columns, given those of the columns before."""
        names = np.asarray(input_features, dtype=object)
        parts = [names[self.ordinal_]]
        if len(self.target_):
            parts.insert(0, self.target_encoder_.get_feature_names_out(names[self.target_]))
        if len(self.one_hot_):
            parts.insert(0, self.one_hot_encoder_.get_feature_names_out(names[self.one_hot_]))
        return np.concatenate(parts)

    def _share_out(self, usable: "IndexArray", counts: "IndexArray") -> None:
        """Choose the encoding of each column."""
        none = usable[:0]
        self.one_hot_, self.target_, self.ordinal_ = none, none, none
        if self.encoding == "ordinal":
            self.ordinal_ = usable
        elif self.encoding == "target":
            self.target_ = usable
        elif self.encoding == "one_hot":
            cap = _level_cap(counts)
            self.one_hot_, self.target_ = usable[counts <= cap], usable[counts > cap]
        else:
            self.target_ = usable[counts > _MAX_LEVELS]
            self.ordinal_ = np.arange(len(self.n_levels))


def canonical_codes(X: "FloatArray", n_levels: tuple[int, ...]) -> "IntArray":
    """Return codes as integers, `MISSING_CODE` where they are NaN or outside their levels."""
    valid = (X >= 0) & (np.asarray(n_levels) > X)  # False for NaN
    return np.where(valid, X, MISSING_CODE).astype(np.int64)


def _level_cap(counts: "IndexArray") -> int:
    """Return the largest number of levels so that one-hot columns stay within the width allowed."""
    for cap in range(_MAX_LEVELS, 2, -1):
        if int(counts[counts <= cap].sum()) <= _MAX_COLUMNS:
            return cap
    return 2
