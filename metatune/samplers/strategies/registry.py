"""Registry of the strategies: what makes the sampler of each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from metatune.samplers.base import Sampler
from metatune.samplers.catalogue import CATALOGUE, StrategyName
from metatune.samplers.strategies.annealing import make_annealing
from metatune.samplers.strategies.bohb import make_bohb
from metatune.samplers.strategies.cmaes import make_cmaes
from metatune.samplers.strategies.evolution import make_evolution
from metatune.samplers.strategies.genetic import make_genetic
from metatune.samplers.strategies.gp import make_gp
from metatune.samplers.strategies.gradient import make_gradient
from metatune.samplers.strategies.grid import make_grid
from metatune.samplers.strategies.hyperband import make_hyperband
from metatune.samplers.strategies.metatune import make_planned
from metatune.samplers.strategies.narrow import make_narrow
from metatune.samplers.strategies.pbt import make_pbt
from metatune.samplers.strategies.portfolio import make_portfolio
from metatune.samplers.strategies.prior import make_prior_order
from metatune.samplers.strategies.random_search import make_halving, make_random
from metatune.samplers.strategies.sobol import make_sobol
from metatune.samplers.strategies.tpe import make_tpe
from metatune.samplers.strategy import Asked, Situation, Strategy

__all__ = ["METATUNE", "make_strategy"]

_MAKERS: Mapping[StrategyName, Callable[[Situation], Sampler]] = MappingProxyType(
    {
        StrategyName.METATUNE: make_planned,
        StrategyName.PRIOR: make_prior_order,
        StrategyName.PORTFOLIO: make_portfolio,
        StrategyName.GRID: make_grid,
        StrategyName.RANDOM: make_random,
        StrategyName.SOBOL: make_sobol,
        StrategyName.HALVING: make_halving,
        StrategyName.HYPERBAND: make_hyperband,
        StrategyName.BOHB: make_bohb,
        StrategyName.TPE: make_tpe,
        StrategyName.GP: make_gp,
        StrategyName.CMAES: make_cmaes,
        StrategyName.GENETIC: make_genetic,
        StrategyName.EVOLUTION: make_evolution,
        StrategyName.ANNEALING: make_annealing,
        StrategyName.NARROW: make_narrow,
        StrategyName.PBT: make_pbt,
        StrategyName.GRADIENT: make_gradient,
    }
)


def make_strategy(name: StrategyName, *, cold_start: bool = False) -> Strategy:
    """Make the strategy of a name.

    Parameters
    ----------
    name : StrategyName
        As `metatune.samplers.catalogue.read_strategy` has checked it.
    cold_start : bool
        Whether it begins without recommendations.
    """
    asked = Asked.ALL_ALIKE if name is StrategyName.PORTFOLIO else Asked.SIMILAR
    return Strategy(
        name=str(name),
        asked=Asked.NONE if cold_start else asked,
        sampler=_MAKERS[name],
        needs_advice=CATALOGUE[name].needs_advice,
        needs_slopes=name is StrategyName.GRADIENT,
    )


METATUNE = make_strategy(StrategyName.METATUNE)
"""Similar past datasets and the trials of this run decide together."""
