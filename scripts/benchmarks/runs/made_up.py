"""Generated tables of any size: numbers, categories, missing cells, and a target to be learned."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TARGET", "make_table"]

TARGET = "target"

_CATEGORIES = (3, 8, 40)  # categories of a column, in turn
_MISSING = 0.03  # of the cells of every third column
_NOISE = 0.5  # of the standard deviation of what can be learned
_INFORMATIVE = 0.6  # of the columns


def make_table(
    n_rows: int, n_columns: int = 30, *, kind: str = "binary", seed: int = 0
) -> pd.DataFrame:
    """Make a table whose target depends on its columns by bends, products and categories.

    Two thirds of the columns are numbers, one third categories of 3, 8 or 40 values; every third
    column lacks some cells. The first 60 % of the columns matter. The same arguments give the same
    table.

    Parameters
    ----------
    n_rows, n_columns : int
        Size, the target not counted.
    kind : str
        ``binary``, ``multiclass`` (five classes) or ``regression``.
    seed : int
        Seed of everything.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns + 1)
        The target comes last, under `TARGET`.
    """
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {}
    signal = np.zeros(n_rows)
    bends: list[NDArray[np.float64]] = []
    for i in range(n_columns):
        matters = i < round(_INFORMATIVE * n_columns)
        values, effect = _category(rng, n_rows, i) if i % 3 == 2 else _number(rng, n_rows)
        if matters:
            signal += effect * rng.uniform(0.3, 1.0)
            bends.append(effect)
        if i % 3 == 1:
            values[rng.random(n_rows) < _MISSING] = np.nan
        columns[f"column_{i}"] = values
    for one, other in zip(bends[::2], bends[1::2], strict=False):
        signal += 0.7 * one * other
    signal /= max(float(signal.std()), 1e-12)
    signal += _NOISE * rng.normal(size=n_rows)
    columns[TARGET] = _target(signal, kind)
    return pd.DataFrame(columns)


def _number(
    rng: np.random.Generator, n_rows: int
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    plain = rng.normal(size=n_rows)
    bend = rng.integers(3)
    effect = np.sin(2 * plain) if bend == 0 else np.abs(plain) - 0.8 if bend == 1 else plain
    scale = 10.0 ** rng.integers(-1, 3)
    return (plain * scale).round(4), effect


def _category(
    rng: np.random.Generator, n_rows: int, i: int
) -> "tuple[NDArray[np.object_], NDArray[np.float64]]":
    n_values = _CATEGORIES[i // 3 % len(_CATEGORIES)]
    names = np.array([f"c{i}_{value}" for value in range(n_values)], dtype=object)
    codes = np.minimum(rng.exponential(n_values / 3, n_rows).astype(int), n_values - 1)
    return names[codes], rng.normal(size=n_values)[codes]


def _target(signal: "NDArray[np.float64]", kind: str) -> object:
    if kind == "regression":
        return (100 + 20 * signal).round(3)
    if kind == "binary":
        return np.where(signal > 0.4, "yes", "no")
    edges = np.quantile(signal, [0.15, 0.4, 0.7, 0.9])
    return np.array(["a", "b", "c", "d", "e"], dtype=object)[np.searchsorted(edges, signal)]
