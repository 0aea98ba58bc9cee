"""Arithmetic crossings: sums, differences, products and ratios of two numbers."""

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from metatune.algorithms.numeric import LARGEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metatune._typing import FloatArray, IntArray


__all__ = ["OPERATIONS", "candidate_terms", "term_names", "term_values"]

OPERATIONS = ("sum", "difference", "product", "ratio", "inverse_ratio")
"""Names of the operations, in the order of their codes."""

_FORMULAS = {
    "sum": "{0} + {1}",
    "difference": "{0} - {1}",
    "product": "{0} * {1}",
    "ratio": "{0} / {1}",
    "inverse_ratio": "{1} / {0}",
}


def candidate_terms(columns: "Sequence[int]") -> "IntArray":
    """Return every operation on every pair of columns.

    Returns
    -------
    ndarray of shape (n_terms, 3)
        First column, second column and code of the operation.
    """
    terms = [(*pair, code) for pair in combinations(columns, 2) for code in range(len(OPERATIONS))]
    return np.asarray(terms, dtype=np.int64).reshape(-1, 3)


def term_values(X: "FloatArray", terms: "IntArray") -> "FloatArray":
    """Evaluate terms.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
        Numbers, NaN where missing.
    terms : ndarray of shape (n_terms, 3)
        See `candidate_terms`.

    Returns
    -------
    ndarray of shape (n_rows, n_terms)
        NaN where a number is missing or would be divided by zero.
    """
    values = np.empty((len(X), len(terms)))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        for place, (first, second, code) in enumerate(terms):
            a = np.clip(X[:, first], -LARGEST, LARGEST)
            b = np.clip(X[:, second], -LARGEST, LARGEST)
            values[:, place] = _operate(a, b, OPERATIONS[code])
    return np.clip(values, -LARGEST, LARGEST)


def term_names(names: "Sequence[str]", terms: "IntArray") -> list[str]:
    """Return terms as formulas of the names of columns."""
    return [
        _FORMULAS[OPERATIONS[code]].format(names[first], names[second])
        for first, second, code in terms
    ]


def _operate(a: "FloatArray", b: "FloatArray", operation: str) -> "FloatArray":
    if operation == "sum":
        return a + b
    if operation == "difference":
        return a - b
    if operation == "product":
        return a * b
    if operation == "ratio":
        return np.where(b == 0, np.nan, a / b)
    return np.where(a == 0, np.nan, b / a)
