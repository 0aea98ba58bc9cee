"""Tree-structured Parzen estimator: configurations where densities of good and bad trials differ.

Bergstra et al. 2011, "Algorithms for hyper-parameter optimization"; of Optuna, with one density for
all hyperparameters of a family together (Falkner et al. 2018), and trials under way counted as bad
ones, so that workers do not crowd. The first ten results are recommended or drawn at random.
"""

from typing import TYPE_CHECKING

import numpy as np

from metatune.evaluation.rungs import Rung
from metatune.samplers.base import TOP_RUNG, Sampler
from metatune.samplers.drawing import DrawingSampler
from metatune.samplers.strategies.optuna_study import StudyMemory, TreeEncoding
from metatune.samplers.strategies.seen import pending_at, seen_at
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation
from metatune.search.history import History
from metatune.space import Configuration

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

__all__ = ["N_START", "TpeSampler", "make_tpe", "parzen_sampler"]

N_START = 10
"""Results before the densities decide."""


def parzen_sampler(seed: int) -> "BaseSampler":
    """Make the sampler of Optuna."""
    from optuna.samplers import TPESampler

    return TPESampler(
        n_startup_trials=N_START, multivariate=True, group=True, constant_liar=True, seed=seed
    )


class TpeSampler(DrawingSampler):
    """Sampler of Optuna's TPE at the top rung.

    Parameters
    ----------
    situation : Situation
        Spaces, seed and rungs of the search.
    """

    def __init__(self, situation: Situation) -> None:
        super().__init__(situation.spaces, situation.seed, TOP_RUNG)
        self._top: Rung = situation.rungs[-1]
        self._memory = StudyMemory(
            TreeEncoding(situation.spaces, "tpe"), parzen_sampler, keeps_state=False
        )

    def _draw(self, history: History, rng: np.random.Generator) -> Configuration:
        seen = seen_at(history, self._top, self._spaces)
        pending = pending_at(history, self._top, self._spaces)
        return self._memory.ask(seen, pending, int(rng.integers(2**31)))


def make_tpe(situation: Situation) -> Sampler:
    """Learn densities from results, those of the recommended configurations first."""
    return after_recommended(situation, TpeSampler(situation), rung=TOP_RUNG)
