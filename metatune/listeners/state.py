"""State of a run as its events tell it: what leads, what was tried, who works, how far it is."""

from collections import Counter

from metatune.budget import Budget, Deadline
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult
from metatune.listeners.words import extent, trials_done
from metatune.notation.numbers import duration, number
from metatune.search.history import History
from metatune.tuning.events import Events, RunFacts, Step

__all__ = ["RunState"]

_REFERENCE = "lightgbm"
"""Family whose default is what most people would try first."""


class RunState(Events):
    """State of a run, as its events tell it, and in words.

    Parameters
    ----------
    budget : Budget
        Of the whole run.
    deadline : Deadline
        When it ends.

    Attributes
    ----------
    step : Step
        Under way.
    metric : str
        Name of the metric; empty until it is known.
    rungs : tuple of Rung
        Empty until they are known.
    constant : float or None
        Score of the constant prediction.
    best : TrialResult or None
        The result that leads.
    before : TrialResult or None
        The one that led before the latest trial ended.
    n_trials, n_failed : int
        Trials that have ended, and those of them that failed.
    """

    def __init__(self, budget: Budget, deadline: Deadline) -> None:
        self._budget = budget
        self._deadline = deadline
        self.step = Step.READING
        self.metric = ""
        self.rungs: tuple[Rung, ...] = ()
        self.constant: float | None = None
        self.best: TrialResult | None = None
        self.before: TrialResult | None = None
        self.n_trials = self.n_failed = 0
        self._n_workers = self._n_given = 0
        self._scored: Counter[Rung] = Counter()
        self._reference: dict[Rung, float] = {}

    def run_starts(self, facts: RunFacts) -> None:
        self.metric = facts.metric
        self._n_workers = facts.n_workers
        self.step = Step.PREPARING

    def step_starts(self, step: Step) -> None:
        self.step = step
        self._n_given = 0  # what the end of a search cuts off does not end as a trial

    def search_starts(self, rungs: tuple[Rung, ...], constant_score: float) -> None:
        self.rungs, self.constant = rungs, constant_score

    def resumes(self, history: History, used: float) -> None:  # noqa: ARG002  # the deadline knows
        for result in history.results:
            self._count(result)
        self.best = self.before = history.incumbent()

    def trial_starts(self, trial: Trial) -> None:  # noqa: ARG002
        self._n_given += 1

    def trial_ended(self, result: TrialResult, history: History) -> None:
        self._n_given = max(0, self._n_given - 1)
        self._count(result)
        self.before, self.best = self.best, history.incumbent()

    def search_ends(self, reason: str) -> None:  # noqa: ARG002
        self._n_given = 0

    @property
    def share(self) -> float:
        """Share of the budget that is used: of the trials, where these are counted."""
        n_trials = self._budget.max_trials
        if n_trials is not None:
            return min(1.0, self.n_trials / n_trials)
        return min(1.0, max(0.0, 1.0 - self._deadline.remaining() / self._budget.seconds))

    @property
    def left(self) -> str:
        """Rest of the budget in words: time, or trials where these are counted."""
        n_trials = self._budget.max_trials
        if n_trials is not None:
            return f"{self.n_trials} of {n_trials} trials"
        return f"{duration(max(0.0, round(self._deadline.remaining())))} left"

    def best_words(self, *, long: bool = True) -> str:
        """Say what leads, with the name of the metric if `long`."""
        if self.best is None:
            return "no model yet"
        name = f"{self.metric} " if long else ""
        algorithm = self.best.trial.configuration.algorithm
        where = extent(self.best.trial.rung, self.rungs)
        return f"{name}{number(self.best.score)} by {algorithm}, {where}"

    def rivals(self) -> str:
        """Say what the leading score has to beat: the constant, and the default of LightGBM."""
        said = [] if self.constant is None else [f"{number(self.constant)} constant prediction"]
        if self.best is not None and self.best.trial.rung in self._reference:
            said.append(f"{number(self._reference[self.best.trial.rung])} default LightGBM")
        return ", ".join(said) or "nothing yet"

    def tried(self) -> str:
        """Count the trials by how much of the table they looked at."""
        rungs = [rung for rung in self.rungs if self._scored[rung]]
        said = [f"{self._scored[rung]} {extent(rung, self.rungs)}" for rung in rungs]
        n_cut = self.n_trials - self.n_failed - self._scored.total()
        said += [f"{n_cut} cut short"] if n_cut > 0 else []
        said += [f"{self.n_failed} failed"] if self.n_failed else []
        return "; ".join(said) or "nothing yet"

    def now(self) -> str:
        """Say what is being done, and how many workers are at it."""
        if self.step is not Step.SEARCHING:
            return str(self.step)
        busy = min(self._n_given, self._n_workers)
        workers = "worker" if self._n_workers == 1 else "workers"
        return f"{self.step}, {busy} of {self._n_workers} {workers} busy"

    def line(self) -> str:
        """Say everything that matters in one line."""
        done = trials_done(self.n_trials, self.n_failed)
        best = self.best_words()
        return f"{self.step}: {'' if self.best is None else 'best '}{best}; {done}; {self.left}"

    def _count(self, result: TrialResult) -> None:
        self.n_trials += 1
        self.n_failed += result.failed
        if result.ok:
            self._scored[result.trial.rung] += 1
            configuration = result.trial.configuration
            if configuration.algorithm == _REFERENCE and configuration.origin == "default":
                self._reference[result.trial.rung] = result.score
