"""Learners behind their safe wrappers: the last step of a fitted pipeline."""

import numpy as np

from metatune.models.forms import (
    boosting,
    linear,
    machines,
    neighbours,
    networks,
    own,
    processes,
    scores,
    trees,
)
from metatune.models.forms.columns import QUANTILES
from metatune.models.forms.labels import LABELS
from metatune.models.reading.form import NUMBER, Array, Form, OneOf, choice, integer
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import record
from metatune.models.reading.state import State

__all__ = ["CONSTANT_CLASSIFIER", "CONSTANT_REGRESSOR", "SAFE_CLASSIFIER", "SAFE_REGRESSOR"]

_CLASSIFIERS = (
    *boosting.CLASSIFIERS,
    *linear.CLASSIFIERS,
    *neighbours.CLASSIFIERS,
    *networks.CLASSIFIERS,
    own.CLASSIFIER,
    *scores.CLASSIFIERS,
    *trees.CLASSIFIERS,
)
_REGRESSORS = (
    *boosting.REGRESSORS,
    *linear.REGRESSORS,
    *machines.REGRESSORS,
    *neighbours.REGRESSORS,
    *networks.REGRESSORS,
    own.REGRESSOR,
    *processes.REGRESSORS,
    *trees.REGRESSORS,
)
_TARGETS = choice("standard", "log", "quantile")


def _n_classes(learner: State) -> int | None:
    """Return the classes that a learner tells apart, None if it does not say."""
    for name in ("n_classes_", "classes_", "prior_", "log_prior_"):
        value = learner.get(name)
        if value is not None:
            return int(value) if np.ndim(value) == 0 else len(value)
    inner = learner.get("estimator_")
    return _n_classes(inner) if isinstance(inner, State) else None


def _check_classifier(state: State) -> None:
    n_classes = len(state["classes_"])
    if ("estimator_" in state) != (n_classes > 1):
        raise Mismatch("its learner and its classes contradict each other")
    if n_classes > 1 and _n_classes(state["estimator_"]) not in (None, n_classes):
        raise Mismatch("its learner has other classes")
    _check_columns(state)


def _check_columns(state: State) -> None:
    learner = state.get("estimator_")
    if isinstance(learner, State) and learner.get("n_features_in_") not in (
        None,
        state["n_features_in_"],
    ):
        raise Mismatch("its learner has other columns")
    boosting.check_width(learner, state["n_features_in_"])


SAFE_CLASSIFIER: Form = record(
    "metatune.algorithms.learners.safe.SafeClassifier",
    {"estimator": OneOf(*(model.template for model in _CLASSIFIERS)), "smoothing": NUMBER},
    {"classes_": LABELS, "n_features_in_": integer(1), "share_": NUMBER},
    {"estimator_": OneOf(*(model.fitted for model in _CLASSIFIERS))},
    check=_check_classifier,
).fitted


def _check_transform(state: State) -> None:
    if (state["method"] == "quantile") != ("quantiles_" in state):
        raise Mismatch("its method and its quantiles contradict each other")
    if "quantiles_" in state and state["quantiles_"]["n_features_in_"] != 1:
        raise Mismatch("its quantiles are those of several columns")


_TRANSFORM = record(
    "metatune.algorithms.learners.targets.TargetTransform",
    {"method": _TARGETS},
    dict.fromkeys(("centre_", "distance_", "mean_", "std_", "unit_"), NUMBER),
    {"quantiles_": QUANTILES.fitted},
    check=_check_transform,
)


def _check_regressor(state: State) -> None:
    varies = state["low_"] != state["high_"]
    if any((name in state) != varies for name in ("estimator_", "transform_")):
        raise Mismatch("its learner and the range of its targets contradict each other")
    _check_columns(state)


SAFE_REGRESSOR: Form = record(
    "metatune.algorithms.learners.safe.SafeRegressor",
    {"estimator": OneOf(*(model.template for model in _REGRESSORS)), "target": _TARGETS},
    {"high_": NUMBER, "low_": NUMBER, "n_features_in_": integer(1)},
    {
        "estimator_": OneOf(*(model.fitted for model in _REGRESSORS)),
        "transform_": _TRANSFORM.fitted,
    },
    check=_check_regressor,
).fitted


def _check_constant(state: State) -> None:
    if state["shares_"].shape != (len(state["classes_"]),):
        raise Mismatch("its shares are not those of its classes")


CONSTANT_CLASSIFIER: Form = record(
    "metatune.models.pipeline.ConstantClassifier",
    {},
    {"classes_": LABELS, "shares_": Array(("<f8",), 1)},
    check=_check_constant,
).fitted
CONSTANT_REGRESSOR: Form = record(
    "metatune.models.pipeline.ConstantRegressor",
    {"statistic": choice("mean", "median")},
    {"value_": NUMBER},
).fitted
