"""Sampler around the best configurations of a run, and anywhere in the spaces."""

from collections.abc import Mapping

import numpy as np

from metatune.samplers.base import Proposal, Sampler
from metatune.search.history import History
from metatune.space import Configuration, SearchSpace

__all__ = ["MutationSampler", "RandomSampler", "draw_configuration"]

_N_PARENTS = 5
_ATTEMPTS = 50  # to find a configuration that was not tried yet
_RANDOM_SHARE = 0.3  # the rest are mutations


class RandomSampler(Sampler):
    """Sampler that draws a family, then a configuration from its space, for ever.

    Parameters
    ----------
    spaces : Mapping of str to SearchSpace
        Search spaces of the usable algorithms.
    seed : int
        Seed of everything that is drawn.
    """

    def __init__(self, spaces: Mapping[str, SearchSpace], seed: int) -> None:
        self._spaces = spaces
        self._rng = np.random.default_rng(seed)

    def propose(self, history: History) -> Proposal | None:
        for _ in range(_ATTEMPTS):
            configuration = self._invent(history)
            if not history.knows(configuration):
                return Proposal(configuration=configuration)
        return None

    def _invent(self, history: History) -> Configuration:  # noqa: ARG002
        return draw_configuration(self._spaces, self._rng)


class MutationSampler(RandomSampler):
    """Sampler that changes one of the best configurations a little, or draws one at random."""

    def _invent(self, history: History) -> Configuration:
        parents = [c for c in history.best(_N_PARENTS) if c.algorithm in self._spaces]
        if not parents or self._rng.random() < _RANDOM_SHARE:
            return draw_configuration(self._spaces, self._rng)
        parent = parents[int(self._rng.integers(len(parents)))]
        return self._spaces[parent.algorithm].mutate(parent, self._rng)


def draw_configuration(
    spaces: Mapping[str, SearchSpace], rng: np.random.Generator
) -> Configuration:
    """Return a random configuration of a random family."""
    names = sorted(spaces)
    return spaces[names[int(rng.integers(len(names)))]].sample(rng)
