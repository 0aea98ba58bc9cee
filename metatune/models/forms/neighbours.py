"""Nearest neighbours: search trees are made anew of the checked rows."""

from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.models.forms.scikit_learn import estimator
from metatune.models.reading.form import (
    NOTHING,
    NUMBER,
    Array,
    Form,
    Mapped,
    OneOf,
    Together,
    choice,
    integer,
)
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import record
from metatune.models.reading.state import State, maker

if TYPE_CHECKING:
    from metatune.models.reading.archive import Archive

__all__ = ["CLASSIFIERS", "REGRESSORS"]

_LEAST = integer(1)
_NUMBERS, _CODES = Array(("<f8",), 1), Array(("<i8",), 1)
_METRICS = {1: "manhattan", 2: "euclidean"}


class _SearchTree(Form):
    """Form of a search tree, which is not read: it follows from the rows."""

    def takes(self, node: dict[str, Any]) -> bool:
        return (
            node.get("__loader__") == "ObjectNode"
            and node.get("__class__") == "KDTree"
            and node.get("__module__") == "sklearn.neighbors._kd_tree"
        )

    def read(self, node: Any, archive: "Archive") -> Any:
        if not isinstance(node, dict) or not self.takes(node):
            raise Mismatch("it is not a search tree")
        _TREE.read(node.get("content"), archive)
        return None


class _Metric(Form):
    """Form of one of the two distances."""

    def takes(self, node: dict[str, Any]) -> bool:
        return (
            node.get("__class__") in ("EuclideanDistance64", "ManhattanDistance64")
            and node.get("__module__") == "sklearn.metrics._dist_metrics"
            and node.get("__loader__") == "ObjectNode"
        )

    def read(self, node: Any, archive: "Archive") -> Any:
        if not isinstance(node, dict) or not self.takes(node):
            raise Mismatch("it is not a distance")
        content = Together((NUMBER, _NUMBERS, Array(("<f8",), 2)))
        return content.read(node.get("content"), archive)


class _TreeNodes(Form):
    """Form of the nodes of a search tree."""

    def takes(self, node: dict[str, Any]) -> bool:
        return Array((), 1).takes(node)

    def read(self, node: Any, archive: "Archive") -> Any:
        return archive.array(node.get("file"))


_COUNT = integer(0)
_TREE = Together(
    (
        Array(("<f8",), 2),
        _CODES,
        OneOf(_TreeNodes()),
        Array(("<f8",), 3),
        *([_COUNT] * 7),
        _Metric(),
        NOTHING,
    )
)


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


def _makes(name: str) -> Any:
    """Return a maker of neighbours that makes their search tree as scikit-learn does."""
    plain = maker("sklearn.neighbors._classification", name)
    if name.endswith("Regressor"):
        plain = maker("sklearn.neighbors._regression", name)

    def make(values: dict[str, Any]) -> Any:
        from sklearn.neighbors import KDTree

        made = plain(values)
        made._tree = None
        if made._fit_method == "kd_tree":
            made._tree = KDTree(made._fit_X, made.leaf_size, metric=made.effective_metric_)
        return made

    return make


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
    "_tree": OneOf(NOTHING, _SearchTree()),
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
    make=_makes("KNeighborsClassifier"),
)
_REGRESSOR = estimator(
    "sklearn.neighbors._regression.KNeighborsRegressor",
    _PARAMS,
    {**_FITTED, "_y": _NUMBERS},
    check=_check,
    make=_makes("KNeighborsRegressor"),
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
