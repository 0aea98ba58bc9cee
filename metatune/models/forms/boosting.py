"""Boosted trees: the library's own text or bytes, checked before the library reads them."""

from collections.abc import Callable
from dataclasses import replace

from metatune.models.forms.scikit_learn import maybe
from metatune.models.forms.stages import STAGES
from metatune.models.libraries.booster import Booster
from metatune.models.libraries.catboost_bytes import check_catboost
from metatune.models.libraries.lightgbm_text import END_OF_TREES, check_lightgbm
from metatune.models.libraries.xgboost_bytes import check_xgboost
from metatune.models.reading.form import (
    FLAG,
    NUMBER,
    SEED,
    TEXT,
    Bytes,
    Form,
    Listed,
    Mapped,
    OneOf,
    choice,
    integer,
)
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import Declared, record
from metatune.models.reading.state import State

__all__ = ["CLASSIFIERS", "REGRESSORS", "check_width"]

_PARAMS = Mapped(others=OneOf(NUMBER, FLAG, choice("Bayesian")))
_MOST_ROUNDS = 10**6


def check_width(learner: State | None, n_columns: int) -> None:
    """Check that boosted trees take the columns that they are given.

    Raises
    ------
    Mismatch
        If they do not.
    """
    if learner is not None and learner.facts.get("n_columns", n_columns) != n_columns:
        raise Mismatch("its trees have other columns")


def _declared(name: str, model: Form, check: Callable[[State], Booster]) -> Declared:
    def check_state(state: State) -> None:
        booster = check(state)
        if state["n_classes_"] != booster.n_classes:
            raise Mismatch("its trees have other classes")
        if any(column >= booster.n_columns for column in state["categorical"]):
            raise Mismatch("a category is a column that is not there")
        state.facts["n_columns"] = booster.n_columns

    return record(
        f"metatune.algorithms.learners.{name}",
        {
            "balanced": FLAG,
            "categorical": Listed(integer(0), "tuple"),
            "iterations": maybe(integer(1, _MOST_ROUNDS)),
            "params": _PARAMS,
            "seed": SEED,
            "stages": STAGES,
        },
        {
            "model_": model,
            "n_classes_": integer(0),
            "n_iterations_": integer(0, _MOST_ROUNDS),
        },
        check=check_state,
    )


def _check_lightgbm(state: State) -> Booster:
    text = state["model_"]
    booster = check_lightgbm(text)
    # What follows are the parameters of the training, which no prediction needs.
    state.values["model_"] = text[: text.index(END_OF_TREES) + len(END_OF_TREES)]
    return booster


def _check_xgboost(state: State) -> Booster:
    return check_xgboost(state["model_"])


def _check_catboost(state: State) -> Booster:
    booster = check_catboost(state["model_"])
    if state["n_classes_"] == 2 and booster.n_classes == 0:  # one number tells two classes
        return replace(booster, n_classes=2)
    return booster


CLASSIFIERS, REGRESSORS = (
    (
        _declared(f"lightgbm_model.LightGBM{kind}", TEXT, _check_lightgbm),
        _declared(f"xgboost_model.XGBoost{kind}", Bytes(), _check_xgboost),
        _declared(f"catboost_model.CatBoost{kind}", Bytes(), _check_catboost),
    )
    for kind in ("Classifier", "Regressor")
)
