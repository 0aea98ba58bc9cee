"""Boosted trees of three libraries: what their families have in common."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from metatune.algorithms.base import Algorithm, BuildContext
from metatune.algorithms.recipe import make_pipeline, native_step, table_step
from metatune.algorithms.stages import learner_stages, training_seed
from metatune.space import Configuration

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["BoostedTrees"]


class BoostedTrees(Algorithm):
    """Boosted trees with early stopping, on native or encoded categories."""

    iterative: ClassVar[bool] = True
    own: ClassVar[tuple[str, ...]]
    """Hyperparameters that are parameters of the library."""
    scaling: ClassVar[str] = "standard"
    """Scaling of the numbers where categories are encoded."""

    @abstractmethod
    def learner(self, *, classifier: bool) -> Any:
        """Return the class of the learner; imports the library."""

    def params(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters of the library for the values of a configuration."""
        return {name: values[name] for name in self.own if name in values}

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        values: dict[str, Any] = dict(configuration.params)
        native = values["encoding"] == "native"
        preprocess = (
            native_step(configuration, context)
            if native
            else table_step(configuration, context, scaling=self.scaling, imputation="none")
        )
        learner = self.learner(classifier=context.kind.is_classification)
        stages = learner_stages(configuration, self.params)
        estimator = learner(
            params=self.params(values),
            categorical=context.layout.categorical if native else (),
            balanced=values.get("class_weight") == "balanced",
            iterations=None if stages else context.iterations,
            seed=training_seed(configuration, context),
            stages=stages,
        )
        return make_pipeline(preprocess, estimator, configuration, context)
