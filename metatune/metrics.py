"""Metrics: scores computed from predictions, and their directions.

Predictions are arrays: class probabilities of shape (n_rows, n_classes) for classification, whose
columns follow the encoded labels 0..n_classes-1, and values of shape (n_rows,) for regression.
Scores keep the metric's own sign; `greater_is_better` tells the direction.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from metatune.errors import OptionError
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray


__all__ = [
    "DEFAULT_METRIC",
    "PERFECT_SCORE",
    "RECORDED_METRICS",
    "Metric",
    "check_weighted",
    "resolve_metric",
]

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

PERFECT_SCORE = {
    "roc_auc": 1.0,
    "log_loss": 0.0,
    "accuracy": 1.0,
    "balanced_accuracy": 1.0,
    "rmse": 0.0,
    "mae": 0.0,
    "r2": 1.0,
}
"""Score of a prediction without any error, for metatune's own metrics."""

_Function = Callable[..., float]
_PROBED_ROWS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Metric of predictions.

    Attributes
    ----------
    name : str
        "roc_auc", "log_loss", "rmse", ... or the name of any scikit-learn scorer.
    greater_is_better : bool
        Direction of the score.
    function : callable
        ``function(y_true, prediction, sample_weight) -> float``.
    """

    name: str
    greater_is_better: bool
    function: _Function

    def score(
        self,
        y_true: "AnyArray",
        prediction: "FloatArray",
        sample_weight: "FloatArray | None" = None,
    ) -> float:
        """Score predictions.

        Parameters
        ----------
        y_true : ndarray of shape (n_rows,)
            Encoded labels 0..n_classes-1, or target values.
        prediction : ndarray of shape (n_rows, n_classes) or (n_rows,)
            Probabilities, or predicted values.
        sample_weight : ndarray of shape (n_rows,), optional
            Weight of each row.

        Returns
        -------
        float
            The score in the metric's own sign; NaN where it is undefined on these rows
            (for example ROC AUC on rows of one class).
        """
        return float(self.function(y_true, prediction, sample_weight))

    def loss(self, score: float) -> float:
        """Convert a score to a loss, where less is better (NaN becomes infinity)."""
        if math.isnan(score):
            return math.inf
        return -score if self.greater_is_better else score

    def better(self, score: float, than: float) -> bool:
        """Return True if `score` is better than `than`; False for NaN."""
        return self.loss(score) < self.loss(than)


def check_weighted(metric: Metric, kind: TaskKind) -> None:
    """Refuse a metric that cannot weigh rows.

    Raises
    ------
    OptionError
        If it cannot.
    """
    import numpy as np

    if not _works(metric.function, kind, np.linspace(0.5, 1.5, _PROBED_ROWS)):
        good = ", ".join(RECORDED_METRICS[TaskKind(kind)])
        raise OptionError(f"metric {metric.name!r} cannot weigh rows: use one of {good}")


def resolve_metric(name: str | None, kind: TaskKind) -> Metric:
    """Find the metric called `name` for a task kind.

    Parameters
    ----------
    name : str or None
        None for the default; one of metatune's own names, or any scikit-learn scorer name.
    kind : TaskKind
        What is predicted.

    Returns
    -------
    Metric

    Raises
    ------
    OptionError
        If no metric has that name, or it does not fit the task kind.
    """
    kind = TaskKind(kind)
    name = name or DEFAULT_METRIC[kind]
    own = _own_metrics()
    if name in own:
        kinds, greater, function = own[name]
        if kind not in kinds:
            raise OptionError(_misfit(name, kind))
        return Metric(name=name, greater_is_better=greater, function=function)
    return _scorer_metric(name, kind, known=list(own))


_CLASSES = (TaskKind.BINARY, TaskKind.MULTICLASS)
_NUMBERS = (TaskKind.REGRESSION,)


def _own_metrics() -> dict[str, tuple[tuple[TaskKind, ...], bool, _Function]]:
    return {
        "roc_auc": (_CLASSES, True, _roc_auc),
        "log_loss": (_CLASSES, False, _log_loss),
        "accuracy": (_CLASSES, True, _accuracy),
        "balanced_accuracy": (_CLASSES, True, _balanced_accuracy),
        "rmse": (_NUMBERS, False, _rmse),
        "mae": (_NUMBERS, False, _mae),
        "r2": (_NUMBERS, True, _r2),
    }


def _misfit(name: str, kind: TaskKind) -> str:
    good = ", ".join(RECORDED_METRICS[kind])
    return f"metric {name!r} does not fit a {kind} task: use one of {good}"


def _roc_auc(y: "AnyArray", p: "FloatArray", w: "FloatArray | None") -> float:
    """Area under the ROC curve; one class against the rest, averaged, for several classes."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    present = np.unique(y)
    if len(present) < 2:
        return math.nan
    if p.shape[1] == 2:
        return float(roc_auc_score(y, p[:, 1], sample_weight=w))
    each = [roc_auc_score(y == c, p[:, int(c)], sample_weight=w) for c in present]
    return float(np.mean(each))


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


def _scorer_metric(name: str, kind: TaskKind, known: list[str]) -> Metric:
    from sklearn.metrics import get_scorer, get_scorer_names

    names = get_scorer_names()
    if name not in names:
        close = get_close_matches(name, [*known, *names], n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"use one of {', '.join(known)}"
        raise OptionError(f"unknown metric {name!r}: {hint} Any scikit-learn scorer name works too")
    scorer = get_scorer(name)

    def function(y: "AnyArray", p: "FloatArray", w: "FloatArray | None") -> float:
        import numpy as np

        options = {} if w is None else {"sample_weight": w}
        return float(scorer(_replay(p, kind), np.zeros((len(y), 1)), y, **options))

    _probe(name, kind, function)
    # scikit-learn's scorers are all "greater is better": losses carry the prefix neg_
    return Metric(name=name, greater_is_better=True, function=function)


def _probe(name: str, kind: TaskKind, function: _Function) -> None:
    """Try the scorer on a few made-up rows, to refuse a misfit before anything is fitted."""
    if not _works(function, kind, None):
        raise OptionError(_misfit(name, kind))


def _works(function: _Function, kind: TaskKind, weights: "FloatArray | None") -> bool:
    import numpy as np

    n_classes = {TaskKind.BINARY: 2, TaskKind.MULTICLASS: 3}.get(kind, 0)
    n = _PROBED_ROWS
    y = np.arange(n) % n_classes if n_classes else np.linspace(1.0, 2.0, n)
    p = np.eye(n_classes)[y] * 0.7 + 0.3 / n_classes if n_classes else np.linspace(1.1, 2.1, n)
    # A scorer that does not fit may fail in any way it likes; that is the answer looked for here.
    try:
        return math.isfinite(function(y, p, weights))
    except (ValueError, TypeError, AttributeError, IndexError):
        return False


def _replay(prediction: "FloatArray", kind: TaskKind) -> Any:
    """Wrap predictions as a fitted estimator, the only thing scikit-learn's scorers accept."""
    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

    class ReplayClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        def __init__(self) -> None:
            self.classes_ = np.arange(prediction.shape[1])

        def predict(self, _X: Any) -> Any:
            return prediction.argmax(axis=1)

        def predict_proba(self, _X: Any) -> Any:
            return prediction

    class ReplayRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
        fitted_ = True

        def predict(self, _X: Any) -> Any:
            return prediction

    return ReplayClassifier() if kind.is_classification else ReplayRegressor()
