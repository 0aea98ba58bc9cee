"""Duplicates: rows that stand in a table more than once, and so on both sides of shuffled folds."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metatune.data.risks.risk import Risk, RiskKind
from metatune.data.task.task import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]

__all__ = ["find_duplicates"]

_FEWEST_ROWS = 50
_CELLS = 3_000_000  # that are compared; of more, those of the first rows
_FIRST_COLUMNS = 50  # tell mostly whether there are copies at all
_SHARE = 0.05  # of the rows, at least
_BY_CHANCE = 0.2  # of them may have a twin where columns are shuffled apart
_COPIES = 0.75  # of the rows with the features of another one have its target for that reason
_DIFFERENT = 0.02  # distinct values per row of some column, at least
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def find_duplicates(task: Task) -> list[Risk]:
    """Find rows that stand in a table again, target included.

    Rows that are alike because there are few columns of few values are none: as many are alike
    where the cells of each column are shuffled, or those with equal features differ in the target
    nearly as often as others do.

    Parameters
    ----------
    task : Task

    Returns
    -------
    list of Risk
        At most one. Empty where groups keep rows together.
    """
    bound = task.row_metadata.groups is not None or task.row_metadata.splits is not None
    used = [c.name for c in task.columns if c.kind.is_used]
    if bound or task.n_rows < _FEWEST_ROWS or not used:
        return []
    n_rows = min(task.n_rows, max(_FEWEST_ROWS, _CELLS // (len(used) + 1)))
    columns = [_hashed(task.X[name].iloc[:n_rows]) for name in used[:_FIRST_COLUMNS]]
    if _n_repeated(columns) < _SHARE * n_rows:  # no more are alike in all columns than in some
        return []
    columns += [_hashed(task.X[name].iloc[:n_rows]) for name in used[_FIRST_COLUMNS:]]
    columns.append(_hashed(pd.Series(task.y[:n_rows])))
    repeated = _n_repeated(columns)
    if repeated < _SHARE * n_rows or not _tells_rows_apart(columns):
        return []
    rng = np.random.default_rng(0)
    alike = _n_repeated(columns[:-1])
    by_chance = _n_repeated([*columns[:-1], rng.permutation(columns[-1])])
    if repeated - by_chance < max(1.0, _COPIES * (alike - by_chance)):
        return []
    if _n_repeated([rng.permutation(column) for column in columns]) > _BY_CHANCE * repeated:
        return []
    of = f"the first {n_rows:,}" if n_rows < task.n_rows else f"{n_rows:,}"
    text = (
        f"{repeated:,} of {of} rows repeat another one, target included: equal rows in different "
        "folds make scores too good; leave out the copies, or name what they share as a group"
    )
    return [Risk(kind=RiskKind.DUPLICATES, text=text)]


def _hashed(cells: "pd.Series[Any]") -> "Hashes":
    try:
        return np.asarray(pd.util.hash_array(cells.to_numpy()), dtype=np.uint64)
    except TypeError:  # cells that are lists and the like
        return np.asarray(pd.util.hash_array(cells.astype("str").to_numpy()), dtype=np.uint64)


def _n_repeated(columns: "list[Hashes]") -> int:
    """Count the rows that equal an earlier one."""
    rows = np.zeros(len(columns[0]), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in columns:
            rows = (rows ^ column) * _FACTOR
            rows ^= rows >> np.uint64(29)
    return len(rows) - len(np.unique(rows))


def _tells_rows_apart(columns: "list[Hashes]") -> bool:
    """Return True if some column has many values, so that equal rows are no matter of course."""
    fewest = max(20, round(_DIFFERENT * len(columns[0])))
    return any(len(np.unique(column)) >= fewest for column in columns)
