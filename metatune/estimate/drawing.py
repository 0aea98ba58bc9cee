"""Bootstrap draws: the multiplicity of each row in each draw."""

from typing import TYPE_CHECKING

import numpy as np

from metatune.data.row_metadata import RowMetadata

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray


__all__ = ["Drawing", "dependent_rows", "sample_rows"]


def dependent_rows(row_metadata: RowMetadata) -> "AnyArray | None":
    """Return a code for each row, equal for rows that are not independent.

    Those are the rows of a group, or else blocks of neighbours in time, of about as many rows as
    the cube root of their number (Hall, Horowitz and Jing 1995, "On blocking rules for the
    bootstrap with dependent data", Biometrika 82); equal times stay together. None where nothing
    is known.
    """
    if row_metadata.groups is not None:
        return row_metadata.groups
    if row_metadata.times is None:
        return None
    length = max(1, round(len(row_metadata.times) ** (1 / 3)))
    return np.asarray(np.searchsorted(np.sort(row_metadata.times), row_metadata.times) // length)


def sample_rows(
    rows: "IndexArray", row_metadata: RowMetadata, n_rows: int, seed: int
) -> "IndexArray":
    """Take at most about `n_rows` of some rows at random, dependent ones together.

    Parameters
    ----------
    rows : ndarray of shape (n,)
        Positions to sample from.
    row_metadata : RowMetadata
        Metadata of these rows.
    n_rows : int
        Number of rows to take; all if there are no more.
    seed : int
        Seed of the draw.

    Returns
    -------
    ndarray of shape (at most n,)
        Positions, ascending.
    """
    if len(rows) <= n_rows:
        return rows
    units = dependent_rows(row_metadata)
    rng = np.random.default_rng(seed)
    if units is None:
        return np.sort(rng.choice(rows, n_rows, replace=False))
    _, codes, sizes = np.unique(units, return_inverse=True, return_counts=True)
    order = rng.permutation(len(sizes))
    taken = order[: max(1, int(np.searchsorted(np.cumsum(sizes[order]), n_rows, side="right")))]
    return rows[np.isin(codes.reshape(-1), taken)]


class Drawing:
    """Draws of units with replacement: rows, or whole groups of rows.

    Parameters
    ----------
    n_rows : int
        Rows to draw from.
    strata : ndarray of shape (n_rows,), optional
        As many rows are drawn of each stratum as it has; not used with groups.
    groups : ndarray of shape (n_rows,), optional
        Rows that belong together are drawn together.
    seed : int
        Seed of the draws; the first draws do not depend on how many follow.
    """

    def __init__(
        self,
        n_rows: int,
        *,
        strata: "AnyArray | None" = None,
        groups: "AnyArray | None" = None,
        seed: int = 0,
    ) -> None:
        self.n_rows = n_rows
        self._rng = np.random.default_rng(seed)
        self._unit: IndexArray | None = None
        if groups is not None:
            names, unit = np.unique(groups, return_inverse=True)
            self._unit, self.n_units = unit.reshape(-1), len(names)
            strata = None
        else:
            self.n_units = n_rows
        kinds = np.zeros(self.n_units, np.intp) if strata is None else np.asarray(strata)
        order = np.argsort(kinds, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(kinds[order]) != 0])
        self._strata = np.split(order, starts[1:])

    @property
    def share_out(self) -> float:
        """Share of the units that a draw leaves out on average, 0.368 of many."""
        out = sum(len(m) * (1.0 - 1.0 / len(m)) ** len(m) for m in self._strata)
        return float(out / self.n_units)

    def draw(self, n_draws: int) -> "FloatArray":
        """Draw rows.

        Returns
        -------
        ndarray of shape (n_draws, n_rows)
            Multiplicity of each row.
        """
        counts = np.empty((n_draws, self.n_units))
        for drawn in counts:
            for members in self._strata:
                chosen = self._rng.integers(len(members), size=len(members))
                drawn[members] = np.bincount(chosen, minlength=len(members))
        return counts if self._unit is None else counts[:, self._unit]
