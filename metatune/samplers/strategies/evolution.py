"""Regularised evolution: the best of a few is mutated, and the oldest dies, however good it is.

Real et al. 2019, "Regularized evolution for image classifier architecture search". The population
are the latest configurations that were evaluated. Each new one is a mutation of the best in a
random sample of the population, by one hyperparameter; a quarter of the population takes part, as
there. Families do not mutate into each other: they spread and die out with their members.
"""

import numpy as np

from metatune.samplers.base import TOP_RUNG, Sampler
from metatune.samplers.drawing import draw_configuration
from metatune.samplers.strategies.seen import Seen
from metatune.samplers.strategies.top_rung import TopRungSampler
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation
from metatune.search.history import History
from metatune.space import Configuration

__all__ = ["N_POPULATION", "EvolutionSampler", "make_evolution"]

N_POPULATION = 20
"""Configurations that are alive: runs under a budget see tens of them, not tens of thousands."""

_N_SAMPLED = 5


class EvolutionSampler(TopRungSampler):
    """Sampler of founders at random, and of mutations once the population is complete.

    Parameters
    ----------
    situation : Situation
        Spaces, seed and rungs of the search.
    """

    def population(self, history: History) -> list[Seen]:
        """Return who is alive, the oldest first."""
        return self._seen(history)[-N_POPULATION:]

    def _draw(self, history: History, rng: np.random.Generator) -> Configuration:
        population = self.population(history)
        if len(population) < N_POPULATION:
            return draw_configuration(self._spaces, rng)
        sampled = rng.choice(len(population), _N_SAMPLED, replace=False)
        parent = min((population[i] for i in sampled), key=lambda seen: seen.loss).configuration
        child = self._spaces[parent.algorithm].mutate(parent, rng, n_changes=1)
        return child.with_origin("evolution")


def make_evolution(situation: Situation) -> Sampler:
    """Let a population evolve; recommended configurations are among its founders."""
    return after_recommended(situation, EvolutionSampler(situation), rung=TOP_RUNG)
