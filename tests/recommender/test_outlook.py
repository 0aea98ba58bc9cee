"""Expected course of a search, on beliefs made by hand."""

from typing import Any

import numpy as np
import pytest

from metatune.recommender.belief import Belief
from metatune.recommender.forecast import Forecast
from metatune.recommender.levels import LEVELS, TOP
from metatune.recommender.losses import log_share
from metatune.recommender.observations import Observation
from metatune.recommender.outlook import course_of, longer_outlook, outlook_after
from metatune.recommender.planner import Planner
from metatune.space import Configuration

N_LEVELS = len(LEVELS)


def make_forecast(shares: list[float], seconds: float = 1.0, deviation: float = 0.2) -> Forecast:
    """Expect of each configuration that it leaves so much of the constant's error."""
    pool = tuple(
        Configuration(algorithm="ridge", params={"x": float(i)}) for i in range(len(shares))
    )
    values = log_share(np.array(shares))
    n = len(pool)
    belief = Belief(
        means=np.repeat(values, N_LEVELS)[None],
        weights=np.ones(1),
        covariance=np.kron(deviation**2 * np.eye(n), np.ones((N_LEVELS, N_LEVELS)))
        + 1e-9 * np.eye(n * N_LEVELS),
        noise=1e-6,
        doubt=0.0,
    )
    return Forecast(
        configurations=pool,
        regret=np.array([[share - min(shares) for share in shares]]),
        weights=np.ones(1),
        belief=belief,
        log_seconds=np.full((n, N_LEVELS), np.log(seconds)),
    )


def tell(forecast: Forecast, shares: dict[int, float]) -> list[Observation]:
    return [
        Observation(
            configuration=forecast.configurations[at],
            level=TOP,
            value=float(log_share(np.array(share))),
            seconds=1.0,
        )
        for at, share in shares.items()
    ]


TOLD: dict[str, Any] = {"metric": "roc_auc", "constant": 0.5, "n_workers": 1}


def test_scores_rise_with_time() -> None:
    course = course_of(make_forecast([0.4, 0.5, 0.6]), seconds=(0.1, 2.0, 10.0), **TOLD)
    assert course is not None
    assert list(course.expected) == sorted(course.expected)
    assert course.expected[0] == pytest.approx(0.5)  # nothing has ended yet: the constant


def test_intervals_hold_the_expectation() -> None:
    course = course_of(make_forecast([0.4, 0.5, 0.6]), seconds=(2.0, 10.0), **TOLD)
    assert course is not None
    for low, middle, high in zip(course.low, course.expected, course.high, strict=True):
        assert low < middle < high


def test_more_workers_are_as_good_as_more_time() -> None:
    forecast = make_forecast([0.4, 0.5, 0.6, 0.7])
    one = course_of(forecast, seconds=(4.0,), **TOLD)
    two = course_of(forecast, seconds=(2.0,), **{**TOLD, "n_workers": 2})
    assert one is not None
    assert two is not None
    assert one.expected == pytest.approx(two.expected, abs=0.01)


def test_more_time_pays_where_little_has_been_tried() -> None:
    forecast = make_forecast([0.5] * 30, deviation=0.5)
    outlook = longer_outlook(forecast, seconds=3.0, **TOLD)
    assert outlook is not None
    assert outlook.is_likely_to_pay
    assert outlook.expected > outlook.now


def test_more_time_does_not_pay_where_the_rest_is_clearly_worse() -> None:
    forecast = make_forecast([0.2, 0.9, 0.9], deviation=0.05)
    outlook = outlook_after(Planner(forecast), tell(forecast, {0: 0.2}), seconds=600.0, **TOLD)
    assert outlook is not None
    assert not outlook.is_likely_to_pay
    assert outlook.expected == pytest.approx(outlook.now, abs=1e-3)


def test_nothing_is_told_where_all_is_tried() -> None:
    forecast = make_forecast([0.2, 0.9])
    told = tell(forecast, {0: 0.2, 1: 0.9})
    assert outlook_after(Planner(forecast), told, seconds=600.0, **TOLD) is None


def test_an_error_metric_falls() -> None:
    told: dict[str, Any] = {"metric": "rmse", "constant": 10.0, "n_workers": 1}
    course = course_of(make_forecast([0.4, 0.5]), seconds=(0.1, 10.0), **told)
    assert course is not None
    assert course.expected[0] == pytest.approx(10.0)
    assert course.low[1] < course.expected[1] < 10.0


def test_the_same_seed_tells_the_same() -> None:
    forecast = make_forecast([0.4, 0.5, 0.6])
    assert course_of(forecast, seconds=(2.0,), **TOLD) == course_of(
        forecast, seconds=(2.0,), **TOLD
    )
