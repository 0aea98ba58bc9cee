"""BOHB: Hyperband's brackets, filled by a density model instead of at random.

Falkner et al. 2018, "BOHB: robust and efficient hyperparameter optimization at scale". The model is
that of `tpe`, learned from the highest rung that has enough results; a third of the configurations
are drawn at random all the same, as there. Departures: ten results are enough for a model, whatever
the number of hyperparameters, since there are hundreds over all families; and configurations rise
as in `hyperband`, without waiting for their bracket.
"""

import numpy as np

from metatune.evaluation.rungs import Rung
from metatune.samplers.base import Sampler
from metatune.samplers.drawing import DrawingSampler, draw_configuration
from metatune.samplers.strategies.hyperband import BracketSampler
from metatune.samplers.strategies.optuna_study import StudyMemory, TreeEncoding
from metatune.samplers.strategies.seen import pending_at, seen_at
from metatune.samplers.strategies.tpe import N_START, parzen_sampler
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation
from metatune.search.history import History
from metatune.space import Configuration

__all__ = ["DensitySampler", "make_bohb"]

_RANDOM_SHARE = 1 / 3


class DensitySampler(DrawingSampler):
    """Sampler of Optuna's TPE at the highest rung that has enough results.

    Parameters
    ----------
    situation : Situation
        Spaces, seed and rungs of the search.
    """

    def __init__(self, situation: Situation) -> None:
        super().__init__(situation.spaces, situation.seed)
        self._rungs = situation.rungs
        encoding = TreeEncoding(situation.spaces, "bohb")
        self._memories = [
            StudyMemory(encoding, parzen_sampler, keeps_state=False) for _ in situation.rungs
        ]

    def modelled_rung(self, history: History) -> Rung | None:
        """Return the rung whose results the model is learned from; None if there are too few."""
        for rung in reversed(self._rungs):
            if len(seen_at(history, rung, self._spaces)) >= N_START:
                return rung
        return None

    def _draw(self, history: History, rng: np.random.Generator) -> Configuration:
        rung = self.modelled_rung(history)
        if rung is None or rng.random() < _RANDOM_SHARE:
            return draw_configuration(self._spaces, rng)
        seen = seen_at(history, rung, self._spaces)
        pending = pending_at(history, rung, self._spaces)
        return self._memories[rung.index].ask(seen, pending, int(rng.integers(2**31)))


def make_bohb(situation: Situation) -> Sampler:
    """Fill brackets with recommended configurations, then by the model and at random."""
    filling = after_recommended(situation, DensitySampler(situation), rung=0)
    return BracketSampler(filling, len(situation.rungs), ("portfolio", "random", "bohb"))
