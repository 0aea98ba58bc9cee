"""Base of random forests and extra trees."""

from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Any, ClassVar

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import (
    class_weight,
    make_pipeline,
    make_space,
    most_columns,
    share_of_columns,
    table_step,
)
from metatune.data.encoding.shape import Shape
from metatune.kinds import TaskKind
from metatune.space import Choice, Configuration, Float, Int, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["Forest"]

MOST_TREES, FEWEST_TREES = 200, 30
_LEAST_FIDELITY = 0.3  # 60 trees rank as 200 do on a ninth of the rows; 40 lose sight
_WORK = 2e8  # comparisons that take about 20 s on one core
_ROWS_OF_A_LEAF = 25_000  # one more row in each leaf for every so many rows of a tree


class Forest(Algorithm):
    """Base of the families of averaged trees.

    The number of trees is not searched: more are always better, so it is as large as the size of
    the table affords, between 30 and 200. On a share of the rows it is smaller in proportion, down
    to 60: that ranks configurations as well, at a third of the time. Where even 30 trees would take
    too long, each of them sees a sample of the rows.
    """

    recipe_version: ClassVar[int] = 2
    limits: ClassVar[Limits] = Limits(max_classes=200, max_cells=60_000_000, max_work=600_000_000)
    averages_well: ClassVar[bool] = True
    bootstrap: ClassVar[bool]
    cost: ClassVar[float] = 1.0
    """Time of a split for each row and column, relative to a search for the best threshold."""

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
        return make_space(self.name, kind, entries, crossed=True)

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        from metatune.algorithms.learners.packed_forest import (
            PackedForestClassifier,
            PackedForestRegressor,
        )

        values: dict[str, Any] = dict(configuration.params)
        n_columns = most_columns(configuration, context)
        share = share_of_columns(values["max_features"], n_columns)
        size = forest_size(context.shape, share * n_columns * self.cost, context.fidelity)
        sampled = size.rows < context.shape.n_rows
        settings: dict[str, Any] = {
            "n_estimators": size.trees,
            "max_features": share,
            "min_samples_leaf": max(values["min_samples_leaf"], size.rows // _ROWS_OF_A_LEAF),
            "min_samples_split": values["min_samples_split"],
            "bootstrap": values["bootstrap"] or sampled,
            "max_samples": size.rows if sampled else None,
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
        forest = self._learner(context.kind)(**settings)
        packed = PackedForestClassifier if context.kind.is_classification else PackedForestRegressor
        return make_pipeline(preprocess, packed(forest), configuration, context, smoothing=3.0)

    def _learner(self, kind: TaskKind) -> Any:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestSize:
    """Number of trees of a forest, and of rows that each of them is grown on."""

    trees: int
    rows: int


def forest_size(shape: Shape, n_tried: float, fidelity: float = 1.0) -> ForestSize:
    """Return the size of a forest that a table affords.

    Parameters
    ----------
    shape : Shape
        Size of the training set.
    n_tried : float
        Columns whose best threshold a split searches for.
    fidelity : float
        Share of the rows that the table is; see `BuildContext`.
    """
    most = max(FEWEST_TREES, round(MOST_TREES * max(_LEAST_FIDELITY, fidelity)))
    by_row = (n_tried + 2.0) * (1.0 + shape.n_classes / 8.0)
    rows = float(max(2, shape.n_rows))
    while rows > 1000 and FEWEST_TREES * by_row * rows * log2(rows) > _WORK:
        rows *= 0.9
    trees = _WORK / (by_row * rows * log2(rows))
    return ForestSize(
        trees=max(FEWEST_TREES, min(most, int(trees))), rows=min(shape.n_rows, int(rows))
    )
