"""Standing of an ensemble: what a family that errs elsewhere shares with it, and what it scores."""

import numpy as np
import pytest

from metatune.data.splits.folds import make_folds
from metatune.ensemble.member_pool import MemberPool
from metatune.ensemble.standing import ensemble_standing
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric

RMSE = resolve_metric("rmse", TaskKind.REGRESSION)
LOG_LOSS = resolve_metric("log_loss", TaskKind.MULTICLASS)
N_ROWS = 4_000


def values(errors: "dict[int, np.ndarray]", y: "np.ndarray") -> MemberPool:
    members = {number: (y + error).astype(np.float32) for number, error in errors.items()}
    folds = [fold.valid for fold in make_folds(y, TaskKind.REGRESSION, 5, 0)]
    return MemberPool(kind=TaskKind.REGRESSION, y=y, members=members, folds=folds)


def test_noise_is_shared_and_what_is_their_own_is_not() -> None:
    rng = np.random.default_rng(0)
    y, noise = rng.normal(size=(2, N_ROWS))
    tree, net, poor = rng.normal(size=(3, N_ROWS))
    pool = values(
        {
            3: noise + 0.5 * tree,
            5: noise + 0.5 * tree + 0.01 * rng.normal(size=N_ROWS),
            7: noise + 0.5 * net,
            9: noise + 3.0 * poor,
        },
        y,
    )
    families = {3: "tree", 5: "tree", 7: "net", 9: "poor"}
    standing = ensemble_standing(pool, RMSE, families)
    unit = standing.score**2  # of the mean of a tree and the net: 1 + .5^2 / 2
    assert unit == pytest.approx(1.125, rel=0.05)
    assert standing.shared["tree"] * unit == pytest.approx(1.125, rel=0.1)
    assert standing.shared["net"] * unit == pytest.approx(1.0, rel=0.1)
    assert standing.shared["poor"] * unit == pytest.approx(1.0, rel=0.15)  # however bad it is
    assert standing.usual == min(standing.shared.values())


def test_a_single_member_shares_all_errors_with_itself() -> None:
    rng = np.random.default_rng(0)
    y, noise = rng.normal(size=(2, 300))
    standing = ensemble_standing(values({1: noise}, y), RMSE, {1: "tree"})
    assert standing.score == pytest.approx(1.0, rel=0.15)
    assert standing.shared == {"tree": 1.0}
    assert 0.5 < standing.usual < 1.0


def test_probabilities_are_compared_class_by_class() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, size=900)
    sure = 0.6 * np.eye(3)[y] + 0.4 / 3
    odd = rng.dirichlet(np.ones(3), size=900)
    members = {
        0: sure.astype(np.float32),
        1: (0.9 * sure + 0.1 * odd).astype(np.float32),
        2: (0.5 * sure + 0.5 * odd).astype(np.float32),
    }
    folds = [fold.valid for fold in make_folds(y, TaskKind.MULTICLASS, 3, 0)]
    pool = MemberPool(kind=TaskKind.MULTICLASS, y=y, members=members, folds=folds)
    standing = ensemble_standing(pool, LOG_LOSS, {0: "a", 1: "a", 2: "b"})
    assert standing.score == pytest.approx(-np.log(0.6 + 0.4 / 3), rel=0.05)
    assert set(standing.shared) == {"a", "b"}
    assert standing.usual <= min(standing.shared.values())
