"""Greedy selection: known optima, weights, uncovered rows, ties, speed ways that agree."""

import numpy as np
import pytest

from metatune._typing import Float32Array, IntArray
from metatune.ensemble.losses import loss_on, make_mixture_loss
from metatune.ensemble.selection import SelectionSettings, prune, select_members, single_losses
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric

RMSE = resolve_metric("rmse", TaskKind.REGRESSION)
PLAIN = SelectionSettings(n_bags=0)


def make_classes(
    n_rows: int = 300, n_classes: int = 2, n_members: int = 4, seed: int = 0
) -> tuple[IntArray, Float32Array]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n_rows)
    logits = 1.5 * np.eye(n_classes)[y] + rng.normal(size=(n_members, n_rows, n_classes))
    p = np.exp(logits)
    return y, (p / p.sum(axis=2, keepdims=True)).astype(np.float32)


def test_two_errors_that_cancel_are_found() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=200)
    error = rng.normal(size=200)
    noise = rng.normal(size=200)
    members = np.stack([y + error, y - error, y + noise]).astype(np.float32)
    weights = select_members(RMSE, y, members, settings=PLAIN)
    assert weights[0] == weights[1] > 0.45
    mean = weights @ members
    assert RMSE.score(y, mean) < 0.1 * RMSE.score(y, members[2])


def test_unequal_weights_come_from_picking_again() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=500)
    error = rng.normal(size=500)
    members = np.stack([y + error, y - 3.0 * error]).astype(np.float32)
    weights = select_members(RMSE, y, members, settings=PLAIN)
    np.testing.assert_allclose(weights, [0.75, 0.25], atol=0.04)


def test_a_perfect_member_stays_alone() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=100)
    members = np.stack([y + rng.normal(size=100), y, y + 1.0]).astype(np.float32)
    weights = select_members(RMSE, y, members)
    assert weights.argmax() == 1
    assert weights[1] > 0.9


@pytest.mark.parametrize(
    ("name", "n_classes"),
    [
        ("roc_auc", 2),
        ("roc_auc", 3),
        ("log_loss", 2),
        ("log_loss", 4),
        ("accuracy", 3),
        ("balanced_accuracy", 2),
        ("f1", 2),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_mixture_losses_agree_with_the_metric(name: str, n_classes: int, weighted: bool) -> None:
    kind = TaskKind.BINARY if n_classes == 2 else TaskKind.MULTICLASS
    metric = resolve_metric(name, kind)
    y, members = make_classes(n_classes=n_classes)
    members[:, :50] = members[:, :1].round(1)  # ties
    members /= members.sum(axis=2, keepdims=True)
    counts = np.random.default_rng(1).uniform(0.5, 2.0, len(y)) if weighted else None
    loss = make_mixture_loss(metric, y, members, counts)
    mixture = np.array([0.5, 0.0, 0.25, 0.25])
    mean = np.tensordot(mixture, members.astype(np.float64), axes=1)
    expected = loss_on(metric, y, mean, counts)
    assert loss.of_weights(mixture) == pytest.approx(expected, abs=1e-3)
    alone = [loss_on(metric, y, np.asarray(m, dtype=np.float64), counts) for m in members]
    np.testing.assert_allclose(single_losses(loss), alone, atol=1e-3)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_brier_scores_follow_from_squared_errors(n_classes: int) -> None:
    y, members = make_classes(n_classes=n_classes)
    loss = make_mixture_loss(resolve_metric("neg_brier_score", TaskKind.BINARY), y, members)
    mixture = np.array([0.5, 0.0, 0.25, 0.25])
    mean = np.tensordot(mixture, members, axes=1)
    expected = np.sqrt(((mean - np.eye(n_classes)[y]) ** 2).sum(axis=1).mean())
    assert loss.of_weights(mixture) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["rmse", "mae", "r2"])
def test_mixture_losses_of_numbers_rank_as_the_metric(name: str) -> None:
    metric = resolve_metric(name, TaskKind.REGRESSION)
    rng = np.random.default_rng(0)
    y, counts = rng.normal(size=100), rng.uniform(0.5, 2.0, 100)
    members = (y + rng.normal(size=(5, 100)) * np.arange(1, 6)[:, None]).astype(np.float32)
    loss = make_mixture_loss(metric, y, members, counts)
    expected = [loss_on(metric, y, np.asarray(m, dtype=np.float64), counts) for m in members]
    assert list(np.argsort(single_losses(loss))) == list(np.argsort(expected))
    state = loss.join(loss.empty(), 0)
    joined = loss.losses(state, 1, np.arange(5))
    means = [(members[0] + m) / 2.0 for m in members]
    expected = [loss_on(metric, y, np.asarray(m, dtype=np.float64), counts) for m in means]
    assert list(np.argsort(joined)) == list(np.argsort(expected))


def test_rows_of_no_fold_are_left_out() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=200)
    error = rng.normal(size=200)
    members = np.stack([y + error, y - error]).astype(np.float32)
    hidden = y.copy()
    members[:, :50] = np.nan
    hidden[:50] = 1e9
    np.testing.assert_allclose(select_members(RMSE, hidden, members, settings=PLAIN), [0.5, 0.5])


def test_weights_of_rows_decide() -> None:
    y = np.zeros(100)
    members = np.zeros((2, 100), dtype=np.float32)
    members[0, :50] = 1.0
    members[1, 50:] = 1.0
    heavy = np.where(np.arange(100) < 50, 100.0, 0.01)
    assert select_members(RMSE, y, members, weights=heavy, settings=PLAIN)[1] > 0.95


def test_of_equal_members_the_first_is_taken() -> None:
    y, members = make_classes(n_members=1)
    twins = np.repeat(members, 3, axis=0)
    metric = resolve_metric("roc_auc", TaskKind.BINARY)
    np.testing.assert_array_equal(select_members(metric, y, twins, settings=PLAIN), [1, 0, 0])


def test_the_same_seed_gives_the_same_weights() -> None:
    y, members = make_classes(n_members=12)
    metric = resolve_metric("log_loss", TaskKind.BINARY)
    one, two = (select_members(metric, y, members) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.sum() == pytest.approx(1.0)
    assert (one > 0).sum() > 1


def test_a_class_that_is_missing_from_the_rows_is_no_obstacle() -> None:
    y, members = make_classes(n_classes=3)
    y[y == 2] = 1
    metric = resolve_metric("roc_auc", TaskKind.MULTICLASS)
    assert select_members(metric, y, members).sum() == pytest.approx(1.0)


def test_where_the_metric_is_undefined_the_first_member_is_the_answer() -> None:
    y, members = make_classes()
    metric = resolve_metric("roc_auc", TaskKind.BINARY)
    weights = select_members(metric, np.zeros_like(y), members)
    assert weights.sum() == pytest.approx(1.0)


def test_nothing_to_select_from_is_refused() -> None:
    with pytest.raises(ValueError, match="no member"):
        select_members(RMSE, np.zeros(3), np.zeros((0, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="no row"):
        select_members(RMSE, np.zeros(3), np.full((1, 3), np.nan, dtype=np.float32))


def test_small_weights_are_dropped() -> None:
    np.testing.assert_allclose(prune(np.array([0.9, 0.09, 0.01]), 0.02), [10 / 11, 1 / 11, 0])
    np.testing.assert_allclose(prune(np.full(100, 0.01), 0.02), np.full(100, 0.01))
