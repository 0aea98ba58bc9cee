"""Gaussian process regression."""

from typing import TYPE_CHECKING, ClassVar

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import SCALINGS, make_pipeline, make_space, table_step
from metatune.kinds import TaskKind
from metatune.space import Choice, Configuration, Float, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["GaussianProcess"]


class GaussianProcess(Algorithm):
    """Gaussian process with noise (Rasmussen and Williams, 2006), in part beyond 3,000 rows."""

    name: ClassVar[str] = "gaussian_process"
    title: ClassVar[str] = "Gaussian process"
    kinds: ClassVar[frozenset[TaskKind]] = frozenset({TaskKind.REGRESSION})
    limits: ClassVar[Limits] = Limits(max_rows=50_000, max_columns=200)

    def space(self, kind: TaskKind) -> SearchSpace:
        return make_space(
            self.name,
            kind,
            {
                "kernel": (Choice(("rbf", "matern32", "matern52")), "rbf"),
                "ard": (Choice((False, True)), False),
                "linear": (Choice((False, True)), False),
                "noise": (Float(1e-4, 1.0, log=True), 0.1),
                "scaling": (SCALINGS, "standard"),
                "encoding": (Choice(("one_hot", "target")), "one_hot"),
            },
        )

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        from metatune.algorithms.learners.process import BoundedProcess

        names = ("kernel", "ard", "linear", "noise")
        estimator = BoundedProcess(
            **{name: configuration.params[name] for name in names},  # type: ignore[arg-type]
            seed=context.seed,
        )
        preprocess = table_step(configuration, context)
        return make_pipeline(preprocess, estimator, configuration, context)
