"""Transformations of a numeric target."""

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.preprocessing import QuantileTransformer

if TYPE_CHECKING:
    from metatune._typing import FloatArray


__all__ = ["TargetTransform"]


class TargetTransform(BaseEstimator):  # type: ignore[misc]
    """Map target values to mean 0 and variance 1, and predictions back.

    Parameters
    ----------
    method : {"standard", "log", "quantile"}
        "standard" is linear. "log" takes the logarithm, smoothly through zero (inverse hyperbolic
        sine in units of the median distance from the centre). "quantile" maps ranks to a normal
        distribution.
    """

    def __init__(self, method: str = "standard") -> None:
        self.method = method

    def fit(self, y: "FloatArray") -> "TargetTransform":
        """Learn from finite values of shape (n_rows,), not all equal."""
        # Halving first keeps the spread of values near the largest float finite.
        self.unit_ = float(np.abs(y).max()) * 2.0
        scaled = y / self.unit_
        # Amounts start at zero; values of both signs are taken around their median.
        self.centre_ = 0.0 if scaled.min() >= 0 else float(np.median(scaled))
        distance = np.abs(scaled - self.centre_)
        self.distance_ = float(np.median(distance)) or float(distance.mean())
        if self.method == "quantile":
            # From the logarithm: scikit-learn takes values within 1e-7 of the lowest as the lowest.
            self.quantiles_ = QuantileTransformer(
                n_quantiles=min(1000, len(y)),
                output_distribution="normal",
                subsample=None,
            ).fit(self._log(scaled)[:, None])
        bent = self._bend(scaled)
        self.mean_ = float(bent.mean())
        self.std_ = float(bent.std()) or 1.0
        return self

    def transform(self, y: "FloatArray") -> "FloatArray":
        """Return transformed values of shape (n_rows,)."""
        return (self._bend(y / self.unit_) - self.mean_) / self.std_

    def inverse(self, values: "FloatArray") -> "FloatArray":
        """Return values on the scale of the target."""
        bent = values * self.std_ + self.mean_
        if self.method == "quantile":
            bent = self.quantiles_.inverse_transform(bent[:, None])[:, 0]
        if self.method != "standard":
            bent = self.centre_ + self.distance_ * np.sinh(np.clip(bent, -700.0, 700.0))
        largest = np.finfo(np.float64).max
        return np.asarray(np.clip(bent * self.unit_, -largest, largest))

    def _bend(self, scaled: "FloatArray") -> "FloatArray":
        if self.method == "log":
            return self._log(scaled)
        if self.method == "quantile":
            return np.asarray(self.quantiles_.transform(self._log(scaled)[:, None])[:, 0])
        return scaled

    def _log(self, scaled: "FloatArray") -> "FloatArray":
        return np.asarray(np.arcsinh((scaled - self.centre_) / self.distance_))
