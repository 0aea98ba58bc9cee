"""Sample weights, groups and times of the rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.errors import OptionError

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IntArray

__all__ = ["PLAIN", "RowMetadata", "counting_rows", "even_out"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowMetadata:
    """Sample weights, groups and times of the rows; None where they were not given.

    Attributes
    ----------
    weights : ndarray of shape (n_rows,), float64, or None
        Sample weights in fits and scores: above zero, of mean 1 over the task.
    groups : ndarray of shape (n_rows,), int64, or None
        Code of each row's group. Rows of a group never stand on both sides of a split.
    times : ndarray of shape (n_rows,), int64, or None
        Rank of each row's instant, equal for equal instants. Rows are validated by models of
        earlier ones only.

    splits : ndarray of shape (n_rows, n_splits), int64, or None
        Splits that the user gives instead: 1 where a row is learned from, 2 where it is judged.
    """

    weights: "FloatArray | None" = None
    groups: "IntArray | None" = None
    times: "IntArray | None" = None
    splits: "IntArray | None" = None

    @property
    def is_plain(self) -> bool:
        """True if there are no weights, groups or times: any split is valid."""
        return self.weights is None and not self.bind_splits

    @property
    def bind_splits(self) -> bool:
        """True if groups or times restrict the splits of rows."""
        return self.groups is not None or self.times is not None

    def take(self, rows: "AnyArray") -> "RowMetadata":
        """Return the metadata of some rows, selected by position or by a mask."""
        return RowMetadata(
            weights=None if self.weights is None else self.weights[rows],
            groups=None if self.groups is None else self.groups[rows],
            times=None if self.times is None else self.times[rows],
            splits=None if self.splits is None else self.splits[rows],
        )


PLAIN = RowMetadata()
"""Metadata of rows without weights, groups and times."""


def even_out(weights: "FloatArray") -> "FloatArray | None":
    """Bring weights above zero to a mean of 1; None if all are the same."""
    if (weights == weights[0]).all():
        return None
    scaled = weights / weights.max()  # so that the sum stays finite
    return np.asarray(scaled / scaled.mean())


def counting_rows(sample_weight: Any, n_rows: int) -> "tuple[AnyArray, RowMetadata]":
    """Read scikit-learn's ``sample_weight``: the rows of positive weight, and their metadata.

    Raises
    ------
    OptionError
        If there is not one finite weight of zero or more for each row, or all are zero.
    """
    if sample_weight is None:
        return np.arange(n_rows), PLAIN
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n_rows,):
        raise OptionError(
            f"sample_weight has the shape {weights.shape}: give one for each of {n_rows} rows"
        )
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise OptionError("sample_weight must be finite, zero or more, and not zero in every row")
    rows = np.flatnonzero(weights)
    return rows, RowMetadata(weights=even_out(weights[rows]))
