"""Classifiers whose scores are calibrated: Gaussian ones and support vector machines."""

from metatune.models.forms.linear import LOGISTIC
from metatune.models.forms.machines import CLASSIFIERS as MACHINES
from metatune.models.forms.scikit_learn import estimator
from metatune.models.reading.form import (
    NOTHING,
    NUMBER,
    SEED,
    Array,
    OneOf,
    Scalar,
    choice,
    integer,
)
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import record
from metatune.models.reading.state import State

__all__ = ["CLASSIFIERS"]

_NUMBERS, _TABLE = Array(("<f8",), 1), Array(("<f8",), 2)
_SCORES = {
    "GaussianNB": "predict_joint_log_proba",
    "RegularizedDiscriminant": "predict_log_proba",
    "ScaledKernel": "decision_function",
}
"""Method that gives the scores of each class of learners: the file does not choose it."""


def _check_bayes(state: State) -> None:
    shape = (len(state["classes_"]), state["n_features_in_"])
    if state["theta_"].shape != shape or state["var_"].shape != shape:
        raise Mismatch("its densities are not those of its columns and classes")
    if state["class_prior_"].shape != shape[:1]:
        raise Mismatch("its shares are not those of its classes")


_BAYES = estimator(
    "sklearn.naive_bayes.GaussianNB",
    {"priors": NOTHING, "var_smoothing": NUMBER},
    {
        "class_count_": _NUMBERS,
        "class_prior_": _NUMBERS,
        "classes_": Array(("<i8",), 1),
        "epsilon_": OneOf(NUMBER, Scalar("float64")),
        "n_features_in_": integer(1),
        "theta_": _TABLE,
        "var_": _TABLE,
    },
    check=_check_bayes,
)


def _check_discriminant(state: State) -> None:
    n_classes, n_columns = state["means_"].shape
    if state["factors_"].shape != (n_classes, n_columns, n_columns):
        raise Mismatch("its covariances are not those of its columns and classes")
    if any(state[name].shape != (n_classes,) for name in ("log_prior_", "log_determinants_")):
        raise Mismatch("its shares are not those of its classes")


_DISCRIMINANT = record(
    "metatune.algorithms.learners.gaussian.RegularizedDiscriminant",
    {"pooling": NUMBER, "shrinkage": NUMBER},
    {
        "factors_": Array(("<f8",), 3),
        "log_determinants_": _NUMBERS,
        "log_prior_": _NUMBERS,
        "means_": _TABLE,
    },
    check=_check_discriminant,
)


def _check_method(state: State) -> None:
    if state["scores"] != _SCORES[state["estimator"].kind]:
        raise Mismatch("its scores come from another method")


def _check_calibrated(state: State) -> None:
    _check_method(state)
    if state["estimator_"].kind != state["estimator"].kind:
        raise Mismatch("its learner is another one")
    n_scores = state["calibrator_"]["n_features_in_"]
    if any(state[name].shape != (n_scores,) for name in ("centre_", "spread_")):
        raise Mismatch("its scores are not those that it calibrates")


_SCORED = (_BAYES, _DISCRIMINANT, *MACHINES)
_CALIBRATED = record(
    "metatune.algorithms.learners.calibration.CalibratedScores",
    {
        "estimator": OneOf(*(model.template for model in _SCORED)),
        "scores": choice(*_SCORES.values()),
        "seed": SEED,
    },
    {
        "calibrator_": LOGISTIC.fitted,
        "centre_": _NUMBERS,
        "estimator_": OneOf(*(model.fitted for model in _SCORED)),
        "n_classes_": integer(2),
        "spread_": _NUMBERS,
    },
    check=_check_calibrated,
    check_params=_check_method,
)
CLASSIFIERS = (_BAYES, _DISCRIMINANT, _CALIBRATED)
