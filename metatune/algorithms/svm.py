"""Support vector machines."""

from typing import TYPE_CHECKING, Any, ClassVar

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import SCALINGS, class_weight, make_pipeline, make_space, table_step
from metatune.kinds import TaskKind
from metatune.space import Choice, Configuration, Float, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["SVM"]

_MAX_ITERATIONS = 2_000_000
_MAX_CLASSES_IN_PAIRS = 30  # their scores tell more, but their number grows with the square


class SVM(Algorithm):
    """Support vector machine with a radial kernel (Cortes and Vapnik, 1995).

    Probabilities come from cross-fitted decision values.
    """

    name: ClassVar[str] = "svm"
    title: ClassVar[str] = "Support vector machine"
    limits: ClassVar[Limits] = Limits(max_rows=12_000, max_classes=100, max_cells=1_500_000)

    def space(self, kind: TaskKind) -> SearchSpace:
        entries: dict[str, Any] = {
            "C": (Float(1e-2, 1e3, log=True), 1.0),
            "gamma": (Float(1e-2, 10.0, log=True), 1.0),
            "scaling": (SCALINGS, "standard"),
            "encoding": (Choice(("one_hot", "target")), "one_hot"),
        }
        if not kind.is_classification:
            entries["epsilon"] = (Float(1e-3, 1.0, log=True), 0.1)
        return make_space(self.name, kind, entries)

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        from sklearn.svm import SVC, SVR

        from metatune.algorithms.learners.calibration import CalibratedScores
        from metatune.algorithms.learners.kernel import ScaledKernel

        values: dict[str, Any] = dict(configuration.params)
        settings: dict[str, Any] = {
            "C": values["C"],
            "cache_size": 500,
            "max_iter": _MAX_ITERATIONS,
        }
        estimator: Any
        if context.kind.is_classification:
            pairs = context.shape.n_classes <= _MAX_CLASSES_IN_PAIRS
            machine = SVC(
                class_weight=class_weight(configuration),
                decision_function_shape="ovo" if pairs else "ovr",
                **settings,
            )
            learner = ScaledKernel(machine, width=values["gamma"])
            estimator = CalibratedScores(learner, seed=context.seed)
        else:
            machine = SVR(epsilon=values["epsilon"], **settings)
            estimator = ScaledKernel(machine, width=values["gamma"])
        preprocess = table_step(configuration, context)
        return make_pipeline(preprocess, estimator, configuration, context)
