"""Growth of an estimate: the interval keeps its sense in both directions of a metric."""

import pytest

from metatune.estimate.growth import grown
from metatune.estimate.values import Estimate


def make_estimate(score: float, low: float, high: float) -> Estimate:
    return Estimate(
        metric="m",
        score=score,
        low=low,
        high=high,
        optimistic=score,
        n_candidates=3,
        method="bootstrap",
        n_bootstraps=100,
        n_skipped=0,
        n_rows=50,
    )


def test_a_loss_becomes_smaller() -> None:
    found = grown(make_estimate(2.0, 1.0, 3.0), perfect=0.0, shift=-0.1, spread=0.0)
    assert found.growth == pytest.approx(0.9048, rel=1e-3)
    assert (found.low, found.score, found.high) == pytest.approx((0.9048, 1.8097, 2.7145), rel=1e-3)


def test_a_score_becomes_greater() -> None:
    found = grown(make_estimate(0.8, 0.7, 0.9), perfect=1.0, shift=-0.1, spread=0.0)
    assert (found.low, found.score, found.high) == pytest.approx((0.7286, 0.819, 0.9095), rel=1e-3)


def test_what_is_not_known_of_the_growth_widens_the_interval() -> None:
    before = make_estimate(0.8, 0.7, 0.9)
    sure = grown(before, perfect=1.0, shift=-0.1, spread=0.0)
    unsure = grown(before, perfect=1.0, shift=-0.1, spread=0.2)
    assert unsure.low < sure.low < unsure.score == sure.score < sure.high < unsure.high < 1.0


@pytest.mark.parametrize("score", [0.0, float("nan")])
def test_without_a_loss_nothing_changes(score: float) -> None:
    before = make_estimate(score, score, score)
    assert grown(before, perfect=0.0, shift=-0.1, spread=0.1) is before


def test_an_end_that_is_perfect_stays() -> None:
    found = grown(make_estimate(0.2, 0.0, 0.3), perfect=0.0, shift=-0.1, spread=0.1)
    assert found.low == 0.0
