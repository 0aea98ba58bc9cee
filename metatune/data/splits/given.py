"""Splits that the user gives: a scikit-learn splitter, pairs of positions, a validation set."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.errors import OptionError

if TYPE_CHECKING:
    from metatune._typing import AnyArray, IntArray

__all__ = ["JUDGED", "LEARNED", "held_out_rows", "read_splits"]

LEARNED, JUDGED = 1, 2
_MOST_SPLITS = 200


def read_splits(
    given: Any, X: Any, y: "AnyArray", groups: Any = None, *, classification: bool
) -> "IntArray":
    """Read the splits that `cv` stands for.

    Parameters
    ----------
    given : int, splitter or iterable of pairs of ndarray
        As scikit-learn's cross-validation takes it: a number of folds, an object with `split`, or
        pairs of positions, or masks, of rows to learn from and rows to judge by.
    X : array-like of shape (n_rows, n_columns)
        Features.
    y : ndarray of shape (n_rows,)
        Target.
    groups : array-like of shape (n_rows,), optional
        Groups, for splitters that take them.
    classification : bool
        Whether `y` holds labels.

    Returns
    -------
    ndarray of shape (n_rows, n_splits), int64
        `LEARNED`, `JUDGED`, or 0 for neither.

    Raises
    ------
    OptionError
        If it yields no splits of these rows.
    """
    from sklearn.model_selection import check_cv

    if isinstance(given, str) or not (
        isinstance(given, int | np.integer | Iterable) or hasattr(given, "split")
    ):
        raise OptionError(
            f"cv={given!r} is of type {type(given).__name__}: give a number of folds, a splitter "
            "of scikit-learn, or pairs of row positions to learn from and to judge by"
        )
    try:
        splitter = check_cv(given, y, classifier=classification)
        pairs = list(splitter.split(X, y, groups))
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise OptionError(f"cv={_shown(given)} cannot split these rows: {reason}") from error
    if not 0 < len(pairs) <= _MOST_SPLITS:
        raise OptionError(
            f"cv={_shown(given)} yields {len(pairs)} splits: give between 1 and {_MOST_SPLITS}"
        )
    splits = np.zeros((len(y), len(pairs)), dtype=np.int64)
    for number, pair in enumerate(pairs):
        _mark(splits[:, number], pair, number)
    return splits


def held_out_rows(n_rows: int, n_held_out: int) -> "IntArray":
    """Return the one split that judges by the last rows, (n_rows + n_held_out, 1)."""
    return np.repeat(np.array([LEARNED, JUDGED]), [n_rows, n_held_out])[:, None]


def _mark(column: "IntArray", pair: Any, number: int) -> None:
    where = f"split {number} of cv"
    try:
        learned, judged = (_positions(rows, len(column)) for rows in pair)
    except (ValueError, TypeError, IndexError) as error:
        reason = " ".join(str(error).split())[:120]
        raise OptionError(
            f"{where} is no pair of row positions of {len(column):,} rows ({reason})"
        ) from error
    if not len(learned) or not len(judged):
        raise OptionError(f"{where} has no rows to {'judge by' if len(learned) else 'learn from'}")
    column[learned] = LEARNED
    if (column[judged] == LEARNED).any():
        raise OptionError(f"{where} judges by rows that it learns from: give disjoint ones")
    column[judged] = JUDGED


def _positions(rows: Any, n_rows: int) -> "IntArray":
    values = np.asarray(rows)
    if values.ndim != 1:
        raise ValueError("not one-dimensional")
    if values.dtype == bool:
        if len(values) != n_rows:
            raise ValueError(f"a mask of {len(values):,} rows")
        values = np.flatnonzero(values)
    if values.size and values.dtype.kind not in "iu":
        raise ValueError(f"of type {values.dtype}")
    positions: IntArray = np.unique(np.arange(n_rows)[values.astype(np.intp)])
    return positions


def _shown(given: Any) -> str:
    text = " ".join(repr(given).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
