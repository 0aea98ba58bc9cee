"""Forecasts for narrowed spaces: every configuration inside, knowledge of the pool kept."""

import numpy as np
import pytest
from made_up_past import QUICK, features_of, make_metadata

from metatune.algorithms.narrowed_space import narrowed_spaces
from metatune.algorithms.registry import ALGORITHMS
from metatune.data.encoding.shape import Shape
from metatune.kinds import TaskKind
from metatune.recommender.belief import Belief, BeliefSettings
from metatune.recommender.forecast import Forecast
from metatune.recommender.meta_model import MetaModel
from metatune.recommender.narrowing import Narrowing, narrowed_forecast
from metatune.recommender.past import collect_past, normalised_regret
from metatune.recommender.rank import Question, recommend_configurations
from metatune.space import Configuration

USABLE = {name: ALGORITHMS[name] for name in QUICK}
WIDE = {name: a.space(TaskKind.BINARY) for name, a in USABLE.items()}
N_DATASETS, N_LEVELS = 30, 4
NEIGHBOURS = (1, 2, 4, 8, 16, 32, 64)


def pool() -> tuple[Configuration, ...]:
    """Nearest neighbours of several numbers, and the default of a linear model."""
    space = WIDE["knn"]
    found = [
        space.from_values({**space.defaults, "n_neighbors": n, "weights": w}, "portfolio")
        for n in NEIGHBOURS
        for w in ("uniform", "distance")
    ]
    return (*found, WIDE["linear"].default())


@pytest.fixture(scope="module")
def forecast() -> Forecast:
    """A forecast in which few neighbours are bad, and many are good."""
    configurations, rng = pool(), np.random.default_rng(0)
    height = np.log([float(str(c.params.get("n_neighbors", 8))) for c in configurations])
    values = -height + rng.normal(0, 0.3, (N_DATASETS, len(height)))
    weights = np.full(N_DATASETS, 1 / N_DATASETS)
    each_level = np.repeat(values, N_LEVELS, axis=1)
    return Forecast(
        configurations=configurations,
        regret=normalised_regret(values),
        weights=weights,
        belief=Belief.from_past(each_level, weights, BeliefSettings()),
        log_seconds=np.tile(np.linspace(0, 1, len(height))[:, None], N_LEVELS),
    )


def narrowing(changes: dict[str, dict[str, object]]) -> Narrowing:
    return Narrowing(wide=WIDE, spaces=narrowed_spaces(USABLE, TaskKind.BINARY, changes))


def test_spaces_that_hold_the_pool_change_nothing(forecast: Forecast) -> None:
    assert narrowed_forecast(forecast, narrowing({})) is forecast


def test_every_configuration_lies_inside_and_is_there_once(forecast: Forecast) -> None:
    narrow = narrowing({"knn": {"n_neighbors": 7}, "linear": {"C": {"high": 0.1}}})
    found = narrowed_forecast(forecast, narrow)
    for configuration in found.configurations:
        narrow.spaces[configuration.algorithm].check(configuration)
    keys = [c.key for c in found.configurations]
    assert len(set(keys)) == len(keys) < len(forecast.configurations)
    n = len(keys)
    assert found.regret.shape == (len(forecast.weights), n)
    assert found.log_seconds.shape == (n, forecast.n_levels)
    assert found.belief.covariance.shape == (n * forecast.n_levels,) * 2
    assert np.isfinite(found.regret).all()
    np.linalg.cholesky(found.belief.covariance + 1e-9 * np.eye(n * forecast.n_levels))


def test_those_inside_keep_what_is_known_of_them(forecast: Forecast) -> None:
    found = narrowed_forecast(forecast, narrowing({"knn": {"n_neighbors": 7}}))
    kept = {c.key: i for i, c in enumerate(found.configurations)}
    for i, c in enumerate(forecast.configurations):
        if c.algorithm != "knn":
            np.testing.assert_array_equal(found.regret[:, kept[c.key]], forecast.regret[:, i])
            np.testing.assert_array_equal(found.log_seconds[kept[c.key]], forecast.log_seconds[i])


def test_those_that_are_moved_are_expected_to_be_like_those_nearby(forecast: Forecast) -> None:
    def expected(n_neighbors: int) -> float:
        found = narrowed_forecast(forecast, narrowing({"knn": {"n_neighbors": n_neighbors}}))
        means = found.belief.before_results().mean.reshape(-1, N_LEVELS)[:, -1]
        own = [i for i, c in enumerate(found.configurations) if c.algorithm == "knn"]
        return float(means[own].mean())

    assert expected(3) > expected(12) + 0.5
    assert expected(12) > expected(48) + 0.5


def test_recommendations_lie_inside() -> None:
    model = MetaModel.fit(collect_past(make_metadata(10), TaskKind.BINARY, "roc_auc"))
    question = Question(
        features=features_of(1.2),
        shape=Shape(n_rows=400, n_columns=6, n_classes=2),
        n_folds=5,
        metric="roc_auc",
        constant=0.5,
        algorithms=USABLE,
        narrowing=narrowing({"knn": {"n_neighbors": 7}}),
    )
    answer, _ = recommend_configurations(question, model, 60.0)
    params = [r.configuration.params for r in answer.ranked if r.configuration.algorithm == "knn"]
    assert [p["n_neighbors"] for p in params] == [7]
    assert [r.rank for r in answer.ranked] == list(range(1, len(answer.ranked) + 1))
    assert len(answer.neighbours) > 0
    assert np.isfinite([r.expected_score for r in answer.ranked]).all()
