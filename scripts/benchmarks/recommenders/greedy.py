"""Greedy portfolios over weighted past datasets, as published: the baselines' own.

Metatune's own order caps regrets at another value and lets the rank count in the first choice; a
baseline that shared its code would change with it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.recommenders.matrix import MAX_REGRET, Matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["portfolio_order", "relative_costs"]

_NOTHING = 1e-12


def relative_costs(train: Matrix, weights: "FloatArray | None" = None) -> "FloatArray":
    """Weigh past costs of each configuration, relative to the median one of the same dataset.

    Parameters
    ----------
    train : Matrix
        Past datasets.
    weights : ndarray of shape (n_datasets,), optional
        Add up to 1; uniform by default.

    Returns
    -------
    ndarray of shape (n_configurations,)
        Geometric means of seconds / median seconds.
    """
    typical = np.median(train.seconds, axis=1, keepdims=True)
    logarithms = np.log(train.seconds / typical)
    return np.asarray(np.exp(np.average(logarithms, axis=0, weights=weights)))


def portfolio_order(
    regret: "FloatArray", weights: "FloatArray", costs: "FloatArray | None" = None
) -> Iterator[int]:
    """Order configurations by what each adds to those before it.

    Each step takes the configuration that lowers the weighted mean, over past datasets, of the best
    regret so far by most, or by most per unit of cost.

    Parameters
    ----------
    regret : ndarray of shape (n_datasets, n_configurations)
        In [0, `MAX_REGRET`].
    weights : ndarray of shape (n_datasets,)
        Weight of each past dataset.
    costs : ndarray of shape (n_configurations,), optional
        Above zero; all alike by default.

    Yields
    ------
    int
        Every column once. When nothing is gained any more, the rest follows by expected regret.
    """
    used = np.flatnonzero(weights > 0)
    regret, weights = regret[used], weights[used]
    price = np.ones(regret.shape[1]) if costs is None else costs
    best = np.full(len(regret), MAX_REGRET)
    left = np.ones(regret.shape[1], dtype=bool)
    while left.any():
        gain = weights @ np.maximum(best[:, None] - regret, 0.0)
        gain[~left] = 0.0
        if gain.max() <= _NOTHING:
            rest = np.flatnonzero(left)
            yield from rest[np.argsort((weights @ regret)[rest], kind="stable")]
            return
        chosen = int(np.argmax(gain / price))
        left[chosen] = False
        best = np.minimum(best, regret[:, chosen])
        yield chosen
