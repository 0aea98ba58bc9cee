"""Strategy of a search: the sampler that takes over after its safe start.

Metatune's own is the usual one. The others are what it is measured against: they share everything
else with it, from the first trial to the saved model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from metatune.recommender.advice import Advice
from metatune.recommender.levels import TOP
from metatune.recommender.planner import Planner, PlannerSettings
from metatune.recommender.portfolio import greedy_order
from metatune.samplers.base import ListedSampler, Sampler
from metatune.samplers.mutation import RandomSampler
from metatune.samplers.patience import Patience
from metatune.samplers.planned import Members, PlannedSampler
from metatune.space import SearchSpace

__all__ = [
    "METATUNE",
    "PORTFOLIO",
    "PRIOR_ORDER",
    "RANDOM",
    "STRATEGIES",
    "Asked",
    "Situation",
    "Strategy",
]


class Asked(StrEnum):
    """Past datasets that are asked for advice."""

    SIMILAR = "those that resemble this one"
    ALL_ALIKE = "all alike, without a look at meta-features"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Situation:
    """Facts that a strategy makes its sampler from.

    Attributes
    ----------
    advice : Advice or None
        Recommendations of past runs; None for a strategy that does not ask.
    members : Members or None
        Of the run's ensemble; None where a single model is wanted.
    spaces : Mapping of str to SearchSpace
        Of the usable algorithms.
    levels : tuple of int
        The levels that configurations climb in this search.
    n_first : int
        Configurations of the safe start, which come before.
    patience : Patience
        Of the search.
    seed : int
        Seed of everything random.
    """

    spaces: Mapping[str, SearchSpace]
    levels: tuple[int, ...]
    n_first: int
    patience: Patience
    seed: int
    advice: Advice | None = None
    members: Members | None = None

    @property
    def given(self) -> Advice:
        """The advice, for a strategy that asks for it.

        Raises
        ------
        ValueError
            If none was asked for.
        """
        if self.advice is None:
            raise ValueError("a strategy that asks no past datasets has no advice to follow")
        return self.advice

    def with_advice(self, advice: Advice, n_meanwhile: int) -> "Situation":
        """Return the situation once there is advice, after so many further configurations."""
        return replace(self, advice=advice, n_first=self.n_first + n_meanwhile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """Strategy that a search may follow.

    Attributes
    ----------
    name : str
        Name in tables and options.
    asked : Asked
        Past datasets that are asked for advice.
    sampler : callable
        Makes the sampler from the situation.
    """

    name: str
    asked: Asked
    sampler: Callable[[Situation], Sampler]


def _planned(situation: Situation) -> Sampler:
    """Let the belief about this dataset choose, updated by every trial."""
    advice = situation.given
    n_portfolio = PlannerSettings().n_portfolio + situation.n_first
    return PlannedSampler(
        planner=Planner(
            forecast=advice.forecast,
            spaces=situation.spaces,
            settings=PlannerSettings(n_portfolio=n_portfolio),
            levels=situation.levels,
        ),
        spaces=situation.spaces,
        metric=advice.guide,
        constant=advice.constant,
        patience=situation.patience,
        seed=situation.seed,
        members=situation.members,
    )


def _prior_order(situation: Situation) -> Sampler:
    """Follow the recommendations in their order, whatever trials say."""
    ranked = situation.given.recommendations.ranked
    return ListedSampler(r.configuration.with_origin("portfolio") for r in ranked)


def _portfolio(situation: Situation) -> Sampler:
    """Follow the greedy portfolio of all past datasets, per predicted second."""
    forecast = situation.given.forecast
    seconds = np.exp(forecast.log_seconds[:, TOP])
    order = greedy_order(forecast.regret, forecast.weights, seconds, situation.patience.seconds)
    return ListedSampler(forecast.configurations[c].with_origin("portfolio") for c in order)


def _random(situation: Situation) -> Sampler:
    """Draw at random."""
    return RandomSampler(situation.spaces, situation.seed)


METATUNE = Strategy(name="metatune", asked=Asked.SIMILAR, sampler=_planned)
"""Similar past datasets and the trials of this run decide together."""

PRIOR_ORDER = Strategy(name="prior", asked=Asked.SIMILAR, sampler=_prior_order)
"""Metatune without its posterior: the recommendations, in the order in which they were made."""

PORTFOLIO = Strategy(name="portfolio", asked=Asked.ALL_ALIKE, sampler=_portfolio)
"""One portfolio for every dataset, greedy and aware of cost (Feurer et al. 2022, with a price)."""

RANDOM = Strategy(name="random", asked=Asked.NONE, sampler=_random)
"""Random search: families alike, configurations from their spaces."""

STRATEGIES = {s.name: s for s in (METATUNE, PRIOR_ORDER, PORTFOLIO, RANDOM)}
"""Every strategy by name."""
