"""Expectations for configurations outside the pool."""

import numpy as np
import pytest

from metatune.recommender.belief import Belief
from metatune.recommender.extrapolation import Extrapolation
from metatune.recommender.forecast import Forecast
from metatune.space import Configuration, Float, SearchSpace

SPACE = SearchSpace(algorithm="ridge", domains={"x": Float(0.0, 1.0)}, defaults={"x": 0.5})
N_LEVELS = 2


def ridge(x: float) -> Configuration:
    return Configuration(algorithm="ridge", params={"x": x})


POOL = (ridge(0.0), ridge(0.5), ridge(1.0))
MEANS = np.array([[1.0, 1.1, 2.0, 2.1, 3.0, 3.1]])  # configurations x levels


@pytest.fixture
def extrapolation() -> Extrapolation:
    belief = Belief(means=MEANS, weights=np.ones(1), covariance=np.eye(6), noise=1e-6, doubt=0.0)
    forecast = Forecast(
        configurations=POOL,
        regret=np.zeros((1, 3)),
        weights=np.ones(1),
        belief=belief,
        log_seconds=np.log([[1.0, 3.0], [10.0, 30.0], [100.0, 300.0]]),
    )
    return Extrapolation(forecast, {"ridge": SPACE})


def test_without_a_stranger_it_is_the_forecast(extrapolation: Extrapolation) -> None:
    found = extrapolation.covering(())
    assert found.foreign == ()
    np.testing.assert_array_equal(found.belief.means, MEANS)


def test_a_stranger_is_expected_to_be_like_its_neighbours(extrapolation: Extrapolation) -> None:
    found = extrapolation.covering((ridge(0.05), ridge(0.95)))
    near, far = found.belief.means[0, 6:8], found.belief.means[0, 8:10]
    assert np.abs(near - MEANS[0, :2]).max() < np.abs(near - MEANS[0, 4:]).min()
    assert np.abs(far - MEANS[0, 4:]).max() < np.abs(far - MEANS[0, :2]).min()
    assert found.log_seconds.shape == (5, N_LEVELS)
    assert found.log_seconds[3, 0] < found.log_seconds[1, 0] < found.log_seconds[4, 0]


def test_a_stranger_is_less_certain_than_the_mean_of_its_relatives(
    extrapolation: Extrapolation,
) -> None:
    found = extrapolation.covering((ridge(0.25),))
    shares = extrapolation.weights([ridge(0.25)], ()).shares[0]
    assert found.belief.covariance[6, 6] > (shares**2).sum()


def test_strangers_that_follow_are_the_same_as_if_all_had_come_at_once(
    extrapolation: Extrapolation,
) -> None:
    extrapolation.covering((ridge(0.1),))
    stepwise = extrapolation.covering((ridge(0.1), ridge(0.8)))
    extrapolation.covering(())
    at_once = extrapolation.covering((ridge(0.1), ridge(0.8)))
    np.testing.assert_allclose(stepwise.belief.means, at_once.belief.means)
    np.testing.assert_allclose(stepwise.belief.covariance, at_once.belief.covariance)
    np.testing.assert_allclose(stepwise.log_seconds, at_once.log_seconds)


def test_what_varies_within_a_family_has_no_mean(extrapolation: Extrapolation) -> None:
    within = extrapolation.within_family([ridge(0.3)])
    assert within.shape == (1, N_LEVELS, N_LEVELS)
    np.testing.assert_allclose(within[0], np.eye(2) - np.eye(2) / 3)
