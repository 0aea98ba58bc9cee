"""Prior order: the recommendations in the order in which they were made, whatever trials say.

Metatune's own strategy without its posterior, as warm starts from similar datasets were first used
(Feurer et al. 2015).
"""

from metatune.samplers.base import ListedSampler, Sampler
from metatune.samplers.strategy import Situation

__all__ = ["make_prior_order"]


def make_prior_order(situation: Situation) -> Sampler:
    """List the recommendations.

    Raises
    ------
    ValueError
        If there is no advice.
    """
    ranked = situation.given.recommendations.ranked
    return ListedSampler(r.configuration.with_origin("portfolio") for r in ranked)
