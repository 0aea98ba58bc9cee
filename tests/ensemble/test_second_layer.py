"""Second layer: learned from out-of-fold predictions and offered to the choice of weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.data.encoding.shape import Shape
from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.ensemble.member_pool import CONSTANT, MemberPool, link_files, write_pool
from metatune.ensemble.plan import PlanRequest, plan_ensemble, with_second_layer
from metatune.ensemble.second_layer import (
    LEARNERS,
    add_in_worker,
    better_than_members,
    fit_second_layer,
    learning_seconds,
    prediction_path,
    second_folder,
)
from metatune.evaluation.trial_data import TrialData
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric

N_ROWS = 600


def make_data(kind: TaskKind, row_metadata: RowMetadata | None = None) -> TrialData:
    """Rows whose target is the product of what two members know."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 3))
    value = X[:, 0] * X[:, 1] + 0.1 * rng.normal(size=N_ROWS)
    codes = np.digitize(value, [-0.4, 0.4])
    y = value if kind is TaskKind.REGRESSION else codes
    n_classes = 0 if kind is TaskKind.REGRESSION else 3
    task = EncodedTask(
        X=X,
        y=y,
        layout=Layout(names=("a", "b", "c"), n_levels=(0, 0, 0)),
        kind=kind,
        n_classes=n_classes,
    )
    metric = "rmse" if kind is TaskKind.REGRESSION else "log_loss"
    return TrialData.make(
        task,
        (metric,),
        seed=0,
        n_folds=4,
        row_metadata=row_metadata or PLAIN,
    )


def make_pool(data: TrialData) -> MemberPool:
    """Members of which one knows a factor of the target each."""
    X, k = data.task.X, data.task.n_classes
    members = {}
    for number in (0, 1):
        known = X[:, number].astype(np.float32)
        if k:
            shares = np.column_stack([np.exp(-known), np.ones(N_ROWS), np.exp(known)])
            known = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
        members[number] = known
    constant = np.full_like(members[0], 1.0 / k if k else 0.0)
    return MemberPool(
        kind=data.task.kind,
        y=data.task.y,
        members={**members, CONSTANT: constant},
        folds=[fold.valid for fold in data.folds],
        row_metadata=data.row_metadata,
    )


@pytest.mark.parametrize("kind", [TaskKind.REGRESSION, TaskKind.MULTICLASS])
def test_it_finds_what_no_mean_of_members_can_say(kind: TaskKind) -> None:
    data = make_data(kind)
    pool = make_pool(data)
    metric = resolve_metric(data.metrics[0], kind)
    request = PlanRequest(metric=metric, single=0)
    first = replace(plan_ensemble(pool, request), weights={0: 0.5, 1: 0.5})
    second = fit_second_layer(pool, data, [0, 1], seed=0)
    members = {**pool.members, **{number: oof for number, (oof, _) in second.items()}}
    plan = with_second_layer(replace(pool, members=members), request, first)
    assert min(plan.weights) < CONSTANT
    assert set(plan.weights) >= {0, 1}
    assert sum(plan.weights.values()) == pytest.approx(1.0)
    assert plan.first is first
    assert metric.better(plan.score, plan.single_score)


def test_predictions_of_a_fold_owe_nothing_to_its_targets() -> None:
    data = make_data(TaskKind.REGRESSION)
    valid = data.folds[0].valid
    changed = data.task.y.copy()
    changed[valid] += 100.0
    other = replace(data, task=replace(data.task, y=changed))
    own, others = (
        fit_second_layer(make_pool(each), each, [0, 1], seed=0) for each in (data, other)
    )
    for number in LEARNERS:
        np.testing.assert_array_equal(own[number][0][valid], others[number][0][valid])
        assert not np.array_equal(own[number][0], others[number][0])


def test_a_layer_that_knows_nothing_new_leaves_the_plan_as_it_is() -> None:
    data = make_data(TaskKind.REGRESSION)
    pool = make_pool(data)
    perfect = {
        0: data.task.y.astype(np.float32),
        1: pool.members[1],
        CONSTANT: pool.members[CONSTANT],
    }
    noise = np.random.default_rng(1).normal(size=N_ROWS).astype(np.float32)
    request = PlanRequest(metric=resolve_metric("rmse", TaskKind.REGRESSION), single=0)
    pool = replace(pool, members=perfect)
    first = plan_ensemble(pool, request)
    with_noise = replace(pool, members={**perfect, CONSTANT - 1: noise})
    assert with_second_layer(with_noise, request, first) is first


def test_only_learners_that_beat_every_member_are_offered() -> None:
    data = make_data(TaskKind.REGRESSION)
    pool = make_pool(data)
    request = PlanRequest(metric=resolve_metric("rmse", TaskKind.REGRESSION), single=0)
    second = fit_second_layer(pool, data, [0, 1], seed=0)
    alone = {
        number: float(np.sqrt(np.mean((prediction - data.task.y) ** 2)))
        for number, prediction in {**pool.members, **{n: p for n, (p, _) in second.items()}}.items()
    }
    best = min(alone[number] for number in pool.members)
    found = better_than_members(pool, request, second)
    assert found == [number for number in second if alone[number] < best]
    assert CONSTANT - 1 in found
    perfect = replace(pool, members={**pool.members, 2: data.task.y.astype(np.float32)})
    assert better_than_members(perfect, request, second) == []


def test_rows_in_time_have_none() -> None:
    data = make_data(TaskKind.REGRESSION, RowMetadata(times=np.arange(N_ROWS, dtype=np.int64)))
    assert fit_second_layer(make_pool(data), data, [0, 1], seed=0) == {}


def test_nor_has_a_single_fold() -> None:
    data = make_data(TaskKind.REGRESSION)
    data = replace(data, folds=data.folds[:1])
    pool = make_pool(data)
    assert fit_second_layer(pool, data, [0, 1], seed=0) == {}


def test_the_job_leaves_what_was_chosen_and_is_the_same_each_time(tmp_path: Path) -> None:
    data = make_data(TaskKind.REGRESSION)
    data.save(tmp_path / "data")
    inbox = tmp_path / "pool"
    write_pool(make_pool(data), inbox, {})
    link_files(tmp_path / "data", inbox)
    request = PlanRequest(metric=resolve_metric("rmse", TaskKind.REGRESSION), single=0)
    first = replace(plan_ensemble(make_pool(data), request), weights={0: 0.5, 1: 0.5})
    plans = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        plans.append(add_in_worker(str(inbox), str(tmp_path / name), request, first))
    assert plans[0].weights == plans[1].weights
    chosen = [number for number in plans[0].weights if number < CONSTANT]
    assert chosen
    for number in chosen:
        left = [np.load(prediction_path(tmp_path / name, number)) for name in ("one", "two")]
        np.testing.assert_array_equal(*left)
    names = [sorted(p.name for p in (tmp_path / name).iterdir()) for name in ("one", "two")]
    assert names[0] == names[1]
    assert len(names[0]) == 2 * len(chosen)


def test_learners_of_the_same_members_lie_in_the_same_place_and_others_elsewhere() -> None:
    folder = second_folder(Path("run"), [3, 12, CONSTANT, CONSTANT - 1])
    assert folder == second_folder(Path("run"), [12, 3])
    assert folder != second_folder(Path("run"), [12, 3, 4])
    assert folder != second_folder(Path("run"), [1, 23])


def test_seconds_grow_with_rows_columns_classes_and_folds() -> None:
    small = Shape(n_rows=1_000, n_columns=10)
    few = learning_seconds(small, 5)
    assert 0.3 < few < 2.0
    for more in ({"n_rows": 3_000}, {"n_columns": 90}, {"n_classes": 9}):
        assert learning_seconds(replace(small, **more), 5) > few
    assert learning_seconds(small, 10) > few
