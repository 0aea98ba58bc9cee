"""Nearest neighbours, without their search tree: it is made anew of the checked rows."""

import numpy as np

from metatune.models.forms.scikit_learn import estimator
from metatune.models.reading.form import NOTHING, Array, Mapped, OneOf, choice, integer
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import record
from metatune.models.reading.state import State

__all__ = ["CLASSIFIERS", "REGRESSORS"]

_LEAST = integer(1)
_NUMBERS, _CODES = Array(("<f8",), 1), Array(("<i8",), 1)
_METRICS = {1: "manhattan", 2: "euclidean"}


def _check(state: State) -> None:
    rows = state["_fit_X"]
    n_rows, n_columns = rows.shape
    if not np.isfinite(rows).all():
        raise Mismatch("its rows have missing cells")
    if n_columns != state["n_features_in_"] or n_rows != state["n_samples_fit_"]:
        raise Mismatch("its rows are not those that it names")
    if state["_y"].shape != (n_rows,) or state["n_neighbors"] > n_rows:
        raise Mismatch("its targets are not those of its rows")
    if state["effective_metric_"] != _METRICS[state["p"]]:
        raise Mismatch("its distance is another one")
    classes = state.get("classes_")
    if classes is not None and ((state["_y"] < 0) | (state["_y"] >= len(classes))).any():
        raise Mismatch("a row has a class that is not there")


_PARAMS = {
    "algorithm": choice("auto"),
    "leaf_size": integer(1),
    "metric": choice("minkowski"),
    "metric_params": NOTHING,
    "n_jobs": choice(None, 1),
    "n_neighbors": _LEAST,
    "p": choice(1, 2),
    "weights": choice("uniform", "distance"),
}
_FITTED = {
    "_fit_X": Array(("<f8", "<f4"), 2),
    "_fit_method": choice("brute", "kd_tree"),
    "_tree": NOTHING,
    "effective_metric_": choice(*_METRICS.values()),
    "effective_metric_params_": Mapped(),
    "n_features_in_": _LEAST,
    "n_samples_fit_": _LEAST,
    "radius": NOTHING,
}
_CLASSIFIER = estimator(
    "sklearn.neighbors._classification.KNeighborsClassifier",
    _PARAMS,
    {**_FITTED, "_y": _CODES, "classes_": _CODES, "outputs_2d_": choice(False)},
    check=_check,
)
_REGRESSOR = estimator(
    "sklearn.neighbors._regression.KNeighborsRegressor",
    _PARAMS,
    {**_FITTED, "_y": _NUMBERS},
    check=_check,
)


def _check_wrapper(state: State) -> None:
    n_rows = len(state["model_"]["_y"])
    for name in ("row_weights_", "codes_", "values_"):
        if state.get(name) is not None and state[name].shape != (n_rows,):
            raise Mismatch(f"{name} is not one for each row")
    if (state.get("row_weights_") is None) != (
        state.get("codes_") is None and state.get("values_") is None
    ):
        raise Mismatch("its rows have weights without targets, or the other way round")


_OWN_PARAMS = {name: _PARAMS[name] for name in ("n_neighbors", "weights", "p")}
_WEIGHTS = {"row_weights_": OneOf(NOTHING, _NUMBERS)}
CLASSIFIERS = (
    record(
        "metatune.algorithms.learners.neighbours.NeighboursClassifier",
        _OWN_PARAMS,
        {
            **_WEIGHTS,
            "codes_": OneOf(NOTHING, _CODES),
            "model_": _CLASSIFIER.fitted,
            "prior_": _NUMBERS,
        },
        check=_check_wrapper,
    ),
)
REGRESSORS = (
    record(
        "metatune.algorithms.learners.neighbours.NeighboursRegressor",
        _OWN_PARAMS,
        {**_WEIGHTS, "model_": _REGRESSOR.fitted, "values_": OneOf(NOTHING, _NUMBERS)},
        check=_check_wrapper,
    ),
)
