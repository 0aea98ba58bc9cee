"""CMA-ES: a Gaussian that moves and stretches towards better trials, one for each family.

Hansen 2016, "The CMA evolution strategy: a tutorial"; of Optuna and the package cmaes, in the unit
cube of a family, where the options of a choice share the edge. The method knows no families; the
better ones are continued more often (`families`). Recommended configurations, and defaults, are
told as if the Gaussian had drawn them (Hansen 2011, "Injecting external solutions into CMA-ES").
"""

from typing import TYPE_CHECKING

import numpy as np

from metatune.samplers.base import TOP_RUNG, Sampler
from metatune.samplers.strategies.families import draw_family
from metatune.samplers.strategies.optuna_study import CubeEncoding, StudyMemory
from metatune.samplers.strategies.seen import pending_at
from metatune.samplers.strategies.top_rung import TopRungSampler
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation
from metatune.search.history import History
from metatune.space import Configuration

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

__all__ = ["CmaEsSampler", "make_cmaes"]

_POPULATION = 6  # of a generation: with ten or more, a run of tens of trials would see only one


def _gaussian_sampler(seed: int) -> "BaseSampler":
    from optuna.samplers import CmaEsSampler as Gaussian

    return Gaussian(popsize=_POPULATION, warn_independent_sampling=False, seed=seed)


class CmaEsSampler(TopRungSampler):
    """Sampler of one CMA-ES for each family, at the top rung.

    Parameters
    ----------
    situation : Situation
        Spaces, seed and rungs of the search.
    """

    def __init__(self, situation: Situation) -> None:
        super().__init__(situation)
        self._memories = {
            name: StudyMemory(CubeEncoding(space, "cmaes"), _gaussian_sampler, keeps_state=True)
            for name, space in situation.spaces.items()
        }

    def _draw(self, history: History, rng: np.random.Generator) -> Configuration:
        seen = self._seen(history)
        family = draw_family(seen, self._spaces, rng)
        default = self._spaces[family].default()
        if not history.knows(default):
            return default
        own = [one for one in seen if one.configuration.algorithm == family]
        pending = pending_at(history, self._top, {family: self._spaces[family]})
        return self._memories[family].ask(own, pending, int(rng.integers(2**31)))


def make_cmaes(situation: Situation) -> Sampler:
    """Let a Gaussian for each family move, from the recommended configurations on."""
    return after_recommended(situation, CmaEsSampler(situation), rung=TOP_RUNG)
