"""Random forests."""

from typing import Any, ClassVar

from metatune.algorithms.forests import Forest
from metatune.kinds import TaskKind

__all__ = ["RandomForest"]


class RandomForest(Forest):
    """Averaged trees on bootstrap samples (Breiman, 2001)."""

    name: ClassVar[str] = "random_forest"
    title: ClassVar[str] = "Random forest"
    bootstrap: ClassVar[bool] = True

    def _learner(self, kind: TaskKind) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        return RandomForestClassifier if kind.is_classification else RandomForestRegressor
