"""Families of learners: what a configuration of each becomes."""

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.svm import SVC

from metatune.algorithms.base import Algorithm, BuildContext
from metatune.algorithms.boosted_trees import BoostedTrees
from metatune.algorithms.catboost import CatBoost
from metatune.algorithms.decision_tree import DecisionTree
from metatune.algorithms.discriminant import Discriminant
from metatune.algorithms.extra_trees import ExtraTrees
from metatune.algorithms.gaussian_process import GaussianProcess
from metatune.algorithms.knn import KNN
from metatune.algorithms.learners.boosting import affordable_rounds, few_rounds, patience
from metatune.algorithms.learners.kernel import ScaledKernel
from metatune.algorithms.lightgbm import LightGBM
from metatune.algorithms.linear import Linear
from metatune.algorithms.mlp import MLP
from metatune.algorithms.naive_bayes import NaiveBayes
from metatune.algorithms.random_forest import RandomForest
from metatune.algorithms.svm import SVM
from metatune.algorithms.xgboost import XGBoost
from metatune.data.encoding.layout import Layout
from metatune.data.encoding.shape import Shape
from metatune.kinds import TaskKind
from metatune.space import Value

BINARY, MULTICLASS, REGRESSION = TaskKind.BINARY, TaskKind.MULTICLASS, TaskKind.REGRESSION


def learner(
    algorithm: Algorithm,
    kind: TaskKind = BINARY,
    *,
    n_levels: tuple[int, ...] = (0, 0, 0),
    n_rows: int = 200,
    n_classes: int = 2,
    **values: Value,
) -> Any:
    """Build the pipeline of a configuration and return its learner, not fitted."""
    space = algorithm.space(kind)
    context = BuildContext(
        kind=kind,
        layout=Layout(names=tuple(f"c{i}" for i in range(len(n_levels))), n_levels=n_levels),
        shape=Shape(
            n_rows=n_rows,
            n_columns=len(n_levels),
            n_classes=n_classes if kind.is_classification else 0,
        ),
        seed=3,
    )
    configuration = space.from_values({**space.defaults, **values}, "test")
    return algorithm.build(configuration, context).steps[-1][1].estimator


def test_a_tree_is_pruned_only_where_that_is_asked_for_and_then_it_is_bounded() -> None:
    assert learner(DecisionTree()).ccp_alpha == 0.0
    assert learner(DecisionTree()).max_leaf_nodes is None
    pruned = learner(DecisionTree(), ccp_alpha=0.01)
    assert pruned.ccp_alpha == 0.01
    assert pruned.max_leaf_nodes is not None


def test_forests_differ_in_their_samples_and_thresholds() -> None:
    assert learner(RandomForest()).forest.bootstrap
    assert not learner(ExtraTrees()).forest.bootstrap
    assert type(learner(ExtraTrees(), REGRESSION).forest).__name__ == "ExtraTreesRegressor"
    assert type(learner(RandomForest(), REGRESSION).forest).__name__ == "RandomForestRegressor"


@pytest.mark.parametrize("algorithm", [LightGBM(), XGBoost(), CatBoost()], ids=lambda a: a.name)
def test_boosted_trees_take_categories_as_they_are_unless_they_are_encoded(
    algorithm: BoostedTrees,
) -> None:
    pytest.importorskip(algorithm.name)
    assert learner(algorithm, n_levels=(0, 4, 0)).categorical == (1,)
    assert learner(algorithm, n_levels=(0, 4, 0), encoding="target").categorical == ()
    assert learner(algorithm, class_weight="balanced").balanced


@pytest.mark.parametrize("algorithm", [LightGBM(), XGBoost(), CatBoost()], ids=lambda a: a.name)
def test_libraries_get_their_own_parameters_and_none_of_the_recipe(algorithm: BoostedTrees) -> None:
    params = algorithm.params(dict(algorithm.space(BINARY).defaults))
    assert set(algorithm.own) <= set(params)
    assert not {"encoding", "class_weight", "crossing", "target"} & set(params)


def test_lightgbm_draws_rows_only_where_it_is_to_leave_some_out() -> None:
    values = dict(LightGBM().space(BINARY).defaults)
    assert LightGBM().params(values)["subsample_freq"] == 0
    assert LightGBM().params({**values, "subsample": 0.8})["subsample_freq"] == 1


def test_catboost_draws_weights_as_its_temperature_needs() -> None:
    assert (
        CatBoost().params(dict(CatBoost().space(BINARY).defaults))["bootstrap_type"] == "Bayesian"
    )


def test_low_learning_rates_get_more_rounds_and_more_patience() -> None:
    assert affordable_rounds(1e9, 1e3, 10, 0.05) == 5_000
    assert affordable_rounds(1e9, 1e3, 10, 0.5) == 500
    assert affordable_rounds(1e5, 1e3, 10, 0.05) == 100
    assert affordable_rounds(1.0, 1e3, 10, 0.05) == 10
    assert few_rounds(0.01) > few_rounds(0.1) > few_rounds(1.0) >= 1
    assert (patience(0.01), patience(0.08), patience(0.5)) == (100, 50, 30)


def test_the_penalty_of_elastic_net_is_that_of_ridge_whatever_the_rows() -> None:
    ridge = learner(Linear(), REGRESSION, alpha=2.0)
    net = learner(Linear(), REGRESSION, alpha=2.0, penalty="elastic_net", n_rows=400)
    assert ridge.alpha == 2.0
    assert net.alpha == 2.0 / 400


def test_linear_models_have_sparse_columns_where_a_category_has_many_levels() -> None:
    assert type(learner(Linear(), n_levels=(0, 30))).__name__ == "LogisticRegression"
    assert type(learner(Linear(), n_levels=(0, 31))).__name__ == "OneHotLearner"
    assert (
        type(learner(Linear(), n_levels=(0, 31), encoding="target")).__name__
        == "LogisticRegression"
    )


def test_epochs_of_the_elastic_net_are_fewer_on_large_tables() -> None:
    few = learner(Linear(), penalty="elastic_net", n_rows=10_000_000)
    many = learner(Linear(), penalty="elastic_net", n_rows=100)
    assert few.max_iter == 10
    assert many.max_iter == 300


def test_a_network_has_as_many_layers_as_it_says() -> None:
    params = learner(MLP(), hidden=32, layers=3).params
    assert params["hidden_layer_sizes"] == (32, 32, 32)


def test_scores_of_gaussians_are_calibrated_unless_that_is_turned_off() -> None:
    for algorithm in (NaiveBayes(), Discriminant()):
        assert type(learner(algorithm)).__name__ == "CalibratedScores"
        assert type(learner(algorithm, calibrate=False)).__name__ != "CalibratedScores"
        assert REGRESSION not in algorithm.kinds


def test_linear_discriminants_pool_their_covariances_and_quadratic_ones_do_as_told() -> None:
    assert learner(Discriminant(), calibrate=False).pooling == 1.0
    assert learner(Discriminant(), calibrate=False, method="quadratic", pooling=0.2).pooling == 0.2


def test_machines_compare_classes_in_pairs_up_to_thirty_of_them() -> None:
    few = learner(SVM(), MULTICLASS, n_classes=30).estimator
    many = learner(SVM(), MULTICLASS, n_classes=31).estimator
    assert few.estimator.decision_function_shape == "ovo"
    assert many.estimator.decision_function_shape == "ovr"


def test_the_width_of_a_kernel_follows_the_spread_of_the_data() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(int)
    small, large = (ScaledKernel(SVC(), width=0.5).fit(scale * X, y) for scale in (1.0, 100.0))
    assert small.estimator_.gamma == pytest.approx(0.5 / (3 * X.var()))
    np.testing.assert_array_equal(small.predict(X), large.predict(100.0 * X))
    constant = ScaledKernel(SVC(), width=0.5).fit(np.ones((60, 1)), y)
    assert constant.estimator_.gamma == 0.5


def test_neighbours_and_processes_get_the_values_of_their_configuration() -> None:
    assert learner(KNN(), n_neighbors=7, p=1).get_params()["n_neighbors"] == 7
    process = learner(GaussianProcess(), REGRESSION, kernel="matern32", ard=True)
    assert (process.kernel, process.ard, process.seed) == ("matern32", True, 3)
    assert GaussianProcess().kinds == {REGRESSION}


@pytest.mark.parametrize("library", ["xgboost", "catboost"])
def test_trees_of_other_libraries_are_plain_bytes_that_predict_the_same_elsewhere(
    library: str,
) -> None:
    pytest.importorskip(library)
    from metatune.algorithms.learners.catboost_model import CatBoostClassifier
    from metatune.algorithms.learners.xgboost_model import XGBoostClassifier

    algorithm = XGBoost() if library == "xgboost" else CatBoost()
    model = learner(algorithm, n_levels=(0, 0, 4)).set_params(iterations=5)
    assert isinstance(model, XGBoostClassifier | CatBoostClassifier)
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(60, 2)), rng.integers(0, 4, 60)])
    y = (X[:, 0] > 0).astype(np.int64)
    model.fit(X, y)
    assert isinstance(model.model_, bytes)
    assert model.n_iterations_ == 5
    travelled = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(travelled.predict_proba(X), model.predict_proba(X))
