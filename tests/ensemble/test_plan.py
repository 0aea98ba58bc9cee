"""Plans: when several members are better than one, and what limits leave of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from metatune.data.row_metadata import RowMetadata
from metatune.data.splits.folds import make_folds
from metatune.ensemble.limits import Cost, ModelLimits, parse_latency
from metatune.ensemble.member_pool import CONSTANT, MemberPool, write_pool
from metatune.ensemble.plan import PlanRequest, plan_ensemble, plan_in_worker
from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric


def make_pool(n_rows: int = 600, n_members: int = 6, *, alike: bool = False) -> MemberPool:
    """Members with errors of their own, or all with the same error; the first one is the best."""
    rng = np.random.default_rng(0)
    y = 3.0 * rng.normal(size=n_rows)
    shared = rng.normal(size=n_rows)
    members = {}
    for k in range(n_members):
        own = 0.001 if alike else 1.0
        error = (shared if alike else 0.0) + own * rng.normal(size=n_rows)
        members[k] = (y + (1.0 + 0.02 * k) * error).astype(np.float32)
    folds = make_folds(y, TaskKind.REGRESSION, 5, 0)
    members[CONSTANT] = np.full(n_rows, y.mean(), dtype=np.float32)
    return MemberPool(
        kind=TaskKind.REGRESSION, y=y, members=members, folds=[fold.valid for fold in folds]
    )


REQUEST = PlanRequest(metric=resolve_metric("rmse", TaskKind.REGRESSION), single=0)


def test_different_members_are_better_together() -> None:
    plan = plan_ensemble(make_pool(), REQUEST)
    assert len(plan.weights) >= 5
    assert sum(plan.weights.values()) == pytest.approx(1.0)
    assert list(plan.weights.values()) == sorted(plan.weights.values(), reverse=True)
    assert plan.score < 0.6 * plan.single_score
    assert plan.gain.mean > 0.3


def test_members_that_err_alike_are_not_worth_an_ensemble() -> None:
    pool = make_pool(200, alike=True)
    members = {n: p for n, p in pool.members.items() if n != CONSTANT}
    plan = plan_ensemble(replace(pool, members=members), REQUEST)
    assert plan.weights == {0: 1.0}
    assert plan.score == plan.single_score


def test_a_single_one_can_be_asked_for() -> None:
    assert plan_ensemble(make_pool(), replace(REQUEST, only_single=True)).weights == {0: 1.0}


def test_members_worse_than_the_constant_have_no_part() -> None:
    pool = make_pool()
    bad = {9: np.asarray(-3 * pool.y, dtype=np.float32)}
    plan = plan_ensemble(replace(pool, members={**bad, **pool.members}), REQUEST)
    assert 9 not in plan.weights


def test_rows_that_no_fold_covers_and_weights_and_groups_are_no_obstacle(tmp_path: Path) -> None:
    pool = make_pool()
    members = {n: np.where(np.arange(600) < 60, np.nan, p) for n, p in pool.members.items()}
    members = {n: p.astype(np.float32) for n, p in members.items()}
    rng = np.random.default_rng(0)
    pool = replace(
        pool,
        members=members,
        folds=[rows[rows >= 60] for rows in pool.folds],
        row_metadata=RowMetadata(weights=rng.uniform(0.5, 2, 600), groups=rng.integers(0, 40, 600)),
    )
    plan = plan_ensemble(pool, REQUEST)
    assert len(plan.weights) >= 4
    assert np.isfinite(plan.score)
    np.save(tmp_path / "one.npy", members[1])
    write_pool(pool, tmp_path / "pool", {1: tmp_path / "one.npy"})
    assert plan_in_worker(str(tmp_path / "pool"), REQUEST) == plan


COSTS = {k: Cost(latency=0.001 * (k + 1), n_bytes=1e6) for k in range(6)}


def test_latency_is_kept_within_its_limit() -> None:
    limits = ModelLimits(max_latency=0.0065)
    plan = plan_ensemble(make_pool(), replace(REQUEST, costs=COSTS, limits=limits))
    spent = sum(COSTS[n].latency for n in plan.weights if n != CONSTANT)
    assert spent <= 0.0065
    assert 2 <= len(plan.weights) < 6


def test_size_is_kept_within_its_limit() -> None:
    limits = ModelLimits(max_bytes=3_000_000)
    plan = plan_ensemble(make_pool(), replace(REQUEST, costs=COSTS, limits=limits))
    assert 2 <= len([n for n in plan.weights if n != CONSTANT]) <= 3


def test_a_leader_beyond_the_limits_gives_way() -> None:
    costs = {**COSTS, 0: Cost(latency=1.0, n_bytes=1e6)}
    request = PlanRequest(
        metric=resolve_metric("rmse", TaskKind.REGRESSION),
        single=0,
        only_single=True,
        costs=costs,
        limits=ModelLimits(max_latency=0.1),
    )
    pool = make_pool()
    errors = {n: np.mean((p - pool.y) ** 2) for n, p in pool.members.items() if n not in (0, -1)}
    assert plan_ensemble(pool, request).weights == {min(errors, key=errors.__getitem__): 1.0}


def test_where_nothing_fits_the_quickest_is_taken() -> None:
    limits = ModelLimits(max_latency=1e-9)
    costs = {**COSTS, 3: Cost(latency=1e-5, n_bytes=1e6)}
    plan = plan_ensemble(make_pool(), replace(REQUEST, costs=costs, limits=limits))
    assert plan.weights == {3: 1.0}


def test_broken_limits_are_named() -> None:
    limits = ModelLimits(max_latency=0.005, max_bytes=2_000_000)
    assert limits.broken_by(Cost(latency=0.001, n_bytes=1e6)) == ""
    said = limits.broken_by(Cost(latency=0.0123, n_bytes=3.5e6))
    assert said == "12.3 ms a row (limit 5) and 3.5 MB (limit 2)"


@pytest.mark.parametrize(("text", "seconds"), [("5ms", 0.005), ("0.5 s", 0.5), ("200us", 2e-4)])
def test_latencies_are_read(text: str, seconds: float) -> None:
    assert parse_latency(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "fast", "0ms", "-1ms"])
def test_what_is_no_latency_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="5ms"):
        parse_latency(text)


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ("roc_auc", TaskKind.BINARY),
        ("f1", TaskKind.BINARY),
        ("log_loss", TaskKind.MULTICLASS),
        ("accuracy", TaskKind.MULTICLASS),
        ("neg_brier_score", TaskKind.BINARY),
    ],
)
@pytest.mark.parametrize("n_rows", [12, 400])
def test_classes_even_of_tiny_tables(metric: str, kind: TaskKind, n_rows: int) -> None:
    rng = np.random.default_rng(0)
    n_classes = 2 if kind is TaskKind.BINARY else 4
    y = rng.integers(0, n_classes - (n_rows < 20), n_rows)  # a class may be missing
    members = {}
    for k in range(4):
        logits = 1.5 * np.eye(n_classes)[y] + rng.normal(size=(n_rows, n_classes))
        p = np.exp(logits)
        members[k] = (p / p.sum(axis=1, keepdims=True)).astype(np.float32)
    members[CONSTANT] = np.full((n_rows, n_classes), 1.0 / n_classes, dtype=np.float32)
    folds = [fold.valid for fold in make_folds(y, kind, 3, 0)]
    pool = MemberPool(kind=kind, y=y, members=members, folds=folds)
    plan = plan_ensemble(pool, PlanRequest(metric=resolve_metric(metric, pool.kind), single=0))
    assert sum(plan.weights.values()) == pytest.approx(1.0)
    if n_rows == 400:
        assert len(plan.weights) > 1
    if metric in ("roc_auc", "f1", "accuracy"):  # which a constant cannot change but by chance
        assert CONSTANT not in plan.weights
