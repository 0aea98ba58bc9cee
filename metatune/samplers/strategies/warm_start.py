"""Warm start: the first configurations of a strategy are those that past datasets recommend.

They are tried on this table like any other, and the strategy learns from their results. The scores
that the recommender predicts for them are not told to it: a library's sampler would take them as
measured, and none of those here knows how uncertain they are.
"""

from metatune.samplers.base import ListedSampler, Sampler, SamplerChain
from metatune.samplers.strategy import Situation

__all__ = ["N_RECOMMENDED", "after_recommended"]

N_RECOMMENDED = 8
"""Recommended configurations that a warm start tries first."""


def after_recommended(situation: Situation, then: Sampler, *, rung: int) -> Sampler:
    """Chain a sampler behind the recommended configurations; alone where there is no advice.

    Parameters
    ----------
    situation : Situation
        Its advice recommends.
    then : Sampler
        Sampler of the strategy.
    rung : int
        Index of the rung that recommended configurations start at.
    """
    if situation.advice is None:
        return then
    ranked = situation.advice.recommendations.ranked[:N_RECOMMENDED]
    recommended = [r.configuration.with_origin("portfolio") for r in ranked]
    return SamplerChain([ListedSampler(recommended, rung=rung), then])
