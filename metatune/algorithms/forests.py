"""What random forests and extra trees share."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import (
    class_weight,
    make_pipeline,
    make_space,
    share_of_columns,
    table_step,
)
from metatune.kinds import TaskKind
from metatune.space import Choice, Configuration, Float, Int, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["Forest"]

_MOST_TREES, _FEWEST_TREES = 250, 40
_ROWS_OF_ALL_TREES = 2_000_000


class Forest(Algorithm):
    """Base of the families of averaged trees.

    The number of trees is not searched: more are always better, so it is as large as the size of
    the table allows (250 up to 8,000 rows, fewer above).
    """

    limits: ClassVar[Limits] = Limits(max_rows=300_000, max_classes=200, max_cells=10_000_000)
    bootstrap: ClassVar[bool]

    def space(self, kind: TaskKind) -> SearchSpace:
        classification = kind.is_classification
        entries: dict[str, Any] = {
            "max_features": (Float(0.0, 1.0), 0.5 if classification else 1.0),
            "min_samples_leaf": (Int(1, 30, log=True), 1),
            "min_samples_split": (Int(2, 20, log=True), 2),
            "bootstrap": (Choice((False, True)), self.bootstrap),
            "imputation": (Choice(("none", "median")), "none"),
            "encoding": (Choice(("ordinal", "one_hot", "target")), "ordinal"),
        }
        if classification:
            entries["criterion"] = (Choice(("gini", "entropy")), "gini")
        return make_space(self.name, kind, entries)

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        values: dict[str, Any] = dict(configuration.params)
        settings: dict[str, Any] = {
            "n_estimators": n_trees(context.shape.n_rows),
            "max_features": share_of_columns(values["max_features"], context.layout.n_columns),
            "min_samples_leaf": values["min_samples_leaf"],
            "min_samples_split": values["min_samples_split"],
            "bootstrap": values["bootstrap"],
            "n_jobs": 1,
            "random_state": context.seed,
        }
        if context.kind.is_classification:
            settings |= {
                "criterion": values["criterion"],
                "class_weight": class_weight(configuration),
            }
        # Trees compare float32 values: standardising first keeps the digits of large offsets.
        preprocess = table_step(configuration, context, scaling="standard")
        estimator = self._learner(context.kind)(**settings)
        return make_pipeline(preprocess, estimator, configuration, context)

    def _learner(self, kind: TaskKind) -> Any:
        raise NotImplementedError


def n_trees(n_rows: int) -> int:
    """Return the number of trees for a training set of `n_rows`."""
    return int(np.clip(_ROWS_OF_ALL_TREES // max(1, n_rows), _FEWEST_TREES, _MOST_TREES))
