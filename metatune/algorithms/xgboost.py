"""Gradient boosting with XGBoost, where it is installed."""

from typing import TYPE_CHECKING, Any, ClassVar

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import make_pipeline, make_space, native_step, table_step
from metatune.kinds import TaskKind
from metatune.space import Choice, Configuration, Float, Int, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["XGBoost"]

_OWN = (
    "learning_rate",
    "max_depth",
    "min_child_weight",
    "subsample",
    "colsample_bytree",
    "reg_alpha",
    "reg_lambda",
    "gamma",
)


class XGBoost(Algorithm):
    """Boosted trees with early stopping and native categories (Chen and Guestrin, 2016)."""

    name: ClassVar[str] = "xgboost"
    title: ClassVar[str] = "XGBoost"
    limits: ClassVar[Limits] = Limits(max_classes=100, max_cells=100_000_000)
    recipe_version: ClassVar[int] = 2
    iterative: ClassVar[bool] = True
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
        )

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        from metatune.algorithms.learners.xgboost_model import XGBoostClassifier, XGBoostRegressor

        values: dict[str, Any] = dict(configuration.params)
        native = values["encoding"] == "native"
        preprocess = (
            native_step(configuration, context)
            if native
            else table_step(configuration, context, scaling="standard", imputation="none")
        )
        learner = XGBoostClassifier if context.kind.is_classification else XGBoostRegressor
        estimator = learner(
            params={name: values[name] for name in _OWN},
            categorical=context.layout.categorical if native else (),
            balanced=values.get("class_weight") == "balanced",
            iterations=context.iterations,
            seed=context.seed,
        )
        return make_pipeline(preprocess, estimator, configuration, context)
