"""Metatune's own strategy: similar past datasets and the trials of this run decide together."""

from metatune.recommender.planner import Planner, PlannerSettings
from metatune.samplers.base import Sampler
from metatune.samplers.planned import PlannedSampler, climbed_levels
from metatune.samplers.strategy import Situation

__all__ = ["make_planned"]


def make_planned(situation: Situation) -> Sampler:
    """Let the belief about this dataset choose, updated by every trial.

    Raises
    ------
    ValueError
        If there is no advice.
    """
    advice = situation.given
    n_portfolio = PlannerSettings().n_portfolio + situation.n_first
    return PlannedSampler(
        planner=Planner(
            forecast=advice.forecast,
            spaces=situation.spaces,
            settings=PlannerSettings(n_portfolio=n_portfolio),
            levels=climbed_levels(situation.rungs),
        ),
        spaces=situation.spaces,
        metric=advice.guide,
        constant=advice.constant,
        patience=situation.patience,
        seed=situation.seed,
        members=situation.members,
    )
