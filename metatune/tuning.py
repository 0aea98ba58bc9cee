"""`tune`: from a task to a fitted pipeline, under one deadline.

The journey, each step in a module of its own: encode the table, split it into folds, save the
constant model, recommend configurations, lay out the rungs, search, fit the winner on all rows,
save.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.advice import Advice, AdviceRequest, training_shape, usable_algorithms
from metatune.budget import Budget, Deadline, Stopwatch
from metatune.data.encoder import encode_task
from metatune.data.task import Task
from metatune.finishing import Finisher
from metatune.guidance import Guide, climbed_levels
from metatune.listener import Listener
from metatune.metadataset.store import check_metadata
from metatune.metrics import RECORDED_METRICS
from metatune.recommender.planner import Planner, PlannerSettings
from metatune.recommender.rank import PATIENCE
from metatune.rundir import RunDirectory
from metatune.search.candidates import Candidates
from metatune.search.constant import constant_score
from metatune.search.executor import Executor, Job
from metatune.search.halving import CandidateSource, SuccessiveHalving
from metatune.search.history import History
from metatune.search.rungs import Rung, plan_rungs
from metatune.search.runner import Ended, Folders, SearchLimits, run_search
from metatune.search.trial import TrialResult, TrialStatus
from metatune.search.trial_data import TrialData
from metatune.space import Configuration

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["TuneOptions", "TuningResult", "tune"]

_FIRST = ("decision_tree", "lightgbm")
"""Families whose defaults open every run: one that is done at once, and the usual default."""

_TEXT_SHARE = 0.1  # of the budget, for reading texts word by word
_FEATURE_SHARE = 0.1  # of the remaining time, for meta-features
_FEATURE_SECONDS = 10.0
_ADVICE_SHARE = 0.25  # of the remaining time, for the recommendation in all
_ADVICE_JOB = -2


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneOptions:
    """What the user may decide about a run.

    Attributes
    ----------
    budget : Budget
        Seconds and trials.
    include, exclude : tuple of str
        Names of algorithms; an empty `include` allows all.
    seed : int
        Seed of everything random.
    metadata : Path or None
        A meta-dataset other than the one that comes with metatune.
    """

    budget: Budget
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    seed: int = 0
    metadata: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TuningResult:
    """What a run found.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted; takes a table with the columns of the task and returns labels or values.
    history : History
        Every finished trial.
    advice : Advice or None
        Meta-features and recommendations; None if the time did not suffice.
    score : float
        Cross-validated score of the winner in the task's metric: the best of many, and so a
        little too good.
    constant_score : float
        The same for the constant prediction.
    beats_constant : bool
        Whether the pipeline is more than the constant prediction.
    winner : Configuration or None
        The winner; None for the constant.
    fitted_on : str
        "all rows", or what else the pipeline was fitted on where the time did not suffice.
    ended : Ended
        Why the search ended.
    seconds : float
        Wall clock of `tune`.
    """

    pipeline: "Pipeline"
    history: History
    advice: Advice | None
    score: float
    constant_score: float
    beats_constant: bool
    winner: Configuration | None
    fitted_on: str
    ended: Ended
    seconds: float


def tune(
    task: Task,
    options: TuneOptions,
    *,
    deadline: Deadline,
    executor: Executor,
    run_dir: RunDirectory | None = None,
    listener: Listener | None = None,
) -> TuningResult:
    """Find and fit a pipeline for a task.

    Parameters
    ----------
    task : Task
        Table, target and metric.
    options : TuneOptions
        What the user decided.
    deadline : Deadline
        When everything, the saved model included, has to be finished.
    executor : Executor
        Where trials run.
    run_dir : RunDirectory, optional
        Where journal and model are kept.
    listener : Listener, optional
        Told of everything that happens.

    Returns
    -------
    TuningResult
    """
    watch = Stopwatch()
    listener = listener or Listener()
    with tempfile.TemporaryDirectory(prefix="metatune-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        texts = _TEXT_SHARE * options.budget.seconds
        encoder, encoded = encode_task(task, options.seed, text_allowance=texts)
        metrics = tuple(dict.fromkeys((task.metric.name, *RECORDED_METRICS[task.kind])))
        data = TrialData.make(encoded, metrics, seed=options.seed)
        data.save(folder / "data")
        constant = constant_score(data, task.metric)
        finisher = Finisher(
            task=task,
            encoder=encoder,
            data=data,
            folder=folder,
            executor=executor,
            deadline=deadline,
            run_dir=run_dir,
        )
        finisher.save_constant()
        rungs = plan_rungs(data.n_train_rows, len(data.folds))
        adviser = _Adviser(
            data, folder / "data", rungs, task, options, deadline, executor, listener
        )
        listener.search_starts(rungs, constant)
        halving = SuccessiveHalving(rungs, task.metric, adviser.candidates(), seed=options.seed)

        def told(result: TrialResult) -> None:
            finisher.trial_ended(result, halving.history)
            listener.trial_ended(result, halving.history)

        outcome = run_search(
            halving,
            executor,
            Folders(inbox=folder / "data", outbox=finisher.outbox),
            limits=SearchLimits(deadline=deadline, max_trials=options.budget.max_trials),
            reserve=lambda: finisher.reserve(halving.history),
            journal_path=run_dir.journal if run_dir is not None else folder / "trials.jsonl",
            keep=finisher.keep_rule,
            on_result=told,
        )
        listener.search_ends(outcome.ended)
        final = finisher.finish(halving.history, constant, hurry=outcome.ended is Ended.INTERRUPTED)
    return TuningResult(
        pipeline=final.pipeline,
        history=halving.history,
        advice=adviser.advice,
        score=final.score,
        constant_score=constant,
        beats_constant=final.winner is not None,
        winner=final.winner,
        fitted_on=final.fitted_on,
        ended=outcome.ended,
        seconds=watch.seconds(),
    )


class _Adviser:
    """Asks the recommender, in a process of its own that can be stopped, when first trials run."""

    def __init__(
        self,
        data: TrialData,
        directory: Path,
        rungs: tuple[Rung, ...],
        task: Task,
        options: TuneOptions,
        deadline: Deadline,
        executor: Executor,
        listener: Listener,
    ) -> None:
        self.advice: Advice | None = None
        self._directory = directory
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
        return Candidates(first, self._guide, self._spaces, self._options.seed)

    def _guide(self) -> CandidateSource:
        outcome = self._executor.call(
            Job(
                id=_ADVICE_JOB,
                function="metatune.advice:advise_in_worker",
                inbox=str(self._directory),
                arguments=(self._request(),),
                time_limit=self._seconds(_ADVICE_SHARE),
            )
        )
        if outcome.status is not TrialStatus.OK:
            self._listener.not_advised(outcome.error)
            defaults = iter([space.default() for space in self._spaces.values()])
            return lambda _history: next(defaults, None)
        self.advice = advice = outcome.value
        self._listener.advised(advice)
        repeatable = self._options.budget.max_trials is not None
        n_first = sum(name in self._spaces for name in _FIRST)
        return Guide(
            planner=Planner(
                forecast=advice.forecast,
                spaces=self._spaces,
                settings=PlannerSettings(n_portfolio=PlannerSettings().n_portfolio + n_first),
                levels=self._levels,
            ),
            spaces=self._spaces,
            metric=advice.guide,
            constant=advice.constant,
            patience=self._patience,
            timed=not repeatable,
            seed=self._options.seed,
        )

    def _request(self) -> AdviceRequest:
        return AdviceRequest(
            metric=self._metric,
            algorithms=tuple(self._spaces),
            budget_seconds=self._budget_seconds(),
            feature_seconds=min(_FEATURE_SECONDS, self._seconds(_FEATURE_SHARE)),
            metadata=self._metadata,
            seed=self._options.seed,
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
        budget = self._options.budget
        return budget.seconds if budget.max_trials else self._deadline.remaining()
