"""Variants that race: strategies by name, each warm, and cold where it can be."""

from metatune.samplers.catalogue import CATALOGUE, StrategyName
from metatune.samplers.strategies.registry import make_strategy
from metatune.samplers.strategy import Strategy

__all__ = ["COLD", "USUAL", "VARIANTS", "WARM"]

WARM, COLD = "-warm", "-cold"
"""Suffixes of variants that begin with recommendations, and without."""

_ALL = tuple(CATALOGUE.items())

VARIANTS: dict[str, Strategy] = {
    **{f"{name}{'' if facts.needs_advice else WARM}": make_strategy(name) for name, facts in _ALL},
    **{
        f"{name}{COLD}": make_strategy(name, cold_start=True)
        for name, facts in _ALL
        if not facts.needs_advice
    },
    # The yardstick of all races so far: random search on the rungs that metatune climbs.
    "random": make_strategy(StrategyName.HALVING, cold_start=True),
}
"""Every variant by name."""

USUAL = ("metatune", "prior", "portfolio", "random")
"""Variants of a race where none are named."""
