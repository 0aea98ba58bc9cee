"""Pipeline step that adds crossings to the output of another step."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone

from metatune.algorithms.crossings.arithmetic import term_names, term_values
from metatune.algorithms.crossings.choosing import choose_terms
from metatune.algorithms.crossings.relevance import find_relevance
from metatune.algorithms.fitting import fit_step
from metatune.algorithms.numeric import NumericEncoder
from metatune.algorithms.preprocessing import column_names, keep_names
from metatune.data.row_metadata import PLAIN, RowMetadata

if TYPE_CHECKING:
    from metatune._typing import AnyArray, IntArray


__all__ = ["CrossingPreprocessor"]

_FEWEST_ROWS = 40  # below so many rows chance chooses


class CrossingPreprocessor(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Add columns made of pairs of numbers after the columns of another step.

    The pairs are chosen on the training rows, by their relevance to the target.

    Parameters
    ----------
    base : transformer
        Step that makes the other columns.
    n_levels : tuple of int
        For each column 0 for a number, else the number of category codes.
    scaling, imputation : str
        Treatment of the new columns; see `NumericEncoder`.
    classification : bool
        Whether the target holds classes.
    seed : int
        Seed of the rows and the folds by which crossings are judged.

    Attributes
    ----------
    terms_ : ndarray of shape (n_terms, 3)
        The crossings; see `candidate_terms`.
    """

    worth_sharing: ClassVar[bool] = True

    def __init__(
        self,
        base: Any,
        n_levels: tuple[int, ...],
        scaling: str = "none",
        imputation: str = "none",
        classification: bool = True,
        seed: int = 0,
    ) -> None:
        self.base = base
        self.n_levels = n_levels
        self.scaling = scaling
        self.imputation = imputation
        self.classification = classification
        self.seed = seed

    def fit(
        self, X: "AnyArray", y: "AnyArray", row_metadata: RowMetadata = PLAIN
    ) -> "CrossingPreprocessor":
        """Choose the crossings; see `fit_transform`."""
        self.fit_transform(X, y, row_metadata)
        return self

    def fit_transform(
        self, X: "AnyArray", y: "AnyArray", row_metadata: RowMetadata = PLAIN
    ) -> "AnyArray":
        """Choose the crossings and encode the training rows.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
            Numbers, category codes, NaN where missing.
        y : ndarray of shape (n_rows,)
            Labels or target values.
        row_metadata : RowMetadata
            Metadata of these rows.

        Returns
        -------
        ndarray of shape (n_rows, n_out)
            Output of the other step, then the crossings that vary.
        """
        keep_names(self, X)
        X = np.asarray(X, dtype=np.float64)
        self.n_features_in_ = X.shape[1]
        self.base_ = clone(self.base)
        encoded = fit_step(self.base_, X, y, row_metadata)
        self.terms_ = self._chosen(X, y, row_metadata)
        crossed = term_values(X, self.terms_)
        self.encoder_ = NumericEncoder(self.scaling, self.imputation, self.seed).fit(crossed)
        return self._joined(encoded, crossed)

    def transform(self, X: "AnyArray") -> "AnyArray":
        """Return the encoded matrix of shape (n_rows, n_out)."""
        X = np.asarray(X, dtype=np.float64)
        return self._joined(self.base_.transform(X), term_values(X, self.terms_))

    def get_feature_names_out(self, input_features: Any = None) -> "AnyArray":
        """Return the names of the encoded columns, crossings as formulas."""
        names = column_names(self, input_features)
        crossed: AnyArray = np.asarray(term_names(names.tolist(), self.terms_), dtype=np.object_)
        added = self.encoder_.get_feature_names_out(crossed)
        return np.concatenate([self.base_.get_feature_names_out(names), added])

    def _chosen(self, X: "AnyArray", y: "AnyArray", row_metadata: RowMetadata) -> "IntArray":
        levels = np.asarray(self.n_levels, dtype=np.int64)
        numbers = np.flatnonzero(levels == 0)
        if len(X) < _FEWEST_ROWS or len(numbers) < 2 or len(np.unique(y)) < 2:
            return np.empty((0, 3), dtype=np.int64)
        relevance = find_relevance(
            X,
            y,
            levels,
            classification=self.classification,
            seed=self.seed,
            row_metadata=row_metadata,
        )
        return choose_terms(X, numbers, relevance)

    def _joined(self, encoded: "AnyArray", crossed: "AnyArray") -> "AnyArray":
        if not len(self.encoder_.kept_):
            return encoded
        added = self.encoder_.transform(crossed)
        return np.hstack([encoded, added.astype(encoded.dtype, copy=False)])
