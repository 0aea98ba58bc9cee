"""Trade-offs: the augmented Chebyshev function, its expected improvement, forecasts of costs."""

import numpy as np
import pytest

from metatune.algorithms.registry import ALGORITHMS
from metatune.kinds import TaskKind
from metatune.recommender.belief import Belief
from metatune.recommender.trade_off import Chebyshev, CostForecast, TradeOff, forecast_costs
from metatune.space import Configuration

SPACES = {name: ALGORITHMS[name].space(TaskKind.BINARY) for name in ("knn", "linear")}
PAIR = Chebyshev(
    weights=np.array([0.75, 0.25]), ideal=np.array([-1.0, 2.0]), width=np.array([2.0, 4.0])
)


def configurations(n: int) -> list[Configuration]:
    return [Configuration(algorithm="knn", params={"n": i}) for i in range(n)]


def trade_off(best: float, mean: list[float], deviation: list[float]) -> TradeOff:
    costs = CostForecast(mean=np.array(mean)[:, None], deviation=np.array(deviation)[:, None])
    places = {c.key: i for i, c in enumerate(configurations(len(mean)))}
    return TradeOff(function=PAIR, best=best, costs=costs, places=places)


def belief(means: list[float], variance: float) -> Belief:
    return Belief(
        means=np.array([means]),
        weights=np.ones(1),
        covariance=variance * np.eye(len(means)),
        noise=0.0,
        doubt=0.0,
    )


def test_the_function_is_the_largest_weighted_distance_and_a_part_of_the_sum() -> None:
    # Distances from the ideal in widths: 0.5 and 0.5; weighted .375 and .125.
    assert float(PAIR.of(np.array([0.0, 4.0]))) == pytest.approx(0.375 + 0.05 * 0.5)
    assert float(PAIR.of(np.array([-1.0, 2.0]))) == 0.0


def test_what_is_better_in_everything_has_a_lower_value() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(50, 2))
    assert (PAIR.of(points - rng.random((50, 2))) < PAIR.of(points)).all()


def test_every_point_of_a_front_is_the_best_for_some_weights() -> None:
    angle = np.linspace(0.0, np.pi / 2, 7)
    front = np.column_stack([np.sin(angle), np.cos(angle)])  # bulges away: no weighted sum finds it
    found = set()
    for share in np.linspace(0.001, 0.999, 400):
        weights = np.array([share, 1.0 - share])
        function = Chebyshev(weights=weights, ideal=np.zeros(2), width=np.ones(2))
        found.add(int(np.argmin(function.of(front))))
    assert found == set(range(7))


def test_the_gain_agrees_with_random_numbers() -> None:
    means, variance = [0.1, -0.4, 0.5], 0.3
    aim = trade_off(0.2, [2.5, 4.0, 3.0], [0.5, 0.2, 1.0])
    gain = aim.gain(belief(means, variance).before_results(), configurations(3))
    rng = np.random.default_rng(1)
    for place in range(3):
        loss = rng.normal(means[place], np.sqrt(variance), 200_000)
        cost = rng.normal(aim.costs.mean[place, 0], aim.costs.deviation[place, 0], 200_000)
        improved = np.maximum(0.2 - PAIR.of(np.column_stack([loss, cost])), 0.0)
        assert gain[place] == pytest.approx(improved.mean(), abs=0.01)


def test_of_equal_losses_the_cheaper_one_promises_more() -> None:
    aim = trade_off(0.3, [2.0, 6.0], [0.1, 0.1])
    gain = aim.gain(belief([0.0, 0.0], 0.2).before_results(), configurations(2))
    assert gain[0] > gain[1] >= 0.0


def test_costs_are_those_of_the_nearest_configurations_of_the_family() -> None:
    space = SPACES["knn"]
    values = [dict(space.defaults) | {"n_neighbors": k} for k in (1, 2, 50, 60)]
    tried = [space.from_values(v, "") for v in values]
    logs = np.log([[10.0], [11.0], [500.0], [510.0]])
    asked = [space.from_values(dict(space.defaults) | {"n_neighbors": k}, "") for k in (1, 60)]
    found = forecast_costs(asked, tried, logs, SPACES)
    assert found.mean[0, 0] < np.log(40.0) < np.log(200.0) < found.mean[1, 0]


def test_a_family_that_was_not_tried_costs_as_all_do_on_average_and_is_less_sure() -> None:
    rng = np.random.default_rng(0)
    tried = [SPACES["knn"].sample(rng) for _ in range(8)]
    logs = np.log(rng.uniform(1.0, 100.0, size=(8, 2)))
    asked = [tried[0], SPACES["linear"].default()]
    found = forecast_costs(asked, tried, logs, SPACES)
    assert found.mean[1] == pytest.approx(logs.mean(axis=0))
    assert (found.deviation[1] > found.deviation[0]).all()
