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
    from metatune._typing import FloatArray, IntArray

__all__ = ["SIMPLE"]

_NAME = "simple"
_CELLS_PER_BLOCK = 500_000

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
    tally = _Tally(sample.n_levels)
    step = max(1, _CELLS_PER_BLOCK // max(1, sample.X.shape[1]))
    for start in range(0, len(sample.X), step):
        tally.add(sample.X[start : start + step])
        yield {}
    yield _missing(sample, tally)
    yield _symbols(sample, tally.symbols())


class _Tally:
    """Missing cells, rows that have any, and levels that occur, counted block by block.

    A block of rows fits into the processor's cache; between blocks the time is looked at.
    """

    def __init__(self, n_levels: "IntArray") -> None:
        self.missing_by_column = np.zeros(len(n_levels), dtype=np.int64)
        self.rows_with_missing = 0
        self._n_levels = n_levels
        self._nominal = np.flatnonzero(n_levels)
        # Each column has a spare place behind its levels, for missing cells.
        places = np.cumsum(n_levels[self._nominal] + 1)
        self._offsets = np.concatenate([[0], places]).astype(np.intp)
        self._seen = np.zeros(self._offsets[-1], dtype=bool)

    def add(self, block: "FloatArray") -> None:
        """Count a block of rows."""
        missing = np.isnan(block)
        if missing.any():
            self.missing_by_column += missing.sum(axis=0)
            self.rows_with_missing += int(missing.any(axis=1).sum())
        if len(self._nominal):
            codes = np.where(missing, self._n_levels, block)[:, self._nominal]
            self._seen[(codes + self._offsets[:-1]).astype(np.intp).ravel()] = True

    def symbols(self) -> "IntArray":
        """Return the number of levels that occur, for each categorical column."""
        counts = [int(self._seen[a : b - 1].sum()) for a, b in pairwise(self._offsets)]
        return np.asarray(counts, dtype=np.int64)


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
        "ImbalanceRatio": max(0.0, 1.0 - 1.0 / imbalance) if k > 1 else np.nan,
        "LogInstancesPerClass": _log(n_rows / k),
        "LogSmallestClass": _log(float(counts.min())),
    }


def _missing(sample: Sample, tally: _Tally) -> Values:
    n_rows, n_columns = sample.X.shape
    by_column = tally.missing_by_column
    n_columns_missing = int((by_column > 0).sum())
    n_cells = int(by_column.sum())
    worst = int(by_column.max(initial=0))
    return {
        "NumberOfInstancesWithMissingValues": float(tally.rows_with_missing),
        "PercentageOfInstancesWithMissingValues": ratio(tally.rows_with_missing, n_rows),
        "NumberOfFeaturesWithMissingValues": float(n_columns_missing),
        "PercentageOfFeaturesWithMissingValues": ratio(n_columns_missing, n_columns),
        "NumberOfMissingValues": float(n_cells),
        "PercentageOfMissingValues": ratio(n_cells, n_rows * n_columns),
        "MissingValuesPerFeatureMax": ratio(worst, n_rows),
    }


def _symbols(sample: Sample, symbols: "IntArray") -> Values:
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
    expected_seconds=lambda _rows, _columns: 0.0,  # begins at once and stops at any block
)
