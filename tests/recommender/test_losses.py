"""The scale of losses: there and back, and where it cannot be told."""

import math

import numpy as np
import pytest

from metatune.recommender.losses import FAILED, error_share, log_share, share_of_log


@pytest.mark.parametrize(
    ("score", "constant", "perfect", "share"),
    [
        (0.9, 0.5, 1.0, 0.2),  # greater is better
        (2.0, 8.0, 0.0, 0.25),  # less is better
        (0.5, 0.5, 1.0, 1.0),
        (1.0, 0.5, 1.0, 0.0),
        (0.3, 0.5, 1.0, 1.4),
        (-0.5, 0.0, 1.0, 1.5),
    ],
)
def test_the_share_of_the_constants_error(
    score: float, constant: float, perfect: float, share: float
) -> None:
    assert error_share(score, constant=constant, perfect=perfect) == pytest.approx(share)


@pytest.mark.parametrize(
    ("score", "constant"),
    [(0.9, 1.0), (0.9, math.nan), (math.nan, 0.5), (math.inf, 0.5), (0.9, -math.inf)],
)
def test_without_a_scale_there_is_no_share(score: float, constant: float) -> None:
    assert math.isnan(error_share(score, constant=constant, perfect=1.0))


def test_there_and_back() -> None:
    shares = np.array([0.0, 1e-3, 0.2, 1.0, 2.5, 3.0, np.nan])
    np.testing.assert_allclose(share_of_log(log_share(shares)), shares, atol=1e-12)


def test_shares_beyond_what_matters_are_cut_off() -> None:
    assert log_share(np.array(-0.5)) == pytest.approx(math.log(0.01))
    assert log_share(np.array(1e9)) == log_share(np.array(3.0))
    np.testing.assert_array_equal(share_of_log(np.array([-1e9, 1e2])), [0.0, 3.0])


def test_a_failed_trial_leaves_the_constant() -> None:
    assert share_of_log(np.array(FAILED)) == pytest.approx(1.0)
    assert log_share(np.array(0.9)) < FAILED < log_share(np.array(1.1))
