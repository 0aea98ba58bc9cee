"""Gradient boosting with XGBoost, where it is installed."""

from typing import Any, ClassVar

from metatune.algorithms.base import Limits
from metatune.algorithms.boosted_trees import BoostedTrees
from metatune.algorithms.recipe import make_space
from metatune.kinds import TaskKind
from metatune.schedule import Growth
from metatune.space import Choice, Float, Int, SearchSpace

__all__ = ["XGBoost"]

_CHANGING = (
    "learning_rate",
    "subsample",
    "colsample_bytree",
    "reg_alpha",
    "reg_lambda",
    "gamma",
)  # while training goes on


class XGBoost(BoostedTrees):
    """Boosted trees with early stopping and native categories (Chen and Guestrin, 2016)."""

    name: ClassVar[str] = "xgboost"
    title: ClassVar[str] = "XGBoost"
    limits: ClassVar[Limits] = Limits(max_classes=100, max_cells=100_000_000)
    recipe_version: ClassVar[int] = 2
    own: ClassVar[tuple[str, ...]] = (
        "learning_rate",
        "max_depth",
        "min_child_weight",
        "subsample",
        "colsample_bytree",
        "reg_alpha",
        "reg_lambda",
        "gamma",
    )
    averages_well: ClassVar[bool] = True

    def space(self, kind: TaskKind) -> SearchSpace:
        return make_space(
            self.name,
            kind,
            {
                "learning_rate": (Float(0.01, 0.5, log=True), 0.3),
                "max_depth": (Int(2, 10), 6),
                "min_child_weight": (Float(0.1, 30.0, log=True), 1.0),
                "subsample": (Float(0.5, 1.0), 1.0),
                "colsample_bytree": (Float(0.3, 1.0), 1.0),
                "reg_alpha": (Float(1e-8, 10.0, log=True), 1e-8),
                "reg_lambda": (Float(1e-3, 30.0, log=True), 1.0),
                "gamma": (Float(1e-8, 10.0, log=True), 1e-8),
                "encoding": (Choice(("native", "ordinal", "target")), "native"),
            },
            crossed=True,
            growth=Growth(step=50, changing=_CHANGING),
        )

    def learner(self, *, classifier: bool) -> Any:
        from metatune.algorithms.learners.xgboost_model import XGBoostClassifier, XGBoostRegressor

        return XGBoostClassifier if classifier else XGBoostRegressor
