"""`tune`: from a task to a fitted pipeline, under one deadline.

The journey, each step in a module of its own: encode the table, split it into folds, lay out the
rungs, save the constant model while the first trials run, recommend configurations, search, fit the
winner on all rows, save, estimate what it is worth.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from metatune.budget import Deadline, Stopwatch, Timings
from metatune.data.task.task import Task
from metatune.ensemble.member_pool import CONSTANT
from metatune.ensemble.report import ensemble_record
from metatune.errors import BundleError
from metatune.estimate.reselection import Composition
from metatune.evaluation.trial import TrialResult
from metatune.execution.executor import Executor
from metatune.files.scratch import scratch_directory
from metatune.models.adjustment import NO_ADJUSTMENT
from metatune.samplers.advised import Adviser
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.search.limits import SearchLimits
from metatune.search.outcome import Ended, SearchOutcome
from metatune.storage.directory import RunDirectory
from metatune.storage.incumbent import ModelKeeper
from metatune.storage.journal import Journal, Past
from metatune.storage.resume import Pulse, check_same_run, identify
from metatune.tuning.emergency import run_quick_trials
from metatune.tuning.estimate import Estimator
from metatune.tuning.events import Listener
from metatune.tuning.final_model import Final, Finisher
from metatune.tuning.hooks import Keeping
from metatune.tuning.options import TuneOptions
from metatune.tuning.prepare import prepare
from metatune.tuning.result import TuningResult
from metatune.tuning.search import Folders, run_search

__all__ = ["tune"]

_ANOTHER_SECONDS = 0.2  # for a further quick trial after the search


def tune(
    task: Task,
    options: TuneOptions,
    *,
    deadline: Deadline,
    executor: Executor,
    run_dir: RunDirectory | None = None,
    past: Past | None = None,
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
    past : Past, optional
        What the journal of `run_dir` holds: the run goes on from there. The deadline then leaves
        what is left of the budget.
    listener : Listener, optional
        Told of everything that happens.

    Returns
    -------
    TuningResult

    Raises
    ------
    OptionError
        If no algorithm is left to try, or `past` belongs to another table, metric or seed.
    BundleError
        If the run directory or the scratch directory cannot be written any more. The best model
        so far is saved as far as possible.
    MetadataError
        If the meta-dataset is missing.
    """
    watch = Stopwatch()
    with scratch_directory() as folder:
        run = _Run(
            task,
            options,
            deadline=deadline,
            executor=executor,
            run_dir=run_dir,
            past=past or Past(),
            listener=listener or Listener(),
            folder=folder,
        )
        with run.rescue():
            outcome = run.search()
            ended, final = run.finish(outcome)
        estimate = run.estimator.estimate(
            run.history, _made(final), hurry=ended is Ended.INTERRUPTED
        )
        run.timings.lap("estimating")
    return TuningResult(
        pipeline=final.pipeline,
        history=run.history,
        advice=run.adviser.advice,
        score=final.score,
        estimate=estimate,
        constant_score=run.prepared.constant,
        beats_constant=final.winner is not None,
        winner=final.winner,
        fitted_on=final.fitted_on,
        ended=ended,
        seconds=watch.seconds(),
        timings={**run.timings.seconds, **outcome.timings},
        ensemble=ensemble_record(final.plan, final.members),
        figures=final.figures,
        note="; ".join(filter(None, (run.prepared.left_out, final.note))),
    )


class _Run:
    """One call of `tune`: who takes part, and the steps from the search on.

    Parameters are those of `tune`, and the scratch directory `folder`.
    """

    def __init__(
        self,
        task: Task,
        options: TuneOptions,
        *,
        deadline: Deadline,
        executor: Executor,
        run_dir: RunDirectory | None,
        past: Past,
        listener: Listener,
        folder: Path,
    ) -> None:
        self.timings = Timings()
        self.prepared = prepared = prepare(task, options, self.timings)
        self._options, self._deadline, self._executor = options, deadline, executor
        self._past, self._listener = past, listener
        identity = ""
        if run_dir is not None:
            identity = identify(prepared.data, options.seed)
            check_same_run(past, identity, prepared.rungs, str(run_dir.path))
        inbox = folder / "data"
        prepared.save(inbox)
        self._keeper = ModelKeeper(
            task=prepared.task,
            encoder=prepared.encoder,
            data=prepared.data,
            folder=folder,
            deadline=deadline,
            run_dir=run_dir,
        )
        self._finisher = Finisher(
            task=prepared.task,
            encoder=prepared.encoder,
            data=prepared.data,
            folder=folder,
            executor=executor,
            deadline=deadline,
            keeper=self._keeper,
            options=options,
        )
        self.estimator = Estimator(
            data=prepared.data,
            predictions=self._keeper.predictions,
            folder=folder,
            executor=executor,
            deadline=deadline,
            budget=options.budget,
            seed=options.seed,
        )
        self.adviser = Adviser(
            task=prepared.task,
            data=prepared.data,
            inbox=inbox,
            rungs=prepared.rungs,
            options=options,
            deadline=deadline,
            executor=executor,
            listener=listener,
        )
        self._halving = SuccessiveHalving(
            prepared.rungs,
            prepared.task.metric,
            self.adviser.candidates(),
            seed=options.seed,
            reference=self.adviser.reference(),
        )
        self._pulse = Pulse(identity, options.budget.seconds, deadline, run_dir)
        self._folders = Folders(inbox=inbox, outbox=self._keeper.outbox)
        self._journal = folder / "trials.jsonl" if run_dir is None else run_dir.journal

    @property
    def history(self) -> History:
        """Every finished trial."""
        return self._halving.history

    @contextlib.contextmanager
    def rescue(self) -> Iterator[None]:
        """Save the best model so far if a disk without room ends the run."""
        try:
            yield
        except BundleError:
            self._keeper.rescue(self.history)
            raise

    def search(self) -> SearchOutcome:
        """Run trials until it is time to finish."""
        past = self._past
        self._keeper.search_starts(self.prepared.rungs, past.results)
        self._listener.search_starts(self.prepared.rungs, self.prepared.constant)
        if past.results:
            self._listener.resumes(History(self.prepared.task.metric, past.results), past.used)
        self.timings.lap("preparing")
        outcome = self._search_round(
            lambda: self._reserve(members=True),
            recorded=past.results,
            errand=self.adviser.errand(),
            meanwhile=self._keeper.save_constant,
        )
        if outcome.ended is Ended.TIME:
            self._try_quick_defaults(outcome)
            outcome = self._search_on(outcome)
        self.timings.lap("searching")
        self._listener.search_ends(outcome.ended)
        return outcome

    def _search_round(self, reserve: Callable[[], float], **options: Any) -> SearchOutcome:
        return run_search(
            self._halving,
            self._executor,
            self._folders,
            limits=SearchLimits(
                deadline=self._deadline,
                max_trials=self._options.budget.max_trials,
                should_stop=self._pulse.beat,
            ),
            reserve=reserve,
            journal_path=self._journal,
            stamp=self._pulse.stamp,
            keeping=Keeping(rule=self._keeper.kept.rule, secure=self._keeper.predictions.secure),
            on_result=self._told,
            **options,
        )

    def _search_on(self, outcome: SearchOutcome) -> SearchOutcome:
        """Use the time that was kept for members of an ensemble, where there will be none."""
        if self._options.budget.max_trials is not None:  # measured times must not decide
            return outcome
        try:
            single = self._finisher.expects_single(self.history, self.prepared.constant)
        except KeyboardInterrupt:
            return replace(outcome, ended=Ended.INTERRUPTED)
        if not single:
            return outcome
        return outcome.followed_by(self._search_round(lambda: self._reserve(members=False)))

    def finish(self, outcome: SearchOutcome) -> tuple[Ended, Final]:
        """Make the final model; an interruption meanwhile makes it quick, but not empty-handed."""
        ended, constant = outcome.ended, self.prepared.constant
        hurry = ended is Ended.INTERRUPTED
        spare = self.estimator.reserve(self.history)
        try:
            final = self._finisher.finish(self.history, constant, hurry=hurry, spare=spare)
        except KeyboardInterrupt:
            ended = Ended.INTERRUPTED
            final = self._finisher.finish(self.history, constant, hurry=True)
        self.timings.lap("finishing")
        self.timings.add("refitting", self._finisher.refit_seconds_spent)
        return ended, final

    def _reserve(self, *, members: bool) -> float:
        model = self._finisher.reserve.seconds(self.history, members=members)
        return model + self.estimator.reserve(self.history)

    def _told(self, result: TrialResult) -> None:
        self._keeper.trial_ended(result, self.history)
        self._listener.trial_ended(result, self.history)

    def _try_quick_defaults(self, outcome: SearchOutcome) -> None:
        """Where the search has brought nothing, try what takes a moment."""
        run_quick_trials(
            self._halving,
            self.adviser.quick_defaults(),
            outcome.unfinished,
            self.prepared.data,
            self._folders,
            self._keeper.kept,
            enough=self._is_enough,
            tell=self._tell,
        )

    def _is_enough(self) -> bool:
        """Whether a trial beats the constant prediction, or one has a score and time is short."""
        if self.history.incumbent() is not None and self._deadline.remaining() < _ANOTHER_SECONDS:
            return True
        better, constant = self.prepared.task.metric.better, self.prepared.constant
        return any(better(result.score, constant) for result in self.history.results)

    def _tell(self, result: TrialResult) -> None:
        """Take note of a trial that was run outside the search."""
        self._keeper.predictions.secure(result)
        stamp = self._pulse.stamp()
        with Journal(self._journal) as journal:
            journal.append(result, run=stamp.run, used=stamp.used)
        self._halving.tell(result)
        self._told(result)


def _made(final: Final) -> Composition | None:
    """Return what the final model is made of; None for the constant prediction."""
    if final.winner is None or final.trial is None:
        return None
    weights = {CONSTANT if r is None else r.trial.number: share for r, share in final.members}
    adjustment = NO_ADJUSTMENT if final.plan is None else final.plan.adjustment
    return Composition(weights=weights or {final.trial: 1.0}, adjustment=adjustment)
