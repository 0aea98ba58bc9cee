"""Statistical meta-features of several columns: correlation, link to the target, main axes."""

from typing import TYPE_CHECKING

import numpy as np

from metatune.metafeatures.aggregate import largest, mean, ratio, share
from metatune.metafeatures.feature import Values, define
from metatune.metafeatures.sample import standardize
from metatune.metafeatures.shape import moments

if TYPE_CHECKING:
    from metatune._typing import FloatArray, IndexArray


__all__ = ["ASSOCIATION_FEATURES", "between_features", "main_axes", "with_target"]

_NAME = "statistical"

ASSOCIATION_FEATURES = (
    *define(
        _NAME,
        "StatLog (Michie et al. 1994), Rivolli et al. 2022",
        {
            "AbsCorrelationMean": "mean |Pearson correlation| of pairs of numeric columns",
            "AbsCorrelationMax": "largest |Pearson correlation| of a pair",
            "AbsCorrelationSTD": "standard deviation of |Pearson correlation| over pairs",
            "HighCorrelationShare": "share of pairs of numeric columns with |correlation| > 0.9",
            "ClassScaleHeterogeneity": "deviation, over classes (or fifths of the target), of the "
            "log deviation within them, mean of columns; 0 where they are equal",
        },
    ),
    *define(
        _NAME,
        "Fisher 1925 (correlation ratio), Lorena et al. 2018 (C1, C2 for regression)",
        {
            "TargetCorrelationMean": "mean correlation with the target: |Pearson|, or the "
            "correlation ratio for classes",
            "TargetCorrelationMax": "largest correlation of a numeric column with the target",
            "TargetCorrelationSTD": "standard deviation of these correlations",
            "TargetRankCorrelationMean": "the mean again, after columns became ranks (Spearman)",
            "TargetRankCorrelationMax": "the largest again, after columns became ranks (Spearman)",
            "RankCorrelationGain": "mean gain of the correlation by ranks: what a monotone "
            "transformation buys",
        },
    ),
    *define(
        _NAME,
        "auto-sklearn (Feurer et al. 2015), Bardenet et al. 2013",
        {
            "PCAFractionOfComponentsFor95PercentVariance": "share of principal components that "
            "carry 95 % of the variance (standardised numbers, categories as indicators)",
            "PCAKurtosisFirstPC": "excess kurtosis along the first principal component",
            "PCASkewnessFirstPC": "skewness along it, its sign such that the farthest row is "
            "positive",
        },
    ),
    *define(
        _NAME,
        "Roy and Vetterli 2007 (effective rank)",
        {
            "PCAFirstComponentShare": "share of the variance along the first component",
            "EffectiveRankShare": "exp(entropy of the spectrum) over the number of components",
            "LogConditionNumber": "log10 of largest over smallest non-zero singular value",
        },
    ),
)


def between_features(X: "FloatArray") -> Values:
    """Correlate the numeric columns `X` with each other."""
    S = standardize(X)
    S = S[:, (S != 0.0).any(axis=0)]
    if S.shape[1] < 2:
        return {}
    correlation = np.abs(S.T @ S) / len(S)
    pairs = np.minimum(correlation[np.triu_indices(S.shape[1], k=1)], 1.0)
    return {
        "AbsCorrelationMean": mean(pairs),
        "AbsCorrelationMax": largest(pairs),
        "AbsCorrelationSTD": float(pairs.std()),
        "HighCorrelationShare": share(pairs > 0.9),
    }


def with_target(X: "FloatArray", y: "FloatArray | None", labels: "IndexArray") -> Values:
    """Correlate the numeric columns `X` with the target.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns), float64
        Numeric columns; NaN where missing.
    y : ndarray of shape (n_rows,) or None
        Target values; None for classification.
    labels : ndarray of shape (n_rows,), intp
        Class codes, or codes of target ranges.
    """
    S = standardize(X)
    varies = (S != 0.0).any(axis=0)
    if not varies.any():
        return {}
    S = S[:, varies]
    ranks = standardize(_ranks(X[:, varies]))
    if y is None:
        plain, ranked = _correlation_ratio(S, labels), _correlation_ratio(ranks, labels)
    else:
        plain = np.abs(standardize(y[:, None])[:, 0] @ S) / len(S)
        ranked = np.abs(standardize(_ranks(y[:, None]))[:, 0] @ ranks) / len(S)
    return {
        "TargetCorrelationMean": mean(plain),
        "TargetCorrelationMax": largest(plain),
        "TargetCorrelationSTD": float(plain.std()),
        "TargetRankCorrelationMean": mean(ranked),
        "TargetRankCorrelationMax": largest(ranked),
        "RankCorrelationGain": mean(ranked - plain),
        "ClassScaleHeterogeneity": _scale_heterogeneity(S, labels),
    }


def _ranks(X: "FloatArray") -> "FloatArray":
    """Rank each column, ties by their mean rank; missing cells stay missing."""
    ranks = np.empty(X.shape)
    for j in range(X.shape[1]):
        values, inverse, counts = np.unique(X[:, j], return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - (counts + 1) / 2.0
        ranks[:, j] = np.where(np.isnan(values), np.nan, middle)[inverse]
    return ranks


def _group_sums(S: "FloatArray", labels: "IndexArray") -> tuple["FloatArray", "FloatArray"]:
    """Return rows of each label that occurs as a column, and sums of columns of `S` by label."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    counts = np.diff(starts, append=len(labels)).astype(np.float64)
    return counts[:, None], np.add.reduceat(S[order], starts, axis=0)


def _correlation_ratio(S: "FloatArray", labels: "IndexArray") -> "FloatArray":
    """Return the square root of the share of each column's variance that lies between labels."""
    counts, sums = _group_sums(S, labels)
    between = (sums**2 / counts).sum(axis=0) / len(S)
    ratios: FloatArray = np.sqrt(np.clip(between, 0.0, 1.0))
    return ratios


def _scale_heterogeneity(S: "FloatArray", labels: "IndexArray") -> float:
    counts, sums = _group_sums(S, labels)
    _, squares = _group_sums(S**2, labels)
    common = counts[:, 0] >= 5
    if common.sum() < 2:
        return np.nan
    n = counts[common]
    variance = squares[common] / n - (sums[common] / n) ** 2
    log_deviation = 0.5 * np.log(np.maximum(variance, 1e-6))
    weight = n / n.sum()
    centre = (weight * log_deviation).sum(axis=0)
    return mean(np.sqrt((weight * (log_deviation - centre) ** 2).sum(axis=0)))


def main_axes(Z: "FloatArray") -> Values:
    """Describe the principal components of points `Z` of shape (n_rows, n_axes)."""
    n_axes = Z.shape[1]
    if n_axes == 0 or len(Z) < 2:
        return {}
    Z = Z - Z.mean(axis=0)
    U, singular, _ = _svd(Z)
    variance = singular**2
    shares = variance / variance.sum()
    kept = shares[shares > 1e-12]
    n_needed = int(np.searchsorted(np.cumsum(shares), 0.95 - 1e-9)) + 1
    first = U[:, :1] * np.sign(U[np.abs(U[:, 0]).argmax(), 0])
    skewness, kurtosis = moments(first)
    return {
        "PCAFractionOfComponentsFor95PercentVariance": n_needed / n_axes,
        "PCAKurtosisFirstPC": float(kurtosis[0]),
        "PCASkewnessFirstPC": float(skewness[0]),
        "PCAFirstComponentShare": float(shares[0]),
        "EffectiveRankShare": ratio(np.exp(-(kept * np.log(kept)).sum()), n_axes),
        "LogConditionNumber": float(0.5 * np.log10(kept[0] / kept[-1])),
    }


def _svd(Z: "FloatArray") -> tuple["FloatArray", "FloatArray", "FloatArray"]:
    """Return the thin singular value decomposition, through the smaller Gram matrix.

    An order of magnitude faster than a direct one on tall matrices; the accuracy lost (singular
    values below 1e-8 of the largest) does not matter here.
    """
    tall = len(Z) >= Z.shape[1]
    values, vectors = np.linalg.eigh(Z.T @ Z if tall else Z @ Z.T)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    singular = np.sqrt(values)
    other = np.where(singular > 0.0, singular, 1.0)
    if tall:
        return Z @ vectors / other, singular, vectors.T
    return vectors, singular, (Z.T @ vectors / other).T
