"""Estimators of other libraries that belong to a family of metatune, and their hyperparameters.

Past datasets know configurations of metatune's families. What differs in the libraries' own
estimators is translated: names, scales that depend on the data, and the number of boosting rounds,
which metatune chooses by early stopping.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from metatune.algorithms.narrowed_space import narrow
from metatune.algorithms.recipe import share_of_columns
from metatune.algorithms.registry import FAMILIES
from metatune.kinds import TaskKind
from metatune.space import SearchSpace, Value

__all__ = ["Facts", "Known", "known_as"]

_NOT_PRUNED = 1e-7  # up to here `ccp_alpha` means none
_MOST_ROUNDS = 10  # times those of the estimator, however small the learning rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts about the data as an estimator gets them.

    Attributes
    ----------
    kind : TaskKind
    n_rows : int
        Training rows of a fold.
    n_columns : int
    variance : float
        Of all cells together; 1 where it is not known.
    """

    kind: TaskKind
    n_rows: int
    n_columns: int
    variance: float = 1.0


Params = Mapping[str, Any]
Translate = Callable[[Params, Any, Facts], dict[str, Any]]
"""Parameters of an estimator: of a configuration, the estimator as it is, and the data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Estimator that belongs to a family of metatune.

    Attributes
    ----------
    family : str
        Name of the family.
    searched : tuple of str
        Hyperparameters of the family that the estimator has, in some way.
    translate : callable
        Returns the estimator's parameters.
    fixed : Mapping of str to Value
        Values of the family's hyperparameters that the estimator's class stands for.
    scaled : tuple of str
        Hyperparameters that the estimator calls the same and measures otherwise.
    """

    family: str
    searched: tuple[str, ...]
    translate: Translate
    fixed: Mapping[str, Value] = field(default_factory=dict)
    scaled: tuple[str, ...] = ()

    def space(self, kind: TaskKind, estimator: Any) -> SearchSpace:
        """Return the family's space, with everything fixed that the estimator does not have.

        Its defaults are the values of the estimator, where both call them the same.
        """
        usual = FAMILIES[self.family].space(kind)
        searched = [name for name in self._searched(estimator) if name in usual.domains]
        changes: dict[str, Any] = {
            name: usual.defaults[name] for name in usual.domains if name not in searched
        }
        changes |= {name: value for name, value in self.fixed.items() if name in usual.domains}
        own = estimator.get_params()
        for name in searched:
            if name in own and name not in self.scaled:
                default = usual.domains[name].nearest(own[name], usual.defaults[name])
                changes[name] = {"default": default}
        return narrow(usual, changes, "space")

    def _searched(self, estimator: Any) -> tuple[str, ...]:
        """Return what is searched: no penalty that the solver lacks, no width without a kernel."""
        gone = set()
        if self.family == "linear" and getattr(estimator, "solver", "saga") != "saga":
            gone |= {"penalty", "l1_ratio"}
        if self.family == "svm" and getattr(estimator, "kernel", "linear") != "rbf":
            gone.add("gamma")
        return tuple(name for name in self.searched if name not in gone)


def known_as(estimator: Any) -> Known | None:
    """Return what metatune knows an estimator as; None if it does not."""
    for base in type(estimator).__mro__:
        if base.__module__.partition(".")[0] in _LIBRARIES:
            return _KNOWN.get(base.__name__)  # a class of the user's is what it inherits from
    return None


_LIBRARIES = ("sklearn", "lightgbm", "xgboost", "catboost")


def _plain(*names: str) -> Translate:
    """Translate hyperparameters that are called the same."""

    def translate(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:  # noqa: ARG001
        return {name: values[name] for name in names if name in values}

    return translate


def _weights(values: Params) -> dict[str, Any]:
    if "class_weight" not in values:
        return {}
    return {"class_weight": None if values["class_weight"] == "none" else values["class_weight"]}


def _rounds(values: Params, estimator: Any, name: str, usual_rate: float, most: int) -> int:
    """Return as many rounds as a learning rate needs, in proportion to the estimator's own."""
    own = estimator.get_params().get(name) or most
    share = usual_rate / float(values["learning_rate"])
    return max(1, round(own * min(float(_MOST_ROUNDS), share)))


def _lightgbm(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:
    same = _plain(*_LIGHTGBM, "subsample")(values, estimator, facts)
    return {
        **same,
        **_weights(values),
        "subsample_freq": 1 if values["subsample"] < 1.0 else 0,
        "n_estimators": _rounds(values, estimator, "n_estimators", 0.1, 100),
    }


def _histogram(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:
    weights = _weights(values) if facts.kind.is_classification else {}
    return {
        "learning_rate": values["learning_rate"],
        "max_leaf_nodes": values["num_leaves"],
        "min_samples_leaf": values["min_child_samples"],
        "max_features": values["colsample_bytree"],
        "l2_regularization": values["reg_lambda"],
        **weights,
        "max_iter": _rounds(values, estimator, "max_iter", 0.1, 100),
    }


def _xgboost(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:
    same = _plain(*_XGBOOST)(values, estimator, facts)
    return {**same, "n_estimators": _rounds(values, estimator, "n_estimators", 0.3, 100)}


def _catboost(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:
    same = _plain(*_CATBOOST)(values, estimator, facts)
    rounds = _rounds(values, estimator, "iterations", 0.06, 500)
    return {**same, "bootstrap_type": "Bayesian", "iterations": rounds}


def _forest(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:
    names = ("criterion", "min_samples_leaf", "min_samples_split", "bootstrap")
    share = share_of_columns(float(values["max_features"]), facts.n_columns)
    same = _plain(*names)(values, estimator, facts)
    return {**same, **_weights(values), "max_features": share}


def _tree(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:
    same = _plain("criterion", "max_depth", "min_samples_leaf")(values, estimator, facts)
    pruned = values["ccp_alpha"] if values["ccp_alpha"] > _NOT_PRUNED else 0.0
    return {**same, **_weights(values), "ccp_alpha": pruned}


def _logistic(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:  # noqa: ARG001
    ratio = values["l1_ratio"] if values["penalty"] == "elastic_net" else 0.0
    penalised = {"l1_ratio": ratio} if getattr(estimator, "solver", "") == "saga" else {}
    return {"C": values["C"], **penalised, **_weights(values)}


def _ridge_classifier(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:  # noqa: ARG001
    return {"alpha": 1.0 / float(values["C"]), **_weights(values)}


def _per_row(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:
    # The penalty of ridge is summed over rows, that of the elastic net is a mean.
    ratio = {"l1_ratio": values["l1_ratio"]} if "l1_ratio" in estimator.get_params() else {}
    return {"alpha": float(values["alpha"]) / max(1, facts.n_rows), **ratio}


def _machine(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:
    same = _plain("C", "epsilon")(values, estimator, facts)
    weights = _weights(values) if facts.kind.is_classification else {}
    if getattr(estimator, "kernel", "linear") != "rbf":
        return {**same, **weights}
    spread = max(1, facts.n_columns) * (facts.variance if facts.variance > 0 else 1.0)
    return {**same, **weights, "gamma": float(values["gamma"]) / spread}


def _neighbours(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:
    same = _plain("weights", "p")(values, estimator, facts)
    return {**same, "n_neighbors": min(int(values["n_neighbors"]), max(1, facts.n_rows))}


def _network(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:
    same = _plain("activation", "alpha", "batch_size")(values, estimator, facts)
    return {
        **same,
        "hidden_layer_sizes": (int(values["hidden"]),) * int(values["layers"]),
        "learning_rate_init": values["learning_rate"],
    }


def _linear_discriminant(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:  # noqa: ARG001
    if not values["shrinkage"]:
        return {"solver": estimator.solver, "shrinkage": None}
    solver = estimator.solver if estimator.solver != "svd" else "lsqr"
    return {"solver": solver, "shrinkage": values["shrinkage"]}


def _quadratic_discriminant(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:  # noqa: ARG001
    return {"reg_param": values["shrinkage"]}


def _process(values: Params, estimator: Any, facts: Facts) -> dict[str, Any]:  # noqa: ARG001
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Matern

    scales = [1.0] * facts.n_columns if values["ard"] else 1.0
    smooth = {"rbf": None, "matern32": 1.5, "matern52": 2.5}[str(values["kernel"])]
    shape = RBF(scales) if smooth is None else Matern(scales, nu=smooth)
    kernel = ConstantKernel() * shape
    return {
        "kernel": kernel + DotProduct() if values["linear"] else kernel,
        "alpha": values["noise"],
        "normalize_y": True,
    }


_LIGHTGBM = (
    *("learning_rate", "num_leaves", "min_child_samples", "colsample_bytree"),
    *("reg_alpha", "reg_lambda", "max_bin", "extra_trees"),
)
_XGBOOST = (
    *("learning_rate", "max_depth", "min_child_weight", "subsample", "colsample_bytree"),
    *("reg_alpha", "reg_lambda", "gamma"),
)
_CATBOOST = (
    *("learning_rate", "depth", "l2_leaf_reg", "random_strength", "rsm", "bagging_temperature"),
)

_TREES = Known(
    family="lightgbm",
    searched=(*_LIGHTGBM, "subsample", "class_weight"),
    translate=_lightgbm,
)
_HISTOGRAM = Known(
    family="lightgbm",
    searched=(
        *("learning_rate", "num_leaves", "min_child_samples", "colsample_bytree", "reg_lambda"),
        "class_weight",
    ),
    translate=_histogram,
)
_FOREST_NAMES = (
    *("criterion", "max_features", "min_samples_leaf", "min_samples_split", "bootstrap"),
    "class_weight",
)
_RANDOM_FOREST, _EXTRA_TREES = (
    Known(family=name, searched=_FOREST_NAMES, translate=_forest, scaled=("max_features",))
    for name in ("random_forest", "extra_trees")
)
_TREE = Known(
    family="decision_tree",
    searched=("criterion", "max_depth", "min_samples_leaf", "ccp_alpha", "class_weight"),
    translate=_tree,
)
_MACHINE = Known(
    family="svm",
    searched=("C", "gamma", "epsilon", "class_weight"),
    translate=_machine,
    scaled=("gamma",),
)
_NEIGHBOURS = Known(family="knn", searched=("n_neighbors", "weights", "p"), translate=_neighbours)
_NETWORK = Known(
    family="mlp",
    searched=("hidden", "layers", "activation", "alpha", "learning_rate", "batch_size"),
    translate=_network,
)

_KNOWN: dict[str, Known] = {
    "LGBMClassifier": _TREES,
    "LGBMRegressor": _TREES,
    "HistGradientBoostingClassifier": _HISTOGRAM,
    "HistGradientBoostingRegressor": _HISTOGRAM,
    "XGBClassifier": Known(family="xgboost", searched=_XGBOOST, translate=_xgboost),
    "XGBRegressor": Known(family="xgboost", searched=_XGBOOST, translate=_xgboost),
    "CatBoostClassifier": Known(family="catboost", searched=_CATBOOST, translate=_catboost),
    "CatBoostRegressor": Known(family="catboost", searched=_CATBOOST, translate=_catboost),
    "RandomForestClassifier": _RANDOM_FOREST,
    "RandomForestRegressor": _RANDOM_FOREST,
    "ExtraTreesClassifier": _EXTRA_TREES,
    "ExtraTreesRegressor": _EXTRA_TREES,
    "DecisionTreeClassifier": _TREE,
    "DecisionTreeRegressor": _TREE,
    "LogisticRegression": Known(
        family="linear",
        searched=("penalty", "C", "l1_ratio", "class_weight"),
        translate=_logistic,
    ),
    "RidgeClassifier": Known(
        family="linear",
        searched=("C", "class_weight"),
        translate=_ridge_classifier,
        fixed={"penalty": "l2"},
    ),
    "Ridge": Known(
        family="linear",
        searched=("alpha",),
        translate=_plain("alpha"),
        fixed={"penalty": "l2"},
    ),
    "ElasticNet": Known(
        family="linear",
        searched=("alpha", "l1_ratio"),
        translate=_per_row,
        scaled=("alpha",),
        fixed={"penalty": "elastic_net"},
    ),
    "Lasso": Known(
        family="linear",
        searched=("alpha",),
        translate=_per_row,
        scaled=("alpha",),
        fixed={"penalty": "elastic_net", "l1_ratio": 1.0},
    ),
    "SVC": _MACHINE,
    "SVR": _MACHINE,
    "LinearSVC": _MACHINE,
    "KNeighborsClassifier": _NEIGHBOURS,
    "KNeighborsRegressor": _NEIGHBOURS,
    "MLPClassifier": _NETWORK,
    "MLPRegressor": _NETWORK,
    "GaussianNB": Known(
        family="naive_bayes",
        searched=("var_smoothing",),
        translate=_plain("var_smoothing"),
    ),
    "LinearDiscriminantAnalysis": Known(
        family="discriminant",
        searched=("shrinkage",),
        translate=_linear_discriminant,
        fixed={"method": "linear"},
    ),
    "QuadraticDiscriminantAnalysis": Known(
        family="discriminant",
        searched=("shrinkage",),
        translate=_quadratic_discriminant,
        fixed={"method": "quadratic"},
    ),
    "GaussianProcessRegressor": Known(
        family="gaussian_process",
        searched=("kernel", "ard", "linear", "noise"),
        translate=_process,
    ),
}
"""Estimators by the names of their classes."""
