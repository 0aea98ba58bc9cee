"""Every recommender that can be validated, by name."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from validation.simple import AverageRank, AverageRegret, GreedyPortfolio, RandomOrder
from validation.strategy import Strategy
from validation.weighted import ForestGreedy, NearestGreedy

__all__ = ["COST", "OURS", "STRATEGIES", "TITLES"]

COST = "-cost"
"""Ends the name of a strategy that divides by predicted cost."""

OURS = "metatune"
"""Begins the name of metatune's own strategies."""

STRATEGIES: dict[str, Callable[[], Strategy]] = {
    "random": RandomOrder,
    "average-rank": AverageRank,
    "average-rank-cost": lambda: AverageRank(per_cost=True),
    "average-regret": AverageRegret,
    "greedy": GreedyPortfolio,
    "greedy-cost": lambda: GreedyPortfolio(per_cost=True),
    "nearest": NearestGreedy,
    "nearest-cost": lambda: NearestGreedy(per_cost=True),
    "forest": ForestGreedy,
    "forest-cost": lambda: ForestGreedy(per_cost=True),
}
"""Factories of strategies."""

TITLES = {
    "random": "random",
    "average-rank": "average rank",
    "average-rank-cost": "average rank / cost",
    "average-regret": "average regret",
    "greedy": "greedy portfolio",
    "greedy-cost": "greedy portfolio / cost",
    "nearest": "25 nearest, greedy",
    "nearest-cost": "25 nearest, greedy / cost",
    "forest": "forest-weighted greedy",
    "forest-cost": "forest-weighted greedy / cost",
}
"""How tables and plots call them."""

if find_spec("validation.ours") is not None:
    STRATEGIES.update(import_module("validation.ours").STRATEGIES)
