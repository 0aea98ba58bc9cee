"""Runs a trial: its folds one after the other, and what they say together."""

import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from metatune.budget import Stopwatch
from metatune.metrics import resolve_metric
from metatune.search.fold import FoldOutcome, run_fold
from metatune.search.trial import Trial, TrialResult, TrialStatus
from metatune.search.trial_data import TrialData, load_trial_data

__all__ = ["KeepRule", "evaluate", "evaluate_and_keep", "evaluate_in_worker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRule:
    """Keep a trial's first fitted pipeline if it is good enough to be the incumbent.

    Attributes
    ----------
    file : str
        Name of the file in the outbox to pickle it to (scratch space of the run, read back by the
        same run only).
    loss_below : float
        Keep it if the trial's loss is below.
    """

    file: str
    loss_below: float


def evaluate_in_worker(inbox: str, trial: Trial) -> TrialResult:
    """Run a trial on the data in `inbox`; the function that worker processes call."""
    with threadpool_limits(limits=1):
        return evaluate(trial, load_trial_data(inbox))


def evaluate_and_keep(
    inbox: str, outbox: str, trial: Trial, keep: KeepRule | None = None
) -> TrialResult:
    """Run a trial on the data in `inbox`, leaving in `outbox` what may be used again."""
    with threadpool_limits(limits=1):
        return evaluate(trial, load_trial_data(inbox), keep=keep, outbox=Path(outbox))


def evaluate(
    trial: Trial,
    data: TrialData,
    *,
    keep: KeepRule | None = None,
    outbox: Path | None = None,
) -> TrialResult:
    """Fit and score a trial's configuration on the folds of its rung.

    Parameters
    ----------
    trial : Trial
        What to try.
    data : TrialData
        On which rows.
    keep : KeepRule, optional
        When and where to keep the first fold's pipeline.
    outbox : Path, optional
        Folder of what is kept; nothing is without.

    Returns
    -------
    TrialResult
        With status ``ok``, or ``failed`` where the metric is undefined on every fold. Whatever
        the learner raises is raised: the executor makes a failed outcome of it.
    """
    watch = Stopwatch()
    metrics = [resolve_metric(name, data.task.kind) for name in data.metrics]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcomes = [
            run_fold(trial, data, fold, metrics) for fold in data.folds[: trial.rung.n_folds]
        ]
    result = _summarise(trial, data.metrics, outcomes, watch)
    if keep is None or outbox is None:
        return result
    if metrics[0].loss(result.score) < keep.loss_below:
        (outbox / keep.file).write_bytes(pickle.dumps(outcomes[0].pipeline, protocol=5))
    return result


def _summarise(
    trial: Trial, names: tuple[str, ...], outcomes: list[FoldOutcome], watch: Stopwatch
) -> TrialResult:
    by_metric = {
        name: tuple(outcome.scores[i] for outcome in outcomes) for i, name in enumerate(names)
    }
    finite = [score for score in by_metric[names[0]] if np.isfinite(score)]
    iterations = tuple(o.iterations for o in outcomes if o.iterations is not None)
    if not finite:
        return TrialResult(
            trial=trial,
            status=TrialStatus.FAILED,
            seconds=watch.seconds(),
            cpu_seconds=watch.cpu_seconds(),
            error=f"{names[0]} is undefined on every fold",
        )
    return TrialResult(
        trial=trial,
        status=TrialStatus.OK,
        score=float(np.mean(finite)),
        fold_scores=by_metric,
        fit_seconds=sum(o.fit_seconds for o in outcomes),
        predict_seconds=sum(o.predict_seconds for o in outcomes),
        seconds=watch.seconds(),
        cpu_seconds=watch.cpu_seconds(),
        iterations=iterations,
    )
