"""Published runs in metatune's hyperparameters, each case worked out by hand."""

import math
from typing import Any

import pytest

from metatune.building.mapping.run import MappedRun, PublishedRun, UnmappedRun
from metatune.building.mapping.table import RULES
from metatune.building.mapping.translate import map_run, space_of


def run(algorithm: str, source: str = "somewhere", **fields: Any) -> PublishedRun:
    known = {name: fields.pop(name) for name in ("n_rows", "n_columns", "pool") if name in fields}
    given = fields.pop("given", fields)
    return PublishedRun(source=source, algorithm=algorithm, hyperparameters=given, **known)


BOT = "openml_sklearn_bot"
AUTOSKLEARN = {
    "balancing:strategy": "weighting",
    "data_preprocessor:__choice__": "feature_type",
    "data_preprocessor:feature_type:numerical_transformer:imputation:strategy": "mean",
    "data_preprocessor:feature_type:numerical_transformer:rescaling:__choice__": "standardize",
    "feature_preprocessor:__choice__": "no_preprocessing",
}

CASES: dict[str, tuple[PublishedRun, str, dict[str, Any], tuple[str, ...]]] = {
    "forest of the bot: 32 of 64 columns are a power of 5/6": (
        run(
            "RandomForestClassifier",
            BOT,
            n_columns=64,
            bootstrap=False,
            criterion="entropy",
            imputer_strategy="mean",
            max_depth=None,
            max_features=0.5,
            min_samples_leaf=3,
            min_samples_split=7,
            min_weight_fraction_leaf=0,
            n_estimators=100,
        ),
        "random_forest",
        {
            "bootstrap": False,
            "criterion": "entropy",
            "max_features": 5 / 6,
            "min_samples_leaf": 3,
            "min_samples_split": 7,
        },
        ("max_features", "min_samples_leaf"),
    ),
    "without the columns a share of them is left out": (
        run("RandomForestClassifier", max_features=0.5, criterion="gini"),
        "random_forest",
        {"criterion": "gini"},
        (),
    ),
    "square root and fractions of 100 rows": (
        run(
            "ExtraTreesClassifier",
            n_rows=100.0,
            max_features="sqrt",
            min_samples_split=0.1,
            min_weight_fraction_leaf=0.05,
        ),
        "extra_trees",
        {"max_features": 0.5, "min_samples_split": 10, "min_samples_leaf": 5},
        ("max_features", "min_samples_leaf"),
    ),
    "a tiny fraction of the rows still splits two": (
        run("ExtraTreesClassifier", n_rows=100.0, min_samples_split=1e-5),
        "extra_trees",
        {"min_samples_split": 2},
        (),
    ),
    "all columns of a regression forest, the logarithm of 16": (
        run("RandomForestRegressor", pool="regression", n_columns=16, max_features="log2"),
        "random_forest",
        {"max_features": 0.5},
        ("max_features",),
    ),
    "auto means all columns in regression": (
        run("RandomForestRegressor", pool="regression", max_features="auto", criterion="mse"),
        "random_forest",
        {"max_features": 1.0},
        ("max_features",),
    ),
    "auto-sklearn's max_features is metatune's power": (
        run(
            "ExtraTreesClassifier",
            "autosklearn_2021_best",
            given=AUTOSKLEARN | {"model:max_features": 0.37, "model:min_samples_leaf": 1},
        ),
        "extra_trees",
        {"max_features": 0.37, "min_samples_leaf": 1, "class_weight": "balanced"},
        (),
    ),
    "kernel of the bot: 0.05 x 20 columns of variance 1": (
        run("SVC", BOT, n_columns=20, C=8, gamma=0.05, kernel="rbf", shrinking=True),
        "svm",
        {"C": 8.0, "gamma": 1.0},
        ("gamma",),
    ),
    "gamma of inputs of unknown spread is left out": (
        run("SVC", "svm_grid", n_columns=20, C=8, gamma=0.05, kernel="rbf"),
        "svm",
        {"C": 8.0},
        (),
    ),
    "auto-sklearn scales the target of a support vector machine": (
        run(
            "SVR",
            "autosklearn_2021_best",
            pool="regression",
            n_columns=10,
            given=AUTOSKLEARN
            | {"model:C": 14.7, "model:epsilon": 0.01, "model:gamma": 0.1, "model:kernel": "rbf"},
        ),
        "svm",
        {"C": 14.7, "epsilon": 0.01, "gamma": 1.0, "scaling": "standard"},
        ("gamma", "scaling"),
    ),
    "L1 is an elastic net without ridge": (
        run("LogisticRegression", C=0.5, penalty="l1", solver="saga"),
        "linear",
        {"C": 0.5, "penalty": "elastic_net", "l1_ratio": 1.0},
        (),
    ),
    "L2": (
        run("LogisticRegression", C=20, penalty="l2", dual=False, fit_intercept=True),
        "linear",
        {"C": 20.0, "penalty": "l2"},
        (),
    ),
    "a penalty on the mean loss of 500 rows": (
        run("SGDRegressor", pool="regression", n_rows=500.0, alpha=0.01, penalty="l2"),
        "linear",
        {"alpha": 5.0, "penalty": "l2"},
        ("alpha", "penalty"),
    ),
    "neighbours": (
        run("KNeighborsClassifier", n_neighbors=15, p=1, weights="distance"),
        "knn",
        {"n_neighbors": 15, "p": 1, "weights": "distance"},
        (),
    ),
    "network of auto-sklearn": (
        run(
            "MLPClassifier",
            "autosklearn_2021_best",
            given=AUTOSKLEARN
            | {
                "model:activation": "tanh",
                "model:alpha": 1e-7,
                "model:hidden_layer_depth": 2,
                "model:num_nodes_per_layer": 101,
                "model:learning_rate_init": 0.002,
                "model:solver": "adam",
            },
        ),
        "mlp",
        {
            "activation": "tanh",
            "alpha": 1e-6,
            "hidden": 101,
            "layers": 2,
            "learning_rate": 0.002,
            "imputation": "mean",
            "scaling": "standard",
        },
        ("scaling",),
    ),
    "trees of depth 5 have 32 leaves; 1000 rounds are enough": (
        run(
            "GradientBoostingClassifier",
            learning_rate=0.1,
            max_depth=5,
            max_features=0.4,
            n_estimators=1000,
            loss="deviance",
            subsample=1,
        ),
        "lightgbm",
        {"learning_rate": 0.1, "num_leaves": 32, "colsample_bytree": 0.4, "subsample": 1.0},
        ("colsample_bytree", "learning_rate", "num_leaves", "subsample"),
    ),
    "a rate chosen for 100 rounds is left out": (
        run("GradientBoostingClassifier", learning_rate=0.1, max_depth=3, n_estimators=100),
        "lightgbm",
        {"num_leaves": 8},
        ("num_leaves",),
    ),
    "LightGBM's own names": (
        run(
            "LGBMRegressor",
            pool="regression",
            learning_rate=0.03,
            feature_fraction=0.9,
            min_data_in_leaf=3,
            num_leaves=128,
            extra_trees=True,
        ),
        "lightgbm",
        {
            "learning_rate": 0.03,
            "colsample_bytree": 0.9,
            "min_child_samples": 3,
            "num_leaves": 128,
            "extra_trees": True,
        },
        (),
    ),
    "a leaf's weight is its rows in regression": (
        run("XGBRegressor", pool="regression", max_depth=6, min_child_weight=7, reg_alpha=0),
        "lightgbm",
        {"num_leaves": 64, "min_child_samples": 7, "reg_alpha": 1e-8},
        ("min_child_samples", "num_leaves", "reg_alpha"),
    ),
    "but not in classification": (
        run("XGBClassifier", max_depth=4, min_child_weight=7),
        "lightgbm",
        {"num_leaves": 16},
        ("num_leaves",),
    ),
    "histogram boosting": (
        run(
            "HistGradientBoostingClassifier",
            learning_rate=0.05,
            max_leaf_nodes=11,
            min_samples_leaf=20,
            l2_regularization=1e-10,
        ),
        "lightgbm",
        {
            "learning_rate": 0.05,
            "num_leaves": 11,
            "min_child_samples": 20,
            "reg_lambda": 1e-8,
        },
        ("learning_rate", "min_child_samples", "num_leaves", "reg_lambda"),
    ),
    "tree whose leaves hold a tenth of 90 rows": (
        run("DecisionTreeClassifier", n_rows=90.0, min_weight_fraction_leaf=0.1, max_features=None),
        "decision_tree",
        {"min_samples_leaf": 9},
        ("min_samples_leaf",),
    ),
    "quadratic discriminant analysis": (
        run("QuadraticDiscriminantAnalysis", reg_param=0.4),
        "discriminant",
        {"method": "quadratic", "shrinkage": 0.4},
        ("shrinkage",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_hand_checked_runs(name: str) -> None:
    published, family, values, approximate = CASES[name]
    found = map_run(published)
    assert isinstance(found, MappedRun), found
    assert found.algorithm == family
    assert dict(found.values) == {
        key: pytest.approx(value) if isinstance(value, float) else value
        for key, value in values.items()
    }
    assert found.approximate == approximate
    assert found.source == published.source
    domains = space_of(family, published.pool).domains
    assert all(domains[key].contains(value) for key, value in found.values.items())


@pytest.mark.parametrize(
    ("published", "reason"),
    [
        (run("AdaBoostClassifier", n_estimators=50), "no counterpart"),
        (run("SVC", kernel="poly", degree=3), "kernel=poly"),
        (run("SVC", C=2.0**15, kernel="rbf"), "C outside metatune's range"),
        (run("SVC", BOT, gamma=8.0, n_columns=50), "gamma outside metatune's range"),
        (run("MLPClassifier", solver="sgd"), "solver=sgd"),
        (run("LogisticRegression", fit_intercept=False), "fit_intercept=False"),
        (run("RandomForestClassifier", n_estimators=10), "n_estimators below 30"),
        (run("ExtraTreesRegressor", pool="regression", criterion="mae"), "criterion=mae"),
        (run("GradientBoostingClassifier", max_depth=None), "max_depth: depth without a limit"),
        (
            run("GradientBoostingClassifier", learning_rate=50, n_estimators=10),
            "learning_rate: above metatune's range",
        ),
        (run("GaussianNB", pool="regression"), "naive_bayes does not learn regression"),
        (run("KNeighborsClassifier", p="taxi"), "p outside metatune's range"),
        (run("RandomForestClassifier", min_samples_leaf="few"), "min_samples_leaf=few"),
        (
            run(
                "LinearDiscriminantAnalysis",
                given={"model:tol": 0.1, "preprocessor:__choice__": "kernel_pca"},
            ),
            "feature preprocessing kernel_pca",
        ),
    ],
)
def test_what_metatune_could_not_have_made_is_said(published: PublishedRun, reason: str) -> None:
    found = map_run(published)
    assert isinstance(found, UnmappedRun)
    assert found.reason.startswith(reason)
    assert (found.source, found.algorithm) == (published.source, published.algorithm)


def test_selected_columns_are_not_counted() -> None:
    """A pipeline that drops columns leaves their number open, so the kernel is too."""
    steps = AUTOSKLEARN | {"feature_preprocessor:__choice__": "select_rates_classification"}
    given = steps | {"model:C": 2.0, "model:gamma": 0.1, "model:kernel": "rbf"}
    found = map_run(run("SVC", "autosklearn_2021_best", n_columns=10, given=given))
    assert isinstance(found, MappedRun)
    assert dict(found.values) == {"C": 2.0, "scaling": "standard", "class_weight": "balanced"}


def test_the_older_auto_sklearn_counts_columns_in_its_own_way() -> None:
    given = {"model:max_features": 2.1, "model:bootstrap": True, "balancing:strategy": "none"}
    found = map_run(run("ExtraTreesClassifier", "autosklearn_2016", n_columns=10, given=given))
    assert isinstance(found, MappedRun)
    assert dict(found.values) == {"bootstrap": True, "class_weight": "none"}


@pytest.mark.parametrize("name", RULES)
def test_every_rule_names_hyperparameters_of_its_family(name: str) -> None:
    rule = RULES[name]
    pools = ("classification",) if rule.family in ("discriminant", "naive_bayes") else None
    pools = pools or (("regression",) if rule.family == "gaussian_process" else None)
    spaces = [space_of(rule.family, pool) for pool in pools or ("classification", "regression")]
    for ours in [parameter.ours for parameter in rule.parameters] + list(rule.implied):
        assert any(ours in space.domains for space in spaces), ours


def test_power_of_columns_gives_back_their_number() -> None:
    """The value that metatune makes of the mapped one is what was published."""
    from metatune.algorithms.recipe import share_of_columns

    found = map_run(run("RandomForestClassifier", n_columns=30, max_features=0.4))
    assert isinstance(found, MappedRun)
    power = found.values["max_features"]
    assert isinstance(power, float)
    assert share_of_columns(power, 30) * 30 == pytest.approx(12.0)
    assert power == pytest.approx(math.log(12) / math.log(30))
