"""Extremely randomised trees."""

from typing import Any, ClassVar

from metatune.algorithms.forests import Forest
from metatune.kinds import TaskKind

__all__ = ["ExtraTrees"]


class ExtraTrees(Forest):
    """Averaged trees with random thresholds (Geurts, Ernst and Wehenkel, 2006)."""

    name: ClassVar[str] = "extra_trees"
    title: ClassVar[str] = "Extra trees"
    bootstrap: ClassVar[bool] = False
    cost: ClassVar[float] = 0.3  # measured: random thresholds need no sorting

    def _learner(self, kind: TaskKind) -> Any:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        return ExtraTreesClassifier if kind.is_classification else ExtraTreesRegressor
