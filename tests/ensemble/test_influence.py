import numpy as np
import pytest

from metatune.data.splits.folds import make_folds
from metatune.ensemble.influence import limited_weights
from metatune.ensemble.member_pool import MemberPool
from metatune.ensemble.plan import choose_weights
from metatune.ensemble.selection import select_members
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric

RMSE = resolve_metric("rmse", TaskKind.REGRESSION)


def members(y: np.ndarray, *spreads: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.stack([y + s * rng.normal(size=len(y)) for s in spreads]).astype(np.float32)


def values(n_rows: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=n_rows)


def limited(
    y: np.ndarray, predictions: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    found = limited_weights(RMSE, y, predictions, weights)
    assert found is not None
    return found


def test_rows_that_all_members_miss_count_less_in_proportion() -> None:
    y = values(100)
    predictions = members(y, 0.1, 0.1)
    y[:2] += [50.0, 100.0]
    found = limited(y, predictions)
    assert (found[2:] == 1.0).all()
    assert found[1] < found[0] < 1.0
    assert found[1] / found[0] == pytest.approx(0.5, rel=0.05)


def test_sample_weights_are_multiplied() -> None:
    y = values(100)
    predictions = members(y, 0.1)
    y[0] += 100.0
    alone = limited(y, predictions)
    np.testing.assert_allclose(limited(y, predictions, np.full(100, 3.0)), 3.0 * alone)


def test_more_rows_let_a_row_say_more() -> None:
    kept = []
    for n_rows in (100, 10_000):
        y = np.zeros(n_rows)
        y[: n_rows // 100] = 10.0  # the same share of rows lies out
        kept.append(limited(y, np.zeros((1, n_rows), np.float32))[0])
    assert kept[0] < 1.0
    assert kept[1] == 1.0


@pytest.mark.parametrize("n_rows", [1, 2, 50])
def test_perfect_members_leave_weights_as_they_are(n_rows: int) -> None:
    y = np.arange(n_rows, dtype=np.float64)
    assert (limited(y, y[None].astype(np.float32)) == 1.0).sum() == n_rows


def test_other_metrics_are_left_alone() -> None:
    y = values(50)
    predictions = members(y, 0.1)
    y[0] = 99.0
    assert limited_weights(resolve_metric("mae", TaskKind.REGRESSION), y, predictions) is None
    labels, said = np.arange(50) % 2, np.full((1, 50, 2), 0.5, np.float32)
    assert limited_weights(resolve_metric("log_loss", TaskKind.BINARY), labels, said) is None


def test_one_row_does_not_choose_the_members() -> None:
    y = values(120)
    good, poor = members(y, 0.2, 0.6)
    y[7] = 60.0
    poor[7] += 1.0
    folds = [fold.valid for fold in make_folds(y, TaskKind.REGRESSION, 5, 0)]
    pool = MemberPool(kind=TaskKind.REGRESSION, y=y, members={0: good, 1: poor}, folds=folds)
    by_squares = select_members(RMSE, y, np.stack([good, poor]))
    assert choose_weights(pool, RMSE, np.arange(len(y)))[0] > by_squares[0] + 0.3
