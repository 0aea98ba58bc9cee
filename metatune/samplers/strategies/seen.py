"""Losses of a history at one rung, complete and finite, as samplers of the field expect them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import TrialResult, TrialStatus
from metatune.samplers.strategies.cube import holds
from metatune.search.front import log_costs
from metatune.search.history import History
from metatune.space import Configuration, SearchSpace

__all__ = ["Seen", "pending_at", "seen_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Loss of a configuration at a rung.

    Attributes
    ----------
    configuration : Configuration
        Configuration that was tried.
    loss : float
        Finite; less is better.
    number : int
        Number of the trial.
    costs : tuple of float
        Logarithms of its costs, in a run with several objectives; finite.
    """

    configuration: Configuration
    loss: float
    number: int
    costs: tuple[float, ...] = ()

    @property
    def values(self) -> tuple[float, ...]:
        """Loss and costs, all of them better where they are less."""
        return (self.loss, *self.costs)


def seen_at(history: History, rung: Rung, spaces: Mapping[str, SearchSpace]) -> list[Seen]:
    """Return the losses at a rung, in the order in which they were told.

    Samplers of the field know no trial without a loss. One that was stopped after some of its folds
    counts as far behind the best one until then as it was on them; one that failed or took too long
    counts like the worst until then, and so does a cost that was not measured. So a loss never
    changes afterwards.

    Parameters
    ----------
    history : History
        Results so far.
    rung : Rung
        Results at this rung count.
    spaces : Mapping of str to SearchSpace
        Of the usable algorithms; configurations outside of them are left out.
    """
    found: list[Seen] = []
    leader: TrialResult | None = None
    for result in history.results:
        trial = result.trial
        if trial.rung != rung or not holds(spaces, trial.configuration):
            continue
        loss, costs = history.loss(result), _costs(result, found, history)
        if not all(map(math.isfinite, costs)):
            continue
        if math.isfinite(loss):
            leader = result if leader is None or loss < history.loss(leader) else leader
        elif found:
            loss = _stand_in(result, leader, history, max(seen.loss for seen in found))
        else:
            continue
        seen = Seen(configuration=trial.configuration, loss=loss, number=trial.number, costs=costs)
        found.append(seen)
    return found


def pending_at(
    history: History, rung: Rung, spaces: Mapping[str, SearchSpace]
) -> list[Configuration]:
    """Return the configurations under way at a rung, in the order in which they were started."""
    trials = sorted(history.pending, key=lambda trial: trial.number)
    return [
        trial.configuration
        for trial in trials
        if trial.rung == rung and holds(spaces, trial.configuration)
    ]


def _costs(result: TrialResult, found: list[Seen], history: History) -> tuple[float, ...]:
    """Return the logarithms of a trial's costs, the worst until then for those not measured."""
    if history.objectives is None:
        return ()
    costs = log_costs(result, history.objectives)
    worst = tuple(map(max, zip(*(seen.costs for seen in found), strict=True))) or costs
    return tuple(c if math.isfinite(c) else w for c, w in zip(costs, worst, strict=True))


def _stand_in(
    result: TrialResult, leader: TrialResult | None, history: History, worst: float
) -> float:
    """Return a loss for a trial without a score."""
    if result.status is not TrialStatus.PRUNED or leader is None:
        return worst
    both = zip(history.fold_losses(result), history.fold_losses(leader), strict=False)
    behind = [own - best for own, best in both if math.isfinite(own) and math.isfinite(best)]
    return history.loss(leader) + sum(behind) / len(behind) if behind else worst
