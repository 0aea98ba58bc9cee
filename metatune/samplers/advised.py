"""Sampler that proposes defaults until the recommender's job has finished, then what it advises."""

from collections.abc import Iterable

from metatune.recommender.advice import Advice
from metatune.samplers.base import ListedSampler, Proposal, Sampler
from metatune.samplers.question import Question
from metatune.samplers.strategy import Situation, Strategy
from metatune.search.history import History
from metatune.space import Configuration

__all__ = ["AdvisedSampler"]


class AdvisedSampler(Sampler):
    """Sampler of a strategy that asks past datasets, and of defaults as long as it waits.

    If there is no answer in time, the strategy begins cold; one that is nothing without advice
    gives way to the defaults of the usable families.

    Parameters
    ----------
    question : Question
        Asks past datasets.
    strategy : Strategy
        Makes the sampler of the answer.
    situation : Situation
        Search that the strategy is for.
    defaults : iterable of Configuration
        Defaults of the usable families, those first that do well mostly.
    meanwhile : bool
        Propose defaults while there is no answer yet; else wait for it.
    """

    def __init__(
        self,
        question: Question,
        strategy: Strategy,
        situation: Situation,
        defaults: Iterable[Configuration],
        *,
        meanwhile: bool,
    ) -> None:
        self._question = question
        self._strategy = strategy
        self._situation = situation
        self._defaults = ListedSampler(defaults)
        self._meanwhile = meanwhile
        self._advised: Sampler | None = None
        self._n_meanwhile = 0

    @property
    def waits(self) -> bool:
        return not self._meanwhile and not self._question.is_settled

    def propose(self, history: History) -> Proposal | None:
        if self._advised is None and self._question.is_settled:
            self._advised = self._follow(self._question.advice)
        if self._advised is not None:
            return self._advised.propose(history)
        if not self._meanwhile:
            return None
        proposal = self._defaults.propose(history)
        self._n_meanwhile += proposal is not None
        return proposal

    def _follow(self, advice: Advice | None) -> Sampler:
        if advice is None and self._strategy.needs_advice:
            return self._defaults
        return self._strategy.sampler(self._situation.with_advice(advice, self._n_meanwhile))
