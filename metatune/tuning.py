"""`tune`: from a task to a fitted pipeline, under one deadline.

The journey, each step in a module of its own: encode the table, split it into folds, lay out the
rungs, save the constant model while the first trials run, recommend configurations, search, fit the
winner on all rows, save, estimate what it is worth.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metatune.advice import Advice
from metatune.adviser import Adviser
from metatune.budget import Deadline, Stopwatch
from metatune.data.cutting import cut_rows
from metatune.data.encoder import encode_task
from metatune.data.task import Task
from metatune.ensemble.adjustment import NO_ADJUSTMENT
from metatune.ensemble.pool import CONSTANT
from metatune.ensemble.report import ensemble_record, with_ensemble
from metatune.errors import BundleError
from metatune.estimate.corrected import Estimate, NoEstimate
from metatune.estimating import Estimator, with_estimate
from metatune.figures import ModelFigures
from metatune.finishing import Final, Finisher
from metatune.incumbent import ModelKeeper
from metatune.listener import Listener
from metatune.metrics import RECORDED_METRICS
from metatune.options import TuneOptions
from metatune.rechoosing import Made
from metatune.resuming import Pulse, check_same_run, identify
from metatune.rundir import RunDirectory
from metatune.scratch import no_room, scratch_directory
from metatune.search.constant import constant_score
from metatune.search.emergency import run_quick_trials
from metatune.search.executor import Executor
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.search.journal import Journal, Past
from metatune.search.rungs import plan_folds, plan_rows, plan_rungs
from metatune.search.runner import Ended, Folders, Keeping, SearchLimits, run_search
from metatune.search.trial import TrialResult
from metatune.search.trial_data import TrialData
from metatune.space import Configuration
from metatune.timings import Timings

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

__all__ = ["TuneOptions", "TuningResult", "tune"]

_ANOTHER_SECONDS = 0.2  # for a further quick trial after the search
_TEXT_SHARE = 0.1  # of the budget, for reading texts word by word


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
    estimate : Estimate or NoEstimate
        What to expect on new rows, corrected for that choice; or why it is not known.
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
    timings : Mapping of str to float
        Where it went, in seconds by name; those of the search are described in `SearchOutcome`.
    ensemble : dict or None
        Members and their weights, gain, calibration and decision, as plain values; None where the
        pipeline is that of the winner alone.
    figures : ModelFigures or None
        Size and latency of the pipeline; None if there was no time to measure.
    note : str
        What the user should know about the pipeline; often empty.
    """

    pipeline: "Pipeline"
    history: History
    advice: Advice | None
    score: float
    estimate: Estimate | NoEstimate
    constant_score: float
    beats_constant: bool
    winner: Configuration | None
    fitted_on: str
    ended: Ended
    seconds: float
    timings: Mapping[str, float]
    ensemble: dict[str, Any] | None = None
    figures: ModelFigures | None = None
    note: str = ""

    def leaderboard(self) -> "pd.DataFrame":
        """Return the leaderboard of the history, with the estimate beside the model's score.

        Returns
        -------
        DataFrame
            See `History.leaderboard`; the columns estimate, estimate_low and estimate_high follow
            the score, empty but for the final model. The last column is each trial's weight in an
            ensemble, which has a first row of its own, of rank 0.
        """
        board = with_ensemble(self.history.leaderboard(), self.ensemble)
        return with_estimate(board, self.winner, self.estimate)


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
    timings = Timings()
    listener = listener or Listener()
    past = past or Past()
    with scratch_directory() as folder:
        task = _within_budget(task, options)
        texts = _TEXT_SHARE * options.planned_seconds
        encoder, encoded = encode_task(task, options.seed, text_allowance=texts)
        timings.lap("encoding")
        metrics = tuple(dict.fromkeys((task.metric.name, *RECORDED_METRICS[task.kind])))
        plan = plan_folds(encoded.n_rows, encoded.X.shape[1], options.planned_seconds)
        data = TrialData.make(encoded, metrics, seed=options.seed, facts=task.facts, plan=plan)
        rungs = plan_rungs(data.n_train_rows, len(data.folds))
        run = ""
        if run_dir is not None:
            run = identify(data, options.seed)
            check_same_run(past, run, rungs, str(run_dir.path))
        _save_data(data, folder / "data")
        constant = constant_score(data, task.metric)
        keeper = ModelKeeper(
            task=task,
            encoder=encoder,
            data=data,
            folder=folder,
            deadline=deadline,
            run_dir=run_dir,
        )
        keeper.search_starts(rungs, past.results)
        finisher = Finisher(
            task=task,
            encoder=encoder,
            data=data,
            folder=folder,
            executor=executor,
            deadline=deadline,
            keeper=keeper,
            options=options,
        )
        estimator = Estimator(
            data=data,
            predictions=keeper.predictions,
            folder=folder,
            executor=executor,
            deadline=deadline,
            budget=options.budget,
            seed=options.seed,
        )
        adviser = Adviser(
            task=task,
            data=data,
            inbox=folder / "data",
            rungs=rungs,
            options=options,
            deadline=deadline,
            executor=executor,
            listener=listener,
        )
        listener.search_starts(rungs, constant)
        if past.results:
            listener.resumes(History(task.metric, past.results), past.used)
        pulse = Pulse(run, options.budget.seconds, deadline, run_dir)
        halving = SuccessiveHalving(rungs, task.metric, adviser.candidates(), seed=options.seed)

        def told(result: TrialResult) -> None:
            keeper.trial_ended(result, halving.history)
            listener.trial_ended(result, halving.history)

        def told_at_the_end(result: TrialResult) -> None:
            _note(result, journal, pulse, keeper)
            halving.tell(result)
            told(result)

        folders = Folders(inbox=folder / "data", outbox=keeper.outbox)
        journal = run_dir.journal if run_dir is not None else folder / "trials.jsonl"
        timings.lap("preparing")
        with _rescue(keeper, halving.history):
            outcome = run_search(
                halving,
                executor,
                folders,
                limits=SearchLimits(
                    deadline=deadline,
                    max_trials=options.budget.max_trials,
                    should_stop=pulse.beat,
                ),
                reserve=lambda: (
                    finisher.reserve(halving.history) + estimator.reserve(halving.history)
                ),
                journal_path=journal,
                stamp=pulse.stamp,
                recorded=past.results,
                keeping=Keeping(rule=keeper.kept.rule, secure=keeper.predictions.secure),
                on_result=told,
                errand=adviser.errand(),
                meanwhile=keeper.save_constant,
            )
            if outcome.ended is Ended.TIME:
                run_quick_trials(
                    halving,
                    adviser.quick_defaults(),
                    outcome.unfinished,
                    data,
                    folders,
                    keeper.kept,
                    enough=lambda: _is_enough(halving.history, task, constant, deadline),
                    tell=told_at_the_end,
                )
            timings.lap("searching")
            listener.search_ends(outcome.ended)
            ended, final = _finish(
                finisher,
                halving.history,
                constant,
                outcome.ended,
                spare=estimator.reserve(halving.history),
            )
            timings.lap("finishing")
        estimate = estimator.estimate(
            halving.history, _made(final), hurry=ended is Ended.INTERRUPTED
        )
        timings.lap("estimating")
    return TuningResult(
        pipeline=final.pipeline,
        history=halving.history,
        advice=adviser.advice,
        score=final.score,
        estimate=estimate,
        constant_score=constant,
        beats_constant=final.winner is not None,
        winner=final.winner,
        fitted_on=final.fitted_on,
        ended=ended,
        seconds=watch.seconds(),
        timings={**timings.seconds, **outcome.timings},
        ensemble=ensemble_record(final.plan, final.members),
        figures=final.figures,
        note="; ".join(filter(None, (_left_out(task), final.note))),
    )


def _within_budget(task: Task, options: TuneOptions) -> Task:
    """Do without some rows where the budget is too short for the whole table."""
    n_rows = plan_rows(task.n_rows, len(task.columns), options.planned_seconds)
    return cut_rows(task, n_rows, options.seed)


def _is_enough(history: History, task: Task, constant: float, deadline: Deadline) -> bool:
    """Whether a trial beats the constant prediction, or one has a score and time is short."""
    if history.incumbent() is not None and deadline.remaining() < _ANOTHER_SECONDS:
        return True
    return any(task.metric.better(result.score, constant) for result in history.results)


def _left_out(task: Task) -> str:
    """Say that a run did without some rows; nothing where it did not."""
    if not task.n_left_out:
        return ""
    n_all = task.n_rows + task.n_left_out
    return f"the budget is too short for all rows: {task.n_rows:,} of {n_all:,} were used"


def _note(result: TrialResult, journal: Path, pulse: Pulse, keeper: ModelKeeper) -> None:
    """Write down a trial that was run outside the search."""
    keeper.predictions.secure(result)
    stamp = pulse.stamp()
    with Journal(journal) as file:
        file.append(result, run=stamp.run, used=stamp.used)


def _save_data(data: TrialData, directory: Path) -> None:
    """Write what workers read."""
    try:
        data.save(directory)
    except OSError as error:
        raise no_room(error) from error


def _made(final: Final) -> Made | None:
    """Return what the final model is made of; None for the constant prediction."""
    if final.winner is None or final.trial is None:
        return None
    weights = {CONSTANT if r is None else r.trial.number: share for r, share in final.members}
    adjustment = NO_ADJUSTMENT if final.plan is None else final.plan.adjustment
    return Made(weights=weights or {final.trial: 1.0}, adjustment=adjustment)


@contextlib.contextmanager
def _rescue(keeper: ModelKeeper, history: History) -> Iterator[None]:
    """Save the best model so far if a disk without room ends the run."""
    try:
        yield
    except BundleError:
        keeper.rescue(history)
        raise


def _finish(
    finisher: Finisher, history: History, constant: float, ended: Ended, *, spare: float
) -> tuple[Ended, Final]:
    """Make the final model; an interruption meanwhile makes it quick, but not empty-handed."""
    hurry = ended is Ended.INTERRUPTED
    try:
        return ended, finisher.finish(history, constant, hurry=hurry, spare=spare)
    except KeyboardInterrupt:
        return Ended.INTERRUPTED, finisher.finish(history, constant, hurry=True)
