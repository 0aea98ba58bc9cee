"""Scorers of scikit-learn, called with predictions instead of an estimator."""

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray


__all__ = ["NamedScorer", "replay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedScorer:
    """Function of a scikit-learn scorer.

    Its own positive class is that of code 1, so the codes change places where ours has code 0.
    Rows that lack a class are scored with all classes in view as far as the metric has a meaning
    there: scorers of probabilities get `labels`, others the classes that occur.

    Attributes
    ----------
    name : str
        Of scikit-learn's scorer.
    kind : TaskKind
        What is predicted.
    positive : int or None
        Code of the positive class, where that matters to the scorer; a score is undefined where
        no row has it.
    """

    name: str
    kind: TaskKind
    positive: int | None = None

    def __call__(self, y: "AnyArray", p: "FloatArray", w: "FloatArray | None") -> float:
        """Score predictions."""
        import numpy as np

        if self.positive is not None and not bool((y == self.positive).any()):
            return math.nan
        if self.positive == 0:
            y = np.where(y < 2, 1 - y, y)
            p = p[:, [1, 0, *range(2, p.shape[1])]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an undefined score is told as such
            return self._score(y, p, w)

    def _score(self, y: "AnyArray", p: "FloatArray", w: "FloatArray | None") -> float:
        import numpy as np

        scorer = _scorer(self.name)
        if not self.kind.is_classification:
            return replay(scorer, y, p, w)
        present = np.unique(y).astype(np.intp)
        if len(present) == p.shape[1]:
            return replay(scorer, y, p, w)
        with_labels = _scorer_with_labels(self.name, p.shape[1])
        if with_labels is not None:
            return replay(with_labels, y, p, w)
        try:
            score = replay(scorer, y, p, w)
            if math.isfinite(score):
                return score
        except ValueError:
            if len(present) < 2:
                raise
        if len(present) < 2:
            return math.nan
        some = p[:, present]
        some = some / np.maximum(some.sum(axis=1, keepdims=True), np.finfo(float).tiny)
        return replay(scorer, np.searchsorted(present, y), some, w)


def replay(
    scorer: Any,
    y: "AnyArray",
    prediction: "FloatArray",
    weights: "FloatArray | None",
    labels: "AnyArray | None" = None,
) -> float:
    """Call a scorer with predictions.

    Parameters
    ----------
    scorer : callable
        ``scorer(estimator, X, y)``; the X that it gets has no columns.
    y : ndarray of shape (n_rows,)
        What it is to compare with.
    prediction : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Probabilities, or values.
    weights : ndarray of shape (n_rows,), optional
        Sample weights.
    labels : ndarray of shape (n_classes,), optional
        Label of each class; its code without.
    """
    import numpy as np

    options = {} if weights is None else {"sample_weight": weights}
    model = _replay_estimator(prediction, labels)
    return float(scorer(model, np.zeros((len(y), 0)), y, **options))


@lru_cache
def _scorer(name: str) -> Any:
    from sklearn.metrics import get_scorer

    return get_scorer(name)


@lru_cache
def _scorer_with_labels(name: str, n_classes: int) -> Any:
    """Return a scorer of probabilities that knows all classes; None for other scorers."""
    from sklearn import metrics

    known = {
        "neg_log_loss": (metrics.log_loss, False),
        "d2_log_loss_score": (metrics.d2_log_loss_score, True),
        "neg_brier_score": (metrics.brier_score_loss, False),
        "d2_brier_score": (getattr(metrics, "d2_brier_score", None), True),
        "top_k_accuracy": (metrics.top_k_accuracy_score, True),
    }
    function, greater = known.get(name, (None, True))
    if function is None:
        return None
    return metrics.make_scorer(
        function,
        greater_is_better=greater,
        response_method="predict_proba",
        labels=list(range(n_classes)),
    )


def _replay_estimator(prediction: "FloatArray", labels: "AnyArray | None") -> Any:
    """Wrap predictions as a fitted estimator, the only thing scikit-learn's scorers accept."""
    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

    class ReplayClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        def __init__(self) -> None:
            n_classes = prediction.shape[1]
            self.classes_ = np.arange(n_classes) if labels is None else labels

        def predict(self, _X: Any) -> Any:
            return self.classes_[prediction.argmax(axis=1)]

        def predict_proba(self, _X: Any) -> Any:
            return prediction

    class ReplayRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
        fitted_ = True

        def predict(self, _X: Any) -> Any:
            return prediction

    return ReplayClassifier() if prediction.ndim == 2 else ReplayRegressor()
