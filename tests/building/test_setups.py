"""Setups as they are on the wire, in metatune's hyperparameters: each case worked out by hand."""

import math
from typing import Any

import numpy as np
import pytest

from metatune.algorithms.base import BuildContext
from metatune.algorithms.registry import get_algorithm
from metatune.building.mapping.run import MappedRun, PublishedRun, UnmappedRun
from metatune.building.mapping.setups import Setup, learner_of, read_setup, wire_value
from metatune.building.mapping.translate import map_run, space_of, to_configuration
from metatune.data.encoding.layout import Layout
from metatune.data.encoding.shape import Shape
from metatune.kinds import TaskKind

FOREST = "sklearn.ensemble.forest.RandomForestClassifier"
IMPUTER = "sklearn.preprocessing.imputation.Imputer"
SVC = "sklearn.svm.classes.SVC"
SCALER = "sklearn.preprocessing.data.StandardScaler"
OF_FOREST = f"sklearn.pipeline.Pipeline(imputation={IMPUTER},classifier={FOREST})(7)"
OF_SVC = f"sklearn.pipeline.Pipeline(imputation={IMPUTER},scaling={SCALER},classifier={SVC})(2)"


def mlr(learner: str, **given: str) -> Setup:
    """Make a setup of mlr's; underscores of names stand for dots."""
    name = f"mlr.classif.{learner}"
    return Setup(
        flow_name=f"{name}(13)",
        parameters={f"{name}:{key.replace('__', '.')}": value for key, value in given.items()},
        defaults={},
    )


def sklearn(flow: str, component: str, given: dict[str, str], **defaults: str) -> Setup:
    return Setup(
        flow_name=flow,
        parameters={f"{component}:{name}": value for name, value in given.items()}
        | {f"{IMPUTER}:strategy": '"median"'},
        defaults={f"{component}:{name}": value for name, value in defaults.items()},
    )


MAPPED: dict[str, tuple[Setup, dict[str, Any], str, dict[str, Any], tuple[str, ...]]] = {
    "ranger, all defaults absent: square root of the columns": (
        mlr("ranger"),
        {"n_columns": 16, "n_rows": 900.0},
        "random_forest",
        {
            "max_features": 0.5,
            "min_samples_split": 2,
            "min_samples_leaf": 1,
            "bootstrap": True,
            "encoding": "ordinal",
        },
        ("bootstrap", "encoding"),
    ),
    "ranger: 4 of 16 columns are a power of 1/2, nodes of 9 are not split": (
        mlr("ranger", mtry="4", min__node__size="9", num__trees="1200"),
        {"n_columns": 16},
        "random_forest",
        {
            "max_features": 0.5,
            "min_samples_split": 10,
            "min_samples_leaf": 1,
            "bootstrap": True,
            "encoding": "ordinal",
        },
        ("bootstrap", "encoding"),
    ),
    "ranger: 8 of 64 columns, whole sample without replacement, ordered factors": (
        mlr("ranger", mtry="8", replace="FALSE", respect__unordered__factors="TRUE"),
        {"n_columns": 64},
        "random_forest",
        {
            "max_features": 0.5,
            "min_samples_split": 2,
            "min_samples_leaf": 1,
            "bootstrap": False,
            "encoding": "target",
        },
        ("bootstrap", "encoding"),
    ),
    "ranger: 0.63 without replacement is about a bootstrap sample": (
        mlr("ranger", replace="FALSE", sample__fraction="0.632"),
        {},
        "random_forest",
        {
            "max_features": 0.5,
            "min_samples_split": 2,
            "min_samples_leaf": 1,
            "bootstrap": True,
            "encoding": "ordinal",
        },
        ("bootstrap", "encoding"),
    ),
    "svm: cost 2^5, gamma 2^-4 of 32 columns is 2 in units of 1/columns": (
        mlr("svm", kernel="radial", cost="32", gamma="0.0625"),
        {"n_columns": 32},
        "svm",
        {"C": 32.0, "gamma": 2.0, "scaling": "standard", "encoding": "one_hot"},
        ("gamma",),
    ),
    "svm, all absent: cost 1 and gamma 1/columns": (
        mlr("svm"),
        {"n_columns": 8},
        "svm",
        {"C": 1.0, "gamma": 1.0, "scaling": "standard", "encoding": "one_hot"},
        ("gamma",),
    ),
    "svm: 15 digits of a power of two, unknown columns": (
        mlr("svm", cost="0.0220970869120796", gamma="0.5"),
        {},
        "svm",
        {"C": 0.0220970869120796, "scaling": "standard", "encoding": "one_hot"},
        (),
    ),
    "glmnet: lambda 1/100 on 900 rows is C of 1/9": (
        mlr("glmnet", alpha="0.25", **{"lambda": "0.01"}),
        {"n_rows": 900.0},
        "linear",
        {"penalty": "elastic_net", "l1_ratio": 0.25, "C": 1 / 9, "scaling": "standard"},
        (),
    ),
    "glmnet: alpha absent is the lasso": (
        mlr("glmnet", **{"lambda": "1e-02"}),
        {"n_rows": 1000.0},
        "linear",
        {"penalty": "elastic_net", "l1_ratio": 1.0, "C": 0.1, "scaling": "standard"},
        (),
    ),
    "glmnet: alpha 0 is the ridge; s is not looked at": (
        mlr("glmnet", alpha="0", s="0.5", **{"lambda": "0.001"}),
        {"n_rows": 100.0},
        "linear",
        {"penalty": "l2", "C": 10.0, "scaling": "standard"},
        (),
    ),
    "kknn without parameters has 7 neighbours": (
        mlr("kknn"),
        {},
        "knn",
        {"n_neighbors": 7, "weights": "distance", "p": 2, "scaling": "standard"},
        ("weights",),
    ),
    "kknn of 30": (
        mlr("kknn", k="30"),
        {},
        "knn",
        {"n_neighbors": 30, "weights": "distance", "p": 2, "scaling": "standard"},
        ("weights",),
    ),
    "rpart: absent depth is 30, absent leaf 7, half of cp": (
        mlr("rpart", cp="0.02", openml__seed="123"),
        {},
        "decision_tree",
        {"max_depth": 30, "min_samples_leaf": 7, "ccp_alpha": 0.01},
        ("ccp_alpha", "min_samples_leaf"),
    ),
    "rpart: everything set": (
        mlr("rpart", cp="1e-04", maxdepth="12", minbucket="40", minsplit="3"),
        {},
        "decision_tree",
        {"max_depth": 12, "min_samples_leaf": 40, "ccp_alpha": 5e-5},
        ("ccp_alpha", "min_samples_leaf"),
    ),
    "xgboost: eta 2^-5 over 2000 rounds, depth 4 is 16 leaves": (
        mlr("xgboost", eta="0.03125", nrounds="2000", max_depth="4", subsample="0.75"),
        {},
        "lightgbm",
        {
            "learning_rate": 0.03125,
            "num_leaves": 16,
            "subsample": 0.75,
            "colsample_bytree": 1.0,
            "reg_lambda": 1.0,
            "reg_alpha": 1e-8,
        },
        (
            "colsample_bytree",
            "learning_rate",
            "num_leaves",
            "reg_alpha",
            "reg_lambda",
            "subsample",
        ),
    ),
    "xgboost: few rounds say nothing about the rate; absent depth is 6": (
        mlr("xgboost", nrounds="100", alpha="0.5", booster="gbtree", **{"lambda": "2"}),
        {},
        "lightgbm",
        {
            "num_leaves": 64,
            "subsample": 1.0,
            "colsample_bytree": 1.0,
            "reg_lambda": 2.0,
            "reg_alpha": 0.5,
        },
        ("colsample_bytree", "num_leaves", "reg_alpha", "reg_lambda", "subsample"),
    ),
    "forest of the bot: JSON values, 0.5 of 64 columns is a power of 5/6": (
        sklearn(
            OF_FOREST,
            FOREST,
            {
                "bootstrap": "false",
                "criterion": '"entropy"',
                "max_features": "0.5",
                "min_samples_leaf": "3",
                "min_samples_split": "7",
                "n_estimators": "100",
            },
            max_depth="null",
        ),
        {"n_columns": 64},
        "random_forest",
        {
            "bootstrap": False,
            "criterion": "entropy",
            "max_features": 5 / 6,
            "min_samples_leaf": 3,
            "min_samples_split": 7,
        },
        ("max_features",),
    ),
    "forest whose absent values are the flow's defaults": (
        sklearn(
            OF_FOREST,
            FOREST,
            {"n_estimators": "100"},
            bootstrap="true",
            criterion='"gini"',
            max_features='"auto"',
            max_depth="null",
            min_samples_leaf="1",
            min_samples_split="2",
        ),
        {},
        "random_forest",
        {
            "bootstrap": True,
            "criterion": "gini",
            "max_features": 0.5,
            "min_samples_leaf": 1,
            "min_samples_split": 2,
        },
        ("max_features",),
    ),
    "old flow with Python's own words": (
        sklearn(
            FOREST,
            FOREST,
            {
                "bootstrap": "True",
                "criterion": "gini",
                "max_depth": "None",
                "max_features": "sqrt",
                "n_estimators": "200",
            },
        ),
        {},
        "random_forest",
        {"bootstrap": True, "criterion": "gini", "max_features": 0.5},
        ("max_features",),
    ),
    "SVC on scaled inputs: gamma 2^-5 of 64 columns is 2": (
        sklearn(OF_SVC, SVC, {"C": "4.0", "gamma": "0.03125", "kernel": '"rbf"'}),
        {"n_columns": 64},
        "svm",
        {"C": 4.0, "gamma": 2.0},
        ("gamma",),
    ),
    "SVC on inputs as they are: gamma cannot be known": (
        sklearn(
            f"sklearn.pipeline.Pipeline(imputation={IMPUTER},classifier={SVC})",
            SVC,
            {"C": "0.25", "gamma": "0.03125", "kernel": '"rbf"'},
        ),
        {"n_columns": 64},
        "svm",
        {"C": 0.25},
        (),
    ),
}

UNMAPPED: dict[str, tuple[Setup, str]] = {
    "svm of degree 3": (mlr("svm", kernel="polynomial", degree="3"), "kernel=polynomial"),
    "a line": (mlr("xgboost", booster="gblinear", nrounds="500"), "booster=gblinear"),
    "default of one round": (mlr("xgboost", eta="0.1"), "nrounds below 10"),
    "rows that metatune's forests never leave out": (
        mlr("ranger", sample__fraction="0.3"),
        "replace: sample.fraction=0.3",
    ),
    "a handful of trees": (mlr("ranger", num__trees="5"), "num.trees below 30"),
    "extremely randomised trees of ranger": (
        mlr("ranger", splitrule="extratrees"),
        "splitrule=extratrees",
    ),
    "stumps": (mlr("rpart", cp="0.7"), "ccp_alpha outside metatune's range"),
    "sigmoid": (sklearn(OF_SVC, SVC, {"kernel": '"sigmoid"'}), "kernel=sigmoid"),
    "boosted stumps": (
        Setup(
            flow_name="sklearn.ensemble.weight_boosting.AdaBoostClassifier("
            "base_estimator=sklearn.tree.tree.DecisionTreeClassifier)(4)",
            parameters={},
            defaults={},
        ),
        "no counterpart",
    ),
    "a learner that metatune has not": (mlr("gausspr"), "no counterpart"),
}


@pytest.mark.parametrize("case", MAPPED)
def test_a_setup_becomes_the_configuration_worked_out_by_hand(case: str) -> None:
    setup, size, family, values, approximate = MAPPED[case]
    run = read_setup(setup, **size)
    assert isinstance(run, PublishedRun)
    found = map_run(run)
    assert isinstance(found, MappedRun)
    assert found.algorithm == family
    assert found.values.keys() == values.keys()
    for name, value in values.items():
        expected = pytest.approx(value) if isinstance(value, float) else value
        assert found.values[name] == expected, name
    assert found.approximate == approximate
    assert found.source == "openml"


@pytest.mark.parametrize("case", MAPPED)
def test_it_can_be_instantiated_and_fitted(case: str) -> None:
    setup, size, *_ = MAPPED[case]
    run = read_setup(setup, **size)
    assert isinstance(run, PublishedRun)
    mapped = map_run(run)
    assert isinstance(mapped, MappedRun)
    configuration = to_configuration(mapped)
    space_of(mapped.algorithm, mapped.pool).check(configuration)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = (X[:, 0] + 0.1 * rng.normal(size=80) > 0).astype(np.int64)
    context = BuildContext(
        kind=TaskKind.BINARY,
        layout=Layout(names=("a", "b", "c"), n_levels=(0, 0, 0)),
        shape=Shape(n_rows=80, n_columns=3, n_classes=2),
        seed=0,
    )
    pipeline = get_algorithm(configuration.algorithm).build(configuration, context).fit(X, y)
    assert pipeline.predict_proba(X).shape == (80, 2)


@pytest.mark.parametrize("case", UNMAPPED)
def test_what_metatune_could_not_have_made_has_a_reason(case: str) -> None:
    setup, reason = UNMAPPED[case]
    run = read_setup(setup)
    found = run if isinstance(run, UnmappedRun) else map_run(run)
    assert isinstance(found, UnmappedRun)
    assert found.reason == reason


def test_a_value_that_was_cut_off_is_not_guessed() -> None:
    torn = sklearn(OF_FOREST, FOREST, {"max_features": '{"oml-python:serialized_object": "ty'})
    found = read_setup(torn)
    assert isinstance(found, UnmappedRun)
    assert found.reason == "a value was cut off"


def test_a_step_that_changes_the_columns_has_no_counterpart() -> None:
    flow = f"sklearn.pipeline.Pipeline(pca=sklearn.decomposition.pca.PCA,classifier={SVC})"
    found = read_setup(sklearn(flow, SVC, {"C": "1.0"}))
    assert isinstance(found, UnmappedRun)
    assert found.reason == "pipeline step PCA"


@pytest.mark.parametrize(
    ("flow", "learner"),
    [
        ("mlr.classif.ranger(13)", "ranger"),
        ("mlr.classif.rpart.preproc(16)", "rpart"),
        ("mlr.regr.svm", "svm"),
        (OF_FOREST, "RandomForestClassifier"),
        ("sklearn.tree.tree.DecisionTreeClassifier(3)", "DecisionTreeClassifier"),
        (
            "sklearn.pipeline.Pipeline(a=sklearn.compose._column_transformer.ColumnTransformer("
            "num=X,cat=Y),b=sklearn.pipeline.Pipeline(c=sklearn.svm._classes.SVC))(1)",
            "SVC",
        ),
    ],
)
def test_the_learner_of_a_flow(flow: str, learner: str) -> None:
    assert learner_of(flow) == learner


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("TRUE", "r", True),
        ("NA", "r", None),
        ("5", "r", 5),
        ("1e-04", "r", 1e-4),
        ("radial", "r", "radial"),
        ('"rbf"', "python", "rbf"),
        ("null", "python", None),
        ("None", "python", None),
        ("[100, 50]", "python", [100, 50]),
        ("(100, 50)", "python", (100, 50)),
        ("rbf", "python", "rbf"),
        ('{"oml-python:serialized_object": "type", "value": "np.float64"}', "python", "np.float64"),
    ],
)
def test_values_on_the_wire(text: str, language: str, value: object) -> None:
    assert wire_value(text, language=language) == value


def test_glmnet_strength_is_that_of_scikit_learn() -> None:
    """The mean loss plus lambda x penalty is the summed loss x C plus penalty, C = 1 / n lambda."""
    run = read_setup(mlr("glmnet", alpha="0", **{"lambda": "0.5"}), n_rows=200.0)
    assert isinstance(run, PublishedRun)
    mapped = map_run(run)
    assert isinstance(mapped, MappedRun)
    assert math.isclose(float(mapped.values["C"] or 0), 1 / (200 * 0.5))
