"""The belief against textbook formulas, hand-made numbers and numerical integration."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from metatune.recommender.belief import (
    Belief,
    BeliefSettings,
    Posterior,
    combination_gain,
    combination_share,
)

FloatArray = NDArray[np.float64]
COVARIANCE = np.array([[4.0, 2.0, 0.5], [2.0, 3.0, 1.0], [0.5, 1.0, 2.0]])
PLAIN = BeliefSettings(bandwidth=0.4, uniform=1.0, ridge=0.0, noise=0.0, offset=0.0, doubt=0.0)
NOTHING = (np.zeros(0, dtype=np.intp), np.zeros(0))


def believe(means: object, weights: object = (1.0,), doubt: float = 0.0) -> Belief:
    return Belief(
        means=np.atleast_2d(np.array(means, dtype=float)),
        weights=np.array(weights, dtype=float),
        covariance=COVARIANCE,
        noise=0.5,
        doubt=doubt,
    )


def at(*columns: int) -> "NDArray[np.intp]":
    return np.array(columns, dtype=np.intp)


def test_two_columns_by_hand() -> None:
    belief = Belief(
        means=np.zeros((1, 2)),
        weights=np.ones(1),
        covariance=np.array([[4.0, 2.0], [2.0, 3.0]]),
        noise=1.0,
        doubt=0.0,
    )
    posterior = belief.given(at(0), np.array([5.0]))
    np.testing.assert_allclose(posterior.mean, [4.0, 2.0])
    np.testing.assert_allclose(posterior.variance, [0.8, 2.2])
    np.testing.assert_allclose(posterior.deviation**2, [0.8, 2.2])


def test_several_results_follow_the_textbook() -> None:
    mean, known, results = np.array([1.0, -1.0, 0.5]), [2, 0], np.array([2.0, 0.0])
    posterior = believe(mean).given(at(*known), results)
    gram = np.linalg.inv(COVARIANCE[np.ix_(known, known)] + 0.5 * np.eye(2))
    gain = COVARIANCE[:, known] @ gram
    np.testing.assert_allclose(posterior.mean, mean + gain @ (results - mean[known]))
    np.testing.assert_allclose(posterior.variance, np.diag(COVARIANCE - gain @ COVARIANCE[known]))


def test_without_results_nothing_changes() -> None:
    posterior = believe([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]], (0.25, 0.75), doubt=5.0).given(*NOTHING)
    np.testing.assert_allclose(posterior.mean, [1.5, 1.0, 0.5])
    np.testing.assert_allclose(posterior.variance, np.diag(COVARIANCE))
    # the spread between the guesses comes on top: 2 * 2 * 1/4 * 3/4
    np.testing.assert_allclose(posterior.deviation**2, [4.75, 3.0, 2.75])
    assert posterior.scale == 1.0


def test_guesses_are_weighed_anew_by_how_well_they_agree() -> None:
    posterior = believe([[0.0, 0.0, 0.0], [3.0, 3.0, 3.0]], (0.5, 0.5)).given(
        at(0), np.array([3.0])
    )
    other = np.exp(-0.5 * 3.0**2 / 4.5)
    np.testing.assert_allclose(posterior.weights, np.array([other, 1.0]) / (1 + other))
    certain = believe([[0.0] * 3, [300.0] * 3], (1 - 1e-9, 1e-9)).given(at(0), np.array([300.0]))
    np.testing.assert_allclose(certain.weights, [0.0, 1.0])


def test_a_trial_under_way_makes_surer_but_moves_no_mean() -> None:
    belief = believe([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]], (0.25, 0.75), doubt=5.0)
    before = belief.given(at(2), np.array([1.5]))
    pending = belief.given(at(0, 2), np.array([np.nan, 1.5]))
    np.testing.assert_allclose(pending.mean, before.mean)
    np.testing.assert_allclose(pending.weights, before.weights)
    assert pending.scale == before.scale
    told = belief.given(at(0, 2), np.array([0.7, 1.5]))
    np.testing.assert_allclose(pending.variance / pending.scale, told.variance / told.scale)
    assert (pending.variance < before.variance).all()


def test_only_pending_trials_are_no_results() -> None:
    belief = believe([0.0, 1.0, 2.0], doubt=5.0)
    pending = belief.given(at(0), np.array([np.nan]))
    np.testing.assert_allclose(pending.mean, [0.0, 1.0, 2.0])
    assert pending.scale == 1.0
    assert pending.variance[0] == pytest.approx(4.0 - 16.0 / 4.5)


@pytest.mark.parametrize(("surprise", "scale"), [(0.0, 5 / 6), (3.0, 14 / 6), (1.0, 1.0)])
def test_the_scale_is_learned_from_surprises(surprise: float, scale: float) -> None:
    result = np.array([surprise * np.sqrt(4.5)])
    posterior = believe([0.0, 0.0, 0.0], doubt=5.0).given(at(0), result)
    assert posterior.scale == pytest.approx(scale)
    taken = believe([0.0, 0.0, 0.0]).given(at(0), result)
    assert taken.scale == 1.0
    np.testing.assert_allclose(posterior.variance, scale * taken.variance)


def density(posterior: Posterior, column: int, values: FloatArray) -> FloatArray:
    variance = posterior.variance[column]
    each = np.exp(-0.5 * (values[:, None] - posterior.means[:, column]) ** 2 / variance)
    return np.asarray(each @ posterior.weights / np.sqrt(2 * np.pi * variance))


@pytest.mark.parametrize("best", [-3.0, 0.5, 4.0])
def test_expected_improvement_is_the_integral_it_stands_for(best: float) -> None:
    posterior = believe([[0.0, 1.0, 2.0], [5.0, 1.0, -1.0]], (0.3, 0.7), doubt=5.0).given(
        at(1), np.array([0.2])
    )
    values = np.linspace(best - 40.0, best, 200_001)
    for column, gain in enumerate(posterior.expected_improvement(best)):
        integral = np.trapezoid((best - values) * density(posterior, column, values), values)
        assert gain == pytest.approx(integral, rel=1e-5)


@pytest.mark.parametrize("error", [0.5, 0.9, 1.0, 1.1, 3.0])
@pytest.mark.parametrize("shared", [-0.2, 0.3, 0.8, 0.95, 1.0])
def test_the_best_mean_of_two_is_found(error: float, shared: float) -> None:
    shares = np.linspace(0, 1, 100_001)
    left = (1 - shares) ** 2 + shares**2 * error + 2 * shares * (1 - shares) * shared
    share = combination_share(np.array(error), np.array(shared))
    gain = combination_gain(np.array(error), np.array(shared))
    assert gain == pytest.approx(1.0 - left.min(), abs=1e-8)
    if left.min() < 1.0 - 1e-6:
        assert share == pytest.approx(shares[left.argmin()], abs=1e-4)


def test_where_all_errors_are_shared_the_gain_is_the_improvement() -> None:
    posterior = believe([[0.0, 0.5, -0.5], [0.2, 0.1, 0.0]], [0.6, 0.4]).before_results()
    improvement = posterior.expected_improvement(-0.1)
    gain = posterior.expected_gain(-0.1, np.full(3, 1e6), power=2.0)
    np.testing.assert_allclose(gain, improvement, rtol=0.12)


def test_errors_of_their_own_are_worth_more_than_a_little_accuracy() -> None:
    belief = replace(believe([[0.0, 0.02, 0.4]]), covariance=1e-6 * np.eye(3))
    gain = belief.before_results().expected_gain(0.0, np.array([0.99, 0.8, 0.8]), power=1.0)
    assert gain[1] > 5 * gain[0] > 0.0
    assert gain[1] > gain[2] > 0.0


def test_an_interval_holds_what_it_promises() -> None:
    posterior = believe([0.0, 1.0, 2.0]).given(*NOTHING)
    low, high = posterior.interval(0.8)
    np.testing.assert_allclose(high - posterior.mean, 1.2815516 * np.sqrt(np.diag(COVARIANCE)))
    np.testing.assert_allclose(low + high, 2 * posterior.mean)
    values = np.linspace(low[0], high[0], 100_001)
    assert np.trapezoid(density(posterior, 0, values), values) == pytest.approx(0.8, abs=1e-6)
    wide = posterior.interval(0.8, spread=2.0)
    np.testing.assert_allclose(wide[1] - wide[0], 2 * (high - low))


COMBINATION = np.array([[0.5, 0.5, 0.0], [0.1, -0.3, 1.2]])


def test_new_columns_are_those_of_a_bigger_gaussian() -> None:
    rest = np.array([[0.3, 0.1], [0.1, 0.6]])
    belief = believe([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]], (0.25, 0.75))
    bigger = belief.extended(COMBINATION, rest)
    every = np.vstack([np.eye(3), COMBINATION])
    expected = every @ COVARIANCE @ every.T
    expected[3:, 3:] += rest
    np.testing.assert_allclose(bigger.covariance, expected)
    np.testing.assert_allclose(bigger.means, belief.means @ every.T)
    # a result of a new column tells about the old ones
    posterior = bigger.given(at(3), np.array([-1.0]))
    gain = expected[:, 3] / (expected[3, 3] + 0.5)
    np.testing.assert_allclose(posterior.variance, np.diag(expected) - gain * expected[3])
    np.testing.assert_allclose(
        posterior.means[0], bigger.means[0] + gain * (-1.0 - bigger.means[0, 3])
    )


def test_asking_afterwards_agrees_with_adding_columns_before() -> None:
    variance = np.array([0.3, 0.6])
    belief = believe([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]], (0.25, 0.75), doubt=5.0)
    columns, results = at(2, 0, 1), np.array([1.5, 0.2, np.nan])
    before = belief.extended(COMBINATION, np.diag(variance)).given(columns, results)
    after = belief.given(columns, results).of(COMBINATION, variance)
    np.testing.assert_allclose(after.means, before.means[:, 3:])
    np.testing.assert_allclose(after.variance, before.variance[3:])
    np.testing.assert_allclose(
        after.expected_improvement(0.0), before.expected_improvement(0.0)[3:]
    )


VALUES = np.random.default_rng(1).normal(size=(50, 3)) @ np.linalg.cholesky(COVARIANCE).T
ALIKE = np.full(50, 0.02)


def test_blurring_and_guessing_add_up_to_the_past() -> None:
    settings = BeliefSettings(
        bandwidth=0.4, uniform=1.0, ridge=0.0, noise=0.0, offset=0.0, doubt=0.0, n_guesses=50
    )
    posterior = Belief.from_past(VALUES, ALIKE, settings).given(*NOTHING)
    np.testing.assert_allclose(posterior.mean, VALUES.mean(axis=0))
    np.testing.assert_allclose(posterior.deviation, VALUES.std(axis=0))


def test_the_covariance_is_that_of_the_past() -> None:
    belief = Belief.from_past(VALUES, ALIKE, PLAIN)
    covariance = np.cov(VALUES.T, bias=True)
    np.testing.assert_allclose(belief.covariance, 0.4 * covariance)
    offset = BeliefSettings(bandwidth=0.4, uniform=1.0, ridge=0.5, noise=0.1, offset=2.0, doubt=0.0)
    belief = Belief.from_past(VALUES, ALIKE, offset)
    mean_variance = np.diag(covariance).mean()
    expected = 0.4 * (covariance + 0.5 * mean_variance * np.eye(3)) + 2 * VALUES.mean(axis=1).var()
    np.testing.assert_allclose(belief.covariance, expected)
    assert belief.noise == pytest.approx(0.1 * mean_variance)


def test_only_the_nearest_are_guesses_and_only_those_with_weight() -> None:
    weights = np.zeros(50)
    weights[[4, 8, 15]] = 0.2, 0.5, 0.3
    few = BeliefSettings(n_guesses=2)
    belief = Belief.from_past(VALUES, weights, few)
    np.testing.assert_allclose(belief.weights, [0.625, 0.375])
    assert Belief.from_past(VALUES, weights, BeliefSettings()).means.shape == (3, 3)
    shrunk = weights @ VALUES + np.sqrt(0.6) * (VALUES[8] - weights @ VALUES)
    np.testing.assert_allclose(belief.means[0], shrunk)


def test_no_columns_are_no_obstacle() -> None:
    belief = Belief.from_past(np.zeros((50, 0)), ALIKE, BeliefSettings())
    posterior = belief.given(*NOTHING)
    assert posterior.mean.shape == posterior.deviation.shape == (0,)
