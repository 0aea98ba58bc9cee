"""Genetic algorithm: the best of each generation are crossed and mutated.

NSGA-II (Deb et al. 2002, "A fast and elitist multiobjective genetic algorithm"), of Optuna, with
one objective or several: then the best are those of the first fronts, the least crowded first. A
genome holds the hyperparameters of all families and says which family it is of; those of the others
lie idle, and have their defaults. A mutation draws a gene anew. The first generation is recommended
or drawn at random.
"""

from typing import TYPE_CHECKING

from metatune.samplers.base import TOP_RUNG, Sampler
from metatune.samplers.strategies.optuna_study import FlatEncoding, StudyMemory
from metatune.samplers.strategies.study_sampler import StudySampler
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

__all__ = ["N_GENERATION", "make_genetic"]

N_GENERATION = 16
"""Configurations of a generation, and parents of the next."""

_MUTATED = 0.15  # of the genes: one or two of those of a family


def _nsga_sampler(seed: int) -> "BaseSampler":
    from optuna.samplers import NSGAIISampler

    return NSGAIISampler(population_size=N_GENERATION, mutation_prob=_MUTATED, seed=seed)


def make_genetic(situation: Situation) -> Sampler:
    """Breed configurations, from the recommended ones on."""
    encoding = FlatEncoding(situation.spaces, "genetic")
    memory = StudyMemory(encoding, _nsga_sampler, keeps_state=True)
    return after_recommended(situation, StudySampler(situation, memory), rung=TOP_RUNG)
