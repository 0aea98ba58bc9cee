"""Asks for advice while the first trials run, and lets a strategy make candidates of it."""

from pathlib import Path

from metatune.advice import Advice, AdviceRequest, training_shape, usable_algorithms
from metatune.budget import Deadline
from metatune.data.task import Task
from metatune.guidance import climbed_levels
from metatune.listener import Listener
from metatune.metadataset.store import check_metadata
from metatune.options import TuneOptions
from metatune.recommender.rank import PATIENCE
from metatune.search.candidates import Candidates
from metatune.search.executor import Executor, Job
from metatune.search.halving import CandidateSource
from metatune.search.rungs import Rung
from metatune.search.trial import TrialStatus
from metatune.search.trial_data import TrialData
from metatune.strategy import Asked, Situation

__all__ = ["Adviser"]

_FIRST = ("decision_tree", "lightgbm")
"""Families whose defaults open every run: one that is done at once, and the usual default."""

_FEATURE_SHARE = 0.1  # of the remaining time, for meta-features
_FEATURE_SECONDS = 10.0
_ADVICE_SHARE = 0.25  # of the remaining time, for the recommendation in all
_ADVICE_JOB = -2


class Adviser:
    """Gives the candidates of a run: a safe start, then what its strategy proposes.

    Past datasets are asked in a process of its own that can be stopped, once the safe start is
    under way. If that fails, the defaults of the usable families come instead.

    Parameters
    ----------
    task : Task
        What is learned.
    data : TrialData
        Rows and folds.
    inbox : Path
        Folder where workers find `data`.
    rungs : tuple of Rung
        That the search climbs.
    options : TuneOptions
        What the user decided, the strategy among it.
    deadline : Deadline
        When everything has to be finished.
    executor : Executor
        Where advice is given.
    listener : Listener
        Told of the advice.

    Raises
    ------
    OptionError
        If no algorithm is left to try.
    MetadataError
        If the meta-dataset cannot be used.
    """

    def __init__(
        self,
        *,
        task: Task,
        data: TrialData,
        inbox: Path,
        rungs: tuple[Rung, ...],
        options: TuneOptions,
        deadline: Deadline,
        executor: Executor,
        listener: Listener,
    ) -> None:
        self.advice: Advice | None = None
        """What was recommended; None before, and where nothing was."""
        self._inbox = inbox
        self._metric = task.metric.name
        self._options = options
        self._deadline = deadline
        self._executor = executor
        self._listener = listener
        self._metadata = check_metadata(options.metadata)
        self._levels = climbed_levels(rungs)
        shape = training_shape(data.task, len(data.folds))
        usable = usable_algorithms(task.kind, shape, options.include, options.exclude)
        self._spaces = {name: algorithm.space(task.kind) for name, algorithm in usable.items()}

    def candidates(self) -> Candidates:
        """Return the source of configurations of this run."""
        first = [self._spaces[name].default() for name in _FIRST if name in self._spaces]
        return Candidates(first, self._source, self._spaces, self._options.seed)

    def _source(self) -> CandidateSource:
        strategy = self._options.strategy
        if strategy.asked is not Asked.NONE and not self._ask():
            defaults = iter([space.default() for space in self._spaces.values()])
            return lambda _history: next(defaults, None)
        return strategy.source(
            Situation(
                advice=self.advice,
                spaces=self._spaces,
                levels=self._levels,
                n_first=sum(name in self._spaces for name in _FIRST),
                patience=self._patience,
                timed=self._options.budget.max_trials is None,
                seed=self._options.seed,
            )
        )

    def _ask(self) -> bool:
        """Ask past datasets; say whether they answered in time."""
        outcome = self._executor.call(
            Job(
                id=_ADVICE_JOB,
                function="metatune.advice:advise_in_worker",
                inbox=str(self._inbox),
                arguments=(self._request(),),
                time_limit=self._seconds(_ADVICE_SHARE),
            )
        )
        if outcome.status is not TrialStatus.OK:
            self._listener.not_advised(outcome.error)
            return False
        self.advice = outcome.value
        self._listener.advised(outcome.value)
        return True

    def _request(self) -> AdviceRequest:
        return AdviceRequest(
            metric=self._metric,
            algorithms=tuple(self._spaces),
            budget_seconds=self._budget_seconds(),
            feature_seconds=min(_FEATURE_SECONDS, self._seconds(_FEATURE_SHARE)),
            metadata=self._metadata,
            seed=self._options.seed,
            alike=self._options.strategy.asked is Asked.ALL_ALIKE,
        )

    def _seconds(self, share: float) -> float:
        """Return a share of the remaining seconds, all of them for a deterministic run."""
        remaining = self._deadline.remaining()
        return remaining if self._options.budget.max_trials else share * remaining

    def _patience(self) -> float:
        """Return the seconds below which it does not matter what a trial costs."""
        return PATIENCE * self._budget_seconds()

    def _budget_seconds(self) -> float:
        # A measured time would make the order of a deterministic run depend on the machine.
        if self._options.budget.max_trials:
            return self._options.planned_seconds
        return max(0.0, self._deadline.remaining())
