"""Sums and products of columns that are the target, and groups of flags that are one column."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.risks.sample import LeakSample, SampledColumn

if TYPE_CHECKING:
    from metatune._typing import FloatArray, IndexArray

__all__ = ["Combination", "find_combinations", "flag_groups"]

_MOST_COLUMNS = 60  # that are looked at, by correlation with the target
_MOST_DISTANCES = 20
_MOST_PAIRS = 4
_MOST_TERMS = 5
_EXACT = 1e-4  # of the target's variance may be left
_SAME_FACTOR = 0.02  # by which the factors of a sum may differ
_FEWEST_ROWS = 30
_PURE = 0.999  # of the rows have exactly one flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """Columns that are the target together, but for rounding and a factor.

    Attributes
    ----------
    names : tuple of str
        Two of them or more.
    made_by : str
        "sum or difference", "distance" or "product or quotient".
    """

    names: tuple[str, ...]
    made_by: str


def find_combinations(sample: LeakSample) -> list[Combination]:
    """Find columns that are the target together.

    Two columns are looked for among all pairs: by their sum or difference, by its absolute value,
    and by their product or quotient; more of them, up to five, by their sum, one after the other.
    Columns that are the target by themselves are no combination.
    """
    if sample.ranks is None:
        return []
    usable = [c for c in sample.columns if c.is_ordered and _is_filled(c)]
    if len(usable) < 2:
        return []
    values = np.column_stack([c.values for c in usable])
    rows = np.flatnonzero(~np.isnan(values).any(axis=1))
    if len(rows) < max(_FEWEST_ROWS, 0.5 * len(values)):
        return []
    values, y = values[rows], sample.y[rows]
    spreads = values.std(axis=0)
    varied = np.flatnonzero(np.isfinite(spreads) & (spreads > 0))  # absurd numbers overflow
    if not 0.0 < y.std() < np.inf or len(varied) < 2:
        return []
    usable, values = [usable[i] for i in varied], values[:, varied]
    found = [("sum or difference", places) for places in _sums(values, y)]
    found += [("distance", places) for places in _distances(values, y)]
    positive = np.flatnonzero((values > 0).all(axis=0))
    if (y > 0).all() and len(positive) > 1:
        logs = _pairs(np.log(values[:, positive]), np.log(y))
        found += [("product or quotient", [int(positive[i]) for i in pair]) for pair in logs]
    return [
        Combination(names=tuple(usable[i].name for i in places), made_by=made_by)
        for made_by, places in found
    ]


def flag_groups(sample: LeakSample) -> list[tuple[SampledColumn, tuple[str, ...]]]:
    """Return columns of flags next to each other of which one is set in each row.

    Returns
    -------
    list of (SampledColumn, tuple of str)
        The group as one column of codes, and the names of its flags.
    """
    found: list[tuple[SampledColumn, tuple[str, ...]]] = []
    run: list[SampledColumn] = []
    for column in (*sample.columns, None):
        if column is not None and _is_flag(column):
            run.append(column)
            continue
        found += _groups_of_run(run)
        run = []
    return found


def _groups_of_run(run: list[SampledColumn]) -> list[tuple[SampledColumn, tuple[str, ...]]]:
    if len(run) < 3:
        return []
    sums = np.cumsum(np.column_stack([np.zeros(len(run[0].values)), *(c.values for c in run)]), 1)
    found, start = [], 0
    for end in range(3, len(run) + 1):
        begin = next((b for b in range(start, end - 2) if _is_one(sums[:, end] - sums[:, b])), None)
        if begin is not None:
            group = run[begin:end]
            codes = np.column_stack([c.values for c in group]).argmax(axis=1).astype(np.float64)
            names = tuple(c.name for c in group)
            found.append((SampledColumn(name=names[0], values=codes, is_ordered=False), names))
            start = end
    return found


def _is_one(total: "FloatArray") -> bool:
    return bool((total == 1.0).mean() >= _PURE)


def _is_flag(column: SampledColumn) -> bool:
    values = column.values
    return column.is_ordered and bool(((values == 0.0) | (values == 1.0)).all())


def _is_filled(column: SampledColumn) -> bool:
    known = column.values[~np.isnan(column.values)]
    return len(known) >= 0.9 * len(column.values) and bool(np.ptp(known) > 0)


def _standard(values: "FloatArray") -> "FloatArray":
    centred = values - values.mean(axis=0)
    return np.asarray(centred / np.maximum(centred.std(axis=0), 1e-300))


def _ordered(X: "FloatArray", y: "FloatArray") -> "IndexArray":
    """Return the columns by correlation with the target, without those that are the target."""
    single = np.abs(X.T @ y / len(y))
    order = np.argsort(-single, kind="stable")
    return np.asarray(order[1.0 - single[order] ** 2 > _EXACT][:_MOST_COLUMNS])


def _sums(values: "FloatArray", target: "FloatArray") -> list[list[int]]:
    pairs = _pairs(values, target)
    if pairs:
        return pairs
    more = _several(values, target)
    return [more] if more else []


def _pairs(values: "FloatArray", target: "FloatArray") -> list[list[int]]:
    """Return pairs that explain the target exactly, with factors of the same size."""
    X, y = _standard(values), _standard(target[:, None])[:, 0]
    order = _ordered(X, y)
    if len(order) < 2:
        return []
    own, between = X[:, order].T @ y / len(y), X[:, order].T @ X[:, order] / len(X)
    rest = 1.0 - between**2
    first = (own[:, None] - own[None, :] * between) / np.maximum(rest, 1e-12)
    explained = first * own[:, None] + first.T * own[None, :]
    factors = np.abs(first) / values[:, order].std(axis=0)[:, None]
    alike = np.abs(factors - factors.T) <= _SAME_FACTOR * np.maximum(factors, factors.T)
    explained[(rest < 1e-9) | ~alike] = 0.0
    found = np.argwhere(np.triu(explained, 1) >= 1.0 - _EXACT)[:_MOST_PAIRS]
    return [[int(order[i]), int(order[j])] for i, j in found]


def _distances(values: "FloatArray", target: "FloatArray") -> list[list[int]]:
    """Return pairs whose distance is the target."""
    if (target < 0).any():
        return []
    spread = float(target.std())
    found = []
    for i in range(min(_MOST_DISTANCES, values.shape[1])):
        apart = np.abs(values[:, i + 1 :] - values[:, i, None]) - target[:, None]
        exact = np.flatnonzero((apart**2).mean(axis=0) <= _EXACT * spread**2)
        found += [[i, int(i + 1 + j)] for j in exact]
    return found[:_MOST_PAIRS]


def _several(values: "FloatArray", target: "FloatArray") -> list[int]:
    """Return up to five columns, chosen one after the other, whose sum is the target."""
    X, y = _standard(values), _standard(target[:, None])[:, 0]
    order, scales = _ordered(X, y), values.std(axis=0)
    chosen: list[int] = []
    left = y
    for _ in range(min(_MOST_TERMS, len(order))):
        others = [int(i) for i in order if i not in chosen]
        chosen.append(others[int(np.abs(X[:, others].T @ left).argmax())])
        factors = np.linalg.lstsq(X[:, chosen], y, rcond=None)[0]
        left = y - X[:, chosen] @ factors
        if left.var() <= _EXACT:
            sizes = np.sort(np.abs(factors) / scales[chosen])
            alike = all(b - a <= _SAME_FACTOR * b for a, b in pairwise(sizes))
            return chosen if len(chosen) > 1 and alike else []
    return []
