"""Row sketch: hashes of the rows of a task, by which they are recognised in another table.

Of many rows those with the smallest hashes are kept (the sketch of Broder 1997): whether a row
with such a hash is among them is certain, and other rows are left out of the comparison.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.encoding.layout import Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from metatune._typing import AnyArray, FloatArray, IndexArray

    Hashes = NDArray[np.uint64]

__all__ = ["MOST_HASHES", "RowSketch", "hash_rows", "recognisable"]

MOST_HASHES = 50_000
"""So many hashes are kept, at most."""

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_TOPIC = ": topic "
_MOST_COLUMNS = 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowSketch:
    """Hashes of rows.

    Attributes
    ----------
    n_rows : int
        Rows that they stand for.
    hashes : ndarray of shape (n_kept,), uint64
        Ascending; the smallest where not all are kept.
    """

    n_rows: int
    hashes: "Hashes"

    @classmethod
    def of(cls, hashes: "Hashes") -> "RowSketch":
        """Return the sketch of rows with these hashes."""
        return cls(n_rows=len(hashes), hashes=np.sort(hashes)[:MOST_HASHES])

    def compare(self, hashes: "Hashes") -> tuple[int, int]:
        """Return how many of other rows can be compared, and how many of those are known."""
        if self.n_rows > len(self.hashes):
            hashes = hashes[hashes <= self.hashes[-1]]
        return len(hashes), int(np.isin(hashes, self.hashes).sum())

    @property
    def repeated_share(self) -> float:
        """Share of the rows that equal another one of them."""
        if not len(self.hashes):
            return 0.0
        counts = np.unique(self.hashes, return_counts=True)[1]
        return float(counts[counts > 1].sum() / len(self.hashes))


def recognisable(layout: Layout) -> "IndexArray":
    """Return columns of a matrix by which rows are told apart, at most 50 of them.

    They are the same whenever a table is encoded: components of texts are sums whose last digits
    depend on the size of the table.
    """
    names = layout.observed.names
    known = np.array([i for i, name in enumerate(names) if _TOPIC not in name], dtype=np.intp)
    if len(known) <= _MOST_COLUMNS:
        return known
    return known[np.linspace(0, len(known) - 1, _MOST_COLUMNS).astype(np.intp)]


def hash_rows(X: "FloatArray", y: "AnyArray", columns: "Iterable[int]") -> "Hashes":
    """Hash encoded rows with their targets.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows,)
        Codes of labels, or values.
    columns : iterable of int
        Columns that count; see `recognisable`.

    Returns
    -------
    ndarray of shape (n_rows,), uint64
        Numbers that differ by less than formats of files tell apart are the same.
    """
    rows = np.zeros(len(y), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in (*columns, None):  # one at a time: the matrix may be large
            values = y if column is None else X[:, column]
            cells = values.astype(np.float32) + np.float32(0.0)  # no negative zero
            cells[np.isnan(cells)] = np.nan
            rows = (rows ^ cells.view(np.uint32).astype(np.uint64)) * _FACTOR
            rows ^= rows >> _SHIFT
    return rows
