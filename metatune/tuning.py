"""`tune`: from a task to a fitted pipeline, under one deadline.

The journey, each step in a module of its own: encode the table, split it into folds, save the
constant model, recommend configurations, lay out the rungs, search, fit the winner on all rows,
save.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.advice import Advice
from metatune.adviser import Adviser
from metatune.budget import Deadline, Stopwatch
from metatune.data.encoder import encode_task
from metatune.data.task import Task
from metatune.finishing import Finisher
from metatune.listener import Listener
from metatune.metrics import RECORDED_METRICS
from metatune.options import TuneOptions
from metatune.rundir import RunDirectory
from metatune.search.constant import constant_score
from metatune.search.executor import Executor
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.search.rungs import plan_rungs
from metatune.search.runner import Ended, Folders, Keeping, SearchLimits, run_search
from metatune.search.trial import TrialResult
from metatune.search.trial_data import TrialData
from metatune.space import Configuration

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["TuneOptions", "TuningResult", "tune"]

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
        finisher.kept.search_starts(rungs)
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
            keeping=Keeping(rule=finisher.kept.rule, secure=finisher.predictions.secure),
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
