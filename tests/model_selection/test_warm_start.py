"""Knowledge of past datasets, as expectations for the configurations of another space."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.neighbors import KNeighborsClassifier

from metatune.algorithms.registry import FAMILIES
from metatune.kinds import TaskKind
from metatune.model_selection.tuned import tuned_estimator
from metatune.model_selection.warm_start import WarmRequest, ask_past, renamed
from metatune.recommender.advice import Advice
from metatune.space import Configuration

FAMILY = "knn"


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray]:
    X, y = make_classification(120, 5, random_state=0)
    return X, y


def request_for(**changes: Any) -> WarmRequest:
    usual: dict[str, Any] = {
        "metric": "accuracy",
        "classification": True,
        "spaces": {FAMILY: FAMILIES[FAMILY].space(TaskKind.BINARY)},
        "seconds": 60.0,
        "feature_seconds": 60.0,
        "metadata": None,
        "seed": 0,
    }
    return WarmRequest(**{**usual, **changes})


@pytest.fixture(scope="module")
def advice(table: tuple[np.ndarray, np.ndarray]) -> Advice:
    found = ask_past(*table, request_for())
    assert found is not None
    return found


def test_nothing_is_known_of_what_cannot_be_read(table: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = table
    assert ask_past(X[:10], y[:10], request_for()) is None
    assert ask_past(X[:, :, None], y, request_for()) is None
    assert ask_past(X.tolist(), y, request_for()) is None
    assert ask_past(X, np.stack([y, y], axis=1), request_for()) is None
    assert ask_past(X, y, request_for(spaces={"theirs": request_for().spaces[FAMILY]})) is None


def test_configurations_of_the_same_name_have_their_mean(advice: Advice) -> None:
    pool = advice.forecast.configurations
    names = {
        c.key: Configuration(algorithm="mine", params={"weights": c.params["weights"]})
        for c in pool
    }
    found = renamed(advice, names).forecast
    assert {str(c) for c in found.configurations} == {
        "mine(weights=uniform)",
        "mine(weights=distance)",
    }
    n_levels = advice.forecast.n_levels
    before = advice.forecast.belief.before_results().mean.reshape(-1, n_levels)
    after = found.belief.before_results().mean.reshape(-1, n_levels)
    for i, configuration in enumerate(found.configurations):
        same = [j for j, c in enumerate(pool) if names[c.key] == configuration]
        np.testing.assert_allclose(after[i], before[same].mean(axis=0))
        np.testing.assert_allclose(found.regret[:, i], advice.forecast.regret[:, same].mean(axis=1))


def test_recommendations_keep_their_order(advice: Advice) -> None:
    names = {
        c.key: Configuration(algorithm="mine", params={"n_neighbors": c.params["n_neighbors"]})
        for c in advice.forecast.configurations
    }
    ranked = renamed(advice, names).recommendations.ranked
    assert [r.rank for r in ranked] == list(range(1, len(ranked) + 1))
    assert ranked[0].configuration == names[advice.recommendations.ranked[0].configuration.key]
    assert len({r.configuration.key for r in ranked}) == len(ranked)


def test_advice_is_translated_into_the_space_of_a_user(
    advice: Advice, table: tuple[np.ndarray, np.ndarray]
) -> None:
    space = {"n_neighbors": [3, 9, 27], "weights": ["uniform"]}
    tuned = tuned_estimator(KNeighborsClassifier(), space, *table, TaskKind.BINARY, 80)
    assert tuned.is_known
    assert list(tuned.spaces) == ["KNeighborsClassifier"]
    found = tuned.translated(advice).forecast.configurations
    assert {c.params["n_neighbors"] for c in found} <= {3, 9, 27}
    assert len({c.key for c in found}) == len(found) > 1
    assert tuned.params(found[0]) == dict(found[0].params)
