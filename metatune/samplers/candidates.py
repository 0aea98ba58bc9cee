"""Where new configurations come from: a safe start, the recommender, then the unknown."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from metatune.search.history import History
from metatune.space import Configuration, SearchSpace

if TYPE_CHECKING:
    from numpy.random import Generator

    from metatune.search.halving import CandidateSource

__all__ = ["Candidates"]

_N_PARENTS = 5
_ATTEMPTS = 50
_RANDOM_SHARE = 0.3  # of what comes after the recommended ones; the rest are mutations


class Candidates:
    """Proposes configurations, each once.

    Parameters
    ----------
    first : iterable of Configuration
        Tried before anything else, without waiting for the recommender.
    get_guide : callable
        Returns who is asked from then on, at every free worker; called once, when `first` is used
        up.
    spaces : Mapping of str to SearchSpace
        Search spaces of the usable algorithms: where mutations and random configurations lie, when
        the guide knows no more.
    seed : int
        Seed of mutations and random configurations.
    """

    def __init__(
        self,
        first: Iterable[Configuration],
        get_guide: "Callable[[], CandidateSource]",
        spaces: Mapping[str, SearchSpace],
        seed: int,
    ) -> None:
        self._first = iter(first)
        self._get_guide = get_guide
        self._guide: CandidateSource | None = None
        self._spaces = spaces
        self._rng: Generator = np.random.default_rng(seed)
        self._seen: set[str] = set()

    def __call__(self, history: History) -> Configuration | None:
        """Return a configuration that was not proposed yet, or None if none can be found."""
        for configuration in self._first:
            if self._is_new(configuration, history):
                return configuration
        if self._guide is None:
            self._guide = self._get_guide()
        advised = self._guide(history)
        if advised is not None and self._is_new(advised, history):
            return advised
        for _ in range(_ATTEMPTS):
            configuration = self._invent(history)
            if self._is_new(configuration, history):
                return configuration
        return None

    def _is_new(self, configuration: Configuration, history: History) -> bool:
        # An earlier process may have tried what was not proposed here.
        if configuration.key in self._seen or history.knows(configuration):
            return False
        self._seen.add(configuration.key)
        return True

    def _invent(self, history: History) -> Configuration:
        """Change one of the best configurations a little, or draw one at random."""
        parents = [c for c in history.best(_N_PARENTS) if c.algorithm in self._spaces]
        if not parents or self._rng.random() < _RANDOM_SHARE:
            names = sorted(self._spaces)
            return self._spaces[names[int(self._rng.integers(len(names)))]].sample(self._rng)
        parent = parents[int(self._rng.integers(len(parents)))]
        return self._spaces[parent.algorithm].mutate(parent, self._rng)
