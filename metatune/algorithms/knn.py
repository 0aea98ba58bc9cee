"""Nearest neighbours."""

from typing import TYPE_CHECKING, Any, ClassVar

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import SCALINGS, make_pipeline, make_space, table_step
from metatune.kinds import TaskKind
from metatune.space import Choice, Configuration, Int, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["KNN"]


class KNN(Algorithm):
    """Votes or means of the nearest training rows (Fix and Hodges, 1951).

    The votes are mixed with the class shares, because a few neighbours of one class prove little.
    """

    name: ClassVar[str] = "knn"
    title: ClassVar[str] = "Nearest neighbours"
    averages_well: ClassVar[bool] = True
    limits: ClassVar[Limits] = Limits(max_rows=60_000, max_columns=2_000, max_cells=3_000_000)

    def space(self, kind: TaskKind) -> SearchSpace:
        return make_space(
            self.name,
            kind,
            {
                "n_neighbors": (Int(1, 100, log=True), 5),
                "weights": (Choice(("uniform", "distance")), "uniform"),
                "p": (Choice((1, 2)), 2),
                "scaling": (SCALINGS, "standard"),
                "encoding": (Choice(("one_hot", "target")), "one_hot"),
            },
            weights=False,
        )

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        from metatune.algorithms.learners.neighbours import (
            NeighboursClassifier,
            NeighboursRegressor,
        )

        values: dict[str, Any] = dict(configuration.params)
        learner = NeighboursClassifier if context.kind.is_classification else NeighboursRegressor
        names = ("n_neighbors", "weights", "p")
        estimator = learner(**{name: values[name] for name in names})
        preprocess = table_step(configuration, context)
        return make_pipeline(preprocess, estimator, configuration, context)
