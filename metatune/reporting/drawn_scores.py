"""Scores of predictions on bootstrap draws of rows, compared with those of the rows as they are."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from metatune.metrics import Form, Metric
from metatune.models.adjustment import Adjustment

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray, IndexArray

__all__ = ["DrawnScores"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnScores:
    """Scores on draws of rows.

    Attributes
    ----------
    metric : Metric
    decision : tuple of float
        Factors of probabilities by which labels are decided.
    y : ndarray of shape (n_rows,)
        Codes of labels, or values.
    weights : ndarray of shape (n_rows,) or None
        Sample weights.
    prediction : ndarray of shape (n_rows,) or (n_rows, n_classes)
        Of the rows as they are.
    score : float
        Its score on all rows.
    draws : list of ndarray of shape (n_rows,)
        Rows that are drawn.
    base : ndarray of shape (n_draws,)
        Scores of the prediction on them.
    draw_seconds : float
        That a score on one of them takes; 0 where it was not measured.
    """

    metric: Metric
    decision: tuple[float, ...]
    y: "AnyArray"
    weights: "FloatArray | None"
    prediction: "FloatArray"
    score: float
    draws: "list[IndexArray]"
    base: "FloatArray"
    draw_seconds: float = 0.0

    @classmethod
    def of(
        cls,
        prediction: "FloatArray",
        y: "AnyArray",
        weights: "FloatArray | None",
        *,
        metric: Metric,
        decision: tuple[float, ...],
        n_draws: int,
        seed: int,
    ) -> "DrawnScores":
        """Draw rows, and score the prediction on all of them; `with_base` scores it on the draws.

        Parameters
        ----------
        prediction, y, weights, metric, decision
            See the attributes.
        n_draws : int
            So many draws.
        seed : int
            Seed of the draws.
        """
        rng = np.random.default_rng([seed, 1_000_003])
        plain = cls(
            metric=metric,
            decision=decision,
            y=y,
            weights=weights,
            prediction=prediction,
            score=math.nan,
            draws=[rng.integers(len(y), size=len(y)) for _ in range(n_draws)],
            base=np.zeros(0),
        )
        return replace(plain, score=plain.on(prediction, np.arange(len(y))))

    def with_base(self, draws: "list[IndexArray]") -> "DrawnScores":
        """Return it with the scores, on some draws, of the rows as they are."""
        base = np.array([self.on(self.prediction, rows) for rows in draws])
        return replace(self, draws=draws, base=base)

    def on(self, prediction: "FloatArray", rows: "IndexArray") -> float:
        """Return the score of a prediction on a draw."""
        weights = None if self.weights is None else self.weights[rows]
        judged = prediction[rows]
        if self.decision and self.metric.form is Form.LABELS:
            labels = Adjustment(decision=self.decision).decide(judged)
            judged = np.eye(prediction.shape[1])[labels]
        return self.metric.score(self.y[rows], judged, weights)

    def losses(self, prediction: "FloatArray", *, few: bool) -> "FloatArray":
        """Return what is lost on each draw: a few suffice where shuffles are repeated."""
        n = max(1, len(self.draws) // 2) if few else len(self.draws)
        scores = np.array([self.on(prediction, rows) for rows in self.draws[:n]])
        sign = 1.0 if self.metric.greater_is_better else -1.0
        lost = sign * (self.base[:n] - scores)
        return np.asarray(lost[np.isfinite(lost)])
