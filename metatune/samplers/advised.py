"""Asks past datasets while the first trials run, and lets a strategy make candidates of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from metatune.budget import Deadline
from metatune.data.task.task import Task
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial_data import TrialData
from metatune.execution.executor import Executor, Job, JobOutcome, JobStatus
from metatune.metadataset.store import check_metadata
from metatune.recommender.advice import (
    Advice,
    AdviceRequest,
    advise_in_worker,
    eligible_shape,
    usable_algorithms,
)
from metatune.recommender.rank import PATIENCE
from metatune.samplers.candidates import Candidates
from metatune.samplers.guided import climbed_levels
from metatune.samplers.strategy import Asked, Situation
from metatune.search.halving import CandidateSource
from metatune.search.history import History
from metatune.space import Configuration
from metatune.tuning.emergency import QUICK_FAMILIES
from metatune.tuning.events import Listener
from metatune.tuning.hooks import Errand
from metatune.tuning.options import TuneOptions

__all__ = ["Adviser"]

_REFERENCE = "lightgbm"
_FIRST = ("decision_tree", _REFERENCE)
"""Families whose defaults open every run: one that is done at once, and the usual default."""

_SOLID = ("extra_trees", "linear", "random_forest", "knn")
"""Families whose defaults come first where there is no advice, or not yet."""

_FEATURE_SHARE = 0.1  # of the remaining time, for meta-features
_FEATURE_SECONDS = 10.0
_ADVICE_SHARE = 0.25  # of the remaining time, for the recommendation in all


class Adviser:
    """Gives the candidates of a run: a safe start, then what its strategy proposes.

    Past datasets are asked in a process that can be stopped. Where several workers run, one of them
    does it while the others begin with the safe start and further defaults. If there is no answer,
    the defaults of the usable families come instead.

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
        self._asked_beside = False  # the first trials
        self._awaited = False
        self._inbox = inbox
        self._metric = task.metric.name
        self._options = options
        self._deadline = deadline
        self._executor = executor
        self._listener = listener
        self._metadata = check_metadata(options.metadata)
        self._levels = climbed_levels(rungs)
        shape = eligible_shape(data)
        usable = usable_algorithms(task.kind, shape, options.include, options.exclude)
        self._spaces = {name: algorithm.space(task.kind) for name, algorithm in usable.items()}

    def candidates(self) -> Candidates:
        """Return the source of configurations of this run."""
        first = [self._spaces[name].default() for name in _FIRST if name in self._spaces]
        return Candidates(first, self._source, self._spaces, self._options.seed)

    def reference(self) -> Configuration | None:
        """Return the usual default, with which everything else is compared; None without it."""
        space = self._spaces.get(_REFERENCE)
        return None if space is None else space.default()

    def quick_defaults(self) -> list[Configuration]:
        """Return the defaults that are fitted in a moment, of the usable families.

        Only the first, which opens every run anyway, where a run has to be repeatable.
        """
        names = QUICK_FAMILIES if self._timed else QUICK_FAMILIES[:1]
        return [self._spaces[name].default() for name in names if name in self._spaces]

    def errand(self) -> Errand | None:
        """Return the question to past datasets as a job beside the first trials.

        None where it is asked when the safe start is over, and answered before anything else is
        tried: by a strategy that asks nobody, in a run that has to be repeatable, and with a single
        worker, which could not go on meanwhile.
        """
        asks = self._options.strategy.asked is not Asked.NONE
        if not asks or not self._timed or self._executor.n_workers < 2:
            return None
        self._asked_beside = self._awaited = True
        return Errand(job=self._job(), done=self._answered)

    def _source(self) -> CandidateSource:
        if self._asked_beside:  # and answered, perhaps, before anything was wanted of it
            return _Meanwhile(self._defaults(), lambda: self._awaited, self._make_source)
        if self._options.strategy.asked is not Asked.NONE:
            self._answered(self._executor.call(self._job()))
        return self._make_source(0)

    def _make_source(self, n_meanwhile: int) -> CandidateSource:
        """Let the strategy make what it can of the answer, if there is one."""
        strategy = self._options.strategy
        if self.advice is None and strategy.asked is not Asked.NONE:
            defaults = self._defaults()
            return lambda _history: next(defaults, None)
        return strategy.source(
            Situation(
                advice=self.advice,
                spaces=self._spaces,
                levels=self._levels,
                n_first=sum(name in self._spaces for name in _FIRST) + n_meanwhile,
                patience=self._patience,
                timed=self._timed,
                seed=self._options.seed,
            )
        )

    def _defaults(self) -> Iterator[Configuration]:
        """Go through the defaults of the usable families, those first that do well mostly."""
        names = [name for name in _SOLID if name in self._spaces]
        names += [name for name in self._spaces if name not in names]
        return iter([self._spaces[name].default() for name in names])

    def _job(self) -> Job:
        return Job(
            function=advise_in_worker,
            inbox=str(self._inbox),
            arguments=(self._request(),),
            time_limit=self._seconds(_ADVICE_SHARE),
        )

    def _answered(self, outcome: JobOutcome) -> None:
        self._awaited = False
        if outcome.status is not JobStatus.OK:
            self._listener.not_advised(outcome.error)
            return
        self.advice = outcome.value
        self._listener.advised(outcome.value)

    @property
    def _timed(self) -> bool:
        """Whether measured times may decide: not where a run has to be repeatable."""
        return self._options.budget.max_trials is None

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
        return share * remaining if self._timed else remaining

    def _patience(self) -> float:
        """Return the seconds below which it does not matter what a trial costs."""
        return PATIENCE * self._budget_seconds()

    def _budget_seconds(self) -> float:
        # A measured time would make the order of a deterministic run depend on the machine.
        if self._timed:
            return max(0.0, self._deadline.remaining())
        return self._options.planned_seconds


class _Meanwhile:
    """Proposes defaults until there is an answer, and from then on what a strategy makes of it."""

    def __init__(
        self,
        defaults: Iterator[Configuration],
        awaited: Callable[[], bool],
        make_source: Callable[[int], CandidateSource],
    ) -> None:
        self._defaults = defaults
        self._awaited = awaited
        self._make_source = make_source
        self._source: CandidateSource | None = None
        self._n_proposed = 0

    def __call__(self, history: History) -> Configuration | None:
        if self._source is None and not self._awaited():
            self._source = self._make_source(self._n_proposed)
        if self._source is not None:
            return self._source(history)
        proposed = next((c for c in self._defaults if not history.knows(c)), None)
        self._n_proposed += proposed is not None
        return proposed
