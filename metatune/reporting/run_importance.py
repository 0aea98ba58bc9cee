"""Importance of the hyperparameters of a run that is kept in a directory, or in an estimator."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metatune.algorithms.narrowed_space import narrowed_spaces
from metatune.algorithms.registry import FAMILIES
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.kinds import TaskKind
from metatune.metadataset.store import load_metadata
from metatune.reporting.hyperparameter_importance import HyperparameterImportance
from metatune.reporting.hyperparameters import importance_in_history
from metatune.reporting.past_hyperparameters import past_losses, past_metric, with_past
from metatune.reporting.view import read_history
from metatune.search.history import History
from metatune.storage.directory import RunDirectory
from metatune.storage.journal import read_past

__all__ = ["importance", "importance_of"]


def importance(
    run_dir: str | Path, *, metadata: str | Path | None = None
) -> HyperparameterImportance:
    """Return how much each hyperparameter of a run mattered, and what past tables say about it.

    Functional analysis of variance over a random forest (Hutter, Hoos and Leyton-Brown 2014) says
    which share of the differences between scores a hyperparameter explains alone, and each pair of
    those that explain most.

    Parameters
    ----------
    run_dir : str or Path
        Directory of a run, finished or not.
    metadata : str or Path, optional
        Folder of a meta-dataset to look at, instead of the one that comes with metatune.

    Returns
    -------
    HyperparameterImportance
        Families with fewer than 12 configurations have a note instead of figures.

    Raises
    ------
    BundleError
        If the directory holds no run, or a damaged one.
    MetadataError
        If the meta-dataset cannot be read.
    """
    run = RunDirectory.open(Path(run_dir))
    record = run.read_record()
    history = read_history(record, read_past(run.journal).results)
    constant = None if record.outcome is None else record.outcome.constant_score
    return importance_of(
        history,
        record.task.task,
        metric=record.task.metric,
        constant=math.nan if constant is None else constant,
        space=record.options.space,
        metadata=None if metadata is None else Path(metadata),
        seed=record.seed,
    )


def importance_of(
    history: History,
    kind: TaskKind,
    *,
    metric: str,
    constant: float,
    space: Mapping[str, Any] | None = None,
    metadata: Path | None = None,
    seed: int = 0,
) -> HyperparameterImportance:
    """Return the importance of hyperparameters in a history.

    Parameters
    ----------
    history : History
        Trials of a run.
    kind : TaskKind
        Task kind.
    metric : str
        Metric of the run.
    constant : float
        Score of the constant prediction; NaN if it is not known.
    space : Mapping, optional
        Changes of the search spaces that the user asked for, over whose values shares are meant.
    metadata : Path, optional
        Folder of a meta-dataset.
    seed : int
        Seed of the forests.
    """
    kind = TaskKind(kind)
    spaces = narrowed_spaces({n: f for n, f in FAMILIES.items() if kind in f.kinds}, kind, space)
    recorded = past_metric(metric, kind)
    with one_numeric_thread():
        found = importance_in_history(
            history, spaces, constant_loss=history.loss_of(constant), seed=seed
        )
        past = past_losses(load_metadata(metadata), kind, recorded)
        spaces_found = with_past(found, spaces, past, kind, seed=seed)
    return HyperparameterImportance(metric=metric, past_metric=recorded, spaces=spaces_found)
