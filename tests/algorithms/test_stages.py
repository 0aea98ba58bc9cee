"""Trainings by stages: models go on from where they stood, and a replay gives the same model."""

from dataclasses import replace
from typing import Any

import lightgbm
import numpy as np
import pytest
from model_files import saved_and_read

from metatune.algorithms.base import BuildContext, learner_of
from metatune.algorithms.registry import ALGORITHMS
from metatune.algorithms.stages import first_values, learner_stages, training_seed
from metatune.data.encoding.layout import Layout
from metatune.data.encoding.shape import Shape
from metatune.kinds import TaskKind
from metatune.models.prediction import predict_array
from metatune.space import Configuration

GROWING = [n for n, family in ALGORITHMS.items() if family.space(TaskKind.BINARY).growth]
KINDS = list(TaskKind)
CHANGE = {"mlp": "learning_rate=0.02"}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
X[:, 3] = RNG.integers(0, 15, 120)
X[::13, 1] = np.nan
SIGNAL = X[:, 0] + np.sin(X[:, 3]) + RNG.normal(0.0, 0.3, 120)


def target(kind: TaskKind) -> np.ndarray:
    if not kind.is_classification:
        return SIGNAL
    cuts = [0.0] if kind is TaskKind.BINARY else [-0.5, 0.5]
    return np.digitize(SIGNAL, cuts).astype(np.int64)


def configuration(name: str, kind: TaskKind, schedule: str) -> Configuration:
    default = ALGORITHMS[name].space(kind).default()
    found = replace(default, params={**default.params, "schedule": schedule})
    ALGORITHMS[name].space(kind).check(found)
    return found


def context(kind: TaskKind, n_rows: int = 120, **changes: Any) -> BuildContext:
    return BuildContext(
        kind=kind,
        layout=Layout(names=tuple("abcd"), n_levels=(0, 0, 0, 15)),
        shape=Shape(n_rows=n_rows, n_columns=4, n_classes=_n_classes(kind)),
        **{"seed": 5, "preprocess_seed": 1, **changes},
    )


def _n_classes(kind: TaskKind) -> int:
    return {TaskKind.BINARY: 2, TaskKind.MULTICLASS: 3, TaskKind.REGRESSION: 0}[kind]


def fitted(name: str, kind: TaskKind, schedule: str, **changes: Any) -> Any:
    made = ALGORITHMS[name].build(configuration(name, kind, schedule), context(kind, **changes))
    return made.fit(X, target(kind))


def predicted(pipeline: Any, kind: TaskKind) -> np.ndarray:
    return predict_array(pipeline, X, _n_classes(kind))


def test_boosted_trees_and_networks_can_go_on() -> None:
    assert {"lightgbm", "mlp"} <= set(GROWING) <= {"lightgbm", "xgboost", "catboost", "mlp"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", GROWING)
def test_a_replay_gives_the_same_model_whatever_the_trial(name: str, kind: TaskKind) -> None:
    schedule = f"6 | 4 {CHANGE.get(name, 'learning_rate=0.25')} | 5"
    one = fitted(name, kind, schedule)
    other = fitted(name, kind, schedule, seed=99, iterations=3)
    np.testing.assert_array_equal(predicted(one, kind), predicted(other, kind))
    assert ALGORITHMS[name].iterations_used(one) == 15


@pytest.mark.parametrize("name", GROWING)
def test_what_changes_on_the_way_makes_another_model(name: str) -> None:
    kind = TaskKind.BINARY
    change = CHANGE.get(name, "learning_rate=0.25")
    found = [predicted(fitted(name, kind, s), kind) for s in ("6 | 6", f"6 | 6 {change}")]
    assert np.abs(found[0] - found[1]).max() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", GROWING)
def test_models_by_stages_are_saved_and_loaded(name: str, kind: TaskKind) -> None:
    pipeline = fitted(name, kind, f"4 | 3 {CHANGE.get(name, 'learning_rate=0.25')}")
    loaded = saved_and_read(pipeline)
    np.testing.assert_array_equal(predicted(loaded, kind), predicted(pipeline, kind))
    assert learner_of(loaded).stages == learner_of(pipeline).stages


@pytest.mark.parametrize("kind", KINDS)
def test_a_stage_goes_on_from_the_model_that_the_one_before_has_left(kind: TaskKind) -> None:
    """Copying a model and training on is the same as training it from the beginning."""
    parent, child = (fitted("lightgbm", kind, s) for s in ("6", "6 | 4 learning_rate=0.25"))
    inner = learner_of(child)
    codes = (
        target(kind) if kind.is_classification else child.steps[-1][1].transform_.transform(SIGNAL)
    )
    step = child.steps[0][1]
    settings = {**inner.settings(codes, {"learning_rate": 0.25}), "seed": inner.seed + 1}
    data = lightgbm.Dataset(
        step.transform(X), codes, categorical_feature=[3], params=settings, free_raw_data=False
    )
    copied = lightgbm.Booster(model_str=learner_of(parent).model_)
    grown = lightgbm.train(settings, data, 4, init_model=copied)
    np.testing.assert_array_equal(
        grown.predict(step.transform(X), num_threads=1),
        inner._booster.predict(step.transform(X), num_threads=1),
    )


def test_stages_hold_what_differs_from_the_first() -> None:
    given = configuration("lightgbm", TaskKind.BINARY, "5 | 5 subsample=0.7 | 5 subsample=1.0")
    family = ALGORITHMS["lightgbm"]
    assert learner_stages(given, family.params) == (  # type: ignore[attr-defined]
        {"iterations": 5},
        {"iterations": 5, "subsample": 0.7, "subsample_freq": 1},
        {"iterations": 5},
    )
    assert learner_stages(first_values(given), family.params) == ()  # type: ignore[attr-defined]


def test_schedules_with_the_same_beginning_have_the_same_seed() -> None:
    kind = TaskKind.BINARY
    short, long = (configuration("lightgbm", kind, s) for s in ("5", "5 | 5 subsample=0.7"))
    seeds = {training_seed(c, context(kind, seed=n)) for n, c in enumerate((short, long))}
    assert len(seeds) == 1
    assert training_seed(first_values(short), context(kind, seed=8)) == 8
