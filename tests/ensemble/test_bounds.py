"""Bounds hold the share that they promise, and follow the size of errors where that varies."""

import numpy as np
import pytest

from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.ensemble.bounds import OutOfFold, set_bounds_of, value_bounds_of, with_spread
from metatune.errors import OptionError
from metatune.models.bounds import ValueBounds


def known(
    n_rows: int, seed: int, *, uneven: bool = False, row_metadata: RowMetadata = PLAIN
) -> tuple[OutOfFold, "np.ndarray"]:
    """Out-of-fold predictions with skewed errors, and the rows that they belong to."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(n_rows, 3))
    size = 0.2 + 3 * X[:, 0] if uneven else np.ones(n_rows)
    prediction = 5 * X[:, 1]
    y = prediction + size * (rng.gamma(2.0, size=n_rows) - 2.0)
    return OutOfFold(y=y, prediction=prediction, row_metadata=row_metadata), X


def coverage(bounds: ValueBounds, new: OutOfFold, X: "np.ndarray", level: float) -> float:
    ends = bounds.interval(level, X, new.prediction)
    return float(((ends[:, 0] <= new.y) & (new.y <= ends[:, 1])).mean())


@pytest.mark.parametrize(("n_rows", "level"), [(40, 0.9), (200, 0.8), (5_000, 0.95)])
def test_intervals_hold_their_level_on_average(n_rows: int, level: float) -> None:
    new, X = known(2_000, seed=10_000)
    runs = 200 if n_rows < 1_000 else 20
    found = [
        coverage(value_bounds_of(known(n_rows, seed)[0]), new, X, level) for seed in range(runs)
    ]
    assert level - 0.01 < np.mean(found) < level + 2 / n_rows + 0.015


def test_widths_follow_the_size_of_errors() -> None:
    old, X = known(3_000, seed=0, uneven=True)
    new, X_new = known(3_000, seed=1, uneven=True)
    constant = value_bounds_of(old)
    adapted = with_spread(constant, old, X, (), seed=0)
    assert adapted.spread is not None
    assert 0.88 < coverage(adapted, new, X_new, 0.9) < 0.92
    ends = adapted.interval(0.9, X_new, new.prediction)
    widths = ends[:, 1] - ends[:, 0]
    assert np.corrcoef(widths, X_new[:, 0])[0, 1] > 0.9
    equal = constant.interval(0.9, X_new, new.prediction)
    assert widths.mean() < 0.95 * (equal[:, 1] - equal[:, 0]).mean()


def test_errors_of_one_size_keep_one_width() -> None:
    old, X = known(1_000, seed=0)
    assert with_spread(value_bounds_of(old), old, X, (), seed=0).spread is None


def test_few_rows_and_perfect_predictions_keep_one_width() -> None:
    old, X = known(90, seed=0, uneven=True)
    assert with_spread(value_bounds_of(old), old, X, (), seed=0).spread is None
    perfect = OutOfFold(y=np.arange(500.0), prediction=np.arange(500.0))
    bounds = value_bounds_of(perfect)
    assert with_spread(bounds, perfect, np.zeros((500, 1)), (), seed=0).spread is None
    assert coverage(bounds, perfect, np.zeros((500, 1)), 0.9) == 1.0


def test_spread_is_the_same_every_time() -> None:
    old, X = known(500, seed=0, uneven=True)
    one, two = (with_spread(value_bounds_of(old), old, X, (), seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.scores, two.scores)


def test_of_many_columns_those_that_tell_the_spread_are_taken() -> None:
    old, X = known(4_000, seed=0, uneven=True)
    wide = np.hstack([np.random.default_rng(0).uniform(size=(4_000, 600)), X])
    adapted = with_spread(value_bounds_of(old), old, wide, (), seed=0)
    assert adapted.spread is not None
    assert 600 in adapted.spread.columns
    assert len(adapted.spread.columns) <= 250


def test_weights_count_as_repetition() -> None:
    old, X = known(400, seed=0)
    weights = np.random.default_rng(0).integers(1, 5, 400)
    weighed = OutOfFold(
        y=old.y, prediction=old.prediction, row_metadata=RowMetadata(weights=weights.astype(float))
    )
    rows = np.repeat(np.arange(400), weights)
    repeated = OutOfFold(y=old.y[rows], prediction=old.prediction[rows])
    ends = [
        ValueBounds(scores=value_bounds_of(one).scores, n_rows=10**6).interval(0.9, X, np.zeros(1))
        for one in (weighed, repeated)
    ]
    assert np.abs(ends[0] - ends[1]).max() < 0.15
    assert value_bounds_of(weighed).n_rows < 400


def test_groups_count_as_one_row_each() -> None:
    groups = np.repeat(np.arange(30), 10)
    old, X = known(300, seed=0, row_metadata=RowMetadata(groups=groups))
    bounds = value_bounds_of(old)
    assert bounds.n_rows == 30
    plain = value_bounds_of(OutOfFold(y=old.y, prediction=old.prediction))
    wide, narrow = (b.interval(0.9, X, old.prediction)[0] for b in (bounds, plain))
    assert np.diff(wide) > np.diff(narrow)


def test_folds_of_the_spread_keep_groups_together() -> None:
    """Errors that are the same in a whole group tell nothing of another one."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 25)
    size = np.exp(rng.normal(size=40))[groups]
    old = OutOfFold(
        y=size * rng.normal(size=1_000),
        prediction=np.zeros(1_000),
        row_metadata=RowMetadata(groups=groups),
    )
    X = groups[:, None].astype(float)
    assert with_spread(value_bounds_of(old), old, X, (), seed=0).spread is None
    free = OutOfFold(y=old.y, prediction=old.prediction)
    assert with_spread(value_bounds_of(free), free, X, (), seed=0).spread is not None


def test_a_level_beyond_the_rows_is_refused_with_one_that_is_not() -> None:
    old, X = known(50, seed=0)
    bounds = value_bounds_of(old)
    with pytest.raises(OptionError, match=r"level 0\.99 cannot be told from 50 .* at most 0\.96$"):
        bounds.interval(0.99, X, old.prediction)
    assert coverage(bounds, old, X, 0.96) == 1.0


def test_least_values_are_kept() -> None:
    old, X = known(200, seed=0)
    assert value_bounds_of(old, low=0.0).interval(0.9, X, old.prediction).min() == 0.0


@pytest.mark.parametrize("level", [0.7, 0.9])
def test_sets_hold_their_level_on_average(level: float) -> None:
    rng = np.random.default_rng(0)

    def draw(n_rows: int) -> OutOfFold:
        p = rng.dirichlet(np.ones(4), size=n_rows)
        y = (p.cumsum(axis=1) > rng.random((n_rows, 1))).argmax(axis=1)
        return OutOfFold(y=y, prediction=p)

    new, found = draw(3_000), []
    for _ in range(60):
        members = set_bounds_of(draw(150)).members(level, new.prediction)
        found.append(members[np.arange(3_000), new.y].mean())
    assert level - 0.01 < np.mean(found) < level + 0.025


def test_sets_refuse_a_level_beyond_the_rows() -> None:
    bounds = set_bounds_of(OutOfFold(y=np.zeros(20, dtype=int), prediction=np.full((20, 2), 0.5)))
    with pytest.raises(OptionError, match=r"at most 0\.952$"):
        bounds.members(0.99, np.full((1, 2), 0.5))
