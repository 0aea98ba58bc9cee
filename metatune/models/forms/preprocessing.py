"""Steps that turn the encoded matrix into what a learner takes."""

import numpy as np

from metatune.models.forms.columns import ONE_HOT, QUANTILES, ROBUST, STANDARD
from metatune.models.reading.form import (
    FLAG,
    NUMBER,
    SEED,
    Array,
    Form,
    Listed,
    OneOf,
    choice,
    integer,
)
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import record
from metatune.models.reading.state import State

__all__ = ["PREPROCESSORS"]

_MOST_LEVELS = 2**53
_NUMBERS, _CODES = Array(("<f8",), 1), Array(("<i8",), 1)
_LEVELS = Listed(integer(0, _MOST_LEVELS), "tuple")
_SCALING = choice("none", "standard", "robust", "quantile")
_IMPUTATION = choice("none", "mean", "median", "indicator")
_ENCODING = choice("one_hot", "ordinal", "target", "levels")


def _check_positions(state: State, name: str, n_columns: int) -> None:
    positions = state[name]
    if len(positions) and (positions.min() < 0 or positions.max() >= n_columns):
        raise Mismatch(f"{name} names a column that is not there")


def _check_range(state: State) -> None:
    if state["low_"].shape != state["high_"].shape:
        raise Mismatch("its upper bounds are not of the columns of the lower ones")


_RANGE = record(
    "metatune.algorithms.numeric.RangeClipper",
    {"margin": NUMBER},
    {"low_": _NUMBERS, "high_": _NUMBERS},
    check=_check_range,
)


def _check_numbers(state: State) -> None:
    n_kept = len(state["kept_"])
    if state["fill_"].shape != (n_kept,):
        raise Mismatch("its fill values are not those of its columns")
    for scaler in state["scalers_"]:
        width = len(scaler["low_"]) if "low_" in scaler else scaler["n_features_in_"]
        if width != n_kept:
            raise Mismatch("its scales are not those of its columns")


_NUMERIC = record(
    "metatune.algorithms.numeric.NumericEncoder",
    {"imputation": _IMPUTATION, "scaling": _SCALING, "seed": SEED},
    {
        "fill_": _NUMBERS,
        "flagged_": _CODES,
        "kept_": _CODES,
        "scalers_": Listed(OneOf(STANDARD.fitted, ROBUST.fitted, QUANTILES.fitted, _RANGE.fitted)),
    },
    check=_check_numbers,
)


def _check_targets(state: State) -> None:
    means, levels = state["means_"], state["n_levels"]
    if len(means) != len(levels):
        raise Mismatch("its means are not those of its columns")
    width = state["prior_"].shape
    for table, n in zip(means, levels, strict=True):
        if table.shape != (n + 1, *width):
            raise Mismatch("its means are not those of its levels")


_TARGET = record(
    "metatune.algorithms.target_encoding.TargetMeanEncoder",
    {"classification": FLAG, "n_levels": _LEVELS, "seed": SEED},
    {"means_": Listed(Array(("<f8",), 2)), "prior_": _NUMBERS},
    check=_check_targets,
)


def _check_categories(state: State) -> None:
    levels = np.asarray(state["n_levels"], dtype=np.int64)
    for name in ("one_hot_", "ordinal_", "target_"):
        _check_positions(state, name, len(levels))
    for name, part in (("one_hot_encoder_", "one_hot_"), ("target_encoder_", "target_")):
        if (name in state) != bool(len(state[part])):
            raise Mismatch(f"{name} and {part} contradict each other")
    if "one_hot_encoder_" in state:
        width = len(state["one_hot_"])
        if state["one_hot_encoder_"]["n_features_in_"] != width:
            raise Mismatch("its encoder has other columns")
    if "target_encoder_" in state:
        own = state["target_encoder_"]["n_levels"]
        if own != tuple(levels[state["target_"]].tolist()):
            raise Mismatch("its target means have other columns")


_CATEGORY = record(
    "metatune.algorithms.categories.CategoryEncoder",
    {"classification": FLAG, "encoding": _ENCODING, "n_levels": _LEVELS, "seed": SEED},
    {"one_hot_": _CODES, "ordinal_": _CODES, "target_": _CODES},
    {"one_hot_encoder_": ONE_HOT.fitted, "target_encoder_": _TARGET.fitted},
    check=_check_categories,
)


def _check_native(state: State) -> None:
    if state["n_features_in_"] != len(state["n_levels"]):
        raise Mismatch("its levels are not those of its columns")


_NATIVE = record(
    "metatune.algorithms.preprocessing.NativePreprocessor",
    {"n_levels": _LEVELS},
    {"n_features_in_": integer(1)},
    check=_check_native,
)


def _check_table(state: State) -> None:
    _check_native(state)
    levels = np.asarray(state["n_levels"], dtype=np.int64)
    for name, part, found in (
        ("numeric_encoder_", "numeric_", np.flatnonzero(levels == 0)),
        ("category_encoder_", "categorical_", np.flatnonzero(levels > 0)),
    ):
        if not np.array_equal(state[part], found) or (name in state) != bool(len(found)):
            raise Mismatch(f"{part} are not the columns that its levels tell")
    if "numeric_encoder_" in state:
        for name in ("kept_", "flagged_"):
            _check_positions(state["numeric_encoder_"], name, len(state["numeric_"]))
    if "category_encoder_" in state:
        own = state["category_encoder_"]["n_levels"]
        if own != tuple(levels[state["categorical_"]].tolist()):
            raise Mismatch("its categories are not the columns that its levels tell")


_TABLE = record(
    "metatune.algorithms.preprocessing.TablePreprocessor",
    {
        "classification": FLAG,
        "dtype": choice("float64", "float32"),
        "encoding": _ENCODING,
        "imputation": _IMPUTATION,
        "n_levels": _LEVELS,
        "scaling": _SCALING,
        "seed": SEED,
    },
    {"categorical_": _CODES, "n_features_in_": integer(1), "numeric_": _CODES},
    {"category_encoder_": _CATEGORY.fitted, "numeric_encoder_": _NUMERIC.fitted},
    check=_check_table,
)


def _check_crossing(state: State) -> None:
    _check_native(state)
    if state["base_"]["n_levels"] != state["n_levels"]:
        raise Mismatch("its base has other columns")
    terms = state["terms_"]
    if terms.shape[1] != 3:
        raise Mismatch("its crossings are no pairs")
    if len(terms) and (terms[:, :2].min() < 0 or terms[:, :2].max() >= state["n_features_in_"]):
        raise Mismatch("a crossing names a column that is not there")
    for name in ("kept_", "flagged_"):
        _check_positions(state["encoder_"], name, len(terms))


_CROSSING = record(
    "metatune.algorithms.crossings.step.CrossingPreprocessor",
    {
        "base": OneOf(_NATIVE.template, _TABLE.template),
        "classification": FLAG,
        "imputation": _IMPUTATION,
        "n_levels": _LEVELS,
        "scaling": _SCALING,
        "seed": SEED,
    },
    {
        "base_": OneOf(_NATIVE.fitted, _TABLE.fitted),
        "encoder_": _NUMERIC.fitted,
        "n_features_in_": integer(1),
        "terms_": Array(("<i8",), 2),
    },
    check=_check_crossing,
)

PREPROCESSORS: tuple[Form, ...] = (_NATIVE.fitted, _TABLE.fitted, _CROSSING.fitted)
