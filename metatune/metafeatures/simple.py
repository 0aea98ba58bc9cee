"""Simple meta-features: counts, ratios, class shares and symbols.

Definitions are auto-sklearn's (Feurer et al. 2015, "Efficient and robust automated machine
learning", supplement), which go back to StatLog (Michie, Spiegelhalter and Taylor 1994). Features
called "Percentage" are shares in [0, 1] there, and so they are here. Everything but the number of
rows that have missing cells, and the symbols, is known without looking at the cells.
"""

from collections.abc import Iterator
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

import numpy as np

from metatune.metafeatures.aggregate import ratio, spread
from metatune.metafeatures.feature import Group, Values, define
from metatune.metafeatures.sample import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SIMPLE"]

_NAME = "simple"
_CELLS_PER_CHUNK = 500_000

_FEATURES = (
    *define(
        _NAME,
        "auto-sklearn (Feurer et al. 2015), StatLog (Michie et al. 1994)",
        {
            "NumberOfInstances": "rows whose target is known",
            "LogNumberOfInstances": "natural logarithm of the rows",
            "NumberOfFeatures": "columns without the target",
            "LogNumberOfFeatures": "natural logarithm of the columns",
            "NumberOfClasses": "classes (0 for regression)",
            "NumberOfInstancesWithMissingValues": "rows with at least one missing cell",
            "PercentageOfInstancesWithMissingValues": "share of such rows, in [0, 1]",
            "NumberOfFeaturesWithMissingValues": "columns with at least one missing cell",
            "PercentageOfFeaturesWithMissingValues": "share of such columns, in [0, 1]",
            "NumberOfMissingValues": "missing cells",
            "PercentageOfMissingValues": "share of missing cells, in [0, 1]",
            "NumberOfNumericFeatures": "columns of numbers",
            "NumberOfCategoricalFeatures": "columns of categories",
            "RatioNumericalToNominal": "numeric over categorical columns (0 without categories)",
            "RatioNominalToNumerical": "categorical over numeric columns (0 without numbers)",
            "DatasetRatio": "columns over rows (OpenML: Dimensionality)",
            "LogDatasetRatio": "natural logarithm of columns over rows",
            "InverseDatasetRatio": "rows over columns",
            "LogInverseDatasetRatio": "natural logarithm of rows over columns",
            "ClassProbabilityMin": "share of the rarest class",
            "ClassProbabilityMax": "share of the most frequent class",
            "ClassProbabilityMean": "mean share of the classes",
            "ClassProbabilitySTD": "standard deviation of the shares of the classes",
            "SymbolsMin": "fewest distinct levels of a categorical column (0 without)",
            "SymbolsMax": "most distinct levels of a categorical column (0 without)",
            "SymbolsMean": "mean number of distinct levels of categorical columns (0 without)",
            "SymbolsSTD": "standard deviation of the numbers of distinct levels (0 without)",
            "SymbolsSum": "distinct levels of all categorical columns together",
        },
    ),
    *define(
        _NAME,
        "OpenML data qualities",
        {"NumberOfBinaryFeatures": "categorical columns with exactly two levels"},
    ),
    *define(
        _NAME,
        "Lorena et al. 2019 (C2)",
        {"ImbalanceRatio": "1 - 1/IR, IR = (k-1)/k * sum of n_i/(n - n_i); 0 means balanced"},
    ),
    *define(
        _NAME,
        "this project",
        {
            "LogInstancesPerClass": "natural logarithm of rows over classes",
            "LogSmallestClass": "natural logarithm of the rows of the rarest class",
            "MissingValuesPerFeatureMax": "largest share of missing cells of a column",
            "HighCardinalityShare": "share of columns that are categories with over 20 levels",
        },
    ),
)


def _compute(sample: Sample) -> Iterator[Values]:
    yield _sizes(sample)
    yield _classes(sample)
    missing_by_column, rows_with_missing, symbols = _scan(sample)
    yield _missing(sample, missing_by_column, rows_with_missing)
    yield _symbols(sample, symbols)


def _log(value: float) -> float:
    return log(value) if value > 0.0 else np.nan


def _sizes(sample: Sample) -> Values:
    n_rows, n_columns = sample.X.shape
    n_numeric = int((sample.n_levels == 0).sum())
    n_nominal = n_columns - n_numeric
    return {
        "NumberOfInstances": float(n_rows),
        "LogNumberOfInstances": _log(n_rows),
        "NumberOfFeatures": float(n_columns),
        "LogNumberOfFeatures": _log(n_columns),
        "NumberOfClasses": float(sample.n_classes),
        "NumberOfNumericFeatures": float(n_numeric),
        "NumberOfCategoricalFeatures": float(n_nominal),
        "RatioNumericalToNominal": ratio(n_numeric, n_nominal, default=0.0),
        "RatioNominalToNumerical": ratio(n_nominal, n_numeric, default=0.0),
        "DatasetRatio": ratio(n_columns, n_rows),
        "LogDatasetRatio": _log(ratio(n_columns, n_rows, default=0.0)),
        "InverseDatasetRatio": ratio(n_rows, n_columns),
        "LogInverseDatasetRatio": _log(ratio(n_rows, n_columns, default=0.0)),
    }


def _classes(sample: Sample) -> Values:
    if not sample.kind.is_classification or not len(sample.y):
        return {}
    counts = np.bincount(sample.y)
    counts = counts[counts > 0].astype(np.float64)
    n_rows, k = counts.sum(), len(counts)
    imbalance = (k - 1) / k * float((counts / (n_rows - counts)).sum()) if k > 1 else np.nan
    return {
        **spread("ClassProbability", counts / n_rows),
        "ImbalanceRatio": 1.0 - 1.0 / imbalance if k > 1 else np.nan,
        "LogInstancesPerClass": _log(n_rows / k),
        "LogSmallestClass": _log(float(counts.min())),
    }


def _scan(sample: Sample) -> tuple["NDArray[np.int64]", int, "NDArray[np.int64]"]:
    """Count missing cells by column, rows with missing cells, and levels that occur by category.

    One pass over blocks of rows that fit into the processor's cache.
    """
    X = sample.X
    n_rows, n_columns = X.shape
    nominal = np.flatnonzero(sample.n_levels)
    offsets = np.concatenate([[0], np.cumsum(sample.n_levels[nominal] + 1)]).astype(np.intp)
    seen = np.zeros(offsets[-1], dtype=bool)
    by_column = np.zeros(n_columns, dtype=np.int64)
    rows_with_missing = 0
    step = max(1, _CELLS_PER_CHUNK // max(1, n_columns))
    for start in range(0, n_rows, step):
        block = X[start : start + step]
        missing = np.isnan(block)
        if missing.any():
            by_column += missing.sum(axis=0)
            rows_with_missing += int(missing.any(axis=1).sum())
        if len(nominal):
            # A missing cell is marked in the spare place behind the levels of its column.
            codes = np.where(missing, sample.n_levels, block)[:, nominal]
            seen[(codes + offsets[:-1]).astype(np.intp).ravel()] = True
    symbols = [int(seen[a : b - 1].sum()) for a, b in pairwise(offsets)]
    return by_column, rows_with_missing, np.asarray(symbols, dtype=np.int64)


def _missing(sample: Sample, by_column: "NDArray[np.int64]", n_rows_missing: int) -> Values:
    n_rows, n_columns = sample.X.shape
    n_columns_missing = int((by_column > 0).sum())
    n_cells = int(by_column.sum())
    worst = int(by_column.max(initial=0))
    return {
        "NumberOfInstancesWithMissingValues": float(n_rows_missing),
        "PercentageOfInstancesWithMissingValues": ratio(n_rows_missing, n_rows),
        "NumberOfFeaturesWithMissingValues": float(n_columns_missing),
        "PercentageOfFeaturesWithMissingValues": ratio(n_columns_missing, n_columns),
        "NumberOfMissingValues": float(n_cells),
        "PercentageOfMissingValues": ratio(n_cells, n_rows * n_columns),
        "MissingValuesPerFeatureMax": ratio(worst, n_rows),
    }


def _symbols(sample: Sample, symbols: "NDArray[np.int64]") -> Values:
    # Columns without any level do not count, and nothing at all counts as 0: auto-sklearn's rule.
    occurring = symbols[symbols > 0].astype(np.float64)
    return {
        **spread("Symbols", occurring, default=0.0),
        "SymbolsSum": float(symbols.sum()),
        "NumberOfBinaryFeatures": float((symbols == 2).sum()),
        "HighCardinalityShare": ratio(float((symbols > 20).sum()), sample.X.shape[1]),
    }


SIMPLE = Group(
    name=_NAME,
    features=_FEATURES,
    compute=_compute,
    max_rows=None,
    max_columns=None,
    max_cells=None,
    expected_seconds=lambda rows, columns: 0.001 + 1e-8 * rows * columns,
)
