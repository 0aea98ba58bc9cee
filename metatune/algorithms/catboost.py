"""Gradient boosting with CatBoost, where it is installed."""

from typing import TYPE_CHECKING, Any, ClassVar

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import make_pipeline, make_space, native_step, table_step
from metatune.kinds import TaskKind
from metatune.space import Choice, Configuration, Float, Int, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["CatBoost"]

_OWN = ("learning_rate", "depth", "l2_leaf_reg", "random_strength", "rsm", "bagging_temperature")


class CatBoost(Algorithm):
    """Boosted symmetric trees with early stopping (Prokhorenkova et al., 2018)."""

    name: ClassVar[str] = "catboost"
    title: ClassVar[str] = "CatBoost"
    limits: ClassVar[Limits] = Limits(max_classes=50, max_cells=30_000_000)
    recipe_version: ClassVar[int] = 2
    iterative: ClassVar[bool] = True

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
        )

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        from metatune.algorithms.learners.catboost_model import (
            CatBoostClassifier,
            CatBoostRegressor,
        )

        values: dict[str, Any] = dict(configuration.params)
        native = values["encoding"] == "native"
        preprocess = (
            native_step(configuration, context)
            if native
            else table_step(configuration, context, scaling="standard", imputation="none")
        )
        learner = CatBoostClassifier if context.kind.is_classification else CatBoostRegressor
        estimator = learner(
            params={name: values[name] for name in _OWN} | {"bootstrap_type": "Bayesian"},
            categorical=context.layout.categorical if native else (),
            balanced=values.get("class_weight") == "balanced",
            iterations=context.iterations,
            seed=context.seed,
        )
        return make_pipeline(preprocess, estimator, configuration, context)
