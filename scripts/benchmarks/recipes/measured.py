"""A configuration measured on rows that neither its folds nor its final fit have seen."""

import pickle
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from metatune.budget import Stopwatch
from metatune.building.catalogue import CatalogueEntry, read_entry
from metatune.data.encoding.encoder import encode_task
from metatune.data.splits.folds import make_folds
from metatune.data.task.cutting import cut_rows
from metatune.data.task.make_task import make_task
from metatune.data.task.task import Task
from metatune.evaluation.keep_rule import KeepRule
from metatune.evaluation.refit import plan_refit, refit
from metatune.evaluation.rungs import Rung
from metatune.evaluation.text_columns import add_texts
from metatune.evaluation.trial import Trial, TrialResult
from metatune.evaluation.trial_data import TrialData
from metatune.evaluation.trial_job import evaluate
from metatune.metrics import Metric
from metatune.models.prediction import predict_array
from metatune.space import Configuration

__all__ = ["Measured", "Split", "measure", "split_entry"]

_N_PARTS = 3  # one of them is held out
_LARGEST_PIPELINES = 10_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Losses of a configuration on one split of a table; less is better, 0 is perfect.

    Attributes
    ----------
    table, kind, label : str
        What was measured.
    seed : int
        Of split, folds and learner.
    n_rows : int
        Training rows of the split.
    validated : float
        By cross-validation on the training rows.
    folds : float
        Held out, of the mean of the models of the folds.
    refit : float
        Held out, of one model of all training rows.
    fold_seconds, refit_seconds : float
        Processor time of all folds and of the final fit.
    iterations : float
        Mean over the folds, of learners that stop early; 0 else.
    """

    table: str
    kind: str
    label: str
    seed: int
    n_rows: int
    validated: float
    folds: float
    refit: float
    fold_seconds: float
    refit_seconds: float
    iterations: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """A table in folds, with the rows held out as the same encoder sees them."""

    name: str
    seed: int
    metric: Metric
    data: TrialData
    X: np.ndarray
    y: np.ndarray


def split_entry(entry: CatalogueEntry, seed: int, *, max_rows: int, n_folds: int) -> Split:
    """Hold out a third of a table's rows and deal the others into folds.

    Parameters
    ----------
    entry : CatalogueEntry
        The table; columns that give its target away are left out.
    seed : int
        Of split and folds.
    max_rows : int
        Training rows are cut to so many.
    n_folds : int
        Folds of the training rows.
    """
    task = make_task(read_entry(entry), target=entry.target, task=str(entry.kind), name=entry.name)
    whole = make_folds(task.y, task.kind, _N_PARTS, seed)[0]
    train = cut_rows(_rows(task, np.sort(whole.train)), max_rows, seed)
    encoder, encoded = encode_task(train, seed)
    data = TrialData.make(encoded, (task.metric.name,), seed=seed, n_folds=n_folds)
    data = add_texts(data, encoder, train.X)
    held_out = _rows(task, whole.valid)
    return Split(
        name=entry.name,
        seed=seed,
        metric=task.metric,
        data=data,
        X=encoder.transform(held_out.X),
        y=held_out.y,
    )


def measure(label: str, configuration: Configuration, split: Split) -> Measured:
    """Fit a configuration on the folds of a split and on all its rows, and score both."""
    data, watch = split.data, Stopwatch()
    rung = Rung(index=0, row_share=1.0, n_folds=len(data.folds))
    trial = Trial(number=0, configuration=configuration, rung=rung, seed=split.seed)
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result, pipelines = _evaluated(trial, data)
        fold_seconds = watch.cpu_seconds()
        whole = refit(data, plan_refit(result, data.task.n_rows, data.n_train_rows))
        refit_seconds = watch.cpu_seconds() - fold_seconds
        n_classes = data.task.n_classes
        folds = np.mean([predict_array(p, split.X, n_classes) for p in pipelines], axis=0)
        alone = predict_array(whole, split.X, n_classes)
    return Measured(
        table=split.name,
        kind=str(data.task.kind),
        label=label,
        seed=split.seed,
        n_rows=data.task.n_rows,
        validated=_loss(result.score, split.metric),
        folds=_loss(split.metric.score(split.y, folds, None), split.metric),
        refit=_loss(split.metric.score(split.y, alone, None), split.metric),
        fold_seconds=fold_seconds,
        refit_seconds=refit_seconds,
        iterations=float(np.mean(result.iterations)) if result.iterations else 0.0,
    )


def _evaluated(trial: Trial, data: TrialData) -> tuple[TrialResult, list[Any]]:
    """Evaluate a trial and return its result with the pipelines of all folds."""
    keep = KeepRule(
        file="folds.pkl", loss_below=np.inf, folds_below=np.inf, max_bytes=_LARGEST_PIPELINES
    )
    pipelines = []
    with TemporaryDirectory() as outbox:
        result = evaluate(trial, data, keep=keep, outbox=Path(outbox))
        with (Path(outbox) / keep.file).open("rb") as file:
            while file.peek():
                pipelines.append(pickle.load(file))
    return result, pipelines


def _rows(task: Task, rows: np.ndarray) -> Task:
    return replace(
        task,
        X=task.X.iloc[rows].reset_index(drop=True),
        y=task.y[rows],
        row_metadata=task.row_metadata.take(rows),
    )


def _loss(score: float, metric: Metric) -> float:
    return metric.loss(score) + (1.0 if metric.greater_is_better else 0.0)
