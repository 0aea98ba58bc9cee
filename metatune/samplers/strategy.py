"""Strategy of a search: the sampler that takes over after its safe start, and what it is made of.

All strategies share everything else, from the first trial to the saved model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from metatune.evaluation.rungs import Rung
from metatune.recommender.advice import Advice
from metatune.samplers.base import Sampler
from metatune.samplers.patience import Patience
from metatune.samplers.planned import Members
from metatune.space import SearchSpace

__all__ = ["Asked", "Situation", "Strategy"]


class Asked(StrEnum):
    """Past datasets that are asked for advice."""

    SIMILAR = "those that resemble this one"
    ALL_ALIKE = "all alike, without a look at meta-features"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Situation:
    """Facts that a strategy makes its sampler from.

    Attributes
    ----------
    spaces : Mapping of str to SearchSpace
        Of the usable algorithms.
    rungs : tuple of Rung
        Fidelity levels of the search, the cheapest first.
    n_first : int
        Configurations of the safe start, which come before.
    patience : Patience
        Of the search.
    seed : int
        Seed of everything random.
    advice : Advice or None
        Recommendations of past runs; None where nobody was asked, or there was no answer.
    members : Members or None
        Of the run's ensemble; None where a single model is wanted.
    """

    spaces: Mapping[str, SearchSpace]
    rungs: tuple[Rung, ...]
    n_first: int
    patience: Patience
    seed: int
    advice: Advice | None = None
    members: Members | None = None

    @property
    def given(self) -> Advice:
        """The advice, for a strategy that cannot do without.

        Raises
        ------
        ValueError
            If there is none.
        """
        if self.advice is None:
            raise ValueError("a strategy that asks no past datasets has no advice to follow")
        return self.advice

    def with_advice(self, advice: Advice | None, n_meanwhile: int) -> "Situation":
        """Return the situation once there is advice, after so many further configurations."""
        return replace(self, advice=advice, n_first=self.n_first + n_meanwhile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """Strategy that a search may follow.

    Attributes
    ----------
    name : str
        Name in tables and options.
    asked : Asked
        Past datasets that are asked for advice.
    sampler : callable
        Makes the sampler from the situation.
    needs_advice : bool
        Whether it is nothing without advice: then defaults take its place where there is none, and
        mutations follow where it has nothing more to propose.
    needs_slopes : bool
        Whether trials have to tell derivatives of their validation loss.
    """

    name: str
    asked: Asked
    sampler: Callable[[Situation], Sampler]
    needs_advice: bool = False
    needs_slopes: bool = False

    @property
    def is_cold(self) -> bool:
        """True if it begins without anything that past datasets know."""
        return self.asked is Asked.NONE
