"""Statistical meta-features of single numeric columns: moments, tails, outliers, modes, grids."""

from typing import TYPE_CHECKING

import numpy as np

from metatune.metafeatures.aggregate import finite, largest, mean, share, spread
from metatune.metafeatures.feature import Values, define

if TYPE_CHECKING:
    from metatune._typing import FloatArray, IntArray


__all__ = ["SHAPE_FEATURES", "column_shapes", "moments", "tukey_outlier_share"]

_NAME = "statistical"
_NORMAL_TAIL = 3.4489  # (q99 - q01) / (q75 - q25) of a normal distribution

SHAPE_FEATURES = (
    *define(
        _NAME,
        "auto-sklearn (Feurer et al. 2015), StatLog (Michie et al. 1994)",
        {
            "KurtosisMin": "smallest excess kurtosis of a numeric column (0 without)",
            "KurtosisMax": "largest excess kurtosis of a numeric column (0 without)",
            "KurtosisMean": "mean excess kurtosis of numeric columns (0 without)",
            "KurtosisSTD": "standard deviation of the excess kurtoses (0 without)",
            "SkewnessMin": "smallest skewness of a numeric column (0 without)",
            "SkewnessMax": "largest skewness of a numeric column (0 without)",
            "SkewnessMean": "mean skewness of numeric columns (0 without)",
            "SkewnessSTD": "standard deviation of the skewnesses (0 without)",
        },
    ),
    *define(
        _NAME,
        "Rivolli et al. 2022",
        {
            "OutlierShareMean": "mean share of cells beyond 1.5 quartile ranges from the quartiles",
            "OutlierFeatureShare": "share of numeric columns with such a cell",
            "NearNormalFeatureShare": "share of numeric columns: |skewness| < 0.5, |kurtosis| < 1",
            "ZeroShareMean": "mean share of exact zeros in numeric columns (sparsity)",
            "ZeroShareMax": "largest share of exact zeros in a numeric column",
            "UniqueShareMean": "mean of distinct over known cells of numeric columns",
        },
    ),
    *define(
        _NAME,
        "Ellison 1987 (Sarle's bimodality coefficient)",
        {
            "BimodalityMean": "mean of (skewness^2 + 1) / kurtosis; 5/9 for a uniform column",
            "BimodalityShare": "share of numeric columns where that exceeds 5/9",
        },
    ),
    *define(
        _NAME,
        "Hogg 1974; Hinkley 1975",
        {
            "TailWeightMean": "mean log of (q99-q01)/(q75-q25) against the normal distribution's",
            "QuantileSkewnessMean": "mean |q90 + q10 - 2 q50| / (q90 - q10) of numeric columns",
        },
    ),
    *define(
        _NAME,
        "this project",
        {
            "IntegerFeatureShare": "share of numeric columns that hold whole numbers only",
            "TwoValuedFeatureShare": "share of numeric columns with exactly two values",
            "ConstantFeatureShare": "share of numeric columns with at most one value",
            "ModeShareMean": "mean share of the most frequent value of numeric columns",
            "LogScaleRange": "log10 of largest over smallest quartile range or deviation",
            "PositiveFeatureShare": "share of numeric columns without a negative value",
        },
    ),
)


def moments(X: "FloatArray") -> tuple["FloatArray", "FloatArray"]:
    """Return skewness and excess kurtosis (population moments, as scipy's) of each column.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns), float64
        NaN is left out.

    Returns
    -------
    tuple of two ndarrays of shape (n_columns,)
        NaN for columns that are constant or empty.
    """
    known = ~np.isnan(X)
    n = known.sum(axis=0)
    filled = np.where(known, X, 0.0)
    scale = np.abs(filled).max(axis=0, initial=0.0)
    filled /= np.where(scale > 0.0, scale, 1.0)
    centred = np.where(known, filled - filled.sum(axis=0) / n, 0.0)
    square = centred * centred
    m2 = square.sum(axis=0) / n
    m3 = (square * centred).sum(axis=0) / n
    m4 = (square * square).sum(axis=0) / n
    m2 = np.where(m2 > 1e-28, m2, np.nan)
    return m3 / m2**1.5, m4 / m2**2 - 3.0


def column_shapes(X: "FloatArray") -> Values:
    """Compute the features of this module for the numeric columns `X`."""
    skewness, kurtosis = moments(X)
    values = {**spread("Kurtosis", kurtosis, 0.0), **spread("Skewness", skewness, 0.0)}
    if X.size == 0:
        return values
    bimodality = (skewness**2 + 1.0) / np.where(kurtosis > -3.0, kurtosis + 3.0, np.nan)
    near_normal = (np.abs(skewness) < 0.5) & (np.abs(kurtosis) < 1.0)
    # A contiguous row for each column; sorting puts what is missing at its end.
    ordered = np.sort(np.ascontiguousarray(X.T), axis=1)
    return {
        **values,
        "NearNormalFeatureShare": share(near_normal),
        "BimodalityMean": mean(bimodality),
        "BimodalityShare": share(bimodality > 5.0 / 9.0),
        **_quantile_features(ordered),
        **_value_features(ordered),
    }


def _counts(ordered: "FloatArray") -> "IntArray":
    counts: IntArray = (~np.isnan(ordered)).sum(axis=1)
    return counts


def _quantiles(ordered: "FloatArray", shares: list[float]) -> "FloatArray":
    """Return linearly interpolated quantiles, shape (n_shares, n_columns); NaN if empty."""
    n = np.maximum(_counts(ordered), 1)
    rows = np.arange(len(ordered))
    place = np.asarray(shares)[:, None] * (n - 1)
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, n - 1)
    weight = place - low
    below, above = ordered[rows, low], ordered[rows, high]
    quantiles: FloatArray = below * (1.0 - weight) + above * weight
    return quantiles


def tukey_outlier_share(ordered: "FloatArray") -> "FloatArray":
    """Return the share of cells outside Tukey's fences for each row of sorted values.

    Parameters
    ----------
    ordered : ndarray of shape (n_columns, n_rows), float64
        Sorted along the rows, NaN last.

    Returns
    -------
    ndarray of shape (n_columns,)
        NaN for empty columns.
    """
    q25, q75 = _quantiles(ordered, [0.25, 0.75])
    reach = 1.5 * (q75 - q25)
    outside = (ordered < (q25 - reach)[:, None]) | (ordered > (q75 + reach)[:, None])
    n = _counts(ordered)
    return np.where(n > 0, outside.sum(axis=1) / np.maximum(n, 1), np.nan)


def _quantile_features(ordered: "FloatArray") -> Values:
    scale = np.nanmax(np.abs(np.where(np.isnan(ordered), 0.0, ordered)), axis=1)
    relative = ordered / np.where(scale > 0.0, scale, 1.0)[:, None]
    q01, q10, q25, q50, q75, q90, q99 = _quantiles(
        relative, [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]
    )
    middle, most = q75 - q25, q90 - q10
    tail = np.where(middle > 0.0, (q99 - q01) / middle, np.nan)
    lean = np.where(most > 0.0, np.abs(q90 + q10 - 2.0 * q50) / most, np.nan)
    outliers = tukey_outlier_share(relative)
    width = np.where(middle > 0.0, np.log10(middle) + np.log10(scale), np.nan)
    widths = finite(width)
    return {
        "OutlierShareMean": mean(outliers),
        "OutlierFeatureShare": share(outliers > 0.0),
        "TailWeightMean": mean(np.log(tail / _NORMAL_TAIL)),
        "QuantileSkewnessMean": mean(lean),
        "LogScaleRange": float(np.ptp(widths)) if widths.size else np.nan,
    }


def _value_features(ordered: "FloatArray") -> Values:
    n = _counts(ordered)
    known = np.maximum(n, 1)
    # NaN differs from everything, so the places behind the known values must not be counted.
    new = ordered[:, 1:] != ordered[:, :-1]
    inside = np.arange(1, ordered.shape[1])[None, :] < n[:, None]
    distinct = np.where(n > 0, 1 + (new & inside).sum(axis=1), 0)
    zero_share = np.where(n > 0, (ordered == 0.0).sum(axis=1) / known, np.nan)
    whole = ((ordered == np.floor(ordered)) | np.isnan(ordered)).all(axis=1)
    first = ordered[:, 0]
    return {
        "ZeroShareMean": mean(zero_share),
        "ZeroShareMax": largest(zero_share),
        "UniqueShareMean": mean(np.where(n > 0, distinct / known, np.nan)),
        "IntegerFeatureShare": share(whole & (n > 0)),
        "TwoValuedFeatureShare": share(distinct == 2),
        "ConstantFeatureShare": share(distinct <= 1),
        "ModeShareMean": mean(_mode_shares(ordered, n)),
        "PositiveFeatureShare": share(first >= 0.0),
    }


def _mode_shares(ordered: "FloatArray", n: "IntArray") -> "FloatArray":
    shares = np.full(len(ordered), np.nan)
    for j, count in enumerate(n):
        if count:
            row = ordered[j, :count]
            edges = np.flatnonzero(row[1:] != row[:-1]) + 1
            shares[j] = np.diff(np.concatenate([[0], edges, [count]])).max() / count
    return shares
