"""Tree-structured Parzen estimator: configurations where densities of good and bad trials differ.

Bergstra et al. 2011, "Algorithms for hyper-parameter optimization"; of Optuna, with one density for
all hyperparameters of a family together (Falkner et al. 2018), and trials under way counted as bad
ones, so that workers do not crowd. The first ten results are recommended or drawn at random.
"""

from typing import TYPE_CHECKING

from metatune.samplers.base import TOP_RUNG, Sampler
from metatune.samplers.strategies.optuna_study import StudyMemory, TreeEncoding
from metatune.samplers.strategies.study_sampler import StudySampler
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

__all__ = ["N_START", "make_tpe", "parzen_sampler"]

N_START = 10
"""Results before the densities decide."""


def parzen_sampler(seed: int) -> "BaseSampler":
    """Make the sampler of Optuna."""
    from optuna.samplers import TPESampler

    return TPESampler(
        n_startup_trials=N_START, multivariate=True, group=True, constant_liar=True, seed=seed
    )


def make_tpe(situation: Situation) -> Sampler:
    """Learn densities from results, those of the recommended configurations first."""
    encoding = TreeEncoding(situation.spaces, "tpe")
    memory = StudyMemory(encoding, parzen_sampler, keeps_state=False)
    return after_recommended(situation, StudySampler(situation, memory), rung=TOP_RUNG)
