"""Hyperband: random search in brackets, many configurations on low rungs or few on high ones.

Li et al. 2018, "Hyperband: a novel bandit-based approach to hyperparameter optimization". With K
rungs there are K brackets. Bracket s = K - 1, ..., 0 starts ceil(K / (s + 1) * eta^s)
configurations s rungs below the top: of five rungs 81, 34, 15, 8 and 5. After the last bracket
comes the first again. Departure: configurations rise as soon as they are among the best one in eta
at their rung, instead of when their bracket is complete (asynchronous Hyperband, Li et al. 2020),
so that no worker waits; all brackets share the rungs.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from metatune.evaluation.rungs import REDUCTION_FACTOR
from metatune.samplers.base import Proposal, Sampler
from metatune.samplers.mutation import RandomSampler
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation
from metatune.search.history import History

__all__ = ["Bracket", "BracketSampler", "make_hyperband", "plan_brackets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """Bracket of Hyperband: so many configurations start at one rung."""

    rung: int
    size: int


def plan_brackets(n_rungs: int, eta: int = REDUCTION_FACTOR) -> tuple[Bracket, ...]:
    """Return the brackets for a number of rungs, those that start lowest first."""
    steps = reversed(range(n_rungs))
    return tuple(
        Bracket(rung=n_rungs - 1 - s, size=math.ceil(n_rungs * eta**s / (s + 1))) for s in steps
    )


class BracketSampler(Sampler):
    """Sampler that lets the configurations of another one start where their bracket does.

    Parameters
    ----------
    sampler : Sampler
        Proposes the configurations.
    n_rungs : int
        Rungs of the search.
    origins : collection of str
        Origins of the configurations that fill brackets; those of the safe start do not.
    """

    def __init__(self, sampler: Sampler, n_rungs: int, origins: Collection[str]) -> None:
        self._sampler = sampler
        self._origins = frozenset(origins)
        self._starts = [b.rung for b in plan_brackets(n_rungs) for _ in range(b.size)]

    def propose(self, history: History) -> Proposal | None:
        proposal = self._sampler.propose(history)
        if proposal is None:
            return None
        position = self._n_started(history) % len(self._starts)
        return replace(proposal, rung=self._starts[position])

    def _n_started(self, history: History) -> int:
        """Return how many configurations have filled brackets so far."""
        trials = [*(result.trial for result in history.results), *history.pending]
        started = (trial.configuration for trial in trials)
        return len({c.key for c in started if c.origin in self._origins})


def make_hyperband(situation: Situation) -> Sampler:
    """Fill the brackets with recommended configurations, then at random."""
    drawn = RandomSampler(situation.spaces, situation.seed)
    filling = after_recommended(situation, drawn, rung=0)
    return BracketSampler(filling, len(situation.rungs), ("portfolio", "random"))
