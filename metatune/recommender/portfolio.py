"""Greedy portfolios: an order of configurations by marginal gain per second.

Every choice counts by how much it lowers the regret on past datasets. The first one counts by its
rank as well: a mean of regrets alone is ruled by the few datasets on which much can go wrong, and
the first choice is also meant to be better than most others on most datasets.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import FloatArray


__all__ = ["CAP", "beaten", "first_choices", "greedy_order"]

CAP = 1.5
"""Normalised regret above which all configurations count alike: as useless."""


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
    first = weights @ beaten(regret)
    regret = np.minimum(regret, CAP)
    best = np.full(len(regret), CAP)
    remaining = list(range(regret.shape[1]))
    order: list[int] = []
    while remaining:
        gain = weights @ np.maximum(best[:, None] - regret[:, remaining], 0.0)
        if not order:
            gain = gain + first
        if gain.max() <= 1e-12:
            expected = weights @ regret[:, remaining]
            return order + [remaining[i] for i in np.lexsort((price[remaining], expected))]
        chosen = remaining.pop(int(np.argmax(gain / price[remaining])))
        order.append(chosen)
        best = np.minimum(best, regret[:, chosen])
    return order


def beaten(regret: "FloatArray") -> "FloatArray":
    """Return the share of the configurations that each one beats on each dataset.

    Parameters
    ----------
    regret : ndarray of shape (n_datasets, n_configurations)
        Without NaN.

    Returns
    -------
    ndarray of shape (n_datasets, n_configurations)
        In [0, 1]; those that are equal beat half of each other.
    """
    share = np.empty_like(regret)
    for row, own in enumerate(regret):
        ordered = np.sort(own)
        better = np.searchsorted(ordered, own, side="left")
        not_worse = np.searchsorted(ordered, own, side="right")
        share[row] = 1.0 - (better + not_worse) / (2 * len(own))
    return share


def first_choices(regret: "FloatArray", weights: "FloatArray", n: int) -> list[int]:
    """Return the first `n` configurations of `greedy_order` where cost does not matter."""
    counted = weights > 0
    regret, weights = regret[counted], weights[counted]
    first = weights @ beaten(regret)
    regret = np.minimum(regret, CAP)
    best = np.full(len(regret), CAP)
    chosen: list[int] = []
    for _ in range(min(n, regret.shape[1])):
        gain = weights @ np.maximum(best[:, None] - regret, 0.0)
        if not chosen:
            gain = gain + first
        gain[chosen] = -1.0
        chosen.append(int(np.argmax(gain)))
        best = np.minimum(best, regret[:, chosen[-1]])
    return chosen
