"""Strategies: where the configurations of a search come from, after its safe start.

Metatune's own is the usual one. The others are what it is measured against: they share everything
else with it, from the first trial to the saved model.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from metatune.recommender.advice import Advice
from metatune.recommender.levels import TOP
from metatune.recommender.planner import Planner, PlannerSettings
from metatune.recommender.portfolio import greedy_order
from metatune.samplers.guided import Guide
from metatune.search.halving import CandidateSource
from metatune.search.history import History
from metatune.space import Configuration, SearchSpace

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

_ATTEMPTS = 50  # to draw a configuration that was not tried yet


class Asked(StrEnum):
    """Which past datasets are asked for advice."""

    SIMILAR = "those that resemble this one"
    ALL_ALIKE = "all alike, without a look at meta-features"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Situation:
    """What a strategy knows when it is asked for the first time.

    Attributes
    ----------
    advice : Advice or None
        What past runs recommend; None for a strategy that does not ask.
    spaces : Mapping of str to SearchSpace
        Of the usable algorithms.
    levels : tuple of int
        The levels that configurations climb in this search.
    n_first : int
        Configurations of the safe start, which come before.
    patience : callable
        Returns the seconds below which it does not matter what a trial costs.
    timed : bool
        Whether measured times count; they must not where a run has to be repeatable.
    seed : int
        Seed of everything random.
    """

    advice: Advice | None
    spaces: Mapping[str, SearchSpace]
    levels: tuple[int, ...]
    n_first: int
    patience: Callable[[], float]
    timed: bool
    seed: int

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """Where the configurations of a search come from.

    Attributes
    ----------
    name : str
        How tables and options call it.
    asked : Asked
        Which past datasets are asked for advice.
    source : callable
        Makes the source of configurations from the situation.
    """

    name: str
    asked: Asked
    source: Callable[[Situation], CandidateSource]


def _guided(situation: Situation) -> CandidateSource:
    """Let the belief about this dataset choose, updated by every trial."""
    advice = situation.given
    n_portfolio = PlannerSettings().n_portfolio + situation.n_first
    return Guide(
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
        timed=situation.timed,
        seed=situation.seed,
    )


def _prior_order(situation: Situation) -> CandidateSource:
    """Follow the recommendations in their order, whatever trials say."""
    ranked = situation.given.recommendations.ranked
    return _in_order(r.configuration for r in ranked)


def _portfolio(situation: Situation) -> CandidateSource:
    """Follow the greedy portfolio of all past datasets, per predicted second."""
    forecast = situation.given.forecast
    seconds = np.exp(forecast.log_seconds[:, TOP])
    order = greedy_order(forecast.regret, forecast.weights, seconds, situation.patience())
    return _in_order(forecast.configurations[column] for column in order)


def _in_order(configurations: Iterable[Configuration]) -> CandidateSource:
    """Go through a list; when it ends, the search goes on around its best configurations."""
    listed = iter([c.with_origin("portfolio") for c in configurations])
    return lambda history: next((c for c in listed if not history.knows(c)), None)


def _random(situation: Situation) -> CandidateSource:
    """Draw a family, then a configuration from its space, for ever."""
    rng = np.random.default_rng(situation.seed)
    spaces, names = situation.spaces, sorted(situation.spaces)

    def draw(history: History) -> Configuration | None:
        for _ in range(_ATTEMPTS):
            found = spaces[names[int(rng.integers(len(names)))]].sample(rng)
            if not history.knows(found):
                return found
        return None

    return draw


METATUNE = Strategy(name="metatune", asked=Asked.SIMILAR, source=_guided)
"""Similar past datasets and the trials of this run decide together."""

PRIOR_ORDER = Strategy(name="prior", asked=Asked.SIMILAR, source=_prior_order)
"""Metatune without its posterior: the recommendations, in the order in which they were made."""

PORTFOLIO = Strategy(name="portfolio", asked=Asked.ALL_ALIKE, source=_portfolio)
"""One portfolio for every dataset, greedy and aware of cost (Feurer et al. 2022, with a price)."""

RANDOM = Strategy(name="random", asked=Asked.NONE, source=_random)
"""Random search: families alike, configurations from their spaces."""

STRATEGIES = {s.name: s for s in (METATUNE, PRIOR_ORDER, PORTFOLIO, RANDOM)}
"""Every strategy by name."""
