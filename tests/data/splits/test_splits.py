import numpy as np
import pytest

from metatune.data.splits.folds import make_folds, nested_order, subsample
from metatune.kinds import TaskKind

RNG = np.random.default_rng(0)
LABELS = np.sort(RNG.choice(4, p=[0.7, 0.2, 0.08, 0.02], size=500))
VALUES = RNG.normal(size=500)


@pytest.mark.parametrize(
    ("y", "kind"), [(LABELS, TaskKind.MULTICLASS), (VALUES, TaskKind.REGRESSION)]
)
@pytest.mark.parametrize("n_folds", [2, 5])
def test_folds_partition_the_rows(y: np.ndarray, kind: TaskKind, n_folds: int) -> None:
    folds = make_folds(y, kind, n_folds, seed=3)
    valid = np.concatenate([fold.valid for fold in folds])
    assert sorted(valid) == list(range(500))
    for fold in folds:
        assert sorted([*fold.train, *fold.valid]) == list(range(500))
        assert abs(len(fold.valid) - 500 / n_folds) <= 1


def test_folds_are_stratified() -> None:
    for fold in make_folds(LABELS, TaskKind.MULTICLASS, 5, seed=0):
        counts = np.bincount(LABELS[fold.valid], minlength=4)
        assert np.abs(counts - np.bincount(LABELS) / 5).max() <= 1
    for fold in make_folds(VALUES, TaskKind.REGRESSION, 5, seed=0):
        assert abs(VALUES[fold.valid].mean() - VALUES.mean()) < 0.1


def test_single_row_classes_are_no_obstacle() -> None:
    y = np.array([0] * 10 + [1] * 9 + [2])
    folds = make_folds(y, TaskKind.MULTICLASS, 5, seed=0)
    assert sum(2 in y[fold.train] for fold in folds) == 4


def test_every_prefix_is_stratified_and_holds_every_class() -> None:
    order = nested_order(LABELS, TaskKind.MULTICLASS, seed=1)
    assert set(LABELS[order[:4]]) == {0, 1, 2, 3}
    share = np.bincount(LABELS[order[:100]], minlength=4) / 100
    assert np.abs(share - np.bincount(LABELS) / 500).max() < 0.04


def test_subsamples_nest() -> None:
    fold = make_folds(LABELS, TaskKind.MULTICLASS, 3, seed=0)[0]
    small, large = subsample(fold, 1 / 9), subsample(fold, 1 / 3)
    assert set(small) < set(large) < set(subsample(fold, 1.0)) == set(fold.train)
    assert len(large) == round(len(fold.train) / 3)
    assert len(subsample(fold, 1e-6, n_classes=4)) == 10


def test_seed_decides() -> None:
    one, two, other = (make_folds(VALUES, TaskKind.REGRESSION, 4, seed=s)[0] for s in (1, 1, 2))
    assert (one.train == two.train).all()
    assert set(one.valid) != set(other.valid)


def test_no_global_random_state_is_used() -> None:
    before = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
    make_folds(LABELS, TaskKind.MULTICLASS, 3, seed=0)
    assert (np.random.get_state(legacy=False)["state"]["key"] == before).all()  # noqa: NPY002
