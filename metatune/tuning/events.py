"""Events of a run, told while it goes on."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from metatune.budget import Budget, Deadline
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult
from metatune.search.history import History
from metatune.storage.record import Outcome

if TYPE_CHECKING:
    from metatune.recommender.advice import Advice
    from metatune.samplers.question import Question

__all__ = ["Events", "RunFacts", "Step", "tell_advice"]


class Step(StrEnum):
    """Step of a run that takes a while, in words that go on a display."""

    READING = "reading the table"
    PREPARING = "preparing the columns"
    SEARCHING = "searching"
    FITTING = "fitting the final model"
    ESTIMATING = "estimating the score on new rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """Facts of a run that are known before its first trial.

    Attributes
    ----------
    table, target : str
        Names of the table and of what is predicted.
    task : str
        "binary", "multiclass" or "regression".
    metric : str
        What is optimised.
    greater_is_better : bool
        Direction of the metric.
    n_rows, n_columns : int
        Size of the table, without the target.
    budget : Budget
        Of the whole run.
    deadline : Deadline
        When everything has to be finished.
    seed : int
        Seed of everything random.
    n_workers : int
        Trials that run at once.
    """

    table: str
    target: str
    task: str
    metric: str
    greater_is_better: bool
    n_rows: int
    n_columns: int
    budget: Budget
    deadline: Deadline
    seed: int
    n_workers: int


class Events:
    """Events of a run: told of everything, decides nothing. Subclasses show what they like.

    Events come in the main thread, one after the other, while the run goes on: a listener that has
    much to do does it in a thread of its own. One that raises an error is told nothing more.

    Examples
    --------
    >>> class Names(Events):
    ...     def trial_ended(self, result, history):
    ...         print(result.trial.configuration.algorithm, result.score)
    >>> MetaTuneClassifier(callbacks=[Names()]).fit(X, y)  # doctest: +SKIP
    """

    def run_starts(self, facts: RunFacts) -> None:
        """Tell what a run is about. The first event, once for each run."""

    def step_starts(self, step: Step) -> None:
        """Tell what is done from now on."""

    def search_starts(self, rungs: tuple[Rung, ...], constant_score: float) -> None:
        """Tell that trials are about to run."""

    def resumes(self, history: History, used: float) -> None:
        """Tell what an earlier process has done: its trials, and the seconds it used."""

    def advised(self, advice: "Advice") -> None:
        """Tell what was recommended."""

    def not_advised(self, reason: str) -> None:
        """Tell why there is no recommendation; the defaults of the families come instead."""

    def trial_starts(self, trial: Trial) -> None:
        """Tell that a trial was handed to the workers."""

    def trial_ended(self, result: TrialResult, history: History) -> None:
        """Tell of a trial; `history` holds it already."""

    def search_ends(self, reason: str) -> None:
        """Tell why no more trials are run."""

    def run_ends(self, outcome: Outcome) -> None:
        """Tell the result of a run: the last event, unless an error ends the run."""


def tell_advice(events: Events, question: "Question") -> None:
    """Tell what past datasets have answered."""
    if question.advice is not None:
        events.advised(question.advice)
    elif question.outcome is not None:
        events.not_advised(question.outcome.error)
