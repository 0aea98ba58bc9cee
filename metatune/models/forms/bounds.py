"""Bounds of predictions: calibrated scores, and a model of the spread of errors."""

import numpy as np

from metatune.models.forms import boosting
from metatune.models.forms.scikit_learn import maybe
from metatune.models.reading.form import NOTHING, NUMBER, Array, OneOf, integer, number
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.record import record
from metatune.models.reading.state import State

__all__ = ["BOUNDS_FORM"]

_SCORES = Array(("<f8",), 1)
_LIGHTGBM = boosting.REGRESSORS[0]


def _check_spread(state: State) -> None:
    columns = state["columns"]
    if len(columns) and columns.min() < 0:
        raise Mismatch("its spread is one of columns that are not there")
    boosting.check_width(state["model"], len(columns) + 1)
    if not np.isfinite([state[name] for name in ("centre", "low", "high")]).all():
        raise Mismatch("its spread is not finite")


def _check_scores(state: State) -> None:
    scores = state["scores"]
    if len(scores) < 2 or not np.isfinite(scores).all() or (np.diff(scores) < 0).any():
        raise Mismatch("its scores do not ascend")


_SPREAD = record(
    "metatune.models.bounds.Spread",
    {
        "centre": NUMBER,
        "columns": Array(("<i8",), 1),
        "high": NUMBER,
        "low": NUMBER,
        "model": _LIGHTGBM.fitted,
        "strength": number(0, 1),
    },
    check=_check_spread,
).fitted
BOUNDS_FORM = OneOf(
    record(
        "metatune.models.bounds.ValueBounds",
        {
            "low": maybe(NUMBER),
            "n_rows": integer(1),
            "scores": _SCORES,
            "spread": OneOf(NOTHING, _SPREAD),
        },
        check=_check_scores,
    ).fitted,
    record(
        "metatune.models.bounds.SetBounds",
        {"n_rows": integer(1), "scores": _SCORES},
        check=_check_scores,
    ).fitted,
)
"""Form of the bounds of a model's predictions."""
