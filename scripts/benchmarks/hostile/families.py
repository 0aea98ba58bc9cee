"""Families: a valid model file of each, and of a mean of several, for each kind of task."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from metatune.algorithms.base import BuildContext
from metatune.algorithms.registry import ALGORITHMS
from metatune.data.encoding.encoder import encode_task
from metatune.data.encoding.layout import Layout
from metatune.data.task.make_task import make_task
from metatune.data.task.task import Task
from metatune.kinds import TaskKind
from metatune.models import model_file
from metatune.models.adjustment import Adjustment
from metatune.models.ensemble import weighted_mean
from metatune.models.pipeline import assemble_pipeline
from metatune.models.prediction import predict_array
from metatune.models.second_layer import SecondLayer, prediction_columns

__all__ = ["TARGET", "make_models", "make_rows"]

TARGET = "target"

_N_ROWS = 150
_ITERATIONS = 6
_WORDS = [
    "red",
    "green",
    "blue",
    "small",
    "large",
    "old",
    "new",
    "cheap",
    "dear",
    "fast",
    "slow",
    "good",
    "bad",
]
_MEMBERS = ("lightgbm", "linear", "decision_tree")


def make_rows(kind: TaskKind, n_rows: int = _N_ROWS, seed: int = 0) -> pd.DataFrame:
    """Make a table of numbers, categories of few and many levels, dates, sizes and texts."""
    rng = np.random.default_rng(seed)
    number, other = rng.normal(size=(2, n_rows))
    frame = pd.DataFrame(
        {
            "number": np.where(rng.random(n_rows) < 0.1, np.nan, number),
            "other": other,
            "few": rng.choice(list("abcd"), n_rows),
            "many": [f"level {i}" for i in rng.integers(0, 45, n_rows)],
            "day": pd.date_range("2024-01-01", periods=n_rows, freq="31h").astype(str),
            "box": [f"{a} x {b} cm" for a, b in rng.integers(1, 90, (n_rows, 2))],
            "text": [" ".join(rng.choice(_WORDS, rng.integers(6, 14))) for _ in range(n_rows)],
        }
    )
    signal = number + 0.5 * (frame["few"] == "a") + 0.3 * rng.normal(size=n_rows)
    targets: dict[TaskKind, Any] = {
        TaskKind.BINARY: np.where(signal > 0, "yes", "no"),
        TaskKind.MULTICLASS: np.array(["low", "middle", "high"])[np.digitize(signal, [-0.4, 0.5])],
        TaskKind.REGRESSION: np.round(10 * signal, 3),
    }
    return frame.assign(**{TARGET: targets[kind]})


def make_models(
    folder: Path, kinds: Iterable[TaskKind] = TaskKind, names: tuple[str, ...] = ()
) -> dict[str, tuple[TaskKind, Path]]:
    """Write a valid model file of each family and kind of task.

    Parameters
    ----------
    folder : Path
        Where the files go.
    kinds : iterable of TaskKind
        Kinds of tasks.
    names : tuple of str
        Only these families; all without. The mean of several is one: "ensemble".

    Returns
    -------
    dict of str to (TaskKind, Path)
        Kind of the task and file, by name.
    """
    models = {}
    for kind in kinds:
        task = make_task(make_rows(kind), target=TARGET)
        encoder, encoded = encode_task(task, 0)
        for name in ("ensemble", *ALGORITHMS):
            if names and name not in names:
                continue
            if name == "ensemble":
                members = [_fit(each, task, encoded) for each in _MEMBERS]
                shares = [1.0 / len(members)] * len(members)
                mean = weighted_mean(
                    members,
                    [0.5 * share for share in shares],
                    task.classes,
                    Adjustment(temperature=1.2),
                    second=_fit_second(members, task, encoded),
                )
                pipeline = assemble_pipeline(encoder, mean, None)
            elif kind in ALGORITHMS[name].kinds:
                pipeline = assemble_pipeline(encoder, _fit(name, task, encoded), task.classes)
            else:
                continue
            path = folder / f"{name}-{kind}.skops"
            model_file.save(pipeline, path, {"target": TARGET, "task": str(kind)})
            models[path.stem] = (kind, path)
    return models


def _fit_second(members: list[Any], task: Task, encoded: Any) -> SecondLayer:
    """Fit two learners on what the members predict for the rows that they were fitted on."""
    parts = [predict_array(member, encoded.X, task.n_classes) for member in members]
    columns = prediction_columns(np.stack(parts))
    names = tuple(f"prediction {i}" for i in range(columns.shape[1]))
    alone = Layout(names=names, n_levels=(0,) * len(names))
    both = Layout(
        names=encoded.layout.names + names, n_levels=encoded.layout.n_levels + alone.n_levels
    )
    return SecondLayer(
        pipelines=[
            _fit("linear", task, replace(encoded, X=columns, layout=alone)),
            _fit(
                "extra_trees",
                task,
                replace(encoded, X=np.column_stack([encoded.X, columns]), layout=both),
            ),
        ],
        blind=[True, False],
        weights=[0.25, 0.25],
        members=list(range(len(members))),
        shares=[1.0] * len(members),
    )


def _fit(name: str, task: Task, encoded: Any) -> Any:
    algorithm = ALGORITHMS[name]
    context = BuildContext(
        kind=task.kind,
        layout=encoded.layout,
        shape=encoded.shape,
        seed=0,
        iterations=_ITERATIONS if algorithm.iterative else None,
    )
    pipeline = algorithm.build(algorithm.space(task.kind).default(), context)
    return pipeline.fit(encoded.X, encoded.y)
