"""Fingerprint of a dataset's content, to recognise it again.

Scores from the past on the very same data would make a recommendation look better than it is, so
past datasets with the user's content are left out. The same data may come with other column names,
another order, other codes for its categories, a column more or less, or another target: the
fingerprint survives all of these.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.encoding.encoded_task import EncodedTask

if TYPE_CHECKING:
    from metatune._typing import AnyArray

__all__ = ["Fingerprint"]

_MAX_COLUMNS = 64
_REPEATING = 0.25  # distinct values per known cell, at most
_SAME_SHARE = 0.6  # of the smaller sketch


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """The content of a dataset in a few bytes.

    Attributes
    ----------
    n_rows : int
        Rows with a known target.
    columns : frozenset of str
        The smallest 64 of the columns' hashes (the target's included): a sketch in the sense of
        Broder 1997, "On the resemblance and containment of documents".
    """

    n_rows: int
    columns: frozenset[str]

    @classmethod
    def of(cls, task: EncodedTask) -> "Fingerprint":
        """Compute the fingerprint of a task."""
        hashes = {_hash_column(task.X[:, i]) for i in range(task.X.shape[1])}
        hashes.add(_hash_column(np.asarray(task.y, dtype=np.float64)))
        return cls(n_rows=task.n_rows, columns=frozenset(sorted(hashes)[:_MAX_COLUMNS]))

    @classmethod
    def parse(cls, text: str) -> "Fingerprint":
        """Inverse of `str`."""
        n_rows, _, columns = text.partition(":")
        return cls(n_rows=int(n_rows), columns=frozenset(columns.split(",")))

    def __str__(self) -> str:
        return f"{self.n_rows}:{','.join(sorted(self.columns))}"

    def same_data(self, other: "Fingerprint") -> bool:
        """Return True if two datasets appear to hold the same rows."""
        if self.n_rows != other.n_rows:
            return False
        smaller = min(len(self.columns), len(other.columns))
        return len(self.columns & other.columns) >= _SAME_SHARE * smaller


def _hash_column(column: "AnyArray") -> str:
    """Hash a column's values as a multiset.

    Columns whose values repeat count with the frequencies only, because codes of categories are
    arbitrary; float32 makes the others immune to the last digits that formats differ in.
    """
    with np.errstate(over="ignore"):  # what float32 lacks counts as infinite
        known = np.asarray(column, dtype=np.float32)
    known = np.sort(known[~np.isnan(known)])
    counts = np.unique(known, return_counts=True)[1]
    repeats = len(counts) <= _REPEATING * len(known)
    content = np.sort(counts).astype(np.int64) if repeats else known
    return hashlib.sha256(content.tobytes()).hexdigest()[:8]
