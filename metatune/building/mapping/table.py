"""Table of rules: metatune's counterparts of published algorithms and hyperparameters.

What has no rule here has no counterpart in metatune (AdaBoost, linear support vector machines,
kernel ridge, passive-aggressive and stochastic-gradient classifiers, automatic relevance
determination, Bernoulli naive Bayes, projections). Published hyperparameters that a rule does not
name either do not change the model much (solvers, tolerances, shrinking, caches) or are part of
metatune's recipe (the number of trees, of rounds, early stopping).
"""

from dataclasses import dataclass
from typing import Any

from metatune.building.mapping.conversions import (
    Convert,
    above,
    at_least,
    bootstrap_of_ranger,
    column_power,
    column_share,
    depth_to_leaves,
    for_standard_target,
    kernel_width,
    leaf_rows,
    mtry_power,
    one_of,
    own_rate,
    penalty_of_glmnet,
    pruning_of_rpart,
    ratio_of_glmnet,
    ridge_strength,
    rows,
    same,
    some_column,
    strength_of_glmnet,
)
from metatune.building.mapping.dialects import POWER
from metatune.space import Value

__all__ = ["RULES", "Parameter", "Rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Rule of one hyperparameter: published name, metatune's name, and conversion of values."""

    theirs: str
    ours: str
    convert: Convert = same
    approximate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Rule for mapping runs of one published algorithm.

    Attributes
    ----------
    family : str
        metatune's algorithm.
    parameters : tuple of Parameter
        Later ones win where two give the same hyperparameter.
    requires : dict of str to tuple
        Published hyperparameters and the values that metatune can follow; a run with another
        value is not mapped. Absent ones are taken to be right.
    least : dict of str to float
        Published numbers below which a run is not comparable.
    implied : dict of str to Value
        metatune's hyperparameters implied by the algorithm's name.
    rough : tuple of str
        Those of `implied` that correspond only roughly.
    stands_in : bool
        Whether metatune's family is not the same learner but its nearest relative: then all
        values correspond only roughly.
    """

    family: str
    parameters: tuple[Parameter, ...] = ()
    requires: dict[str, tuple[Any, ...]]
    least: dict[str, float]
    implied: dict[str, Value]
    rough: tuple[str, ...]
    stands_in: bool


def _rule(
    family: str,
    *parameters: Parameter,
    requires: dict[str, tuple[Any, ...]] | None = None,
    least: dict[str, float] | None = None,
    implied: dict[str, Value] | None = None,
    rough: tuple[str, ...] = (),
    stands_in: bool = False,
) -> Rule:
    return Rule(
        family=family,
        parameters=parameters,
        requires=requires or {},
        least=least or {},
        implied=implied or {},
        rough=rough,
        stands_in=stands_in,
    )


def _same(*names: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(theirs=name, ours=name) for name in names)


_WEIGHTS = Parameter(
    theirs="class_weight",
    ours="class_weight",
    convert=one_of({None: "none", "none": "none", "balanced": "balanced"}),
)
# min-max scaling, unit rows and no scaling at all are no options of metatune's: left out
_SCALING = Parameter(
    theirs="rescaling",
    ours="scaling",
    convert=one_of(
        {
            "standardize": "standard",
            "robust_scaler": "robust",
            "quantile_transformer": "quantile",
        },
        otherwise_silent=True,
    ),
    approximate=True,
)
_IMPUTATION = Parameter(
    theirs="imputer_strategy",
    ours="imputation",
    convert=one_of({"mean": "mean", "median": "median"}, otherwise_silent=True),
)
_ENTROPY: dict[Any, Value] = {"gini": "gini", "entropy": "entropy", "log_loss": "entropy"}
_CRITERION = Parameter(theirs="criterion", ours="criterion", convert=one_of(_ENTROPY))
_SQUARED_ERROR = {"criterion": ("mse", "squared_error", "friedman_mse")}
_LEAF = (
    Parameter(theirs="min_samples_leaf", ours="min_samples_leaf", convert=rows()),
    Parameter(
        theirs="min_weight_fraction_leaf",
        ours="min_samples_leaf",
        convert=leaf_rows,
        approximate=True,
    ),
)
_FOREST = (
    *_same("bootstrap"),
    *_LEAF,
    Parameter(theirs="min_samples_split", ours="min_samples_split", convert=rows(2)),
    Parameter(theirs="max_features", ours="max_features", convert=column_power, approximate=True),
    Parameter(theirs=POWER, ours="max_features"),
)
# A forest of fewer trees prefers other trees than the ones metatune grows.
_FULL_FOREST: dict[str, Any] = {
    "requires": {"max_depth": (None,), "max_leaf_nodes": (None,)},
    "least": {"n_estimators": 30},
}
_PENALTIES = Parameter(
    theirs="penalty",
    ours="penalty",
    convert=one_of({"l2": "l2", "l1": "elastic_net", "elasticnet": "elastic_net"}),
)
_RATIO = Parameter(
    theirs="penalty",
    ours="l1_ratio",
    convert=one_of({"l1": 1.0}, otherwise_silent=True),
)
_KERNEL = (
    *_same("C"),
    Parameter(theirs="gamma", ours="gamma", convert=kernel_width, approximate=True),
    _SCALING,
)
_NEIGHBOURS = (*_same("n_neighbors", "weights", "p"), _SCALING)
_NETWORK = (
    *_same("activation"),
    Parameter(theirs="alpha", ours="alpha", convert=at_least(1e-6)),
    Parameter(theirs="learning_rate_init", ours="learning_rate"),
    Parameter(theirs="num_nodes_per_layer", ours="hidden"),
    Parameter(theirs="hidden_layer_depth", ours="layers"),
    _SCALING,
    _IMPUTATION,
)
_NETWORK_RULE = _rule(
    "mlp",
    *_NETWORK,
    requires={"solver": ("adam",), "activation": ("relu", "tanh")},
)
_RATE = Parameter(theirs="learning_rate", ours="learning_rate", convert=own_rate)
_GRADIENT_BOOSTING = (
    _RATE,
    Parameter(theirs="max_depth", ours="num_leaves", convert=depth_to_leaves, approximate=True),
    Parameter(
        theirs="max_features", ours="colsample_bytree", convert=column_share, approximate=True
    ),
    Parameter(
        theirs="min_samples_leaf", ours="min_child_samples", convert=rows(), approximate=True
    ),
    Parameter(
        theirs="min_weight_fraction_leaf",
        ours="min_child_samples",
        convert=leaf_rows,
        approximate=True,
    ),
    Parameter(theirs="subsample", ours="subsample", approximate=True),
)
_HISTOGRAMS = (
    *_same("learning_rate"),
    Parameter(theirs="max_leaf_nodes", ours="num_leaves"),
    Parameter(theirs="min_samples_leaf", ours="min_child_samples"),
    Parameter(theirs="l2_regularization", ours="reg_lambda", convert=at_least(1e-8)),
)
_XGBOOST = (
    _RATE,
    Parameter(theirs="max_depth", ours="num_leaves", convert=depth_to_leaves, approximate=True),
    Parameter(theirs="subsample", ours="subsample"),
    Parameter(theirs="colsample_bytree", ours="colsample_bytree"),
    Parameter(theirs="reg_alpha", ours="reg_alpha", convert=at_least(1e-8)),
    Parameter(theirs="reg_lambda", ours="reg_lambda", convert=at_least(1e-8)),
)
_LIGHTGBM = (
    *_same(
        "learning_rate",
        "num_leaves",
        "colsample_bytree",
        "min_child_samples",
        "subsample",
        "extra_trees",
    ),
    Parameter(theirs="feature_fraction", ours="colsample_bytree"),
    Parameter(theirs="min_data_in_leaf", ours="min_child_samples"),
    Parameter(theirs="bagging_fraction", ours="subsample"),
    Parameter(theirs="reg_alpha", ours="reg_alpha", convert=at_least(1e-8)),
    Parameter(theirs="lambda_l1", ours="reg_alpha", convert=at_least(1e-8)),
    Parameter(theirs="reg_lambda", ours="reg_lambda", convert=at_least(1e-8)),
    Parameter(theirs="lambda_l2", ours="reg_lambda", convert=at_least(1e-8)),
)
_USUAL_LOSSES = {"loss": ("deviance", "log_loss", "ls", "squared_error")}

_RANGER = (
    Parameter(theirs="mtry", ours="max_features", convert=mtry_power),
    Parameter(theirs="min.node.size", ours="min_samples_split", convert=above),
    Parameter(theirs="replace", ours="bootstrap", convert=bootstrap_of_ranger, approximate=True),
    Parameter(
        theirs="respect.unordered.factors",
        ours="encoding",
        convert=one_of(
            {False: "ordinal", "ignore": "ordinal", True: "target", "order": "target"},
            otherwise_silent=True,
        ),
        approximate=True,
    ),
)
# mlr's learners (R), their parameters as the R packages name them; see metatune.building.mapping.
# setups for what their absence means. ranger's newer flows may grow extremely randomised trees;
# those of the published bots do not.
_MLR: dict[str, Rule] = {
    "ranger": _rule(
        "random_forest",
        *_RANGER,
        requires={"splitrule": ("gini", "variance")},
        least={"num.trees": 30},
        implied={"min_samples_leaf": 1},
    ),
    "svm": _rule(
        "svm",
        Parameter(theirs="cost", ours="C"),
        Parameter(theirs="gamma", ours="gamma", convert=kernel_width, approximate=True),
        requires={"kernel": ("radial",)},
        implied={"scaling": "standard", "encoding": "one_hot"},
    ),
    "glmnet": _rule(
        "linear",
        Parameter(theirs="alpha", ours="penalty", convert=penalty_of_glmnet),
        Parameter(theirs="alpha", ours="l1_ratio", convert=ratio_of_glmnet),
        Parameter(theirs="lambda", ours="C", convert=strength_of_glmnet),
        implied={"scaling": "standard"},
    ),
    "kknn": _rule(
        "knn",
        Parameter(theirs="k", ours="n_neighbors"),
        implied={"weights": "distance", "p": 2, "scaling": "standard"},
        # its kernel weighs neighbours by rank and distance
        rough=("weights",),
    ),
    "rpart": _rule(
        "decision_tree",
        Parameter(theirs="maxdepth", ours="max_depth"),
        # minsplit, which metatune has not, limits leaves as well
        Parameter(theirs="minbucket", ours="min_samples_leaf", approximate=True),
        # rpart prunes by the share of the root's error; the impurity of a balanced root is 1/2
        Parameter(theirs="cp", ours="ccp_alpha", convert=pruning_of_rpart, approximate=True),
    ),
    "xgboost": _rule(
        "lightgbm",
        Parameter(theirs="eta", ours="learning_rate", convert=own_rate),
        Parameter(theirs="max_depth", ours="num_leaves", convert=depth_to_leaves, approximate=True),
        Parameter(theirs="subsample", ours="subsample"),
        Parameter(theirs="colsample_bytree", ours="colsample_bytree", convert=some_column),
        Parameter(theirs="lambda", ours="reg_lambda", convert=at_least(1e-8)),
        Parameter(theirs="alpha", ours="reg_alpha", convert=at_least(1e-8)),
        requires={"booster": ("gbtree",)},
        least={"nrounds": 10},
        stands_in=True,
    ),
}

RULES: dict[str, Rule] = {
    "RandomForestClassifier": _rule(
        "random_forest", *_FOREST, _CRITERION, _WEIGHTS, **_FULL_FOREST
    ),
    "ExtraTreesClassifier": _rule("extra_trees", *_FOREST, _CRITERION, _WEIGHTS, **_FULL_FOREST),
    "RandomForestRegressor": _rule(
        "random_forest",
        *_FOREST,
        requires=_FULL_FOREST["requires"] | _SQUARED_ERROR,
        least=_FULL_FOREST["least"],
    ),
    "ExtraTreesRegressor": _rule(
        "extra_trees",
        *_FOREST,
        requires=_FULL_FOREST["requires"] | _SQUARED_ERROR,
        least=_FULL_FOREST["least"],
    ),
    "DecisionTreeClassifier": _rule(
        "decision_tree", *_LEAF, _CRITERION, _WEIGHTS, requires={"max_features": (None, 1.0)}
    ),
    "DecisionTreeRegressor": _rule(
        "decision_tree", *_LEAF, requires={"max_features": (None, 1.0)} | _SQUARED_ERROR
    ),
    "LogisticRegression": _rule(
        "linear",
        *_same("C"),
        _PENALTIES,
        _RATIO,
        _SCALING,
        _IMPUTATION,
        _WEIGHTS,
        requires={"fit_intercept": (True,)},
    ),
    # The same model, trained by stochastic steps.
    "SGDRegressor": _rule(
        "linear",
        _PENALTIES,
        _RATIO,
        *_same("l1_ratio"),
        Parameter(theirs="alpha", ours="alpha", convert=ridge_strength, approximate=True),
        requires={"loss": ("squared_loss", "squared_error")},
        stands_in=True,
    ),
    "SVC": _rule("svm", *_KERNEL, _WEIGHTS, requires={"kernel": ("rbf",)}),
    "SVR": _rule(
        "svm",
        Parameter(theirs="C", ours="C", convert=for_standard_target),
        Parameter(theirs="epsilon", ours="epsilon", convert=for_standard_target),
        Parameter(theirs="gamma", ours="gamma", convert=kernel_width, approximate=True),
        _SCALING,
        requires={"kernel": ("rbf",)},
    ),
    "KNeighborsClassifier": _rule("knn", *_NEIGHBOURS),
    "KNeighborsRegressor": _rule("knn", *_NEIGHBOURS),
    "MLPClassifier": _NETWORK_RULE,
    "MLPRegressor": _NETWORK_RULE,
    "LinearDiscriminantAnalysis": _rule(
        "discriminant",
        Parameter(theirs="shrinkage_factor", ours="shrinkage"),
        _SCALING,
        implied={"method": "linear"},
    ),
    "QuadraticDiscriminantAnalysis": _rule(
        "discriminant",
        Parameter(theirs="reg_param", ours="shrinkage", approximate=True),
        _SCALING,
        implied={"method": "quadratic"},
    ),
    "GaussianNB": _rule("naive_bayes", *_same("var_smoothing"), _SCALING),
    "GaussianProcessRegressor": _rule("gaussian_process", _SCALING),
    "GradientBoostingClassifier": _rule(
        "lightgbm", *_GRADIENT_BOOSTING, _WEIGHTS, requires=_USUAL_LOSSES, stands_in=True
    ),
    "GradientBoostingRegressor": _rule(
        "lightgbm", *_GRADIENT_BOOSTING, requires=_USUAL_LOSSES, stands_in=True
    ),
    "HistGradientBoostingClassifier": _rule("lightgbm", *_HISTOGRAMS, _WEIGHTS, stands_in=True),
    "HistGradientBoostingRegressor": _rule("lightgbm", *_HISTOGRAMS, stands_in=True),
    "XGBClassifier": _rule("lightgbm", *_XGBOOST, _WEIGHTS, stands_in=True),
    # The Hessian of the squared error is 1, so the weight of a leaf is its number of rows.
    "XGBRegressor": _rule(
        "lightgbm",
        *_XGBOOST,
        Parameter(theirs="min_child_weight", ours="min_child_samples", convert=rows()),
        stands_in=True,
    ),
    **_MLR,
    "LGBMClassifier": _rule("lightgbm", *_LIGHTGBM, _WEIGHTS),
    "LGBMRegressor": _rule("lightgbm", *_LIGHTGBM),
}
"""Rules by name of the published algorithm."""
