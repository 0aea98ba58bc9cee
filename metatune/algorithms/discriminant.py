"""Discriminant analysis."""

from typing import TYPE_CHECKING, Any, ClassVar

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import SCALINGS, make_pipeline, make_space, table_step
from metatune.kinds import TaskKind
from metatune.space import Choice, Condition, Configuration, Float, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["Discriminant"]


class Discriminant(Algorithm):
    """Linear (Fisher, 1936) and regularised quadratic (Friedman, 1989) discriminant analysis."""

    name: ClassVar[str] = "discriminant"
    title: ClassVar[str] = "Discriminant analysis"
    kinds: ClassVar[frozenset[TaskKind]] = frozenset({TaskKind.BINARY, TaskKind.MULTICLASS})
    limits: ClassVar[Limits] = Limits(max_columns=1_000, max_classes=200, max_cells=40_000_000)

    def space(self, kind: TaskKind) -> SearchSpace:
        return make_space(
            self.name,
            kind,
            {
                "method": (Choice(("linear", "quadratic")), "linear"),
                "shrinkage": (Float(0.0, 1.0), 0.0),
                "pooling": (Float(0.0, 1.0), 0.0),
                "calibrate": (Choice((False, True)), True),
                "scaling": (SCALINGS, "standard"),
                "encoding": (Choice(("one_hot", "target")), "one_hot"),
            },
            {"pooling": Condition("method", ("quadratic",))},
            weights=False,
        )

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        from metatune.algorithms.learners.calibration import CalibratedScores
        from metatune.algorithms.learners.gaussian import RegularizedDiscriminant

        values: dict[str, Any] = dict(configuration.params)
        estimator: Any = RegularizedDiscriminant(
            pooling=values.get("pooling", 1.0),
            shrinkage=values["shrinkage"],
        )
        if values["calibrate"]:
            estimator = CalibratedScores(estimator, "predict_log_proba", context.seed)
        preprocess = table_step(configuration, context)
        return make_pipeline(preprocess, estimator, configuration, context, smoothing=3.0)
