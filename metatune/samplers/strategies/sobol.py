"""Quasi-random search: families in turn, their hyperparameters spread evenly.

Each family has a scrambled Sobol sequence in the unit cube of its space (Sobol 1967; Owen 1998), of
SciPy. Evenness is lost where a family has a single draw, and gained with every further one.
"""

import numpy as np

from metatune.samplers.base import TOP_RUNG, Proposal, Sampler
from metatune.samplers.strategies.cube import at
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation
from metatune.search.history import History
from metatune.space import Configuration

__all__ = ["SobolSampler", "make_sobol"]

_ATTEMPTS = 50  # rounding gives small spaces the same configuration again


class SobolSampler(Sampler):
    """Sampler of one Sobol sequence for each family.

    Parameters
    ----------
    situation : Situation
        Spaces and seed of the search.
    """

    def __init__(self, situation: Situation) -> None:
        self._spaces = situation.spaces
        self._names = sorted(situation.spaces)
        self._seed = situation.seed

    def propose(self, history: History) -> Proposal | None:
        for position in range(_n_drawn(history), _n_drawn(history) + _ATTEMPTS):
            configuration = self._at(position)
            if not history.knows(configuration):
                return Proposal(configuration=configuration, rung=TOP_RUNG)
        return None

    def _at(self, position: int) -> Configuration:
        from scipy.stats.qmc import Sobol

        turn, family = divmod(position, len(self._names))
        space = self._spaces[self._names[family]]
        if not space.domains:
            return space.from_values({}, "sobol")
        seed = np.random.default_rng([self._seed, family])
        sequence = Sobol(len(space.domains), scramble=True, seed=seed)
        if turn:
            sequence.fast_forward(turn)
        point = map(float, sequence.random(1)[0])
        return at(space, dict(zip(space.domains, point, strict=True)), "sobol")


def _n_drawn(history: History) -> int:
    trials = [*(result.trial for result in history.results), *history.pending]
    started = (trial.configuration for trial in trials)
    return len({c.key for c in started if c.origin == "sobol"})


def make_sobol(situation: Situation) -> Sampler:
    """Spread configurations evenly, and evaluate each in full."""
    return after_recommended(situation, SobolSampler(situation), rung=TOP_RUNG)
