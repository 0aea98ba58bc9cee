"""Growth with the training rows: read off what similar past datasets gained by theirs."""

import math

import numpy as np
import pytest

from metatune.recommender.belief import Belief, BeliefSettings
from metatune.recommender.forecast import Forecast
from metatune.recommender.growth import expected_growth
from metatune.space import Configuration

N = 12


def make_forecast(slopes: list[float], weights: list[float]) -> Forecast:
    """Past datasets whose loss fell with these powers of the rows, for the good configurations."""
    values = np.zeros((len(slopes), N, 4))
    for dataset, slope in enumerate(slopes):
        values[dataset, :, 1] = -slope * math.log(3.0)
        values[dataset, :, 0] = 2 * values[dataset, :, 1]
    values[:, -1, 1] += 9.0  # bad configurations, which gain the most,
    values[:, -1, 2:] = 5.0  # and stay the worst
    given = np.array(weights)
    return Forecast(
        configurations=tuple(
            Configuration(algorithm="knn", params={"n_neighbors": n}) for n in range(N)
        ),
        regret=np.zeros((len(slopes), N)),
        weights=given,
        belief=Belief.from_past(values.reshape(len(slopes), -1), given, BeliefSettings()),
        log_seconds=np.zeros((N, 4)),
    )


def test_datasets_that_agree_leave_no_doubt() -> None:
    found = expected_growth(make_forecast([-0.3, -0.3], [0.5, 0.5]))
    assert found is not None
    assert found.slope == pytest.approx(-0.3)
    assert found.spread == pytest.approx(0.0, abs=1e-9)


def test_similar_datasets_count_more() -> None:
    found = expected_growth(make_forecast([-0.6, 0.0], [0.75, 0.25]))
    assert found is not None
    assert found.slope == pytest.approx(-0.45)
    assert found.spread == pytest.approx(0.6 * math.sqrt(0.75 * 0.25))


def test_more_rows_are_never_expected_to_do_harm() -> None:
    found = expected_growth(make_forecast([0.2, 0.2], [0.5, 0.5]))
    assert found is not None
    assert found.slope == 0.0


def test_without_all_levels_nothing_is_known() -> None:
    assert expected_growth(make_forecast([-0.3], [1.0]).at_levels((1, 3))) is None
