"""Gradient boosting with CatBoost, where it is installed."""

from typing import Any, ClassVar

from metatune.algorithms.base import Limits
from metatune.algorithms.boosted_trees import BoostedTrees
from metatune.algorithms.recipe import make_space
from metatune.kinds import TaskKind
from metatune.schedule import Growth
from metatune.space import Choice, Float, Int, SearchSpace

__all__ = ["CatBoost"]

_CHANGING = (
    "learning_rate",
    "l2_leaf_reg",
    "random_strength",
    "rsm",
    "bagging_temperature",
)  # while training goes on


class CatBoost(BoostedTrees):
    """Boosted symmetric trees with early stopping (Prokhorenkova et al., 2018)."""

    name: ClassVar[str] = "catboost"
    title: ClassVar[str] = "CatBoost"
    limits: ClassVar[Limits] = Limits(max_classes=50, max_cells=30_000_000)
    recipe_version: ClassVar[int] = 2
    own: ClassVar[tuple[str, ...]] = (
        "learning_rate",
        "depth",
        "l2_leaf_reg",
        "random_strength",
        "rsm",
        "bagging_temperature",
    )

    def space(self, kind: TaskKind) -> SearchSpace:
        return make_space(
            self.name,
            kind,
            {
                # CatBoost chooses its own rate by size and rounds; this is about its middle.
                "learning_rate": (Float(0.01, 0.3, log=True), 0.06),
                "depth": (Int(2, 9), 6),
                "l2_leaf_reg": (Float(0.3, 30.0, log=True), 3.0),
                "random_strength": (Float(0.1, 10.0, log=True), 1.0),
                "rsm": (Float(0.3, 1.0), 1.0),
                "bagging_temperature": (Float(0.0, 2.0), 1.0),
                "encoding": (Choice(("native", "ordinal", "target")), "native"),
            },
            crossed=True,
            growth=Growth(step=50, changing=_CHANGING),
        )

    def learner(self, *, classifier: bool) -> Any:
        from metatune.algorithms.learners.catboost_model import (
            CatBoostClassifier,
            CatBoostRegressor,
        )

        return CatBoostClassifier if classifier else CatBoostRegressor

    def params(self, values: dict[str, Any]) -> dict[str, Any]:
        return super().params(values) | {"bootstrap_type": "Bayesian"}
