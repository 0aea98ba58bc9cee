"""Multi-layer perceptrons."""

from typing import TYPE_CHECKING, Any, ClassVar

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import SCALINGS, make_pipeline, make_space, table_step
from metatune.algorithms.stages import learner_stages, training_seed
from metatune.kinds import TaskKind
from metatune.schedule import Growth
from metatune.space import Choice, Configuration, Float, Int, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["MLP"]


class MLP(Algorithm):
    """Fully connected network, trained by Adam, stopped early on the loss (Prechelt, 1998)."""

    name: ClassVar[str] = "mlp"
    title: ClassVar[str] = "Neural network"
    limits: ClassVar[Limits] = Limits(max_columns=5_000, max_classes=200, max_cells=30_000_000)
    recipe_version: ClassVar[int] = 2
    iterative: ClassVar[bool] = True

    def space(self, kind: TaskKind) -> SearchSpace:
        return make_space(
            self.name,
            kind,
            {
                "hidden": (Int(16, 256, log=True), 100),
                "layers": (Int(1, 3), 1),
                "activation": (Choice(("relu", "tanh")), "relu"),
                "alpha": (Float(1e-6, 1.0, log=True), 1e-4),
                "learning_rate": (Float(1e-4, 3e-2, log=True), 1e-3),
                "batch_size": (Choice((32, 64, 128, 256)), 64),
                "scaling": (SCALINGS, "standard"),
                "imputation": (Choice(("median", "mean", "indicator")), "indicator"),
                "encoding": (Choice(("one_hot", "target")), "one_hot"),
            },
            weights=False,
            growth=Growth(step=10, changing=("learning_rate", "alpha")),
        )

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        from metatune.algorithms.learners.network import NetworkClassifier, NetworkRegressor

        values: dict[str, Any] = dict(configuration.params)
        learner = NetworkClassifier if context.kind.is_classification else NetworkRegressor
        stages = learner_stages(configuration, _params)
        estimator = learner(
            params=_params(values),
            iterations=None if stages else context.iterations,
            seed=training_seed(configuration, context),
            stages=stages,
        )
        preprocess = table_step(configuration, context, dtype="float32")
        return make_pipeline(preprocess, estimator, configuration, context)


def _params(values: dict[str, Any]) -> dict[str, Any]:
    """Return scikit-learn's parameters for the values of a configuration."""
    return {
        "hidden_layer_sizes": (values["hidden"],) * values["layers"],
        "activation": values["activation"],
        "alpha": values["alpha"],
        "learning_rate_init": values["learning_rate"],
        "batch_size": values["batch_size"],
    }
