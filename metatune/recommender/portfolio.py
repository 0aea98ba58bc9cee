"""Greedy portfolios: which configurations to try, in which order, within which time."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["CAP", "first_choices", "greedy_order"]

CAP = 1.5
"""Normalised regret above which a configuration is no use; how much worse it is says nothing."""


def greedy_order(
    regret: "FloatArray",
    weights: "FloatArray",
    seconds: "FloatArray",
    patience: float,
) -> list[int]:
    """Order configurations by weighted marginal gain per second.

    Each step adds the configuration that lowers the weighted mean, over past datasets, of the best
    regret so far by most per unit of cost (Feurer et al. 2022, "Auto-sklearn 2.0", with weights for
    the datasets and a price). The price of a configuration is ``seconds + patience``: where runs
    are short beside the patience, order follows strength alone; where they are long, gain per
    second.

    Parameters
    ----------
    regret : ndarray of shape (n_datasets, n_configurations)
        Normalised regrets without NaN.
    weights : ndarray of shape (n_datasets,)
        Weight of each past dataset; adds up to 1.
    seconds : ndarray of shape (n_configurations,)
        Predicted cost of each configuration.
    patience : float
        Seconds below which cost does not matter.

    Returns
    -------
    list of int
        Every configuration once. When nothing is gained any more, the rest follows by expected
        regret and cost.
    """
    price = seconds + max(patience, 1e-9)
    regret = np.minimum(regret, CAP)
    best = np.full(len(regret), CAP)
    remaining = list(range(regret.shape[1]))
    order: list[int] = []
    while remaining:
        gain = weights @ np.maximum(best[:, None] - regret[:, remaining], 0.0)
        if gain.max() <= 1e-12:
            expected = weights @ regret[:, remaining]
            return order + [remaining[i] for i in np.lexsort((price[remaining], expected))]
        chosen = remaining.pop(int(np.argmax(gain / price[remaining])))
        order.append(chosen)
        best = np.minimum(best, regret[:, chosen])
    return order


def first_choices(regret: "FloatArray", weights: "FloatArray", n: int) -> list[int]:
    """Return the first `n` configurations of `greedy_order` where cost does not matter."""
    regret = np.minimum(regret, CAP)
    counted = weights > 0
    regret, weights = regret[counted], weights[counted]
    best = np.full(len(regret), CAP)
    chosen: list[int] = []
    for _ in range(min(n, regret.shape[1])):
        gain = weights @ np.maximum(best[:, None] - regret, 0.0)
        gain[chosen] = -1.0
        chosen.append(int(np.argmax(gain)))
        best = np.minimum(best, regret[:, chosen[-1]])
    return chosen
