"""Sample of a table on which a group of meta-features is computed, and views of it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray, IntArray
    from metatune.data.encoding.encoded_task import EncodedTask


__all__ = [
    "Points",
    "Sample",
    "draw",
    "make_axes",
    "make_points",
    "quantile_codes",
    "sample_shape",
    "standardize",
]

_MAX_LEVELS_SHOWN = 10
_MAX_INDICATORS = 200
_TARGET_BINS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Some rows and columns of an encoded task.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_columns), float64
        Numbers, category codes, NaN where missing.
    y : ndarray of shape (n_rows,)
        Labels (int64) or target values (float64).
    n_levels : ndarray of shape (n_columns,), int64
        0 for numbers, else the number of category codes.
    kind : TaskKind
        What is predicted.
    n_classes : int
        Number of classes of the whole task; 0 for regression.
    seed : int
        Seed of every random choice that a group makes.
    """

    X: "FloatArray"
    y: "AnyArray"
    n_levels: "IntArray"
    kind: TaskKind
    n_classes: int
    seed: int

    @property
    def numbers(self) -> "FloatArray":
        """Numeric columns, shape (n_rows, n_numeric)."""
        return self.X[:, self.n_levels == 0]

    @property
    def labels(self) -> "IndexArray":
        """Codes 0..k-1 of the classes that occur, or of up to five target quantile ranges."""
        if self.kind.is_classification:
            return np.unique(self.y, return_inverse=True)[1].astype(np.intp)
        return quantile_codes(np.asarray(self.y, dtype=np.float64), _TARGET_BINS)

    def rows(self, positions: "IndexArray") -> "Sample":
        """Return the sample of the rows at `positions` only."""
        return replace(self, X=self.X[positions], y=self.y[positions])

    def columns(self, n_columns: int) -> "Sample":
        """Return the sample of at most `n_columns` random columns, in their order."""
        if n_columns >= self.X.shape[1]:
            return self
        shuffled = np.random.default_rng(self.seed).permutation(self.X.shape[1])
        kept = np.sort(shuffled[:n_columns])
        return replace(self, X=self.X[:, kept], n_levels=self.n_levels[kept])


def sample_shape(
    n_rows: int,
    n_columns: int,
    max_rows: int | None,
    max_columns: int | None,
    max_cells: int | None,
) -> tuple[int, int]:
    """Return rows and columns of the largest sample within the limits (None means no limit).

    Columns are given up before rows only beyond `max_columns`; after that rows are.
    """
    columns = n_columns if max_columns is None else min(n_columns, max_columns)
    rows = n_rows if max_rows is None else min(n_rows, max_rows)
    if max_cells is not None:
        rows = min(rows, max(1, max_cells // max(1, columns)))
    return rows, columns


def draw(task: "EncodedTask", positions: "IndexArray | None", n_columns: int, seed: int) -> Sample:
    """Take some rows and columns of a task.

    Parameters
    ----------
    task : EncodedTask
        Task to draw from.
    positions : ndarray, intp, or None
        Rows wanted; None for all.
    n_columns : int
        How many random columns are wanted; smaller choices nest in larger ones.
    seed : int
        Seed of that choice and of what is computed on the sample.

    Returns
    -------
    Sample
        A view of the task where nothing is left out.
    """
    whole = Sample(
        X=task.X,
        y=task.y,
        n_levels=np.asarray(task.layout.n_levels, dtype=np.int64),
        kind=task.kind,
        n_classes=task.n_classes,
        seed=seed,
    )
    return (whole if positions is None else whole.rows(positions)).columns(n_columns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """Sample as points in a space where distances and linear models make sense.

    Attributes
    ----------
    Z : ndarray of shape (n_rows, n_axes), float64
        Numbers imputed by their mean and standardised; categories as indicators of their ten most
        frequent levels (of fewer where there are more than 20 categorical columns). Constant
        axes are left out, nothing is missing.
    Y : ndarray of shape (n_rows, n_outputs), float64
        Indicators of the classes that occur, or the standardised target as one column.
    labels : ndarray of shape (n_rows,), intp
        As `Sample.labels`.
    """

    Z: "FloatArray"
    Y: "FloatArray"
    labels: "IndexArray"


def make_points(sample: Sample) -> Points:
    """Turn a sample into points."""
    labels = sample.labels
    if sample.kind.is_classification:
        Y = np.eye(int(labels.max(initial=-1)) + 1)[labels]
    else:
        Y = standardize(np.asarray(sample.y, dtype=np.float64)[:, None])
    return Points(Z=make_axes(sample), Y=Y, labels=labels)


def make_axes(sample: Sample) -> "FloatArray":
    """Return `Points.Z` of a sample, shape (n_rows, n_axes)."""
    blocks = [standardize(sample.numbers)]
    nominal = np.flatnonzero(sample.n_levels)
    n_shown = max(1, min(_MAX_LEVELS_SHOWN, _MAX_INDICATORS // max(1, len(nominal))))
    blocks.extend(_indicators(sample.X[:, j], n_shown) for j in nominal)
    Z = np.hstack(blocks)
    varies = np.ptp(Z, axis=0) > 0.0 if len(Z) else np.zeros(Z.shape[1], dtype=bool)
    return np.ascontiguousarray(Z[:, varies])


def standardize(X: "FloatArray") -> "FloatArray":
    """Return the columns with mean 0 and variance 1; missing cells become 0, constant columns too.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns), float64
        May hold NaN, and values up to the largest float.

    Returns
    -------
    ndarray of shape (n_rows, n_columns), float64
    """
    if X.size == 0:
        return np.zeros(X.shape)
    missing = np.isnan(X)
    filled = np.where(missing, 0.0, X)
    # Dividing by the largest magnitude first keeps sums and squares of huge values finite.
    scale = np.abs(filled).max(axis=0)
    filled /= np.where(scale > 0.0, scale, 1.0)
    known = np.maximum(1, (~missing).sum(axis=0))
    centred = np.where(missing, 0.0, filled - filled.sum(axis=0) / known)
    deviation = np.sqrt((centred**2).sum(axis=0) / known)
    # Rounding leaves a deviation of about 1e-16 in constant columns.
    constant = deviation <= 1e-14
    return np.where(constant, 0.0, centred / np.where(constant, 1.0, deviation))


def quantile_codes(values: "FloatArray", n_bins: int) -> "IndexArray":
    """Cut values into at most `n_bins` ranges of about equal frequency; NaN has the code n_bins.

    Equal values always share a range, so that a heavily tied column gets fewer ranges.
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return np.full(len(values), n_bins, dtype=np.intp)
    ordered = np.sort(known)
    cuts = ordered[(np.arange(1, n_bins) * len(ordered)) // n_bins]
    codes = np.searchsorted(np.unique(cuts), values, side="right")
    codes[np.isnan(values)] = n_bins
    return codes.astype(np.intp)


def _indicators(codes: "FloatArray", n_shown: int) -> "FloatArray":
    levels, counts = np.unique(codes[~np.isnan(codes)], return_counts=True)
    shown = levels[np.argsort(-counts, kind="stable")[:n_shown]]
    indicators: FloatArray = (codes[:, None] == shown[None, :]).astype(np.float64)
    return indicators
