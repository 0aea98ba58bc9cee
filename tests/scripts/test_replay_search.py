"""Replays of searches: the clock, the rungs and the table."""

from dataclasses import replace

import numpy as np
import pytest
from replay_search import TIMES, replay, table, without_gaps

from metatune.recommender.belief import Belief, BeliefSettings
from metatune.recommender.forecast import Forecast
from metatune.space import Configuration

N = 12
POOL = tuple(Configuration(algorithm="tree", params={"n": i}) for i in range(N))


def make_forecast() -> Forecast:
    past = np.random.default_rng(0).normal(size=(10, N * 4))
    weights = np.full(10, 0.1)
    return Forecast(
        configurations=POOL,
        regret=np.abs(past[:, 3::4]),
        weights=weights,
        belief=Belief.from_past(past, weights, BeliefSettings()),
        log_seconds=np.zeros((N, 4)),
    )


@pytest.mark.parametrize("rule", ["rank", "belief"])
def test_regret_is_that_of_the_incumbent_at_each_time(rule: str) -> None:
    value = np.linspace(0.0, 1.0, N)
    found = replay(make_forecast(), np.tile(value[:, None], 4), np.ones(N), value, rule)
    assert len(found) == len(TIMES)
    assert found[-1] == 0.0  # 30 times the median: everything has been tried
    assert all(0.0 <= regret <= 3.0 for regret in found)


def test_before_the_first_trial_ends_there_is_no_incumbent() -> None:
    regret = np.ones((10, N))
    regret[:, 0] = 0.0  # so that everybody begins with the first one, which takes for ever
    forecast = replace(make_forecast(), regret=regret)
    seconds = np.r_[1e9, np.full(N - 1, 1e-3)]
    value = np.linspace(0.0, 1.0, N)
    found = replay(forecast, np.tile(value[:, None], 4), seconds, value, "rank")
    assert found == [3.0] * len(TIMES)


def test_the_next_level_stands_for_one_that_is_missing() -> None:
    values = np.array([[np.nan, np.nan, 2.0, 3.0], [0.0, 1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(without_gaps(values)[0], [2.0, 2.0, 2.0, 3.0])
    assert np.isnan(values[0, 0])


def test_the_table_has_means_and_their_difference() -> None:
    found = np.array([[[1.0] * 4, [0.5] * 4], [[0.0] * 4, [0.5] * 4]])
    text = table("pool", found)
    assert "2 datasets" in text
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines()[2:]}
    assert rows["rank"] == rows["belief"] == ["0.500"] * 4
    assert rows["gain"] == ["0.000"] * 4
