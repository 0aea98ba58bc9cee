"""Preprocessing of the encoded matrix for a learner."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from metatune.algorithms.categories import CategoryEncoder
from metatune.algorithms.numeric import LARGEST, NumericEncoder
from metatune.data.row_metadata import PLAIN, RowMetadata

if TYPE_CHECKING:
    from metatune._typing import AnyArray


__all__ = ["NativePreprocessor", "TablePreprocessor", "column_names", "keep_names"]


class TablePreprocessor(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Encode numbers and categories; the output is dense.

    Parameters
    ----------
    n_levels : tuple of int
        For each column 0 for a number, else the number of category codes.
    scaling, imputation : str
        See `NumericEncoder`.
    encoding : str
        See `CategoryEncoder`.
    classification : bool
        Whether the target holds classes (for the target encoding).
    dtype : {"float64", "float32"}
        Type of the output.
    seed : int
        Seed of all random choices.
    """

    worth_sharing: ClassVar[bool] = True
    """True if its output of a fold is worth keeping for other configurations."""

    def __init__(
        self,
        n_levels: tuple[int, ...],
        scaling: str = "standard",
        imputation: str = "median",
        encoding: str = "one_hot",
        classification: bool = True,
        dtype: str = "float64",
        seed: int = 0,
    ) -> None:
        self.n_levels = n_levels
        self.scaling = scaling
        self.imputation = imputation
        self.encoding = encoding
        self.classification = classification
        self.dtype = dtype
        self.seed = seed

    def fit(
        self, X: "AnyArray", y: "AnyArray", row_metadata: RowMetadata = PLAIN
    ) -> "TablePreprocessor":
        """Learn the recipe; see `fit_transform`."""
        self.fit_transform(X, y, row_metadata)
        return self

    def fit_transform(
        self, X: "AnyArray", y: "AnyArray", row_metadata: RowMetadata = PLAIN
    ) -> "AnyArray":
        """Learn the recipe and encode the training rows.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
            Numbers, category codes, NaN where missing.
        y : ndarray of shape (n_rows,)
            Labels or target values.
        row_metadata : RowMetadata
            Metadata of these rows; weights and groups count where categories become target means.

        Returns
        -------
        ndarray of shape (n_rows, n_out)
            Never without columns: if none is usable, there is one of zeros.
        """
        keep_names(self, X)
        X = np.asarray(X, dtype=np.float64)
        self.n_features_in_ = X.shape[1]
        levels = np.asarray(self.n_levels, dtype=np.int64)
        self.numeric_, self.categorical_ = np.flatnonzero(levels == 0), np.flatnonzero(levels > 0)
        parts = []
        if len(self.numeric_):
            self.numeric_encoder_ = NumericEncoder(self.scaling, self.imputation, self.seed)
            parts.append(
                self.numeric_encoder_.fit(X[:, self.numeric_]).transform(X[:, self.numeric_])
            )
        if len(self.categorical_):
            self.category_encoder_ = CategoryEncoder(
                n_levels=tuple(int(n) for n in levels[self.categorical_]),
                encoding=self.encoding,
                classification=self.classification,
                seed=self.seed,
            )
            parts.append(
                self.category_encoder_.fit_transform(X[:, self.categorical_], y, row_metadata)
            )
        return self._joined(parts, len(X))

    def transform(self, X: "AnyArray") -> "AnyArray":
        """Return the encoded matrix of shape (n_rows, n_out)."""
        X = np.asarray(X, dtype=np.float64)
        parts = []
        if len(self.numeric_):
            parts.append(self.numeric_encoder_.transform(X[:, self.numeric_]))
        if len(self.categorical_):
            parts.append(self.category_encoder_.transform(X[:, self.categorical_]))
        return self._joined(parts, len(X))

    def get_feature_names_out(self, input_features: Any = None) -> "AnyArray":
        """Return the names of the encoded columns."""
        names = column_names(self, input_features)
        parts = []
        if len(self.numeric_):
            parts.append(self.numeric_encoder_.get_feature_names_out(names[self.numeric_]))
        if len(self.categorical_):
            parts.append(self.category_encoder_.get_feature_names_out(names[self.categorical_]))
        joined = np.concatenate([np.empty(0, dtype=object), *parts])
        return joined if len(joined) else np.asarray(["constant"], dtype=object)

    def _joined(self, parts: "list[AnyArray]", n_rows: int) -> "AnyArray":
        parts = [part for part in parts if part.shape[1]]
        joined = np.hstack(parts) if parts else np.zeros((n_rows, 1))
        return joined.astype(self.dtype, copy=False)


class NativePreprocessor(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Leave the matrix as it is, for learners that take missing cells and category codes.

    Codes outside their levels become missing; columns keep their positions.

    Parameters
    ----------
    n_levels : tuple of int
        For each column 0 for a number, else the number of category codes.
    """

    worth_sharing: ClassVar[bool] = False

    def __init__(self, n_levels: tuple[int, ...]) -> None:
        self.n_levels = n_levels

    def fit(self, X: "AnyArray", y: Any = None) -> "NativePreprocessor":  # noqa: ARG002
        """Store the number of columns; nothing else is learned."""
        keep_names(self, X)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: "AnyArray") -> "AnyArray":
        """Return a float64 matrix of the same shape."""
        X = np.array(X, dtype=np.float64, order="C")
        levels = np.asarray(self.n_levels)
        unknown = (levels > 0) & ((X < 0) | (levels <= X))
        X[unknown] = np.nan
        return np.clip(X, -LARGEST, LARGEST, out=X)

    def get_feature_names_out(self, input_features: Any = None) -> "AnyArray":
        """Return the names of the columns, which stay as they are."""
        return column_names(self, input_features)


def keep_names(step: Any, X: Any) -> None:
    """Keep the names of the columns that a step is fitted on, if they come with names."""
    if hasattr(X, "columns"):
        step.feature_names_in_ = np.asarray(X.columns, dtype=object)


def column_names(step: Any, given: Any) -> "AnyArray":
    """Return the names of a step's columns: as given, as at the fit, else x0, x1, ... ."""
    if given is None:
        given = getattr(step, "feature_names_in_", [f"x{i}" for i in range(step.n_features_in_)])
    return np.asarray(given, dtype=object)
