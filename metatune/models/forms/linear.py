"""Linear models, and the sparse columns of categories that some of them learn from."""

from metatune.models.forms.columns import ONE_HOT
from metatune.models.forms.scikit_learn import estimator, maybe
from metatune.models.reading.form import (
    NOTHING,
    NUMBER,
    Array,
    OneOf,
    Scalar,
    choice,
    integer,
)
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import Declared, record
from metatune.models.reading.state import State

__all__ = ["CLASSIFIERS", "LOGISTIC", "REGRESSORS"]

_LEAST = integer(1)
_NUMBERS = Array(("<f8",), 1)
_SEED = maybe(integer(0))
_SOLVERS = choice("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga")


def _check_classes(state: State) -> None:
    n_classes, n_columns = len(state["classes_"]), state["n_features_in_"]
    n_rows = 1 if n_classes == 2 else n_classes
    if state["coef_"].shape != (n_rows, n_columns) or state["intercept_"].shape != (n_rows,):
        raise Mismatch("its coefficients are not those of its columns and classes")


def _check_values(state: State) -> None:
    if state["coef_"].shape != (state["n_features_in_"],):
        raise Mismatch("its coefficients are not those of its columns")


LOGISTIC = estimator(
    "sklearn.linear_model._logistic.LogisticRegression",
    {
        "C": NUMBER,
        "class_weight": choice(None, "balanced"),
        "dual": choice(False),
        "fit_intercept": choice(True),
        "intercept_scaling": NUMBER,
        "l1_ratio": maybe(NUMBER),
        "max_iter": _LEAST,
        "n_jobs": choice(None, 1),
        "penalty": choice("deprecated", "l2", "elasticnet"),
        "random_state": _SEED,
        "solver": choice("lbfgs", "saga"),
        "tol": NUMBER,
        "verbose": choice(0),
        "warm_start": choice(False),
    },
    {
        "classes_": Array(("<i8",), 1),
        "coef_": Array(("<f8",), 2),
        "intercept_": _NUMBERS,
        "n_features_in_": _LEAST,
        "n_iter_": Array(("<i4",), 1),
    },
    check=_check_classes,
)
_RIDGE = estimator(
    "sklearn.linear_model._ridge.Ridge",
    {
        "alpha": NUMBER,
        "copy_X": choice(True),
        "fit_intercept": choice(True),
        "max_iter": NOTHING,
        "positive": choice(False),
        "random_state": _SEED,
        "solver": choice("auto"),
        "tol": NUMBER,
    },
    {
        "coef_": _NUMBERS,
        "intercept_": OneOf(NUMBER, Scalar("float64")),
        "n_features_in_": _LEAST,
        "n_iter_": OneOf(NOTHING, Array(("<i4", "<i8"), 1)),
        "solver_": _SOLVERS,
    },
    check=_check_values,
)
_ELASTIC_NET = estimator(
    "sklearn.linear_model._coordinate_descent.ElasticNet",
    {
        "alpha": NUMBER,
        "copy_X": choice(True),
        "fit_intercept": choice(True),
        "l1_ratio": NUMBER,
        "max_iter": _LEAST,
        "positive": choice(False),
        "precompute": choice(False),
        "random_state": _SEED,
        "selection": choice("cyclic"),
        "tol": NUMBER,
        "warm_start": choice(False),
    },
    {
        "coef_": _NUMBERS,
        "dual_gap_": OneOf(NUMBER, Scalar("float64")),
        "intercept_": OneOf(NUMBER, Scalar("float64")),
        "n_features_in_": _LEAST,
        "n_iter_": integer(0),
    },
    check=_check_values,
)


def _check_wide(state: State) -> None:
    if state["encoder_"]["n_features_in_"] != state["n_codes"]:
        raise Mismatch("its encoder has other columns")
    if state["estimator_"]["n_features_in_"] < sum(state["encoder_"]["_n_features_outs"]):
        raise Mismatch("its learner has fewer columns than its encoder makes")


def _wide(*models: Declared) -> Declared:
    return record(
        "metatune.algorithms.learners.wide.OneHotLearner",
        {
            "estimator": OneOf(*(model.template for model in models)),
            "max_columns": integer(0),
            "n_codes": _LEAST,
        },
        {
            "encoder_": ONE_HOT.fitted,
            "estimator_": OneOf(*(model.fitted for model in models)),
        },
        check=_check_wide,
    )


CLASSIFIERS = (LOGISTIC, _wide(LOGISTIC))
REGRESSORS = (_RIDGE, _ELASTIC_NET, _wide(_RIDGE, _ELASTIC_NET))
