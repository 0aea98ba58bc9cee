"""Information-theoretic meta-features, in bits.

Entropies and mutual informations are plug-in estimates from counts. Numbers are cut into ten
ranges of equal frequency and missing cells are a value of their own. OpenML defines its qualities
for categorical columns and a class only: under its names this holds here too, except that a numeric
target is cut into ten ranges. The features named "Binned" cover all columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.metafeatures.aggregate import finite, largest, mean, ratio, share
from metatune.metafeatures.feature import Group, Values, define
from metatune.metafeatures.sample import Sample, quantile_codes

if TYPE_CHECKING:
    from metatune._typing import BoolArray, FloatArray, IndexArray, IntArray


__all__ = ["INFORMATION"]

_NAME = "information-theoretic"
_BINS = 10

_FEATURES = (
    *define(
        _NAME,
        "auto-sklearn (Feurer et al. 2015), StatLog (Michie et al. 1994)",
        {"ClassEntropy": "entropy of the class in bits (classification only)"},
    ),
    *define(
        _NAME,
        "Castiello et al. 2005",
        {"NormalizedClassEntropy": "entropy of the class over log2 of the number of classes"},
    ),
    *define(
        _NAME,
        "OpenML data qualities, StatLog (Michie et al. 1994): categorical columns only",
        {
            "MinAttributeEntropy": "smallest entropy of a categorical column",
            "MeanAttributeEntropy": "mean entropy of categorical columns",
            "MaxAttributeEntropy": "largest entropy of a categorical column",
            "MinMutualInformation": "smallest mutual information of a categorical column and the "
            "target",
            "MeanMutualInformation": "mean mutual information of categorical columns and target",
            "MaxMutualInformation": "largest mutual information of a categorical column and the "
            "target",
            "EquivalentNumberOfAtts": "entropy of the target over MeanMutualInformation",
            "MeanNoiseToSignalRatio": "(MeanAttributeEntropy - MeanMutualInformation) over "
            "MeanMutualInformation",
        },
    ),
    *define(
        _NAME,
        "the same for all columns, numbers cut into ten ranges (Rivolli et al. 2022)",
        {
            "BinnedAttributeEntropyMean": "mean entropy of the columns",
            "BinnedMutualInformationMean": "mean mutual information of a column and the target",
            "BinnedMutualInformationMax": "largest mutual information of a column and the target",
            "BinnedMutualInformationSTD": "standard deviation of the mutual informations",
            "BinnedUncertaintyMean": "mean mutual information over the entropy of the target",
            "BinnedUncertaintyMax": "largest mutual information over the entropy of the target",
            "BinnedEquivalentNumberOfAtts": "log10 of target entropy over mean mutual information",
            "BinnedNoiseToSignalRatio": "log10 of (mean entropy - mean mutual information) over "
            "mean mutual information",
        },
    ),
    *define(
        _NAME,
        "this project",
        {
            "InformativeFeatureShare": "share of columns whose mutual information with the target "
            "exceeds three deviations of chance",
            "InformationConcentration": "share of the sum of mutual informations that the best "
            "tenth of the columns holds",
            "MissingnessInformationMax": "largest mutual information of being missing and the "
            "target over the entropy of the target (0 without missing cells)",
        },
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Information:
    """Entropy of each column, its mutual information with the target, and the chance level."""

    entropy: "FloatArray"
    mutual: "FloatArray"
    chance: "FloatArray"
    missing: "FloatArray"


def _compute(sample: Sample) -> Iterator[Values]:
    if not len(sample.y):
        return
    if sample.kind.is_classification:
        target = sample.labels
        entropy = _entropy(np.bincount(target))
        k = int(target.max()) + 1
        yield {
            "ClassEntropy": entropy,
            "NormalizedClassEntropy": ratio(entropy, np.log2(k)) if k > 1 else np.nan,
        }
    else:
        target = quantile_codes(np.asarray(sample.y, np.float64), _BINS)
        entropy = _entropy(np.bincount(target))
    found = _measure(sample, target)
    yield _nominal_values(found, sample.n_levels > 0, entropy)
    yield _binned_values(found, entropy)


def _entropy(counts: "IntArray") -> float:
    shares = counts[counts > 0] / max(1, counts.sum())
    return max(0.0, float(-(shares * np.log2(shares)).sum()))


def _mutual_information(codes: "IndexArray", target: "IndexArray") -> tuple[float, float, float]:
    """Return entropy, mutual information with the target, and three deviations of chance, in bits.

    Under independence, 2 n ln 2 times the estimate follows chi-squared with (a - 1)(b - 1) degrees
    of freedom.
    """
    k = int(target.max()) + 1
    table = np.bincount(codes * k + target, minlength=(int(codes.max()) + 1) * k).reshape(-1, k)
    table = table[table.any(axis=1)]
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    own = _entropy(rows)
    mutual = max(0.0, own + _entropy(columns) - _entropy(table.ravel()))
    freedom = (len(rows) - 1) * (int((columns > 0).sum()) - 1)
    chance = (freedom + 3.0 * np.sqrt(2.0 * freedom)) / (2.0 * len(target) * np.log(2.0))
    return own, mutual, float(chance)


def _measure(sample: Sample, target: "IndexArray") -> _Information:
    n_columns = sample.X.shape[1]
    entropy, mutual, chance = (np.full(n_columns, np.nan) for _ in range(3))
    missing = np.zeros(n_columns)
    for j in range(n_columns):
        column, levels = sample.X[:, j], int(sample.n_levels[j])
        absent = np.isnan(column)
        if levels:
            codes = np.where(absent, levels, column).astype(np.intp)
        else:
            codes = quantile_codes(column, _BINS)
        entropy[j], mutual[j], chance[j] = _mutual_information(codes, target)
        if absent.any() and not absent.all():
            missing[j] = _mutual_information(absent.astype(np.intp), target)[1]
    return _Information(entropy=entropy, mutual=mutual, chance=chance, missing=missing)


def _nominal_values(found: _Information, nominal: "BoolArray", entropy: float) -> Values:
    if not nominal.any():
        return {}
    own, mutual = found.entropy[nominal], found.mutual[nominal]
    signal = float(mutual.mean())
    return {
        "MinAttributeEntropy": float(own.min()),
        "MeanAttributeEntropy": float(own.mean()),
        "MaxAttributeEntropy": float(own.max()),
        "MinMutualInformation": float(mutual.min()),
        "MeanMutualInformation": signal,
        "MaxMutualInformation": float(mutual.max()),
        "EquivalentNumberOfAtts": ratio(entropy, signal),
        "MeanNoiseToSignalRatio": ratio(float(own.mean()) - signal, signal),
    }


def _binned_values(found: _Information, entropy: float) -> Values:
    if not len(found.mutual):
        return {}
    own, signal = mean(found.entropy), mean(found.mutual)
    ordered = np.sort(finite(found.mutual))[::-1]
    best = ordered[: max(1, round(len(ordered) / 10))]
    return {
        "BinnedAttributeEntropyMean": own,
        "BinnedMutualInformationMean": signal,
        "BinnedMutualInformationMax": largest(found.mutual),
        "BinnedMutualInformationSTD": float(ordered.std()),
        "BinnedUncertaintyMean": ratio(signal, entropy),
        "BinnedUncertaintyMax": ratio(largest(found.mutual), entropy),
        "BinnedEquivalentNumberOfAtts": float(np.log10(ratio(entropy, signal))),
        "BinnedNoiseToSignalRatio": float(np.log10(ratio(own - signal, signal))),
        "InformativeFeatureShare": share(found.mutual > found.chance),
        "InformationConcentration": ratio(float(best.sum()), float(ordered.sum())),
        "MissingnessInformationMax": ratio(float(found.missing.max()), entropy),
    }


INFORMATION = Group(
    name=_NAME,
    features=_FEATURES,
    compute=_compute,
    max_rows=10_000,
    max_columns=300,
    max_cells=600_000,
    expected_seconds=lambda rows, columns: 0.005 + 1.5e-7 * rows * columns,
)
