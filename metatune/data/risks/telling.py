"""Power of a single column to tell the target: the share of the error that it takes away."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.risks.sample import LeakSample, SampledColumn

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IntArray

__all__ = ["follows_class", "telling_power", "where_filled"]

_BIN_ROWS = 8  # of numbers, at least
_MOST_BINS = 512
_FILLED = 0.1  # of the rows, at least, for a column to be judged where it is filled
_SAME = 0.98  # of what a constant leaves open, for a column to be a function of the class
_FEWEST_ROWS = 10  # of a class, for it to count
_MOST_LEVELS = 20
_MOST_COMMON = 0.9  # share of the most frequent cell


def telling_power(sample: LeakSample, column: SampledColumn) -> float:
    """Return the share of the target's uncertainty that a column takes away by itself.

    Parameters
    ----------
    sample : LeakSample
    column : SampledColumn
        One of its columns.

    Returns
    -------
    float
        At most 1. For numbers the squared correlation of ranks, or the share of their variance
        that means of bins explain; for labels the share of the errors of the most frequent label
        that the most frequent one of each bin, or of both sides of a threshold, takes away. Bins
        are learned on one half of the rows and judged on the other.
    """
    bins = _bins(column)
    if bins.max(initial=0) < 1:
        return 0.0
    if sample.ranks is None:
        power = _power_of_labels(bins, sample)
        return max(power, _power_of_threshold(column, sample)) if column.is_ordered else power
    power = _power_of_means(bins, sample.ranks, sample.half)
    return max(power, _squared_correlation(column, sample.ranks)) if column.is_ordered else power


def where_filled(sample: LeakSample, column: SampledColumn) -> float:
    """Return the telling power of a column over the rows in which it is filled."""
    known = ~np.isnan(column.values)
    if known.all():
        return telling_power(sample, column)
    if known.sum() < max(_BIN_ROWS * _FEWEST_ROWS, _FILLED * len(known)):
        return 0.0
    y = sample.y[known]
    if sample.n_classes and len(np.unique(y)) < 2:
        return 0.0
    rows = replace(
        sample,
        y=y,
        ranks=None if sample.ranks is None else sample.ranks[known],
        half=sample.half[known],
    )
    return telling_power(rows, replace(column, values=column.values[known]))


def follows_class(sample: LeakSample, column: SampledColumn) -> bool:
    """Return True if a column is the same in all rows of a class, and differs among classes.

    Such a column restates a part of the label, such as the genotype of a class that is made of
    genotype and treatment.
    """
    if sample.n_classes < 3:
        return False
    levels, codes = np.unique(column.values, return_inverse=True)
    if not 2 <= len(levels) <= _MOST_LEVELS:
        return False
    counts = _table(codes, sample.y, len(levels), sample.n_classes)
    counts = counts[:, counts.sum(axis=0) >= _FEWEST_ROWS]
    if counts.shape[1] < 3:
        return False
    total = counts.sum()
    common = counts.sum(axis=1).max() / total
    alike = counts.max(axis=0).sum() / total
    return bool(common <= _MOST_COMMON and 1.0 - alike <= (1.0 - _SAME) * (1.0 - common))


def _bins(column: SampledColumn) -> "IntArray":
    """Return codes of cells: of numbers with many values those of bins that are equally full."""
    values = column.values
    levels, codes = np.unique(values, return_inverse=True)
    most = int(min(_MOST_BINS, max(2, len(values) // _BIN_ROWS)))
    if not column.is_ordered or len(levels) <= most:
        return codes.astype(np.int64)
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.arange(1, most) / most))
    binned = np.searchsorted(edges, values, side="right").astype(np.int64)
    binned[np.isnan(values)] = len(edges) + 1
    return binned


def _power_of_means(bins: "IntArray", ranks: "FloatArray", half: "AnyArray") -> float:
    guess = np.empty(len(ranks))
    n_bins = int(bins.max()) + 1
    for part in (half, ~half):
        counts = np.bincount(bins[part], minlength=n_bins)
        sums = np.bincount(bins[part], weights=ranks[part], minlength=n_bins)
        means = np.where(counts > 0, sums / np.maximum(1, counts), ranks[part].mean())
        guess[~part] = means[bins[~part]]
    return float(1.0 - ((ranks - guess) ** 2).mean() / max(ranks.var(), 1e-12))


def _squared_correlation(column: SampledColumn, ranks: "FloatArray") -> float:
    from scipy.stats import rankdata

    known = ~np.isnan(column.values)
    if known.mean() < 0.5 or known.sum() < _FEWEST_ROWS:
        return 0.0
    own, other = rankdata(column.values[known]), rankdata(ranks[known])
    if own.std() == 0.0 or other.std() == 0.0:
        return 0.0
    # Rows in which the cell is missing are told nothing.
    return float(np.corrcoef(own, other)[0, 1] ** 2 * known.mean())


def _power_of_labels(bins: "IntArray", sample: LeakSample) -> float:
    y, n_bins = sample.y, int(bins.max()) + 1
    n_wrong = 0
    for part in (sample.half, ~sample.half):
        counts = _table(bins[part], y[part], n_bins, sample.n_classes)
        counts = counts + 1e-6 * counts.sum(axis=0)  # a bin without rows: the most frequent label
        n_wrong += int((counts.argmax(axis=1)[bins[~part]] != y[~part]).sum())
    return 1.0 - n_wrong / max(1, _n_wrong_by_constant(sample))


def _power_of_threshold(column: SampledColumn, sample: LeakSample) -> float:
    """Return the power of one threshold, which decides among the labels on both of its sides."""
    known = ~np.isnan(column.values)
    order = np.argsort(column.values[known], kind="stable")
    values, y = column.values[known][order], sample.y[known][order]
    if len(values) < 2 or sample.n_classes > _MOST_LEVELS:
        return 0.0
    below = np.cumsum(np.eye(sample.n_classes)[y], axis=0)
    right = below.max(axis=1) + (below[-1] - below).max(axis=1)
    ends = np.flatnonzero(np.diff(values) > 0)
    if not len(ends):
        return 0.0
    n_wrong = len(values) - right[ends].max()
    missing = sample.y[~known]
    n_wrong += len(missing) - np.bincount(missing, minlength=1).max(initial=0)
    return float(1.0 - n_wrong / max(1, _n_wrong_by_constant(sample)))


def _n_wrong_by_constant(sample: LeakSample) -> int:
    return int(len(sample.y) - np.bincount(sample.y).max())


def _table(codes: "IntArray", y: "AnyArray", n_codes: int, n_classes: int) -> "FloatArray":
    counts = np.bincount(codes * n_classes + y, minlength=n_codes * n_classes)
    return np.asarray(counts.reshape(n_codes, n_classes), dtype=np.float64)
