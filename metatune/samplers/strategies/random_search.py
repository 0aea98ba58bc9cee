"""Random search: families alike, then configurations from their spaces (Bergstra and Bengio 2012).

`random` evaluates each configuration in full. `halving` starts them at the lowest rung, from which
one in three rises (Karnin et al. 2013; Li et al. 2020).
"""

from metatune.samplers.base import TOP_RUNG, Sampler
from metatune.samplers.mutation import RandomSampler
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation

__all__ = ["make_halving", "make_random"]


def make_random(situation: Situation) -> Sampler:
    """Draw at random, and evaluate each draw in full."""
    return _search(situation, TOP_RUNG)


def make_halving(situation: Situation) -> Sampler:
    """Draw at random, and let the best rise."""
    return _search(situation, 0)


def _search(situation: Situation, rung: int) -> Sampler:
    drawn = RandomSampler(situation.spaces, situation.seed, rung)
    return after_recommended(situation, drawn, rung=rung)
