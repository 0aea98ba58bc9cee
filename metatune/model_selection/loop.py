"""Loop of a search class: trials by successive halving, and a judge that scores them."""

import statistics
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from metatune.budget import Deadline
from metatune.evaluation.trial import Trial, TrialResult
from metatune.model_selection.parameters import every_configuration
from metatune.recommender.advice import Advice
from metatune.samplers.base import TOP_RUNG, ListedSampler, Sampler, SamplerChain
from metatune.samplers.catalogue import StrategyName
from metatune.samplers.mutation import MutationSampler
from metatune.samplers.next_trial import next_trial
from metatune.samplers.strategies.registry import make_strategy
from metatune.samplers.strategy import Situation, Strategy
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History

__all__ = ["Judge", "Limits", "make_sampler", "run_trials"]


class Judge(ABC):
    """Judge of trials."""

    @abstractmethod
    def judge(self, trials: Sequence[Trial]) -> list[TrialResult]:
        """Return the result of each trial, all of them of the same rung."""

    @abstractmethod
    def refit_seconds(self, history: History) -> float:
        """Return the seconds that the fit of the best one on all rows is expected to take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of a search.

    Attributes
    ----------
    deadline : Deadline
        End of the search, the fit of the best one included.
    max_trials : int or None
        Trials that are counted instead of timed.
    width : int
        Trials that are judged at once.
    """

    deadline: Deadline
    max_trials: int | None
    width: int


def make_sampler(
    strategy: Strategy, situation: Situation, advice: Advice | None, *, is_guided: bool
) -> Sampler:
    """Make the sampler of a search: the defaults, then the strategy, then whatever is left.

    Parameters
    ----------
    strategy : Strategy
        Where configurations come from.
    situation : Situation
        Search that it is for.
    advice : Advice or None
        What past datasets recommend.
    is_guided : bool
        Whether trials are judged by the metric of the advice, so that they can correct it. Else
        recommendations are followed in their order.
    """
    spaces, seed = situation.spaces, situation.seed
    defaults = [space.default() for space in spaces.values()]
    chain: list[Sampler] = [ListedSampler(defaults, dict.fromkeys(defaults[:1], TOP_RUNG))]
    situation = situation.with_advice(advice, 0)
    if not strategy.needs_advice:
        chain.append(strategy.sampler(situation))
    elif advice is not None:
        followed = strategy if is_guided else make_strategy(StrategyName.PRIOR)
        chain.append(followed.sampler(situation))
    chain += [MutationSampler(spaces, seed), ListedSampler(every_configuration(spaces))]
    return SamplerChain(chain)


def run_trials(
    halving: SuccessiveHalving, sampler: Sampler, judge: Judge, limits: Limits
) -> History:
    """Run trials until the budget is used, or nothing is left to try.

    The first trial takes place whatever the time; none is started that is expected to end too late
    for the fit of the best one.
    """
    n_trials = 0
    while limits.max_trials is None or n_trials < limits.max_trials:
        trials = _next_trials(halving, sampler, judge, limits, n_trials)
        if not trials:
            break
        n_trials += len(trials)
        for result in judge.judge(trials):
            halving.tell(result)
    return halving.history


def _next_trials(
    halving: SuccessiveHalving, sampler: Sampler, judge: Judge, limits: Limits, n_trials: int
) -> list[Trial]:
    """Return trials of one rung that there is time for; none if the search is over."""
    history = halving.history
    left = limits.deadline.remaining() - judge.refit_seconds(history)
    if n_trials and left <= 0.0:
        return []
    max_seconds = float("inf") if limits.max_trials is not None else left
    most = limits.width
    if limits.max_trials is not None:
        most = min(most, limits.max_trials - n_trials)
    trials: list[Trial] = []
    while len(trials) < most:
        trial = next_trial(halving, sampler, max_seconds)
        if trial is None:
            break
        is_late = bool(n_trials) and _expected_seconds(trial, history) > max_seconds
        if is_late or (trials and trial.rung != trials[0].rung):
            halving.withdraw(trial)
            break
        trials.append(trial)
    return trials


def _expected_seconds(trial: Trial, history: History) -> float:
    """Predict the seconds of a trial: those of others of its rung, 0 without any."""
    known = [r.seconds for r in history.results if r.trial.rung == trial.rung and r.ok]
    return statistics.median(known) if known else 0.0
