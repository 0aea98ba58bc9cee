"""Genetic algorithm: the best of each generation are crossed and mutated.

NSGA-II (Deb et al. 2002, "A fast and elitist multiobjective genetic algorithm"), of Optuna, with
one objective or several: then the best are those of the first fronts, the least crowded first. A
genome holds the hyperparameters of all families and says which family it is of; those of the others
lie idle, and have their defaults. A mutation draws a gene anew. The first generation is recommended
or drawn at random.
"""

from typing import TYPE_CHECKING

import numpy as np

from metatune.evaluation.rungs import Rung
from metatune.samplers.base import TOP_RUNG, Sampler
from metatune.samplers.drawing import DrawingSampler
from metatune.samplers.strategies.optuna_study import FlatEncoding, StudyMemory
from metatune.samplers.strategies.seen import seen_at
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation
from metatune.search.history import History
from metatune.space import Configuration

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

__all__ = ["N_GENERATION", "GeneticSampler", "make_genetic"]

N_GENERATION = 16
"""Configurations of a generation, and parents of the next."""

_MUTATED = 0.15  # of the genes: one or two of those of a family


def _nsga_sampler(seed: int) -> "BaseSampler":
    from optuna.samplers import NSGAIISampler

    return NSGAIISampler(population_size=N_GENERATION, mutation_prob=_MUTATED, seed=seed)


class GeneticSampler(DrawingSampler):
    """Sampler of Optuna's NSGA-II at the top rung.

    Parameters
    ----------
    situation : Situation
        Spaces, seed and rungs of the search.
    """

    def __init__(self, situation: Situation) -> None:
        super().__init__(situation.spaces, situation.seed, TOP_RUNG)
        self._top: Rung = situation.rungs[-1]
        self._memory = StudyMemory(
            FlatEncoding(situation.spaces, "genetic"), _nsga_sampler, keeps_state=True
        )

    def _draw(self, history: History, rng: np.random.Generator) -> Configuration:
        seen = seen_at(history, self._top, self._spaces)
        return self._memory.ask(seen, (), int(rng.integers(2**31)))


def make_genetic(situation: Situation) -> Sampler:
    """Breed configurations, from the recommended ones on."""
    return after_recommended(situation, GeneticSampler(situation), rung=TOP_RUNG)
