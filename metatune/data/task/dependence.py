"""Signs that rows are not independent: groups of rows alike, and targets that drift with time.

Random folds are too optimistic then, if new groups or the future are to be predicted, which only
the user knows. The notes therefore name such columns and the options that respect them.
"""

import re
import shlex
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import fdtrc

from metatune.data.columns.cleaning import clean_column, plain, to_text
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.identifiers import looks_like_id_name
from metatune.data.splits.time_folds import time_blocks
from metatune.data.task.roles import RoleColumns
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IntArray

__all__ = ["compared_values", "dependence_notes", "intraclass_correlation"]

_BEINGS = frozenset(
    (
        *("patient", "customer", "client", "user", "subject", "person", "participant"),
        *("member", "account", "household", "family", "session", "visitor", "device"),
        *("employee", "student", "player", "respondent", "donor", "animal", "child"),
    )
)
_SUFFIXES = frozenset(("name", "no", "nr", "number", "num", "code", "key", "hash"))
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_GROUP_KINDS = (ColumnKind.CATEGORY, ColumnKind.HIGH_CARDINALITY, ColumnKind.NUMBER)
_FEWEST_ROWS = 50
_FEWEST_GROUPS = 8
_ROWS_A_GROUP = 1.3  # on average, at least
_RESEMBLANCE = 0.1  # intraclass correlation from which rows of a group are alike
_DRIFT = 0.02  # the same for blocks of time, each of which holds many rows
_CERTAIN = 1e-4  # chance of so much without any dependence
_N_BLOCKS = 8
_ORDERED = 0.95  # of neighbouring rows
_N_COMPARED = 20  # classes


def dependence_notes(
    X: pd.DataFrame,
    columns: tuple[Column, ...],
    y: "AnyArray",
    kind: TaskKind,
    roles: RoleColumns,
) -> list[str]:
    """Return notes on columns that look like groups or times that splits should respect.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Table as read, without the target.
    columns : tuple of Column
        Its columns as understood.
    y : ndarray of shape (n_rows,)
        Encoded labels or values.
    kind : TaskKind
        What is predicted.
    roles : RoleColumns
        Columns that the user has named already; there are no notes on these roles.

    Returns
    -------
    list of str
        At most one note about groups and one about time.
    """
    if len(y) < _FEWEST_ROWS:
        return []
    notes = []
    if roles.group is None:
        names = [c.name for c in columns if _looks_like_group(c, len(y))]
        alike = [name for name in names if _is_alike(to_text(plain(X[name])), y, kind)]
        if alike:
            notes.append(
                f"rows of the same {alike[0]!r} resemble each other: give --group "
                f"{shlex.quote(alike[0])} if new ones are to be predicted"
            )
    if roles.time is None:
        dates = [c for c in columns if c.kind is ColumnKind.DATETIME]
        drifting = [c.name for c in dates if _drifts(clean_column(X[c.name], c), y, kind)]
        if drifting:
            notes.append(
                f"rows follow {drifting[0]!r} and the target drifts along it: give --time "
                f"{shlex.quote(drifting[0])} if the future is to be predicted"
            )
    return notes


def intraclass_correlation(values: "FloatArray", groups: "IntArray") -> tuple[float, float]:
    """Compute the intraclass correlation: the similarity of rows within groups.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_values)
        Values to compare: a target, or an indicator for each class.
    groups : ndarray of shape (n_rows,)
        Codes 0..n_groups-1, each of which occurs.

    Returns
    -------
    tuple of (float, float)
        ICC(1) of a one-way analysis of variance (Shrout and Fleiss, 1979) with the mean group size
        corrected for unequal groups, at most 1; and the chance of an F so large where groups do
        not matter.
    """
    n_rows, sizes = len(groups), np.bincount(groups).astype(np.float64)
    n_groups = len(sizes)
    if n_groups < 2 or n_groups >= n_rows:
        return 0.0, 1.0
    centred = values - values.mean(axis=0)
    sums = np.stack([np.bincount(groups, weights=column) for column in centred.T], axis=1)
    between = float((sums**2 / sizes[:, None]).sum())
    within = max(0.0, float((centred**2).sum()) - between)
    if between + within <= 0:
        return 0.0, 1.0
    mean_between, mean_within = between / (n_groups - 1), within / (n_rows - n_groups)
    size = (n_rows - float((sizes**2).sum()) / n_rows) / (n_groups - 1)
    correlation = (mean_between - mean_within) / (mean_between + (size - 1) * mean_within)
    ratio = mean_between / mean_within if mean_within > 0 else np.inf
    return correlation, float(fdtrc(n_groups - 1, n_rows - n_groups, ratio))


def _looks_like_group(column: Column, n_rows: int) -> bool:
    if column.kind not in _GROUP_KINDS:
        return False
    named = looks_like_id_name(column.name) or _names_a_being(column.name)
    return named and _FEWEST_GROUPS <= column.n_unique <= n_rows / _ROWS_A_GROUP


def _names_a_being(name: str) -> bool:
    """Return True for column names like ``patient`` or ``customer_no``, not ``account age``."""
    words = [word.lower() for word in _WORD.findall(name)]
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return bool(words) and words[-1] in _BEINGS


def _is_alike(cells: "pd.Series[Any]", y: "AnyArray", kind: TaskKind) -> bool:
    codes = pd.factorize(cells)[0].astype(np.int64)
    known = codes >= 0
    if not known.any():
        return False
    correlation, chance = intraclass_correlation(compared_values(y[known], kind), codes[known])
    return correlation > _RESEMBLANCE and chance < _CERTAIN


def _drifts(dates: "pd.Series[Any]", y: "AnyArray", kind: TaskKind) -> bool:
    known = dates.notna().to_numpy()
    if known.mean() < _ORDERED:
        return False
    steps = np.diff(dates[known].to_numpy().astype("int64"))
    forwards, backwards = (steps >= 0).mean(), (steps <= 0).mean()
    if max(forwards, backwards) < _ORDERED or min(forwards, backwards) > 1 - _DRIFT:
        return False
    ranks = np.unique(dates[known].to_numpy(), return_inverse=True)[1].astype(np.int64)
    blocks = np.unique(time_blocks(ranks, _N_BLOCKS), return_inverse=True)[1].astype(np.int64)
    correlation, chance = intraclass_correlation(compared_values(y[known], kind), blocks)
    return correlation > _DRIFT and chance < _CERTAIN


def compared_values(y: "AnyArray", kind: TaskKind) -> "FloatArray":
    """Return the values to compare rows by: ranks of numbers (robust to outliers), or classes."""
    if not kind.is_classification:
        return np.argsort(np.argsort(y, kind="stable"), kind="stable")[:, None] / len(y)
    present = np.unique(y)[:_N_COMPARED]
    return np.asarray(y[:, None] == present[None, :], dtype=np.float64)
