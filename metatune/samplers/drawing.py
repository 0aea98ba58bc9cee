"""Drawing of configurations: samplers whose next draw depends on a seed and the history alone.

The generator of a proposal is seeded by the number of configurations that were started before it.
So the same history gives the same proposal, in a run that goes on after an interruption as well.
"""

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np

from metatune.samplers.base import Proposal, Sampler
from metatune.search.history import History
from metatune.space import Configuration, SearchSpace

__all__ = ["DrawingSampler", "draw_configuration"]

_ATTEMPTS = 50  # to find a configuration that was not tried yet


class DrawingSampler(Sampler):
    """Sampler that draws until it has a configuration that is new.

    Where its own way of drawing gives nothing new, it draws from the whole spaces.

    Parameters
    ----------
    spaces : Mapping of str to SearchSpace
        Search spaces of the usable algorithms.
    seed : int
        Seed of everything that is drawn.
    rung : int
        Index of the rung that its configurations start at; negative ones count from the top.
    """

    def __init__(self, spaces: Mapping[str, SearchSpace], seed: int, rung: int = 0) -> None:
        self._spaces = spaces
        self._seed = seed
        self._rung = rung

    def propose(self, history: History) -> Proposal | None:
        rng = np.random.default_rng([self._seed, history.n_configurations])
        for attempt in range(2 * _ATTEMPTS):
            if attempt < _ATTEMPTS:
                configuration = self._draw(history, rng)
            else:
                configuration = draw_configuration(self._spaces, rng)
            if not history.knows(configuration):
                return Proposal(configuration=configuration, rung=self._rung)
        return None

    @abstractmethod
    def _draw(self, history: History, rng: np.random.Generator) -> Configuration:
        """Draw a configuration, which may be known already."""


def draw_configuration(
    spaces: Mapping[str, SearchSpace], rng: np.random.Generator
) -> Configuration:
    """Return a random configuration of a random family."""
    names = sorted(spaces)
    return spaces[names[int(rng.integers(len(names)))]].sample(rng)
