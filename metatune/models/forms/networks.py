"""Networks: their layers, one after another."""

from metatune.models.forms.scikit_learn import maybe
from metatune.models.forms.stages import STAGES
from metatune.models.reading.form import (
    NUMBER,
    SEED,
    Array,
    Listed,
    Mapped,
    choice,
    integer,
)
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import Declared, record
from metatune.models.reading.state import State

__all__ = ["CLASSIFIERS", "REGRESSORS"]

_LEAST = integer(1)
_PARAMS = Mapped(
    needed={
        "activation": choice("relu", "tanh"),
        "alpha": NUMBER,
        "batch_size": _LEAST,
        "hidden_layer_sizes": Listed(integer(1, 10**6), "tuple"),
        "learning_rate_init": NUMBER,
    }
)


def _check_layers(state: State) -> None:
    weights, offsets = state["coefs_"], state["intercepts_"]
    hidden = state["params"]["hidden_layer_sizes"]
    if len(weights) != len(hidden) + 1 or len(weights) != len(offsets):
        raise Mismatch("its layers are not as many as it says")
    widths = [table.shape[1] for table in weights]
    n_out = state["n_classes_"] if state["n_classes_"] > 2 else 1
    if tuple(widths) != (*hidden, n_out):
        raise Mismatch("its layers are not as wide as it says")
    inward = [table.shape[0] for table in weights[1:]]
    if inward != widths[:-1] or any(
        own.shape != (width,) for own, width in zip(offsets, widths, strict=True)
    ):
        raise Mismatch("its layers do not fit each other")


def _network(name: str) -> Declared:
    return record(
        f"metatune.algorithms.learners.network.{name}",
        {"iterations": maybe(_LEAST), "params": _PARAMS, "seed": SEED, "stages": STAGES},
        {
            "coefs_": Listed(Array(("<f4", "<f8"), 2)),
            "intercepts_": Listed(Array(("<f4", "<f8"), 1)),
            "n_classes_": integer(0),
            "n_iterations_": integer(0),
        },
        check=_check_layers,
    )


CLASSIFIERS = (_network("NetworkClassifier"),)
REGRESSORS = (_network("NetworkRegressor"),)
