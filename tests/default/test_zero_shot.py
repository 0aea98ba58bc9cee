"""Estimators that configure themselves."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from metatune import default
from metatune.errors import OptionError


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [
        default.LGBMClassifier(),
        default.LinearRegressor(),
    ]
)
def test_scikit_learn_check(estimator: Any, check: Any) -> None:
    check(estimator)


CHEAP = {
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_get_params_invariance",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_requires_y_none",
    "check_set_params",
    "check_valid_tag_types",
}
"""Checks that fit nothing, or next to nothing."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", default.__all__)
def test_cheap_scikit_learn_checks(name: str) -> None:
    passed = set()
    for estimator, check in estimator_checks_generator(getattr(default, name)()):
        if check.func.__name__ in CHEAP:
            check(estimator)
            passed.add(check.func.__name__)
    assert passed == CHEAP


@pytest.mark.parametrize("name", default.__all__)
def test_every_estimator_names_a_family(name: str) -> None:
    from metatune.algorithms.registry import FAMILIES

    assert getattr(default, name).family in FAMILIES


@pytest.fixture
def model(metadata_dir: Path) -> default.DecisionTreeClassifier:
    return default.DecisionTreeClassifier(metadata=metadata_dir, random_state=0)


def test_fit_chooses_hyperparameters(model: Any, shop: pd.DataFrame) -> None:
    before = model.get_params()
    X, y = shop.drop(columns="bought"), shop["bought"]
    fitted = model.fit(X, y)
    chosen = fitted.get_params()
    assert before.items() <= chosen.items()
    assert chosen["max_depth"] == fitted.pipeline_[-1].model.estimator_.max_depth
    assert fitted.predict_proba(X).shape == (len(X), 2)
    assert set(fitted.predict(X)) == {"no", "yes"}


def test_choice_is_the_one_of_least_expected_regret(model: Any, shop: pd.DataFrame) -> None:
    fitted = model.fit(shop.drop(columns="bought"), shop["bought"])
    ranked = fitted.recommendations_.ranked
    assert {r.configuration.algorithm for r in ranked} == {"decision_tree"}
    best = min(ranked, key=lambda r: r.expected_regret)
    assert fitted.configuration_.params == best.configuration.params


def test_clone_forgets_what_was_chosen(model: Any, shop: pd.DataFrame) -> None:
    fitted = model.fit(shop.drop(columns="bought"), shop["bought"])
    copy = clone(fitted)
    assert "max_depth" not in copy.get_params()
    assert copy.get_params() == clone(model).get_params()


def test_chosen_hyperparameter_cannot_be_set(model: Any, shop: pd.DataFrame) -> None:
    fitted = model.fit(shop.drop(columns="bought"), shop["bought"])
    with pytest.raises(OptionError, match="max_depth is chosen by fit"):
        fitted.set_params(max_depth=3)
    assert fitted.set_params(metric="accuracy").metric == "accuracy"


def test_repr_shows_what_was_chosen(model: Any, shop: pd.DataFrame) -> None:
    assert "max_depth" not in repr(model)
    fitted = model.fit(shop.drop(columns="bought"), shop["bought"])
    assert "max_depth" in repr(fitted)


def test_tables_go_through_cross_validation(metadata_dir: Path, shop: pd.DataFrame) -> None:
    model = default.DecisionTreeClassifier(metadata=metadata_dir, random_state=0)
    X, y = shop.drop(columns="bought"), shop["bought"]
    scores = cross_val_score(model, X, y, scoring="roc_auc", cv=3)
    assert np.mean(scores) > 0.7
