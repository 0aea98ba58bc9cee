"""Every recommender that can be validated, by name."""

from collections.abc import Callable

from benchmarks.recommenders import ours
from benchmarks.recommenders.boosted import BoostedRanker, BoostedRegressor
from benchmarks.recommenders.oboe_method import Oboe
from benchmarks.recommenders.simple import AverageRank, AverageRegret, GreedyPortfolio, RandomOrder
from benchmarks.recommenders.strategy import Strategy
from benchmarks.recommenders.weighted import ForestGreedy, NearestGreedy

__all__ = ["COST", "GROUPS", "OURS", "STRATEGIES", "TITLES", "is_ours"]

COST = "-cost"
"""Ends the name of a strategy that divides by predicted cost."""

OURS = "metatune"
"""Metatune's own strategy; begins the names of its variants."""

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
    "oboe": Oboe,
    "oboe-cost": lambda: Oboe(per_cost=True),
    "regressor": BoostedRegressor,
    "regressor-cost": lambda: BoostedRegressor(per_cost=True),
    "ranker": BoostedRanker,
    "ranker-cost": lambda: BoostedRanker(per_cost=True),
    **ours.STRATEGIES,
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
    "oboe": "Oboe's factorisation",
    "oboe-cost": "Oboe's factorisation / cost",
    "regressor": "LightGBM regressor",
    "regressor-cost": "LightGBM regressor / cost",
    "ranker": "LightGBM ranker",
    "ranker-cost": "LightGBM ranker / cost",
    **ours.TITLES,
}
"""Names in tables and plots."""


def is_ours(name: str) -> bool:
    """Tell metatune itself from baselines and from its variants in an ablation."""
    return name.removesuffix(COST) == OURS


GROUPS = {
    "all": [name for name in STRATEGIES if is_ours(name) or not name.startswith(OURS)],
    "baselines": [name for name in STRATEGIES if not name.startswith(OURS)],
    "ablation": [name for name in STRATEGIES if name.startswith(OURS)],
}
"""Names for several strategies together."""
