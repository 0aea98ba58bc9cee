"""Runs a trial: its folds one after the other, and what they say together."""

import contextlib
import math
from pathlib import Path

import numpy as np

from metatune.budget import Deadline, Stopwatch
from metatune.evaluation.decision import choose_decision
from metatune.evaluation.file_store import FileStore, store_beside
from metatune.evaluation.fold import FoldOutcome, run_fold, settle_fold, valid_rows
from metatune.evaluation.footprint import Footprint, measure_footprint
from metatune.evaluation.guard import parts_of_rows
from metatune.evaluation.iterations import finish, iterations_by_others
from metatune.evaluation.keep_rule import KeepRule, keep_pipelines
from metatune.evaluation.known_folds import KnownFolds
from metatune.evaluation.out_of_fold import out_of_fold, prediction_file, write_predictions
from metatune.evaluation.stop_rule import StopRule
from metatune.evaluation.training_time import FoldTime, training_seconds
from metatune.evaluation.trial import Slope, Trial, TrialResult, TrialStatus
from metatune.evaluation.trial_data import TrialData, load_trial_data
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.metrics import Metric

__all__ = [
    "evaluate",
    "evaluate_and_keep",
    "evaluate_in_worker",
    "evaluate_with_predictions",
]


def evaluate_in_worker(inbox: str, trial: Trial) -> TrialResult:
    """Run a trial on the data in `inbox`, sharing nothing: its seconds are its own."""
    with one_numeric_thread():
        return evaluate(trial, load_trial_data(inbox))


def evaluate_with_predictions(inbox: str, outbox: str, trial: Trial) -> TrialResult:
    """Run a trial as `evaluate_in_worker` does, leaving its out-of-fold predictions in `outbox`."""
    with one_numeric_thread():
        return evaluate(trial, load_trial_data(inbox), outbox=Path(outbox))


def evaluate_and_keep(
    inbox: str,
    outbox: str,
    trial: Trial,
    keep: KeepRule | None = None,
    stop: StopRule | None = None,
    slopes: bool = False,
    seconds: float = math.inf,
) -> TrialResult:
    """Run a trial on the data in `inbox`, leaving in `outbox` what may be used again.

    What trials can share is kept in a store beside the inbox. Learners that train in iterations
    have stopped after so many seconds.
    """
    with one_numeric_thread():
        return evaluate(
            trial,
            load_trial_data(inbox),
            keep=keep,
            stop=stop,
            outbox=Path(outbox),
            store=store_beside(Path(inbox)),
            slopes=slopes,
            deadline=Deadline.after(seconds),
        )


def evaluate(
    trial: Trial,
    data: TrialData,
    *,
    keep: KeepRule | None = None,
    stop: StopRule | None = None,
    outbox: Path | None = None,
    store: FileStore | None = None,
    slopes: bool = False,
    deadline: Deadline | None = None,
) -> TrialResult:
    """Fit and score a trial's configuration on the folds of its rung.

    Parameters
    ----------
    trial : Trial
        What to try.
    data : TrialData
        On which rows.
    keep : KeepRule, optional
        Which fitted pipelines to keep.
    stop : StopRule, optional
        When to cut the folds short.
    outbox : Path, optional
        Folder of what is kept, the out-of-fold predictions of the top rung among it; nothing is
        kept without.
    store : FileStore, optional
        What trials share: preprocessed rows, and folds for the same configuration's higher rungs.
    slopes : bool
        Whether derivatives of the validation loss are wanted.
    deadline : Deadline, optional
        When the trial should have ended: each fold's learner stops adding iterations in time for
        the next ones. Too few are better than a trial that is stopped and says nothing.

    Returns
    -------
    TrialResult
        With status ``ok``; ``pruned`` where the rule stopped it; ``failed`` where the metric is
        undefined on every fold. Whatever the learner raises is raised: the executor makes a
        failed outcome of it. Scores are the same with and without a store.
    """
    watch = Stopwatch()
    metrics = data.scorers
    deadline = deadline or Deadline.never()
    outcomes = _run_folds(trial, data, metrics, stop, store, deadline, slopes=slopes)
    if len(outcomes) == _n_folds(trial, data):
        outcomes = _settle_folds(outcomes, trial, data, metrics)
    for outcome in outcomes:
        finish(outcome.pipeline)
    pipeline = outcomes[0].pipeline
    footprint = measure_footprint(pipeline, data.task.X, data.task.n_classes)
    result = _summarise(trial, data, outcomes, footprint, watch)
    if outbox is None or not result.ok:
        return result
    _leave_predictions(trial, data, outcomes, outbox)
    if keep is not None:
        pipelines = [outcome.pipeline for outcome in outcomes]
        loss = metrics[0].loss(result.score)
        keep_pipelines(keep, outbox, loss, pipelines, footprint.model_bytes)
    return result


def _run_folds(
    trial: Trial,
    data: TrialData,
    metrics: list[Metric],
    stop: StopRule | None,
    store: FileStore | None,
    deadline: Deadline,
    *,
    slopes: bool,
) -> list[FoldOutcome]:
    """Run the folds of a trial, or take over those that its configuration has been through."""
    known = None if store is None else KnownFolds(store, trial)
    outcomes: list[FoldOutcome] = []
    n_folds = _n_folds(trial, data)
    ended: list[FoldTime] = []
    for number in range(n_folds):
        losses = [metrics[0].loss(outcome.scores[0]) for outcome in outcomes]
        if stop is not None and stop.hopeless(losses):
            break
        outcome = None if known is None else known.find(number)
        if outcome is None:
            watch = Stopwatch()
            seconds = training_seconds(deadline.remaining(), n_folds - number, ended)
            until = Deadline.after(seconds)
            outcome = run_fold(trial, data, number, metrics, store, deadline=until, slopes=slopes)
            training = outcome.training_seconds
            ended.append(FoldTime(training=training, besides=watch.seconds() - training))
        outcomes.append(outcome)
    if known is not None and trial.rung.row_share == 1.0:
        may_rise = len(outcomes) == trial.rung.n_folds < len(data.folds)
        for number, outcome in enumerate(outcomes):
            if may_rise:
                known.keep(number, outcome)
            elif outcome.copied:
                known.drop(number)
    return outcomes


def _settle_folds(
    outcomes: list[FoldOutcome],
    trial: Trial,
    data: TrialData,
    metrics: list[Metric],
) -> list[FoldOutcome]:
    """Score folds of learners that stopped early at the iterations that other folds favour."""
    valid = [valid_rows(fold, trial.rung) for fold in data.folds[: len(outcomes)]]
    curves = [outcome.curve for outcome in outcomes]
    chosen = iterations_by_others(curves, valid)
    return [
        outcome
        if iterations is None
        else settle_fold(trial, data, number, outcome, iterations, metrics)
        for number, (outcome, iterations) in enumerate(zip(outcomes, chosen, strict=True))
    ]


def _n_folds(trial: Trial, data: TrialData) -> int:
    return min(trial.rung.n_folds, len(data.folds))


def _leave_predictions(
    trial: Trial, data: TrialData, outcomes: list[FoldOutcome], outbox: Path
) -> None:
    """Write the out-of-fold predictions of a trial at the top rung."""
    if trial.rung.n_folds < len(data.folds) or trial.rung.row_share < 1.0:
        return
    rows = [valid_rows(fold, trial.rung) for fold in data.folds]
    parts = zip(rows, (outcome.prediction for outcome in outcomes), strict=True)
    predictions = out_of_fold(data.task.n_rows, data.task.n_classes, parts)
    with contextlib.suppress(OSError):  # no room: the trial's result counts all the same
        write_predictions(outbox / prediction_file(trial), predictions)


def _summarise(
    trial: Trial,
    data: TrialData,
    outcomes: list[FoldOutcome],
    footprint: Footprint,
    watch: Stopwatch,
) -> TrialResult:
    by_metric = {
        name: tuple(outcome.scores[i] for outcome in outcomes)
        for i, name in enumerate(data.metrics)
    }
    finite = [score for score in by_metric[data.metrics[0]] if np.isfinite(score)]
    iterations = tuple(o.iterations for o in outcomes if o.iterations is not None)
    found = [outcome.slope for outcome in outcomes if outcome.slope is not None]
    cut = len(outcomes) < _n_folds(trial, data)
    if not finite:
        return TrialResult(
            trial=trial,
            status=TrialStatus.FAILED,
            seconds=watch.seconds(),
            cpu_seconds=watch.cpu_seconds(),
            error=_undefined(trial, data, outcomes[0]),
        )
    return TrialResult(
        trial=trial,
        status=TrialStatus.PRUNED if cut else TrialStatus.OK,
        score=math.nan if cut else float(np.mean(finite)),
        fold_scores=by_metric,
        fit_seconds=sum(o.fit_seconds for o in outcomes),
        predict_seconds=sum(o.predict_seconds for o in outcomes),
        predicted_rows=sum(len(o.prediction) for o in outcomes),
        model_bytes=footprint.model_bytes,
        latency=footprint.latency,
        seconds=watch.seconds(),
        cpu_seconds=watch.cpu_seconds(),
        iterations=iterations,
        preprocess_seconds=sum(o.preprocess_seconds for o in outcomes),
        saved_seconds=sum(o.saved_seconds for o in outcomes),
        copied_folds=sum(o.copied for o in outcomes),
        stored_matrices=sum(o.stored and not o.copied for o in outcomes),
        decision=() if cut else _decision(trial, data, outcomes),
        slope=Slope.mean(found) if found and len(found) == len(outcomes) else None,
        error=f"clearly behind after {len(outcomes)} of {trial.rung.n_folds} folds" if cut else "",
    )


def _undefined(trial: Trial, data: TrialData, outcome: FoldOutcome) -> str:
    """Say why there is no score."""
    metric = data.scorers[0]
    rows = valid_rows(data.folds[0], trial.rung)
    weights = None if data.weights is None else data.weights[rows]
    reason = metric.reason(data.task.y[rows], outcome.prediction, weights)
    return f"{metric.name} is undefined on every fold" + (f": {reason}" if reason else "")


def _decision(trial: Trial, data: TrialData, outcomes: list[FoldOutcome]) -> tuple[float, ...]:
    """Choose how a model of this configuration decides labels, from all folds together."""
    metric = data.scorers[0]
    if not metric.decides:
        return ()
    rows = np.concatenate([valid_rows(fold, trial.rung) for fold in data.folds[: len(outcomes)]])
    y, p = np.asarray(data.task.y)[rows], np.concatenate([o.prediction for o in outcomes])
    weights = None if data.weights is None else np.asarray(data.weights)[rows]
    return choose_decision(metric, y, p, list(parts_of_rows(y, data.task.kind, 0)), weights)
