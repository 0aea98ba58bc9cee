"""Gradient boosting with LightGBM."""

from typing import TYPE_CHECKING, Any, ClassVar

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import make_pipeline, make_space, native_step, table_step
from metatune.kinds import TaskKind
from metatune.space import Choice, Configuration, Float, Int, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["LightGBM"]

_OWN = (
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


class LightGBM(Algorithm):
    """Boosted histogram trees with early stopping and native categories (Ke et al., 2017)."""

    name: ClassVar[str] = "lightgbm"
    title: ClassVar[str] = "LightGBM"
    limits: ClassVar[Limits] = Limits(max_classes=200, max_cells=150_000_000)
    recipe_version: ClassVar[int] = 2
    iterative: ClassVar[bool] = True
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
        )

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        from metatune.algorithms.learners.lightgbm_model import (
            LightGBMClassifier,
            LightGBMRegressor,
        )

        values: dict[str, Any] = dict(configuration.params)
        native = values["encoding"] == "native"
        preprocess = (
            native_step(configuration, context)
            if native
            else table_step(configuration, context, scaling="none", imputation="none")
        )
        learner = LightGBMClassifier if context.kind.is_classification else LightGBMRegressor
        estimator = learner(
            params={name: values[name] for name in _OWN if name in values}
            | {"subsample_freq": 1 if values["subsample"] < 1.0 else 0},
            categorical=context.layout.categorical if native else (),
            balanced=values.get("class_weight") == "balanced",
            iterations=context.iterations,
            seed=context.seed,
        )
        return make_pipeline(preprocess, estimator, configuration, context)
