"""Naive Bayes."""

from typing import TYPE_CHECKING, Any, ClassVar

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import SCALINGS, make_pipeline, make_space, table_step
from metatune.kinds import TaskKind
from metatune.space import Choice, Configuration, Float, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["NaiveBayes"]


class NaiveBayes(Algorithm):
    """Gaussian naive Bayes; its over-confident scores are calibrated by default."""

    name: ClassVar[str] = "naive_bayes"
    title: ClassVar[str] = "Naive Bayes"
    kinds: ClassVar[frozenset[TaskKind]] = frozenset({TaskKind.BINARY, TaskKind.MULTICLASS})
    limits: ClassVar[Limits] = Limits(max_classes=500, max_cells=60_000_000)

    def space(self, kind: TaskKind) -> SearchSpace:
        return make_space(
            self.name,
            kind,
            {
                "var_smoothing": (Float(1e-9, 1.0, log=True), 1e-2),
                "calibrate": (Choice((False, True)), True),
                "scaling": (SCALINGS, "standard"),
                "encoding": (Choice(("one_hot", "target")), "one_hot"),
            },
            weights=False,
        )

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        from sklearn.naive_bayes import GaussianNB

        from metatune.algorithms.learners.calibration import CalibratedScores

        values: dict[str, Any] = dict(configuration.params)
        estimator: Any = GaussianNB(var_smoothing=values["var_smoothing"])
        if values["calibrate"]:
            estimator = CalibratedScores(estimator, "predict_joint_log_proba", context.seed)
        preprocess = table_step(configuration, context)
        return make_pipeline(preprocess, estimator, configuration, context)
