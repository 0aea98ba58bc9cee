"""Sampler and proposal: the seam behind which configurations come from anywhere."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from metatune.evaluation.trial import Expectation
from metatune.search.history import History
from metatune.space import Configuration

__all__ = ["TOP_RUNG", "ListedSampler", "Proposal", "Sampler", "SamplerChain"]

TOP_RUNG = -1
"""Index of the highest rung, however many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Configuration to try next, and where it starts.

    Attributes
    ----------
    configuration : Configuration
        Not tried before.
    rung : int
        Index of the rung that it starts at, from the cheapest; negative ones count from the top.
    expected : Expectation or None
        Expectation of it, where the sampler has one.
    """

    configuration: Configuration
    rung: int = 0
    expected: Expectation | None = None


class Sampler(ABC):
    """Source of configurations. A strategy is one subclass."""

    @abstractmethod
    def propose(self, history: History) -> Proposal | None:
        """Return a configuration that the history does not know yet.

        Parameters
        ----------
        history : History
            Everything that was tried, and what is under way.

        Returns
        -------
        Proposal or None
            None if there is none, for good or (see `waits`) at the moment.
        """

    @property
    def waits(self) -> bool:
        """True while there may be a proposal later without any further result."""
        return False


class ListedSampler(Sampler):
    """Sampler of given configurations, in their order.

    Parameters
    ----------
    configurations : iterable of Configuration
        The first one that is not known is proposed.
    starts : Mapping of Configuration to int, optional
        Indices of the rungs that some of them start at.
    rung : int
        Index of the rung that the others start at.
    """

    def __init__(
        self,
        configurations: Iterable[Configuration],
        starts: Mapping[Configuration, int] | None = None,
        *,
        rung: int = 0,
    ) -> None:
        self._configurations = tuple(configurations)
        self._starts = starts or {}
        self._rung = rung

    def propose(self, history: History) -> Proposal | None:
        for configuration in self._configurations:
            if not history.knows(configuration):
                rung = self._starts.get(configuration, self._rung)
                return Proposal(configuration=configuration, rung=rung)
        return None


class SamplerChain(Sampler):
    """Sampler that asks others in their order.

    Parameters
    ----------
    samplers : iterable of Sampler
        The first one that has a proposal, or waits for one, is heard.
    """

    def __init__(self, samplers: Iterable[Sampler]) -> None:
        self._samplers = tuple(samplers)

    def propose(self, history: History) -> Proposal | None:
        for sampler in self._samplers:
            proposal = sampler.propose(history)
            if proposal is not None or sampler.waits:
                return proposal
        return None

    @property
    def waits(self) -> bool:
        return any(sampler.waits for sampler in self._samplers)
