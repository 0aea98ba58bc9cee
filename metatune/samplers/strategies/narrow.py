"""Narrowing: rounds of random search in spaces that shrink around the best.

Luus and Jaakola 1973, "Optimization by direct search and systematic reduction of the size of search
region". After each round the better half of the families remain, each with a box around its best
configuration whose edges are six tenths of those before, moved inside the space where it would
leave it. The options of a choice are drawn anew with a probability that is the length of an edge.
"""

import math
from dataclasses import dataclass

import numpy as np

from metatune.samplers.base import TOP_RUNG, Sampler
from metatune.samplers.drawing import draw_configuration
from metatune.samplers.strategies.cube import all_values
from metatune.samplers.strategies.top_rung import TopRungSampler
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation
from metatune.search.history import History
from metatune.space import Choice, Configuration, Domain, Value

__all__ = ["N_ROUND", "NarrowSampler", "Region", "interval", "make_narrow"]

N_ROUND = 8
"""Results of a round."""

_EDGE = 0.6  # of the edges remain after each round,
_FAMILIES = 0.5  # and of the families


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Region that is left of the spaces.

    Attributes
    ----------
    centres : tuple of Configuration
        Best configuration of each family that is left, the best first; empty for the whole spaces.
    edge : float
        Length of the edges of the boxes around them, in the unit cube.
    """

    centres: tuple[Configuration, ...]
    edge: float


def interval(centre: float, edge: float) -> tuple[float, float]:
    """Return the ends of an interval of [0, 1] around a centre, moved inside where needed."""
    low = min(max(0.0, centre - edge / 2), 1.0 - edge)
    return low, low + edge


class NarrowSampler(TopRungSampler):
    """Sampler at random from a region that shrinks.

    Parameters
    ----------
    situation : Situation
        Spaces, seed and rungs of the search.
    """

    def region(self, history: History) -> Region:
        """Return the region of the round that is under way."""
        seen = self._seen(history)
        n_rounds = len(seen) // N_ROUND
        if n_rounds == 0:
            return Region(centres=(), edge=1.0)
        best: dict[str, Configuration] = {}
        for one in sorted(seen, key=lambda one: one.loss):
            best.setdefault(one.configuration.algorithm, one.configuration)
        n_left = math.ceil(len(self._spaces) * _FAMILIES**n_rounds)
        return Region(centres=tuple(best.values())[:n_left], edge=_EDGE**n_rounds)

    def _draw(self, history: History, rng: np.random.Generator) -> Configuration:
        region = self.region(history)
        if not region.centres:
            return draw_configuration(self._spaces, rng)
        centre = region.centres[int(rng.integers(len(region.centres)))]
        space = self._spaces[centre.algorithm]
        values = {
            name: _near(space.domains[name], value, region.edge, rng)
            for name, value in all_values(space, centre).items()
        }
        return space.from_values(values, "narrow")


def _near(domain: Domain, value: Value, edge: float, rng: np.random.Generator) -> Value:
    """Draw a value inside the box."""
    if isinstance(domain, Choice):
        return domain.sample(rng) if rng.random() < edge else value
    return domain.from_unit(float(rng.uniform(*interval(domain.to_unit(value), edge))))


def make_narrow(situation: Situation) -> Sampler:
    """Narrow the spaces; recommended configurations make the first round."""
    return after_recommended(situation, NarrowSampler(situation), rung=TOP_RUNG)
