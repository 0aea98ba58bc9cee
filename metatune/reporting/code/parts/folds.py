"""Parts that deal rows to folds."""

from typing import Any

import numpy as np

__all__ = ["deal_rows", "deal_values"]


def deal_rows(labels: Any, n_folds: Any, seed: Any) -> Any:
    """Deal the rows of each class to folds in turn; return the fold of each row."""
    rng = np.random.default_rng(seed + 1)
    fold = np.empty(len(labels), dtype=np.intp)
    start = 0
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        fold[rows] = (start + np.arange(len(rows))) % n_folds
        start += len(rows)
    return fold


def deal_values(values: Any, n_folds: Any, seed: Any) -> Any:
    """Deal rows to folds, stratified by up to ten bins of their values."""
    n_bins = max(1, min(10, len(values) // 10))
    rank = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return deal_rows(rank * n_bins // len(values), n_folds, seed)
