"""Packed forests: they predict as scikit-learn's do, and take a fraction of the room."""

import pickle

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from metatune.algorithms.learners.packed_forest import (
    LEAF,
    PackedForestClassifier,
    PackedForestRegressor,
    tree_ends,
)

SETTINGS = {"n_estimators": 15, "random_state": 0, "n_jobs": 1}


def make_rows(n_rows: int = 400, *, missing: bool = True) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 6))
    X[:, 5] = rng.integers(0, 4, n_rows)
    y = X[:, 0] + np.sin(3 * X[:, 1]) + 0.3 * rng.normal(size=n_rows)
    if missing:
        X[rng.random(X.shape) < 0.1] = np.nan
    return X, y


@pytest.mark.parametrize("forest", [ExtraTreesRegressor, RandomForestRegressor])
@pytest.mark.parametrize("leaf", [1, 5])
def test_values_are_those_of_the_forest_to_single_precision(forest: type, leaf: int) -> None:
    X, y = make_rows()
    plain = forest(min_samples_leaf=leaf, **SETTINGS)
    packed = PackedForestRegressor(plain).fit(X[:300], y[:300])
    grown = plain.fit(X[:300], y[:300])
    np.testing.assert_allclose(packed.predict(X), grown.predict(X), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("forest", [ExtraTreesClassifier, RandomForestClassifier])
@pytest.mark.parametrize("weighted", [False, True])
def test_probabilities_are_those_of_the_forest(forest: type, weighted: bool) -> None:
    X, y = make_rows()
    codes = np.digitize(y, [-1.0, 0.5])
    weights = np.random.default_rng(1).random(300) if weighted else None
    plain = forest(min_samples_leaf=3, **SETTINGS)
    packed = PackedForestClassifier(plain).fit(X[:300], codes[:300], weights)
    grown = plain.fit(X[:300], codes[:300], weights)
    assert packed.n_classes_ == 3
    np.testing.assert_allclose(packed.predict_proba(X), grown.predict_proba(X), atol=1e-6)


def test_a_row_on_a_threshold_goes_the_same_way() -> None:
    X = np.repeat(np.linspace(0.0, 1.0, 40, dtype=np.float32), 2)[:, None].astype(np.float64)
    y = np.arange(80.0)
    plain = RandomForestRegressor(bootstrap=False, n_estimators=1, random_state=0)
    packed, grown = PackedForestRegressor(plain).fit(X, y), plain.fit(X, y)
    nodes = grown.estimators_[0].tree_
    edges = nodes.threshold[nodes.children_left != -1].astype(np.float32)
    around = np.concatenate(
        [edges, np.nextafter(edges, np.float32(9)), np.nextafter(edges, np.float32(-9))]
    )[:, None]
    np.testing.assert_array_equal(packed.predict(around), grown.predict(around))


def test_a_copy_predicts_bit_for_bit_and_holds_no_trees() -> None:
    X, y = make_rows(missing=False)
    packed = PackedForestRegressor(ExtraTreesRegressor(**SETTINGS)).fit(X, y)
    before = packed.predict(X)
    written = pickle.dumps(packed)
    plain = pickle.dumps(ExtraTreesRegressor(**SETTINGS).fit(X, y))
    assert len(written) < len(plain) / 8
    np.testing.assert_array_equal(pickle.loads(written).predict(X), before)


def test_leaves_that_predict_the_same_share_their_values() -> None:
    X, y = make_rows(missing=False)
    pure = PackedForestClassifier(ExtraTreesClassifier(**SETTINGS)).fit(X, (y > 0).astype(int))
    assert pure.values_.shape == (2, 2)
    wide = PackedForestRegressor(ExtraTreesRegressor(min_samples_leaf=9, **SETTINGS)).fit(X, y)
    assert wide.places_ is None
    assert len(wide.values_) == (wide.features_ == LEAF).sum()


def test_rows_of_other_columns_are_refused() -> None:
    X, y = make_rows(missing=False)
    packed = PackedForestRegressor(ExtraTreesRegressor(**SETTINGS)).fit(X, y)
    with pytest.raises(ValueError, match="5 columns instead of 6"):
        packed.predict(X[:, :5])


def test_trees_of_one_leaf() -> None:
    X, y = make_rows(missing=False)
    plain = RandomForestRegressor(min_samples_leaf=300, **SETTINGS)
    packed = PackedForestRegressor(plain).fit(X, y)
    assert (packed.features_ == LEAF).all()
    np.testing.assert_allclose(packed.predict(X), plain.fit(X, y).predict(X), rtol=1e-6)


def test_fitting_anew_forgets_the_earlier_trees() -> None:
    X, y = make_rows(missing=False)
    packed = PackedForestRegressor(ExtraTreesRegressor(**SETTINGS)).fit(X, y)
    packed.predict(X)
    assert packed.fit(X, y + 100.0).predict(X).min() > 50.0


@pytest.mark.parametrize(
    ("features", "ends"),
    [
        ([LEAF], [0]),
        ([LEAF, LEAF], [0, 1]),
        ([0, LEAF, LEAF, 2, 1, LEAF, LEAF, LEAF], [2, 7]),
        ([0, LEAF], []),
        ([], []),
    ],
)
def test_ends_of_trees(features: list[int], ends: list[int]) -> None:
    assert tree_ends(np.array(features, dtype=np.int16)).tolist() == ends
