"""Proximity: how far meta-features are trusted, and what the views are worth."""

import numpy as np
import pytest

from metatune.recommender.nearest import nearest_weights
from metatune.recommender.proximity import Proximity, chosen_blend

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(60, 4))
FEATURES[::7, 1] = np.nan
FAMILIES = [f"family {i // 2}" for i in range(60)]
TOLD = np.abs(FEATURES[:, :1] - np.linspace(-1.5, 1.5, 8)) + 0.05 * RNG.random((60, 8))
"""Regrets that follow the first meta-feature."""
NOBODY = np.zeros(60, dtype=bool)


@pytest.fixture(scope="module")
def told() -> Proximity:
    return Proximity.fit(FEATURES, TOLD, FAMILIES)


def test_the_forest_is_trusted_where_it_knows_what_matters(told: Proximity) -> None:
    assert told.trust.sum() == pytest.approx(1.0)
    assert told.trust[0] > 0.5
    assert told.trust[2] < 0.3


BLENDS = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])


def left_by(*means: float) -> np.ndarray:
    """Return what blends leave on 40 datasets, by the same amount less or more on most of them."""
    noise = np.random.default_rng(0).normal(scale=0.1, size=(40, len(means), 1))
    return np.array(means)[:, None] + noise - noise.mean(axis=0) + np.zeros(4)


def test_another_blend_has_to_be_clearly_better_than_the_forest() -> None:
    np.testing.assert_array_equal(chosen_blend(BLENDS, left_by(0.5, 0.6, 0.6, 0.49)), BLENDS[0])
    np.testing.assert_array_equal(chosen_blend(BLENDS, left_by(0.5, 0.6, 0.6, 0.3)), BLENDS[3])


def test_blends_that_do_equally_well_are_averaged() -> None:
    trust = chosen_blend(BLENDS, left_by(0.7, 0.6, 0.3, 0.3))
    np.testing.assert_allclose(trust, [0.0, 0.25, 0.75])


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
    few = Proximity.fit(FEATURES[:12], TOLD[:12], FAMILIES[:12])
    np.testing.assert_array_equal(few.trust, [0.75, 0.0, 0.25])


def test_refitting_keeps_the_trust(told: Proximity) -> None:
    again = told.refitted(FEATURES[:40], TOLD[:40])
    np.testing.assert_array_equal(again.trust, told.trust)
    assert len(again.weights(FEATURES[50], NOBODY[:40])) == 40


def test_regrets_that_are_not_known_are_no_obstacle() -> None:
    regret = np.where(RNG.random(TOLD.shape) < 0.2, np.nan, TOLD)
    regret[:, 5] = np.nan
    weights = Proximity.fit(FEATURES, regret, FAMILIES).weights(FEATURES[2], NOBODY)
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
