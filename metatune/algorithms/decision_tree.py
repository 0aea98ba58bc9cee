"""Single decision tree."""

from typing import TYPE_CHECKING, Any, ClassVar

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import class_weight, make_pipeline, make_space, table_step
from metatune.kinds import TaskKind
from metatune.space import Choice, Configuration, Float, Int, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["DecisionTree"]

_NOT_PRUNED = 1e-7  # up to here `ccp_alpha` means none
_MAX_PRUNED_LEAVES = 10_000  # pruning takes time with the square of the leaves


class DecisionTree(Algorithm):
    """Decision tree, grown by CART and pruned by its cost (Breiman et al., 1984)."""

    name: ClassVar[str] = "decision_tree"
    title: ClassVar[str] = "Decision tree"
    averages_well: ClassVar[bool] = True
    limits: ClassVar[Limits] = Limits(max_classes=500, max_cells=30_000_000)

    def space(self, kind: TaskKind) -> SearchSpace:
        entries: dict[str, Any] = {
            "max_depth": (Int(1, 30, log=True), 30),
            "min_samples_leaf": (Int(1, 100, log=True), 1),
            "ccp_alpha": (Float(1e-8, 0.05, log=True), 1e-8),
            "imputation": (Choice(("none", "median")), "none"),
            "encoding": (Choice(("ordinal", "one_hot", "target")), "ordinal"),
        }
        if kind.is_classification:
            entries["criterion"] = (Choice(("gini", "entropy")), "gini")
        return make_space(self.name, kind, entries)

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        from sklearn.tree import DecisionTreeRegressor

        from metatune.algorithms.learners.smoothed_tree import SmoothedTreeClassifier

        values: dict[str, Any] = dict(configuration.params)
        pruned = values["ccp_alpha"] > _NOT_PRUNED
        settings: dict[str, Any] = {
            "max_depth": values["max_depth"],
            "min_samples_leaf": values["min_samples_leaf"],
            "ccp_alpha": values["ccp_alpha"] if pruned else 0.0,
            "max_leaf_nodes": _MAX_PRUNED_LEAVES if pruned else None,
            "random_state": context.seed,
        }
        if context.kind.is_classification:
            settings["criterion"] = values["criterion"]
            settings["class_weight"] = class_weight(configuration)
            estimator = SmoothedTreeClassifier(**settings)
        else:
            estimator = DecisionTreeRegressor(**settings)
        preprocess = table_step(configuration, context)
        return make_pipeline(preprocess, estimator, configuration, context, smoothing=3.0)
