"""Portfolio: one list for every dataset, by gain per predicted second (Feurer et al. 2022)."""

import numpy as np

from metatune.recommender.levels import TOP
from metatune.recommender.portfolio import greedy_order
from metatune.samplers.base import ListedSampler, Sampler
from metatune.samplers.strategy import Situation

__all__ = ["make_portfolio"]


def make_portfolio(situation: Situation) -> Sampler:
    """List the greedy portfolio of all past datasets, per predicted second.

    Raises
    ------
    ValueError
        If there is no advice.
    """
    forecast = situation.given.forecast
    seconds = np.exp(forecast.log_seconds[:, TOP])
    order = greedy_order(forecast.regret, forecast.weights, seconds, situation.patience.seconds)
    return ListedSampler(forecast.configurations[c].with_origin("portfolio") for c in order)
