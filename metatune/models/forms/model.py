"""Whole models: a table encoder, then a pipeline or the mean of several."""

import numpy as np

from metatune.kinds import TaskKind
from metatune.models.bounds import BOUNDS
from metatune.models.forms.bounds import BOUNDS_FORM
from metatune.models.forms.labels import LABELS
from metatune.models.forms.learners import (
    CONSTANT_CLASSIFIER,
    CONSTANT_REGRESSOR,
    SAFE_CLASSIFIER,
    SAFE_REGRESSOR,
)
from metatune.models.forms.preprocessing import PREPROCESSORS
from metatune.models.forms.scikit_learn import estimator, maybe
from metatune.models.forms.table import TABLE_ENCODER
from metatune.models.reading.form import (
    FLAG,
    NOTHING,
    NUMBER,
    TEXT,
    Form,
    Listed,
    Mapped,
    OneOf,
    Plain,
    Together,
    choice,
    integer,
)
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import record
from metatune.models.reading.state import State

__all__ = ["INFO", "MEMBER", "MODEL"]

INFO = "metatune_info"
"""Attribute of a saved model that holds its plain values."""

_PIPELINE = "sklearn.pipeline.Pipeline"
_PARAMS = {"memory": NOTHING, "transform_input": NOTHING, "verbose": choice(False)}


def _steps(**forms: Form) -> Listed:
    return Listed(OneOf(*(Together((choice(name), form)) for name, form in forms.items())))


def _check_member(state: State) -> None:
    if [name for name, _ in state["steps"]] != ["preprocess", "model"]:
        raise Mismatch("its steps are not those of a pipeline of metatune")


MEMBER = estimator(
    _PIPELINE,
    {
        **_PARAMS,
        "steps": _steps(
            preprocess=OneOf(*PREPROCESSORS), model=OneOf(SAFE_CLASSIFIER, SAFE_REGRESSOR)
        ),
    },
    check=_check_member,
).fitted


def _check_decoder(state: State) -> None:
    codes = state["model"]["classes_"]
    if len(codes) > len(state["labels"]):
        raise Mismatch("it has fewer labels than its learner classes")
    _check_codes(codes, len(state["labels"]))


def _check_codes(codes: object, n_labels: int) -> None:
    known = np.asarray(codes)
    if known.dtype.kind not in "iu" or len(np.unique(known)) != len(known):
        raise Mismatch("its learner's classes are no codes of labels")
    if len(known) and (known.min() < 0 or known.max() >= n_labels):
        raise Mismatch("its learner has a class without a label")


_DECODER: Form = record(
    "metatune.models.pipeline.LabelDecoder",
    {"labels": LABELS, "model": OneOf(SAFE_CLASSIFIER, CONSTANT_CLASSIFIER)},
    check=_check_decoder,
).fitted


def _check_second(state: State) -> None:
    pipelines, members = state["pipelines"], state["members"]
    if not pipelines or any(len(state[name]) != len(pipelines) for name in ("blind", "weights")):
        raise Mismatch("its weights are not those of its pipelines")
    columns = set(members) - {-1}
    if len(state["shares"]) != len(members) or columns != set(range(len(columns))) or not columns:
        raise Mismatch("its shares are not those of its members")


_SECOND_LAYER = record(
    "metatune.models.second_layer.SecondLayer",
    {
        "blind": Listed(FLAG),
        "members": Listed(integer(-1)),
        "pipelines": Listed(MEMBER),
        "shares": Listed(NUMBER),
        "weights": Listed(NUMBER),
    },
    check=_check_second,
).fitted


def _check_members(state: State) -> None:
    if not state["members"] or len(state["members"]) != len(state["weights"]):
        raise Mismatch("its weights are not those of its members")
    if state["second"] is not None and len(state["second"]["members"]) != len(state["members"]):
        raise Mismatch("its second layer has other members")


def _learner(member: State) -> State:
    """Return the learner of a member; the constant, which looks at no column, is one itself."""
    learner: State = member["steps"][-1][1] if member.kind == "Pipeline" else member
    return learner


def _pipelines(state: State) -> list[State]:
    """Return the pipelines of both layers."""
    second = [] if state["second"] is None else state["second"]["pipelines"]
    return [*state["members"], *second]


def _check_classifiers(state: State) -> None:
    _check_members(state)
    n_classes = len(state["labels"])
    for name in ("shifts", "decision"):
        if state[name] is not None and len(state[name]) not in (0, n_classes):
            raise Mismatch(f"{name} are not one for each class")
    for model in map(_learner, _pipelines(state)):
        if "classes_" not in model:
            raise Mismatch("a member predicts numbers")
        _check_codes(model["classes_"], n_classes)


def _check_regressors(state: State) -> None:
    _check_members(state)
    if any("classes_" in _learner(member) for member in _pipelines(state)):
        raise Mismatch("a member predicts classes")


_NUMBERS = Listed(NUMBER)
_MEAN_OF_CLASSIFIERS: Form = record(
    "metatune.models.ensemble.EnsembleClassifier",
    {
        "decision": OneOf(NOTHING, _NUMBERS),
        "labels": LABELS,
        "members": Listed(OneOf(MEMBER, CONSTANT_CLASSIFIER)),
        "second": OneOf(NOTHING, _SECOND_LAYER),
        "shifts": OneOf(NOTHING, _NUMBERS),
        "temperature": NUMBER,
        "weights": _NUMBERS,
    },
    check=_check_classifiers,
).fitted
_MEAN_OF_REGRESSORS: Form = record(
    "metatune.models.ensemble.EnsembleRegressor",
    {
        "low": maybe(NUMBER),
        "members": Listed(OneOf(MEMBER, CONSTANT_REGRESSOR)),
        "second": OneOf(NOTHING, _SECOND_LAYER),
        "weights": _NUMBERS,
    },
    check=_check_regressors,
).fitted


def _check_model(state: State) -> None:
    names = [name for name, _ in state["steps"]]
    if names not in (["table", "model"], ["table", "preprocess", "model"]):
        raise Mismatch("its steps are not those of a model of metatune")
    learner = state["steps"][-1][1]
    inner = learner["model"] if learner.kind == "LabelDecoder" else learner
    # The constant and means of pipelines take the encoded matrix as it is.
    if (len(names) == 3) != (inner.kind in ("SafeRegressor", "SafeClassifier")):
        raise Mismatch("its steps are not those of a model of metatune")
    if INFO not in state:
        raise Mismatch("it was not saved by metatune")
    if BOUNDS in state:
        is_regression = state[INFO]["task"] == TaskKind.REGRESSION
        if (state[BOUNDS].kind == "ValueBounds") != is_regression:
            raise Mismatch("its bounds are those of another kind of task")


_INFO_FORM = Mapped(
    needed={"target": TEXT, "task": choice(*(str(kind) for kind in TaskKind))},
    others=Plain(),
)
MODEL: Form = estimator(
    _PIPELINE,
    {
        **_PARAMS,
        "steps": _steps(
            table=TABLE_ENCODER,
            preprocess=OneOf(*PREPROCESSORS),
            model=OneOf(
                _DECODER,
                SAFE_REGRESSOR,
                SAFE_CLASSIFIER,
                _MEAN_OF_CLASSIFIERS,
                _MEAN_OF_REGRESSORS,
                CONSTANT_CLASSIFIER,
                CONSTANT_REGRESSOR,
            ),
        ),
    },
    loose={BOUNDS: BOUNDS_FORM, INFO: _INFO_FORM},
    check=_check_model,
).fitted
"""Form of a model file."""
