"""Simulated annealing: a walk that accepts what is worse less and less often.

Kirkpatrick et al. 1983, "Optimization by simulated annealing". Each result is where the walk goes
next if it is better than where the walk stands, and else with the probability exp(-d / T): d is by
how much it is worse, in median deviations of the latest losses, and the temperature T falls by the
same factor with each result. The next configuration is a neighbour of where the walk stands: one of
its hyperparameters moves. The method knows no families: there is a walk in each, from its default,
and the better ones are continued more often (`families`). The acceptance of a result depends on the
seed and the number of its trial alone, so that a walk can be followed again from a history.
"""

import math
import statistics
from collections.abc import Sequence

import numpy as np

from metatune.samplers.base import TOP_RUNG, Sampler
from metatune.samplers.strategies.families import draw_family
from metatune.samplers.strategies.seen import Seen, seen_at
from metatune.samplers.strategies.top_rung import TopRungSampler
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation
from metatune.search.history import History
from metatune.space import Configuration

__all__ = ["AnnealingSampler", "acceptance", "make_annealing", "temperature"]

_FIRST_TEMPERATURE = 3.0
_COOLING = 0.85  # after 14 results a tenth of the first temperature is left
_N_LATEST = 50  # results that tell how much losses differ


def temperature(n_results: int) -> float:
    """Return the temperature of a walk after a number of results."""
    return _FIRST_TEMPERATURE * _COOLING**n_results


def acceptance(worse: float, n_results: int) -> float:
    """Return the probability of going on from a result that is worse (Metropolis et al. 1953).

    Parameters
    ----------
    worse : float
        By how much, in median deviations of the losses; not above 0 for what is no worse.
    n_results : int
        Results of the walk before it.
    """
    return 1.0 if worse <= 0.0 else math.exp(-worse / temperature(n_results))


class AnnealingSampler(TopRungSampler):
    """Sampler of neighbours of where the walk of a family stands.

    Parameters
    ----------
    situation : Situation
        Spaces, seed and rungs of the search.
    """

    def walk(self, history: History, family: str) -> list[tuple[Seen, bool]]:
        """Return the results of a family, in order, and whether the walk went there."""
        stands: Seen | None = None
        found: list[tuple[Seen, bool]] = []
        seen = seen_at(history, self._top, {family: self._spaces[family]})
        for number, result in enumerate(seen):
            goes = stands is None or self._accepts(result, stands, seen[: number + 1])
            stands = result if goes else stands
            found.append((result, goes))
        return found

    def _accepts(self, result: Seen, stands: Seen, until: Sequence[Seen]) -> bool:
        worse = result.loss - stands.loss
        if worse > 0.0:
            losses = [seen.loss for seen in until[-_N_LATEST:]]
            middle = statistics.median(losses)
            spread = statistics.median(abs(loss - middle) for loss in losses)
            worse = worse / spread if spread > 0.0 else math.inf
        chance = float(np.random.default_rng([self._seed, result.number]).random())
        return chance < acceptance(worse, len(until) - 1)

    def _draw(self, history: History, rng: np.random.Generator) -> Configuration:
        family = draw_family(self._seen(history), self._spaces, rng)
        space = self._spaces[family]
        if not history.knows(space.default()):
            return space.default()
        places = [result.configuration for result, goes in self.walk(history, family) if goes]
        stands = places[-1] if places else space.default()
        return space.mutate(stands, rng, n_changes=1).with_origin("annealing")


def make_annealing(situation: Situation) -> Sampler:
    """Walk on from the recommended configurations."""
    return after_recommended(situation, AnnealingSampler(situation), rung=TOP_RUNG)
