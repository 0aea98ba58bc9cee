"""Gaussian processes and their kernels."""

from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.models.forms.scikit_learn import estimator
from metatune.models.reading.form import (
    FLAG,
    NOTHING,
    NUMBER,
    SEED,
    Array,
    Form,
    Mapped,
    OneOf,
    Scalar,
    Together,
    choice,
    integer,
)
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import Record, record
from metatune.models.reading.state import State

if TYPE_CHECKING:
    from metatune.models.reading.archive import Archive

__all__ = ["REGRESSORS"]

_LEAST = integer(1)
_NUMBERS, _TABLE = Array(("<f8",), 1), Array(("<f8",), 2)
_VALUE = OneOf(NUMBER, Scalar("float64"))
_LENGTHS = OneOf(NUMBER, Scalar("float64"), _NUMBERS)
_BOUNDS = Together((NUMBER, NUMBER))
_KERNELS = "sklearn.gaussian_process.kernels"


def _kernel(name: str, **attributes: Form) -> Record:
    return Record(_KERNELS, name, attributes, {})


_CONSTANT = _kernel("ConstantKernel", constant_value=_VALUE, constant_value_bounds=_BOUNDS)
_NOISE = _kernel("WhiteKernel", noise_level=_VALUE, noise_level_bounds=_BOUNDS)
_LINEAR = _kernel("DotProduct", sigma_0=_VALUE, sigma_0_bounds=_BOUNDS)
_RBF = _kernel("RBF", length_scale=_LENGTHS, length_scale_bounds=_BOUNDS)
_MATERN = _kernel("Matern", length_scale=_LENGTHS, length_scale_bounds=_BOUNDS, nu=choice(1.5, 2.5))
_SMOOTH = _kernel("Product", k1=_CONSTANT, k2=OneOf(_RBF, _MATERN))
_TREND = _kernel("Product", k1=_CONSTANT, k2=_LINEAR)
_BOTH = _kernel("Sum", k1=_SMOOTH, k2=_TREND)
_SIGNAL = OneOf(_SMOOTH, _BOTH)
_NOISY = _kernel("Sum", k1=_SIGNAL, k2=_NOISE)
_ANY_KERNEL = OneOf(_SMOOTH, _NOISY, _BOTH)
"""Signal of one or two parts, with or without noise: the kernels that `BoundedProcess` makes."""


class _Generator(Form):
    """Form of a generator of random numbers, which no prediction draws from."""

    def takes(self, node: dict[str, Any]) -> bool:
        return (
            node.get("__loader__") == "RandomStateNode"
            and node.get("__class__") == "RandomState"
            and node.get("__module__") == "numpy.random.mtrand"
        )

    def read(self, node: Any, archive: "Archive") -> State:
        if not isinstance(node, dict) or not self.takes(node):
            raise Mismatch("it is not a generator of random numbers")
        values = _GENERATOR.read(node.get("content"), archive)
        if values["state"]["key"].shape != (624,):
            raise Mismatch("its key has another size")
        return State("RandomState", values, _make_generator)


_GENERATOR = Mapped(
    needed={
        "bit_generator": choice("MT19937"),
        "gauss": NUMBER,
        "has_gauss": integer(0, 1),
        "state": Mapped(needed={"key": Array(("<u4",), 1), "pos": integer(0, 624)}),
    }
)


def _make_generator(values: dict[str, Any]) -> Any:
    generator = np.random.RandomState(0)
    generator.set_state(values)
    return generator


def _lengths(kernel: State) -> list[Any]:
    """Return the lengths of a kernel's parts."""
    parts = [value for value in kernel.values.values() if isinstance(value, State)]
    own = [kernel["length_scale"]] if "length_scale" in kernel else []
    return own + [length for part in parts for length in _lengths(part)]


def _check_lengths(kernel: State, n_columns: int) -> None:
    if any(np.ndim(length) and len(length) != n_columns for length in _lengths(kernel)):
        raise Mismatch("its kernel has lengths of other columns")


def _check_process(state: State) -> None:
    n_rows, n_columns = state["X_train_"].shape
    if n_columns != state["n_features_in_"]:
        raise Mismatch("its rows have other columns")
    if any(state[name].shape != (n_rows,) for name in ("alpha_", "y_train_")):
        raise Mismatch("its targets are not those of its rows")
    if any(state[name].size != 1 for name in ("_y_train_mean", "_y_train_std")):
        raise Mismatch("it has several targets")
    _check_lengths(state["kernel_"], n_columns)


_PROCESS = estimator(
    "sklearn.gaussian_process._gpr.GaussianProcessRegressor",
    {
        "alpha": OneOf(NUMBER, _NUMBERS),
        "copy_X_train": choice(True),
        "kernel": _ANY_KERNEL,
        "n_restarts_optimizer": choice(0),
        "n_targets": NOTHING,
        "normalize_y": choice(False),
        "optimizer": NOTHING,
        "random_state": NOTHING,
    },
    {
        "X_train_": _TABLE,
        "_rng": _Generator(),
        "_y_train_mean": _NUMBERS,
        "_y_train_std": _NUMBERS,
        "alpha_": _NUMBERS,
        "kernel_": _ANY_KERNEL,
        "log_marginal_likelihood_value_": OneOf(NUMBER, Scalar("float64")),
        "n_features_in_": _LEAST,
        "y_train_": _NUMBERS,
    },
    check=_check_process,
)


def _check_induced(state: State) -> None:
    n_points, n_columns = state["points_"].shape
    if state["coefficients_"].shape != (n_points,):
        raise Mismatch("its coefficients are not those of its points")
    _check_lengths(state["kernel"], n_columns)


_INDUCED = record(
    "metatune.algorithms.learners.inducing.InducedProcess",
    {"kernel": _SIGNAL, "n_points": _LEAST, "seed": SEED},
    {"coefficients_": _NUMBERS, "points_": _TABLE},
    check=_check_induced,
)
REGRESSORS = (
    record(
        "metatune.algorithms.learners.process.BoundedProcess",
        {
            "ard": FLAG,
            "kernel": choice("rbf", "matern32", "matern52"),
            "linear": FLAG,
            "max_rows": _LEAST,
            "noise": NUMBER,
            "seed": SEED,
        },
        {"model_": OneOf(_PROCESS.fitted, _INDUCED.fitted)},
    ),
)
