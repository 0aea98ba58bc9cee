"""Statistical meta-features of a numeric target: skew, tails, zeros, grid, effect of a log."""

from typing import TYPE_CHECKING

import numpy as np

from metatune.metafeatures.feature import Values, define
from metatune.metafeatures.shape import moments, tukey_outlier_share

if TYPE_CHECKING:
    from metatune._typing import FloatArray


__all__ = ["TARGET_FEATURES", "target_shape"]

TARGET_FEATURES = define(
    "statistical",
    "Rivolli et al. 2022; Lorena et al. 2018 (regression only)",
    {
        "TargetSkewness": "skewness of the target",
        "TargetKurtosis": "excess kurtosis of the target",
        "TargetOutlierShare": "share beyond 1.5 quartile ranges from the quartiles",
        "TargetZeroShare": "share of exact zeros",
        "TargetUniqueShare": "distinct values over rows",
        "TargetModeShare": "share of the most frequent value",
        "TargetIsInteger": "1 if all values are whole numbers, else 0",
        "TargetIsPositive": "1 if no value is negative, else 0",
        "TargetVariationCoefficient": "standard deviation over the magnitude of the mean, <= 1000",
        "TargetLogSkewness": "skewness after log(1 + y / median of the positive ones); y >= 0 only",
        "TargetLogRange": "log10 of the 99 % over the 1 % quantile; positive targets only",
    },
)


def target_shape(y: "FloatArray") -> Values:
    """Describe target values `y` of shape (n_rows,); NaN where it makes no sense."""
    if not len(y):
        return {}
    # Largest magnitude 1, so that squares of huge values stay finite.
    scale = np.abs(y).max()
    relative = y / (scale if scale > 0.0 else 1.0)
    ordered = np.sort(relative)
    skewness, kurtosis = moments(relative[:, None])
    edges = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    runs = np.diff(np.concatenate([[0], edges, [len(y)]]))
    deviation, centre = float(relative.std()), abs(float(relative.mean()))
    return {
        "TargetSkewness": float(skewness[0]),
        "TargetKurtosis": float(kurtosis[0]),
        "TargetOutlierShare": float(tukey_outlier_share(ordered[None, :])[0]),
        "TargetZeroShare": float(np.mean(y == 0.0)),
        "TargetUniqueShare": len(runs) / len(y),
        "TargetModeShare": float(runs.max()) / len(y),
        "TargetIsInteger": float(np.all(y == np.floor(y))),
        "TargetIsPositive": float(ordered[0] >= 0.0),
        "TargetVariationCoefficient": min(deviation / centre, 1e3) if centre > 0.0 else np.nan,
        **_logarithmic(ordered),
    }


def _logarithmic(ordered: "FloatArray") -> Values:
    positive = ordered[ordered > 0.0]
    if ordered[0] < 0.0 or not positive.size:
        return {}
    unit = float(np.median(positive))
    values = {"TargetLogSkewness": float(moments(np.log1p(ordered / unit)[:, None])[0][0])}
    if ordered[0] > 0.0:
        low, high = np.quantile(ordered, [0.01, 0.99])
        values["TargetLogRange"] = float(np.log10(high) - np.log10(low))
    return values
