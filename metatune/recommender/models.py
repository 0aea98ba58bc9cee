"""Loading and saving of the fitted meta-models of a meta-dataset."""

from collections.abc import Collection, Iterator
from pathlib import Path

from metatune.kinds import TaskKind
from metatune.metadataset.schema import pool_of
from metatune.metadataset.store import (
    add_file,
    find_metadata,
    listed_files,
    load_metadata,
)
from metatune.metrics import DEFAULT_METRIC, RECORDED_METRICS
from metatune.recommender.meta_model import MetaModel
from metatune.recommender.past import collect_past

__all__ = ["guiding_metric", "load_model", "save_models"]


def guiding_metric(metric: str, kind: TaskKind) -> str:
    """Return the recorded metric for a metric: itself, or else the task kind's default."""
    return metric if metric in RECORDED_METRICS[kind] else DEFAULT_METRIC[kind]


def load_model(kind: TaskKind, metric: str, directory: Path | None = None) -> MetaModel:
    """Load the meta-model for a task kind and a metric.

    If the meta-dataset holds no fitted models, one is fitted, which takes seconds.

    Parameters
    ----------
    kind : TaskKind
        What is predicted.
    metric : str
        Metric that the run optimises.
    directory : Path, optional
        A meta-dataset other than the one that comes with metatune.

    Raises
    ------
    MetadataError
        If there is none, or it cannot be read.
    """
    directory = directory or find_metadata()
    guide = guiding_metric(metric, kind)
    name = _file_name(pool_of(kind), guide)
    if name in listed_files(directory):
        return MetaModel.load(directory / name)
    return MetaModel.fit(collect_past(load_metadata(directory), kind, guide))


def save_models(directory: Path, metrics: Collection[str] | None = None) -> list[Path]:
    """Fit a meta-model for each pool and metric and put them into a meta-dataset.

    Parameters
    ----------
    directory : Path
        The meta-dataset.
    metrics : collection of str, optional
        Only for these metrics; for every recorded one by default.
    """
    metadata = load_metadata(directory)
    held = {pool_of(TaskKind(kind)) for kind in metadata.datasets["kind"].unique()}
    paths = []
    for kind, metric in _combinations():
        if pool_of(kind) not in held or (metrics is not None and metric not in metrics):
            continue
        path = directory / _file_name(pool_of(kind), metric)
        MetaModel.fit(collect_past(metadata, kind, metric)).save(path)
        add_file(directory, path)
        paths.append(path)
    return paths


def _combinations() -> Iterator[tuple[TaskKind, str]]:
    for kind in (TaskKind.BINARY, TaskKind.REGRESSION):
        for metric in RECORDED_METRICS[kind]:
            yield kind, metric


def _file_name(pool: str, metric: str) -> str:
    return f"models/{pool}.{metric}.npz"
