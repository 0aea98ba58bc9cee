"""Spaces of users: lists, distributions, domains and objects become one search space."""

from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler
from sklearn.svm import SVC

from metatune.errors import OptionError
from metatune.model_selection.parameters import (
    ParameterSpace,
    Quantiles,
    every_configuration,
    parameter_spaces,
)
from metatune.space import Choice, Float, Int


def only(given: Any, estimator: Any) -> ParameterSpace:
    (space,) = parameter_spaces(given, estimator).values()
    return space


def test_lists_become_choices_with_the_estimators_own_value_first() -> None:
    space = only({"C": [0.1, 1.0, 10.0], "kernel": ["rbf", "poly"]}, SVC()).space
    assert space.domains == {"C": Choice((0.1, 1.0, 10.0)), "kernel": Choice(("rbf", "poly"))}
    assert space.defaults == {"C": 1.0, "kernel": "rbf"}


def test_arrays_none_and_truth_values_are_lists_too() -> None:
    given = {
        "max_depth": [None, 3, 5],
        "bootstrap": [True, False],
        "n_estimators": np.arange(5, 20, 5),
    }
    space = only(given, RandomForestClassifier()).space
    assert space.domains["max_depth"] == Choice((None, 3, 5))
    assert space.defaults["max_depth"] is None
    assert space.domains["n_estimators"] == Choice((5, 10, 15))
    assert space.defaults == {"max_depth": None, "bootstrap": True, "n_estimators": 15}


def test_usual_distributions_become_ranges() -> None:
    given = {
        "C": stats.loguniform(1e-3, 1e3),
        "tol": stats.uniform(0.1, 0.4),
        "degree": stats.randint(2, 6),
    }
    domains = only(given, SVC()).space.domains
    assert domains["C"] == Float(1e-3, 1e3, log=True)
    assert domains["tol"] == Float(0.1, 0.5)
    assert domains["degree"] == Int(2, 5)


@pytest.mark.parametrize("given", [stats.expon(scale=10), stats.norm(3, 2), stats.poisson(4)])
def test_other_distributions_are_drawn_as_they_are(given: Any) -> None:
    domain, rng = Quantiles(given), np.random.default_rng(0)
    drawn: list[Any] = [domain.sample(rng) for _ in range(400)]
    assert np.mean(drawn) == pytest.approx(given.mean(), abs=4 * given.std() / 20)
    assert all(domain.contains(value) for value in drawn)
    moved = [domain.mutate(value, rng) for value in drawn]
    assert all(domain.contains(value) for value in moved)
    middle = domain.from_unit(0.5)
    assert domain.nearest(middle, 0.0) == middle
    assert domain.nearest("no number", middle) == middle
    assert not domain.is_fixed


def test_domains_with_defaults() -> None:
    space = only({"C": (Float(0.1, 10.0, log=True), 5.0), "degree": Int(2, 4)}, SVC()).space
    assert space.defaults == {"C": 5.0, "degree": 3}


def test_objects_go_by_labels() -> None:
    pipeline = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])
    scalers = [RobustScaler(), pipeline["scale"], "passthrough"]
    part = only({"scale": scalers, "model__C": [1.0, 2.0]}, pipeline)
    assert part.params(part.space.default()) == {"scale": scalers[1], "model__C": 1.0}
    named = part.configuration({"scale": "passthrough", "model__C": 1.8}, "portfolio")
    assert part.params(named) == {"scale": "passthrough", "model__C": 2.0}


def test_parameters_of_a_part_that_is_replaced_are_taken_on_trust() -> None:
    pipeline = Pipeline([("model", LogisticRegression())])
    part = only({"model": [SVC()], "model__gamma": [0.1]}, pipeline)
    assert part.params(part.space.default())["model__gamma"] == 0.1


def test_alternatives_are_spaces_of_their_own() -> None:
    grid = [{"kernel": ["linear"], "C": [1, 10]}, {"kernel": ["rbf"], "gamma": [0.1, 1.0]}]
    spaces = parameter_spaces(grid, SVC())
    assert list(spaces) == ["SVC 0", "SVC 1"]
    whole = list(every_configuration({name: part.space for name, part in spaces.items()}))
    assert len(whole) == len({c.key for c in whole}) == 4


def test_only_spaces_of_lists_are_listed() -> None:
    listed = only({"C": [1, 2], "degree": [2, 3, 4]}, SVC()).space
    assert len(list(every_configuration({"SVC": listed}))) == 6
    ranged = only({"C": Float(0.1, 1.0)}, SVC()).space
    assert list(every_configuration({"SVC": ranged})) == []


def test_what_has_no_quantiles_is_refused() -> None:
    class Draws:
        def rvs(self) -> float:
            return 1.0

    with pytest.raises(OptionError, match="has no quantiles"):
        only({"C": Draws()}, SVC())
