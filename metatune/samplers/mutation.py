"""Sampler around the best configurations of a run, and anywhere in the spaces."""

import numpy as np

from metatune.samplers.drawing import DrawingSampler, draw_configuration
from metatune.search.history import History
from metatune.space import Configuration

__all__ = ["MutationSampler", "RandomSampler"]

_N_PARENTS = 5
_RANDOM_SHARE = 0.3  # the rest are mutations


class RandomSampler(DrawingSampler):
    """Sampler that draws a family, then a configuration from its space, for ever."""

    def _draw(self, history: History, rng: np.random.Generator) -> Configuration:  # noqa: ARG002
        return draw_configuration(self._spaces, rng)


class MutationSampler(DrawingSampler):
    """Sampler that changes one of the best configurations a little, or draws one at random."""

    def _draw(self, history: History, rng: np.random.Generator) -> Configuration:
        parents = [c for c in history.best(_N_PARENTS) if c.algorithm in self._spaces]
        if not parents or rng.random() < _RANDOM_SHARE:
            return draw_configuration(self._spaces, rng)
        parent = parents[int(rng.integers(len(parents)))]
        return self._spaces[parent.algorithm].mutate(parent, rng)
