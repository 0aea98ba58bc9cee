"""The forest: the arrays are the forests, and the weights are those of their leaves."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

from metatune.recommender.forest import LeafForest

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(40, 5))
FEATURES[::7, 1] = np.nan
FEATURES[:, 3] = np.nan
REGRET = np.abs(FEATURES[:, :1] - np.linspace(-1, 1, 6)) + 0.1 * RNG.random((40, 6))
NEW = np.array([0.3, np.nan, 0.5, 2.0, -1.0])
NOBODY = np.zeros(40, dtype=bool)


@pytest.fixture(scope="module")
def grown() -> tuple[LeafForest, list[Any]]:
    """Return arrays and the forests they were made of."""
    forests: list[Any] = []

    def recorded(kind: Any) -> Any:
        def fit(self: Any, X: Any, y: Any) -> Any:
            forests.append(kind.fit(self, X, y))
            return self

        return type(kind.__name__, (kind,), {"fit": fit, "__init__": kind.__init__})

    with pytest.MonkeyPatch.context() as patch:
        for kind in (ExtraTreesRegressor, RandomForestRegressor):
            patch.setattr(f"sklearn.ensemble.{kind.__name__}", recorded(kind))
        return LeafForest.fit(FEATURES, REGRET), forests


@pytest.fixture(scope="module")
def forest(grown: tuple[LeafForest, list[Any]]) -> LeafForest:
    return grown[0]


def leaves_of(forests: list[Any], features: np.ndarray) -> np.ndarray:
    rows = np.where(np.isnan(features), -1.0, features)
    return np.hstack([forest.apply(rows) for forest in forests])


def test_past_datasets_end_in_the_leaves_of_the_forests(grown: Any) -> None:
    forest, forests = grown
    assert len(forests) == 2
    expected = leaves_of(forests, FEATURES)
    np.testing.assert_array_equal(forest.leaves - forest.roots, expected)


def test_a_new_dataset_is_weighed_as_the_forests_would(grown: Any) -> None:
    forest, forests = grown
    shared = leaves_of(forests, FEATURES) == leaves_of(forests, NEW[None, :])
    expected = (shared / np.maximum(shared.sum(axis=0), 1)).mean(axis=1)
    np.testing.assert_allclose(forest.weights(NEW, NOBODY), expected / expected.sum(), atol=1e-12)


def test_what_tells_good_from_bad_makes_datasets_near(forest: LeafForest) -> None:
    weights = forest.weights(NEW, NOBODY)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1.0)
    assert weights @ np.abs(FEATURES[:, 0] - NEW[0]) < 0.3
    assert forest.importances.argmax() == 0
    assert forest.importances.sum() == pytest.approx(1.0)


def test_a_past_dataset_is_nearest_to_itself(forest: LeafForest) -> None:
    for row in range(0, 40, 9):
        assert forest.weights(FEATURES[row], NOBODY).argmax() == row


def test_left_out_datasets_have_no_weight(forest: LeafForest) -> None:
    nearest = np.argsort(-forest.weights(NEW, NOBODY))[:5]
    left_out = np.isin(np.arange(40), nearest)
    weights = forest.weights(NEW, left_out)
    np.testing.assert_array_equal(weights[left_out], 0.0)
    assert weights.sum() == pytest.approx(1.0)


def test_where_all_relatives_are_left_out_the_rest_count_alike(forest: LeafForest) -> None:
    left_out = forest.weights(NEW, NOBODY) > 0
    weights = forest.weights(NEW, left_out)
    np.testing.assert_allclose(weights, ~left_out / (~left_out).sum())


def test_extreme_values_find_a_leaf(forest: LeafForest) -> None:
    for value in (np.inf, -np.inf, np.nan, 1e300):
        weights = forest.weights(np.full(5, value), NOBODY)
        assert weights.sum() == pytest.approx(1.0)


def test_the_same_seed_gives_the_same_forest(forest: LeafForest) -> None:
    again = LeafForest.fit(FEATURES, REGRET)
    np.testing.assert_array_equal(again.leaves, forest.leaves)
    other = LeafForest.fit(FEATURES, REGRET, seed=5)
    assert not np.array_equal(other.weights(NEW, NOBODY), forest.weights(NEW, NOBODY))
