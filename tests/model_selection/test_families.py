"""Estimators that metatune knows: every configuration of the pool becomes parameters that work."""

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.datasets import make_classification, make_regression
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeClassifier,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from metatune.kinds import TaskKind
from metatune.metadataset.pool import draw_pool
from metatune.model_selection.families import Facts, known_as

ESTIMATORS: list[Any] = [
    LGBMClassifier(n_estimators=5, verbosity=-1),
    LGBMRegressor(n_estimators=5, verbosity=-1),
    HistGradientBoostingClassifier(max_iter=5),
    HistGradientBoostingRegressor(max_iter=5),
    RandomForestClassifier(5),
    RandomForestRegressor(5),
    ExtraTreesClassifier(5),
    ExtraTreesRegressor(5),
    DecisionTreeClassifier(),
    DecisionTreeRegressor(),
    LogisticRegression(),
    LogisticRegression(solver="saga", max_iter=20),
    RidgeClassifier(),
    Ridge(),
    ElasticNet(),
    Lasso(),
    SVC(),
    SVC(kernel="linear"),
    SVR(),
    LinearSVC(),
    KNeighborsClassifier(),
    KNeighborsRegressor(),
    MLPClassifier(max_iter=5),
    MLPRegressor(max_iter=5),
    GaussianNB(),
    LinearDiscriminantAnalysis(),
    QuadraticDiscriminantAnalysis(),
    GaussianProcessRegressor(),
]
if find_spec("xgboost") is not None:
    from xgboost import XGBClassifier, XGBRegressor

    ESTIMATORS += [XGBClassifier(n_estimators=5), XGBRegressor(n_estimators=5)]
if find_spec("catboost") is not None:
    from catboost import CatBoostClassifier

    ESTIMATORS += [CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False)]

N_ROWS, N_COLUMNS = 60, 4


def facts_of(kind: TaskKind, **changes: Any) -> Facts:
    return Facts(**{"kind": kind, "n_rows": N_ROWS, "n_columns": N_COLUMNS, **changes})


def kind_of(estimator: Any) -> TaskKind:
    return TaskKind.BINARY if is_classifier(estimator) else TaskKind.REGRESSION


def translated(estimator: Any, **changes: Any) -> dict[str, Any]:
    """Return the parameters of a family's default, with some hyperparameters changed."""
    known, kind = known_as(estimator), kind_of(estimator)
    assert known is not None
    space = known.space(kind, estimator)
    values = {**space.defaults, **space.completed(space.default()), **changes}
    return known.translate(values, estimator, facts_of(kind))


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_every_configuration_of_the_pool_can_be_fitted(estimator: Any) -> None:
    known, kind = known_as(estimator), kind_of(estimator)
    assert known is not None
    space = known.space(kind, estimator)
    pool = [c for c in draw_pool(kind) if c.algorithm == known.family][:12]
    X, y = (
        make_classification(N_ROWS, N_COLUMNS, n_redundant=0, random_state=0)
        if is_classifier(estimator)
        else make_regression(N_ROWS, N_COLUMNS, random_state=0)
    )
    rng = np.random.default_rng(0)
    for configuration in [space.default(), *map(space.nearest, pool), space.sample(rng)]:
        space.check(configuration)
        values = {**space.defaults, **space.completed(configuration)}
        params = known.translate(values, estimator, facts_of(kind))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of learners that were given a few iterations
            fitted = clone(estimator).set_params(**params).fit(X, y)
        assert fitted.predict(X).shape == (N_ROWS,)


def test_what_is_searched_varies_and_the_rest_does_not() -> None:
    known = known_as(SVC())
    assert known is not None
    space = known.space(TaskKind.BINARY, SVC())
    varies = {name for name, domain in space.domains.items() if not domain.is_fixed}
    assert varies == {"C", "gamma", "class_weight"}
    linear = known.space(TaskKind.BINARY, SVC(kernel="linear"))
    assert {n for n, d in linear.domains.items() if not d.is_fixed} == {"C", "class_weight"}


def test_defaults_are_those_of_the_estimator() -> None:
    known = known_as(LogisticRegression())
    assert known is not None
    assert known.space(TaskKind.BINARY, LogisticRegression(C=7.0)).defaults["C"] == 7.0
    neighbours = known_as(KNeighborsClassifier())
    assert neighbours is not None
    space = neighbours.space(TaskKind.BINARY, KNeighborsClassifier(n_neighbors=500))
    assert space.defaults["n_neighbors"] == 100  # the nearest that is searched


def test_scales_are_those_of_the_library() -> None:
    known = known_as(SVC())
    assert known is not None
    given = {"C": 1.0, "gamma": 2.0}
    facts = facts_of(TaskKind.BINARY, n_columns=5, variance=4.0)
    assert known.translate(given, SVC(), facts)["gamma"] == pytest.approx(2.0 / (5 * 4.0))
    forest = translated(RandomForestClassifier(), max_features=0.5)
    assert forest["max_features"] == pytest.approx(0.5)  # the square root of four columns
    assert translated(ElasticNet(), alpha=6.0)["alpha"] == pytest.approx(6.0 / N_ROWS)
    assert translated(RidgeClassifier(), C=4.0)["alpha"] == 0.25
    assert translated(KNeighborsClassifier(), n_neighbors=90)["n_neighbors"] == N_ROWS


def test_small_learning_rates_get_more_rounds() -> None:
    slow = translated(LGBMClassifier(n_estimators=200), learning_rate=0.05)
    assert slow["n_estimators"] == 400
    assert translated(LGBMClassifier(), learning_rate=0.01)["n_estimators"] == 1_000
    assert translated(HistGradientBoostingClassifier(), learning_rate=0.2)["max_iter"] == 50


def test_others_are_not_known() -> None:
    class Mine(BaseEstimator):  # type: ignore[misc]
        pass

    class Machine(SVC):  # type: ignore[misc]
        pass

    assert known_as(Mine()) is None
    assert known_as(AdaBoostClassifier()) is None
    assert known_as(LogisticRegressionCV()) is None
    assert known_as(Machine()) is known_as(SVC())
