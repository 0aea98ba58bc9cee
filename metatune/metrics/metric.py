"""Metric: a score computed from predictions, its direction, and what it needs.

Predictions are arrays: class probabilities of shape (n_rows, n_classes) for classification, whose
columns follow the encoded labels 0..n_classes-1, and values of shape (n_rows,) for regression.
Scores keep the metric's own sign; `greater_is_better` tells the direction.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metatune._typing import AnyArray, FloatArray


__all__ = ["UNDEFINED", "Form", "Metric", "ScoreFunction"]

ScoreFunction = Callable[..., float]
"""``function(y_true, prediction, sample_weight) -> float``."""

UNDEFINED = (
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RuntimeError,
    NameError,
    AssertionError,
    ImportError,
)
"""Errors by which scorers and functions of users say that they cannot score some rows."""


class Form(StrEnum):
    """Part of a prediction that a metric looks at."""

    VALUES = "values"
    PROBABILITIES = "probabilities"
    LABELS = "labels"
    """The class that the model decides for, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Metric of predictions.

    Attributes
    ----------
    name : str
        "roc_auc", "log_loss", "rmse", ... or the name of any scikit-learn scorer; that of a
        function of the user ends with a bracket.
    greater_is_better : bool
        Direction of the score.
    function : callable
        ``function(y_true, prediction, sample_weight) -> float``.
    form : Form
        What it looks at.
    positive : int or None
        Code of the positive class; None where there are not two classes.
    is_sided : bool
        Whether the score depends on which class is the positive one.
    decides : bool
        Whether labels are judged as the final model decides them: where a threshold (or a factor
        for each class) is best, instead of the most probable class.
    weighs : bool
        Whether it takes sample weights.
    low : float or None
        End of its domain: smaller values are raised to it, in scores and by the final model.
    """

    name: str
    greater_is_better: bool
    function: ScoreFunction
    form: Form = Form.PROBABILITIES
    positive: int | None = None
    is_sided: bool = False
    decides: bool = False
    weighs: bool = True
    low: float | None = None

    @property
    def asked_as(self) -> str:
        """Name under which past evaluations are asked for a guide.

        They took the most probable class, which for the balanced accuracy of two classes says less
        about a model that decides by a threshold than its ranks do.
        """
        two = self.positive is not None
        return "roc_auc" if self.decides and two and self.name == "balanced_accuracy" else self.name

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
        import numpy as np

        try:
            with np.errstate(over="ignore", invalid="ignore"):  # absurd values score infinity
                return self._call(y_true, prediction, sample_weight)
        except UNDEFINED:
            return math.nan

    def reason(
        self,
        y_true: "AnyArray",
        prediction: "FloatArray",
        sample_weight: "FloatArray | None" = None,
    ) -> str:
        """Return why the score is undefined on some rows, in a clause; empty if it is defined."""
        import numpy as np

        try:
            if not math.isnan(self._call(y_true, prediction, sample_weight)):
                return ""
        except UNDEFINED as error:
            return " ".join(str(error).split())[:200] or type(error).__name__
        present = np.unique(y_true)
        if self.form is not Form.VALUES and len(present) < 2:
            return "its rows hold one class only"
        if self.is_sided and self.positive not in present:
            return "its rows hold none of the positive class"
        return "it is no number there"

    def loss(self, score: float) -> float:
        """Convert a score to a loss, where less is better (NaN becomes infinity)."""
        if math.isnan(score):
            return math.inf
        return -score if self.greater_is_better else score

    def better(self, score: float, than: float) -> bool:
        """Return True if `score` is better than `than`; False for NaN."""
        return self.loss(score) < self.loss(than)

    def _call(self, y: "AnyArray", p: "FloatArray", w: "FloatArray | None") -> float:
        if self.low is not None:
            import numpy as np

            p = np.maximum(p, self.low)
        return float(self.function(y, p, w))
