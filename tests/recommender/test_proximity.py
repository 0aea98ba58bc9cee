"""Proximity: how far meta-features are trusted, and what the views are worth."""

from dataclasses import replace

import numpy as np
import pytest

from metatune.recommender.nearest import nearest_weights
from metatune.recommender.proximity import Proximity, least_squares_blend, settled_trust
from metatune.recommender.views import views_of_unseen

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(60, 4))
FEATURES[::7, 1] = np.nan
FAMILIES = [f"family {i // 2}" for i in range(60)]
TOLD = np.abs(FEATURES[:, :1] - np.linspace(-1.5, 1.5, 8)) + 0.05 * RNG.random((60, 8))
"""Regrets that follow the first meta-feature."""
NOBODY = np.zeros(60, dtype=bool)


def fitted(regret: np.ndarray, features: np.ndarray = FEATURES) -> Proximity:
    families = FAMILIES[: len(regret)]
    unseen = views_of_unseen(features, regret, families, seed=0)
    return Proximity.fit(features, regret, unseen)


@pytest.fixture(scope="module")
def told() -> Proximity:
    return fitted(TOLD)


def test_the_forest_is_trusted_where_it_knows_what_matters(told: Proximity) -> None:
    assert told.trust.sum() == pytest.approx(1.0)
    assert told.trust[0] > 0.5
    assert told.trust[2] < 0.3


def test_all_datasets_count_alike_where_meta_features_tell_nothing() -> None:
    rng = np.random.default_rng(1)
    regret = np.linspace(0.2, 1.2, 8) + 0.5 * rng.random((60, 8))
    trust = fitted(regret).trust
    assert trust[2] > 0.5


def test_the_blend_predicts_best_and_adds_up_to_one() -> None:
    rng = np.random.default_rng(0)
    views = rng.random((30, 3, 8))
    real = 0.7 * views[:, 0] + 0.3 * views[:, 2]
    np.testing.assert_allclose(least_squares_blend(views, real), [0.7, 0.0, 0.3], atol=1e-4)
    against = -views[:, 1] + 2 * views[:, 2]  # no blend: no view counts less than nothing
    np.testing.assert_allclose(least_squares_blend(views, against), [0.0, 0.0, 1.0], atol=1e-4)


def test_views_that_agree_are_no_obstacle() -> None:
    view = np.random.default_rng(0).random((30, 1, 8))
    shares = least_squares_blend(np.tile(view, (1, 3, 1)), view[:, 0])
    assert shares.sum() == pytest.approx(1.0)
    assert (shares >= 0).all()


def test_the_portfolio_for_all_is_taken_where_it_leaves_less() -> None:
    unseen = views_of_unseen(FEATURES, TOLD, FAMILIES, seed=0)
    misled = [replace(one, weights=one.weights[[2, 1, 0]]) for one in unseen]
    trust = settled_trust(TOLD, misled)  # the view at the last place knows best here
    assert trust[2] > 0.5


def test_a_dataset_is_seen_by_other_families_only() -> None:
    unseen = views_of_unseen(FEATURES, TOLD, FAMILIES, seed=0)
    assert sorted(one.row for one in unseen) == list(range(60))
    for one in unseen:
        near = {FAMILIES[row] for row in np.flatnonzero(one.seen)}
        assert FAMILIES[one.row] not in near
        np.testing.assert_allclose(one.weights.sum(axis=1), 1.0)


def test_weights_blend_the_views(told: Proximity) -> None:
    new = np.array([0.3, np.nan, 0.5, 2.0])
    weights = told.weights(new, NOBODY)
    views = [
        told.forest.weights(new, NOBODY),
        nearest_weights(FEATURES, new, NOBODY),
        np.full(60, 1 / 60),
    ]
    np.testing.assert_allclose(weights, told.trust @ np.array(views))
    assert weights.sum() == pytest.approx(1.0)


def test_left_out_datasets_have_no_weight_in_any_view(told: Proximity) -> None:
    left_out = np.arange(60) < 20
    weights = told.weights(FEATURES[3], left_out)
    np.testing.assert_array_equal(weights[left_out], 0.0)
    assert weights.sum() == pytest.approx(1.0)


def test_few_datasets_are_no_ground_for_a_choice() -> None:
    few = fitted(TOLD[:12], FEATURES[:12])
    np.testing.assert_array_equal(few.trust, [0.75, 0.0, 0.25])
    assert views_of_unseen(FEATURES[:8], TOLD[:8], FAMILIES[:8], seed=0) == ()


def test_regrets_that_are_not_known_are_no_obstacle() -> None:
    regret = np.where(RNG.random(TOLD.shape) < 0.2, np.nan, TOLD)
    regret[:, 5] = np.nan
    weights = fitted(regret).weights(FEATURES[2], NOBODY)
    assert weights @ np.abs(FEATURES[:, 0] - FEATURES[2, 0]) < 0.8


def test_the_nearest_share_the_weight() -> None:
    past = np.linspace(0.0, 1.0, 50)[:, None]
    weights = nearest_weights(past, np.array([0.0]), np.zeros(50, dtype=bool))
    np.testing.assert_allclose(weights[:25], 1 / 25)
    np.testing.assert_array_equal(weights[25:], 0.0)
    left_out = np.arange(50) < 10
    assert nearest_weights(past, np.array([0.0]), left_out)[:10].sum() == 0.0


def test_unknown_and_infinite_values_have_a_distance() -> None:
    past = np.column_stack([np.linspace(0.0, 1.0, 30), np.full(30, np.nan)])
    for value in (np.nan, np.inf, -np.inf):
        weights = nearest_weights(past, np.array([value, value]), np.zeros(30, dtype=bool))
        assert weights.sum() == pytest.approx(1.0)
