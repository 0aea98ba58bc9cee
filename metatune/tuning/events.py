"""Events of a run, told while it goes on."""

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import TrialResult
from metatune.recommender.advice import Advice
from metatune.samplers.question import Question
from metatune.search.history import History

__all__ = ["Events", "tell_advice"]


class Events:
    """Events of a run: told of everything, decides nothing. Subclasses show what they like."""

    def search_starts(self, rungs: tuple[Rung, ...], constant_score: float) -> None:
        """Tell that trials are about to run."""

    def resumes(self, history: History, used: float) -> None:
        """Tell what an earlier process has done: its trials, and the seconds it used."""

    def advised(self, advice: Advice) -> None:
        """Tell what was recommended."""

    def not_advised(self, reason: str) -> None:
        """Tell why there is no recommendation; the defaults of the families come instead."""

    def trial_ended(self, result: TrialResult, history: History) -> None:
        """Tell of a trial; `history` holds it already."""

    def search_ends(self, reason: str) -> None:
        """Tell why no more trials are run."""


def tell_advice(events: Events, question: Question) -> None:
    """Tell what past datasets have answered."""
    if question.advice is not None:
        events.advised(question.advice)
    elif question.outcome is not None:
        events.not_advised(question.outcome.error)
