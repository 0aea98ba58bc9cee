"""Support vector machines: libsvm takes every size in them as given."""

from metatune.models.forms.scikit_learn import estimator
from metatune.models.reading.form import NOTHING, NUMBER, Array, OneOf, Together, choice, integer
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import record
from metatune.models.reading.state import State

__all__ = ["CLASSIFIERS", "REGRESSORS"]

_LEAST = integer(1)
_NUMBERS, _TABLE, _INTEGERS = Array(("<f8",), 1), Array(("<f8",), 2), Array(("<i4",), 1)
_PARAMS = {
    "C": NUMBER,
    "cache_size": NUMBER,
    "class_weight": choice(None, "balanced"),
    "coef0": NUMBER,
    "degree": integer(0, 100),
    "epsilon": NUMBER,
    "gamma": OneOf(choice("scale"), NUMBER),
    "kernel": choice("rbf"),
    "max_iter": integer(-1),
    "nu": NUMBER,
    "probability": choice(False, "deprecated"),
    "random_state": NOTHING,
    "shrinking": choice(True),
    "tol": NUMBER,
    "verbose": choice(False),
}
_FITTED = {
    "_dual_coef_": _TABLE,
    "_gamma": NUMBER,
    "_intercept_": _NUMBERS,
    "_n_support": _INTEGERS,
    "_num_iter": _INTEGERS,
    "_probA": _NUMBERS,
    "_probB": _NUMBERS,
    "_sparse": choice(False),
    "dual_coef_": _TABLE,
    "fit_status_": integer(0, 1),
    "intercept_": _NUMBERS,
    "n_features_in_": _LEAST,
    "n_iter_": OneOf(integer(0), _INTEGERS),
    "shape_fit_": Together((_LEAST, _LEAST)),
    "support_": _INTEGERS,
    "support_vectors_": _TABLE,
}
_LOOSE = {"_effective_probability": choice(False), "class_weight_": _NUMBERS}


def _check_sizes(state: State, n_groups: int, counts: int) -> None:
    """Check the sizes of a machine that tells so many groups of rows apart."""
    n_vectors, n_columns = state["support_vectors_"].shape
    n_pairs = n_groups * (n_groups - 1) // 2
    if n_columns != state["n_features_in_"] or state["shape_fit_"][1] != n_columns:
        raise Mismatch("its support vectors have other columns")
    if n_vectors < 1 or state["support_"].shape != (n_vectors,):
        raise Mismatch("its support vectors have other rows")
    if (
        state["_n_support"].shape != (n_groups,)
        or (state["_n_support"] < 0).any()
        or counts != n_vectors
    ):
        raise Mismatch("its numbers of support vectors do not sum up")
    for name in ("_dual_coef_", "dual_coef_"):
        if state[name].shape != (n_groups - 1, n_vectors):
            raise Mismatch("its coefficients are not those of its support vectors")
    for name in ("_intercept_", "intercept_"):
        if state[name].shape != (n_pairs,):
            raise Mismatch("its intercepts are not one for each pair of classes")
    if state["_probA"].size or state["_probB"].size:
        raise Mismatch("it has probabilities of its own")


def _check_classifier(state: State) -> None:
    n_classes = len(state["classes_"])
    if n_classes < 2 or state["class_weight_"].shape != (n_classes,):
        raise Mismatch("its classes have other weights")
    _check_sizes(state, n_classes, int(state["_n_support"].sum(dtype="int64")))


def _check_regressor(state: State) -> None:
    _check_sizes(state, 2, int(state["_n_support"].max(initial=0)))


_SVC = estimator(
    "sklearn.svm._classes.SVC",
    {**_PARAMS, "break_ties": choice(False), "decision_function_shape": choice("ovo", "ovr")},
    {**_FITTED, "class_weight_": _NUMBERS, "classes_": Array(("<i8",), 1)},
    _LOOSE,
    _check_classifier,
)
_SVR = estimator("sklearn.svm._classes.SVR", _PARAMS, _FITTED, _LOOSE, _check_regressor)
CLASSIFIERS, REGRESSORS = (
    (
        record(
            "metatune.algorithms.learners.kernel.ScaledKernel",
            {"estimator": machine.template, "width": NUMBER},
            {"estimator_": machine.fitted},
        ),
    )
    for machine in (_SVC, _SVR)
)
