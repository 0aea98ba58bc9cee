"""Numeric encoder: scaling, imputation and indicators of missing cells."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import QuantileTransformer, RobustScaler, StandardScaler

if TYPE_CHECKING:
    from metatune._typing import AnyArray, BoolArray, FloatArray


__all__ = ["LARGEST", "NumericEncoder", "RangeClipper"]

LARGEST = 1e30  # squares still fit into float64, and the value itself into float32
_FARTHEST = 1e6
_SOFT_LIMIT = 3.0


class RangeClipper(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Clip each column to the range of its training values, widened on either side.

    A cell far outside of what the training rows hold is a wrong entry (the year 0) or a new
    situation. Linear models and networks would extrapolate to it as if their slope held forever,
    and one such row can make most of the squared error.

    Parameters
    ----------
    margin : float
        How far beyond the training values new ones may lie, as a share of their range.
    """

    def __init__(self, margin: float = 0.15) -> None:
        self.margin = margin

    def fit(self, X: "FloatArray", y: Any = None) -> "RangeClipper":  # noqa: ARG002
        """Learn the range of columns of numbers, of which each holds at least one."""
        low, high = np.nanmin(X, axis=0), np.nanmax(X, axis=0)
        slack = self.margin * (high - low)
        self.low_, self.high_ = low - slack, high + slack
        return self

    def transform(self, X: "FloatArray") -> "FloatArray":
        """Return the clipped columns; missing cells stay missing."""
        return np.clip(X, self.low_, self.high_)


class NumericEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Scale numbers, impute missing cells, and add indicators of them.

    Columns that are empty or constant in the training rows carry no information and are dropped.

    Parameters
    ----------
    scaling : {"none", "standard", "robust", "quantile"}
        "robust" divides by the interquartile range and squashes outliers smoothly into
        (-3, 3); "quantile" maps ranks to a normal distribution. New rows stay near the range of
        the training rows, see `RangeClipper`.
    imputation : {"none", "mean", "median", "indicator"}
        "none" leaves NaN for learners that take it; "indicator" fills with the median and adds a
        column of 0 and 1 for every column with missing cells.
    seed : int
        Seed of the row subsample that the quantiles are taken from.
    """

    def __init__(
        self, scaling: str = "standard", imputation: str = "median", seed: int = 0
    ) -> None:
        self.scaling = scaling
        self.imputation = imputation
        self.seed = seed

    def fit(self, X: "FloatArray", y: Any = None) -> "NumericEncoder":  # noqa: ARG002
        """Learn which columns to keep, their scale and their fill values.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
            Numbers, NaN where missing.
        y : ignored
        """
        X = np.clip(X, -LARGEST, LARGEST)
        missing = np.isnan(X)
        partly = missing.any(axis=0) & ~missing.all(axis=0)
        varies = _varies(X, missing)
        self.kept_ = np.flatnonzero(varies | partly if self.imputation == "none" else varies)
        flagged = partly if self.imputation == "indicator" else np.zeros_like(partly)
        self.flagged_ = np.flatnonzero(flagged)
        self.scalers_ = []
        kept = X[:, self.kept_]
        if len(self.kept_):
            for scaler in _scalers(self.scaling, self.seed, len(X)):
                kept = scaler.fit_transform(kept)
                self.scalers_.append(scaler)
        self.fill_ = np.zeros(len(self.kept_))
        if len(self.kept_) and self.imputation != "none":
            average = np.nanmean if self.imputation == "mean" else np.nanmedian
            self.fill_ = np.asarray(average(self._scaled(X), axis=0))
        return self

    def transform(self, X: "FloatArray") -> "FloatArray":
        """Return the encoded matrix of shape (n_rows, n_kept + n_flagged), float64."""
        scaled = self._scaled(X)
        if self.imputation != "none":
            scaled = np.where(np.isnan(scaled), self.fill_, scaled)
        if not len(self.flagged_):
            return scaled
        return np.hstack([scaled, np.isnan(X[:, self.flagged_]).astype(np.float64)])

    def get_feature_names_out(self, input_features: "AnyArray") -> "AnyArray":
        """Return the names of the encoded columns, given those of the columns before."""
        names = [input_features[i] for i in self.kept_]
        flags = [f"{input_features[i]}: missing" for i in self.flagged_]
        return np.asarray([*names, *flags], dtype=object)

    def _scaled(self, X: "FloatArray") -> "FloatArray":
        """Return the kept columns, scaled, with their missing cells."""
        scaled = np.clip(X[:, self.kept_], -LARGEST, LARGEST)
        if not self.scalers_:
            return scaled
        with np.errstate(over="ignore"):
            for scaler in self.scalers_:
                scaled = scaler.transform(scaled)
        # Squares have to stay finite, of rows that a model saved before ranges were kept is given.
        scaled = np.clip(scaled, -_FARTHEST, _FARTHEST)
        if self.scaling == "robust":
            scaled = scaled / np.sqrt(1.0 + (scaled / _SOFT_LIMIT) ** 2)
        return scaled


def _varies(X: "FloatArray", missing: "BoolArray") -> "BoolArray":
    low = np.where(missing, np.inf, X).min(axis=0, initial=np.inf)
    high = np.where(missing, -np.inf, X).max(axis=0, initial=-np.inf)
    return np.asarray(low < high)


def _scalers(scaling: str, seed: int, n_rows: int) -> list[Any]:
    if scaling == "standard":
        return [StandardScaler(), RangeClipper()]
    if scaling == "robust":
        return [RobustScaler(), RangeClipper()]
    if scaling == "quantile":
        quantiles = QuantileTransformer(
            n_quantiles=max(1, min(1000, n_rows)), output_distribution="normal", random_state=seed
        )
        # After, because ties, and so columns of few values, end far out.
        # Before, because scikit-learn takes values within 1e-7 of the lowest as the lowest.
        return [StandardScaler(), quantiles, StandardScaler()]
    return []
