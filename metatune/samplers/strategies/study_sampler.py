"""Study sampler: a sampler of Optuna, asked for the next full evaluation."""

import numpy as np

from metatune.samplers.strategies.optuna_study import StudyMemory
from metatune.samplers.strategies.top_rung import TopRungSampler
from metatune.samplers.strategy import Situation
from metatune.search.history import History
from metatune.space import Configuration

__all__ = ["StudySampler"]


class StudySampler(TopRungSampler):
    """Sampler that tells one study the results of the top rung, and asks it.

    Parameters
    ----------
    situation : Situation
        Spaces, seed and rungs of the search.
    memory : StudyMemory
        Study, with its encoding and its sampler.
    """

    def __init__(self, situation: Situation, memory: StudyMemory) -> None:
        super().__init__(situation)
        self._memory = memory

    def _draw(self, history: History, rng: np.random.Generator) -> Configuration:
        seen, pending = self._seen(history), self._pending(history)
        return self._memory.ask(seen, pending, int(rng.integers(2**31)))
