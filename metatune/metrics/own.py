"""Metrics of metatune's own: their functions, defaults and perfect scores."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metatune.kinds import TaskKind
from metatune.metrics.metric import Form, ScoreFunction
from metatune.metrics.roc_area import roc_area

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray


__all__ = ["DEFAULT_METRIC", "OWN_METRICS", "PERFECT_SCORE", "RECORDED_METRICS", "OwnMetric"]

DEFAULT_METRIC = {
    TaskKind.BINARY: "roc_auc",
    TaskKind.MULTICLASS: "log_loss",
    TaskKind.REGRESSION: "rmse",
}
"""Default metric of each task kind."""

RECORDED_METRICS = {
    TaskKind.BINARY: ("roc_auc", "log_loss", "accuracy", "balanced_accuracy"),
    TaskKind.MULTICLASS: ("log_loss", "accuracy", "balanced_accuracy", "roc_auc"),
    TaskKind.REGRESSION: ("rmse", "mae", "r2"),
}
"""Metrics that the meta-dataset records for each task kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMetric:
    """Row of the registry of own metrics.

    Attributes
    ----------
    kinds : tuple of TaskKind
        Tasks that it fits.
    greater_is_better : bool
        Direction of the score.
    form : Form
        What it looks at.
    perfect : float
        Score of a prediction without any error.
    function : callable
        ``function(y_true, prediction, sample_weight) -> float``.
    """

    kinds: tuple[TaskKind, ...]
    greater_is_better: bool
    form: Form
    perfect: float
    function: ScoreFunction


def _roc_auc(y: "AnyArray", p: "FloatArray", w: "FloatArray | None") -> float:
    """Area under the ROC curve; one class against the rest, averaged, for several classes."""
    import numpy as np

    present = np.unique(y)
    if len(present) < 2:
        return math.nan
    classes = present[1:] if p.shape[1] == 2 else present
    return float(np.mean([_area(y == c, p[:, int(c)], w) for c in classes]))


def _area(is_class: "AnyArray", score: "FloatArray", w: "FloatArray | None") -> float:
    weights = (None, None) if w is None else (w[is_class], w[~is_class])
    return roc_area(score[is_class], score[~is_class], *weights)


def _log_loss(y: "AnyArray", p: "FloatArray", w: "FloatArray | None") -> float:
    import numpy as np

    total = np.maximum(p.sum(axis=1), np.finfo(float).tiny)
    chosen = p[np.arange(len(y)), np.asarray(y, dtype=np.intp)] / total
    # scikit-learn clips at the machine epsilon of the dtype, so that one wrong certainty is finite
    return float(-np.average(np.log(np.clip(chosen, np.finfo(float).eps, 1.0)), weights=w))


def _accuracy(y: "AnyArray", p: "FloatArray", w: "FloatArray | None") -> float:
    import numpy as np

    return float(np.average(p.argmax(axis=1) == y, weights=w))


def _balanced_accuracy(y: "AnyArray", p: "FloatArray", w: "FloatArray | None") -> float:
    """Mean recall over the classes that occur in `y`."""
    import numpy as np

    hit = p.argmax(axis=1) == y
    weight = np.ones(len(y)) if w is None else w
    recalls = [np.average(hit[y == c], weights=weight[y == c]) for c in np.unique(y)]
    return float(np.mean(recalls))


def _rmse(y: "AnyArray", p: "FloatArray", w: "FloatArray | None") -> float:
    import numpy as np

    return float(np.sqrt(np.average((y - p) ** 2, weights=w)))


def _mae(y: "AnyArray", p: "FloatArray", w: "FloatArray | None") -> float:
    import numpy as np

    return float(np.average(np.abs(y - p), weights=w))


def _r2(y: "AnyArray", p: "FloatArray", w: "FloatArray | None") -> float:
    from sklearn.metrics import r2_score

    return float(r2_score(y, p, sample_weight=w)) if len(y) > 1 else math.nan


_CLASSES = (TaskKind.BINARY, TaskKind.MULTICLASS)
_NUMBERS = (TaskKind.REGRESSION,)


def _row(
    kinds: tuple[TaskKind, ...],
    form: Form,
    function: ScoreFunction,
    *,
    greater: bool,
    perfect: float,
) -> OwnMetric:
    return OwnMetric(
        kinds=kinds, greater_is_better=greater, form=form, perfect=perfect, function=function
    )


OWN_METRICS = {
    "roc_auc": _row(_CLASSES, Form.PROBABILITIES, _roc_auc, greater=True, perfect=1.0),
    "log_loss": _row(_CLASSES, Form.PROBABILITIES, _log_loss, greater=False, perfect=0.0),
    "accuracy": _row(_CLASSES, Form.LABELS, _accuracy, greater=True, perfect=1.0),
    "balanced_accuracy": _row(_CLASSES, Form.LABELS, _balanced_accuracy, greater=True, perfect=1.0),
    "rmse": _row(_NUMBERS, Form.VALUES, _rmse, greater=False, perfect=0.0),
    "mae": _row(_NUMBERS, Form.VALUES, _mae, greater=False, perfect=0.0),
    "r2": _row(_NUMBERS, Form.VALUES, _r2, greater=True, perfect=1.0),
}
"""Own metrics by name."""

PERFECT_SCORE = {name: own.perfect for name, own in OWN_METRICS.items()}
"""Score of a prediction without any error, for metatune's own metrics."""
