"""Gradient boosting with LightGBM."""

from typing import Any, ClassVar

from metatune.algorithms.base import Limits
from metatune.algorithms.boosted_trees import BoostedTrees
from metatune.algorithms.recipe import make_space
from metatune.kinds import TaskKind
from metatune.schedule import Growth
from metatune.space import Choice, Float, Int, SearchSpace

__all__ = ["LightGBM"]

_CHANGING = (
    "learning_rate",
    "colsample_bytree",
    "subsample",
    "reg_alpha",
    "reg_lambda",
)  # while training goes on


class LightGBM(BoostedTrees):
    """Boosted histogram trees with early stopping and native categories (Ke et al., 2017)."""

    name: ClassVar[str] = "lightgbm"
    title: ClassVar[str] = "LightGBM"
    limits: ClassVar[Limits] = Limits(max_classes=200, max_cells=150_000_000)
    recipe_version: ClassVar[int] = 2
    own: ClassVar[tuple[str, ...]] = (
        "learning_rate",
        "num_leaves",
        "min_child_samples",
        "colsample_bytree",
        "subsample",
        "reg_alpha",
        "reg_lambda",
        "max_bin",
        "extra_trees",
        "cat_smooth",
    )
    scaling: ClassVar[str] = "none"
    averages_well: ClassVar[bool] = True

    def space(self, kind: TaskKind) -> SearchSpace:
        return make_space(
            self.name,
            kind,
            {
                "learning_rate": (Float(0.01, 0.3, log=True), 0.1),
                "num_leaves": (Int(4, 256, log=True), 31),
                "min_child_samples": (Int(1, 100, log=True), 20),
                "colsample_bytree": (Float(0.3, 1.0), 1.0),
                "subsample": (Float(0.5, 1.0), 1.0),
                "reg_alpha": (Float(1e-8, 10.0, log=True), 1e-8),
                "reg_lambda": (Float(1e-8, 10.0, log=True), 1e-8),
                "max_bin": (Choice((63, 255, 1023)), 255),
                "extra_trees": (Choice((False, True)), False),
                "encoding": (Choice(("native", "ordinal", "target")), "native"),
                "cat_smooth": (Float(1.0, 100.0, log=True), 10.0),
            },
            crossed=True,
            growth=Growth(step=50, changing=_CHANGING),
        )

    def learner(self, *, classifier: bool) -> Any:
        from metatune.algorithms.learners.lightgbm_model import (
            LightGBMClassifier,
            LightGBMRegressor,
        )

        return LightGBMClassifier if classifier else LightGBMRegressor

    def params(self, values: dict[str, Any]) -> dict[str, Any]:
        return super().params(values) | {"subsample_freq": 1 if values["subsample"] < 1.0 else 0}
