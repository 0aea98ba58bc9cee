"""Steps of scikit-learn that make columns: scaling and sparse columns of categories."""

import numpy as np

from metatune.models.forms.scikit_learn import estimator, maybe
from metatune.models.reading.form import (
    FLAG,
    NOTHING,
    NUMBER,
    Array,
    Listed,
    OneOf,
    Scalar,
    Together,
    TypeName,
    choice,
    integer,
)
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.state import State

__all__ = ["ONE_HOT", "QUANTILES", "ROBUST", "STANDARD"]

_LEAST = integer(1)
_NUMBERS, _CODES = Array(("<f8",), 1), Array(("<i8",), 1)


def _check_scale(state: State) -> None:
    names = ("mean_", "var_", "scale_", "center_")
    sizes = [state[name].shape for name in names if name in state]
    if any(size != (state["n_features_in_"],) for size in sizes):
        raise Mismatch("its scales are not those of its columns")


STANDARD = estimator(
    "sklearn.preprocessing._data.StandardScaler",
    {"copy": choice(True), "with_mean": choice(True), "with_std": choice(True)},
    {
        "mean_": _NUMBERS,
        "n_features_in_": _LEAST,
        "n_samples_seen_": OneOf(_NUMBERS, _CODES, Scalar("float64"), Scalar("int64")),
        "scale_": _NUMBERS,
        "var_": _NUMBERS,
    },
    check=_check_scale,
)
ROBUST = estimator(
    "sklearn.preprocessing._data.RobustScaler",
    {
        "copy": choice(True),
        "quantile_range": Together((NUMBER, NUMBER)),
        "unit_variance": choice(False),
        "with_centering": choice(True),
        "with_scaling": choice(True),
    },
    {"center_": _NUMBERS, "n_features_in_": _LEAST, "scale_": _NUMBERS},
    check=_check_scale,
)


def _check_quantiles(state: State) -> None:
    n_quantiles, n_columns = state["quantiles_"].shape
    if n_columns != state["n_features_in_"] or state["references_"].shape != (n_quantiles,):
        raise Mismatch("its quantiles are not those of its columns")
    if state["n_quantiles_"] != n_quantiles:
        raise Mismatch("its quantiles are not as many as it says")


QUANTILES = estimator(
    "sklearn.preprocessing._data.QuantileTransformer",
    {
        "copy": choice(True),
        "ignore_implicit_zeros": choice(False),
        "n_quantiles": _LEAST,
        "output_distribution": choice("normal"),
        "random_state": maybe(integer(0)),
        "subsample": maybe(_LEAST),
    },
    {
        "n_features_in_": _LEAST,
        "n_quantiles_": _LEAST,
        "quantiles_": Array(("<f8",), 2),
        "references_": _NUMBERS,
    },
    check=_check_quantiles,
)


def _check_one_hot(state: State) -> None:
    """Check the columns that levels go to: compiled code writes there without a look."""
    columns = (
        state["categories_"],
        state["_infrequent_indices"],
        state["_default_to_infrequent_mappings"],
        state["_n_features_outs"],
    )
    if any(len(part) != state["n_features_in_"] for part in columns):
        raise Mismatch("its levels are not those of its columns")
    for levels, rare, places, width in zip(*columns, strict=True):
        if len(levels) < 1 or (np.diff(levels) <= 0).any():
            raise Mismatch("its levels do not ascend")
        expected = np.arange(len(levels))
        if rare is None:
            if places is not None or width != len(levels):
                raise Mismatch("its levels have other columns")
            continue
        common = np.ones(len(levels), dtype=bool)
        if not len(rare) or rare.min() < 0 or rare.max() >= len(levels):
            raise Mismatch("a rare level is not there")
        common[rare] = False
        expected = np.where(common, np.cumsum(common) - 1, common.sum())
        if width != common.sum() + 1 or not np.array_equal(places, expected):
            raise Mismatch("its levels have other columns")


ONE_HOT = estimator(
    "sklearn.preprocessing._encoders.OneHotEncoder",
    {
        "categories": choice("auto"),
        "drop": NOTHING,
        "dtype": TypeName("numpy", "float64"),
        "feature_name_combiner": choice("concat"),
        "handle_unknown": choice("infrequent_if_exist"),
        "max_categories": NOTHING,
        "min_frequency": _LEAST,
        "sparse_output": FLAG,
    },
    {
        "_default_to_infrequent_mappings": Listed(OneOf(NOTHING, _CODES)),
        "_drop_idx_after_grouping": NOTHING,
        "_infrequent_enabled": choice(True),
        "_infrequent_indices": Listed(OneOf(NOTHING, _CODES)),
        "_n_features_outs": Listed(_LEAST),
        "categories_": Listed(_CODES),
        "drop_idx_": NOTHING,
        "n_features_in_": _LEAST,
    },
    check=_check_one_hot,
)
