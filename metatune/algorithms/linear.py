"""Linear models: logistic regression, ridge and elastic net."""

from typing import TYPE_CHECKING, Any, ClassVar

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import SCALINGS, class_weight, make_pipeline, make_space, table_step
from metatune.kinds import TaskKind
from metatune.space import Choice, Condition, Configuration, Float, SearchSpace

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["Linear"]

_MANY_LEVELS = 30  # of a category: up to here a dense matrix has a column for each
_MAX_COEFFICIENTS = 1_000_000  # of sparse columns; the solver keeps some twenty copies


class Linear(Algorithm):
    """Logistic regression for classes; ridge and elastic net for numbers.

    The elastic net of several classes is fitted by stochastic steps and so only approximately.
    Where a category has many levels, each of them has a (sparse) column beside the means of the
    target.
    """

    name: ClassVar[str] = "linear"
    title: ClassVar[str] = "Linear model"
    recipe_version: ClassVar[int] = 2
    limits: ClassVar[Limits] = Limits(
        max_columns=5_000, max_classes=200, max_cells=40_000_000, max_work=100_000_000
    )

    def space(self, kind: TaskKind) -> SearchSpace:
        entries: dict[str, Any] = {
            "scaling": (SCALINGS, "standard"),
            "imputation": (Choice(("median", "mean", "indicator")), "indicator"),
            "encoding": (Choice(("one_hot", "target")), "one_hot"),
            "penalty": (Choice(("l2", "elastic_net")), "l2"),
        }
        if kind.is_classification:
            entries["C"] = (Float(1e-4, 1e3, log=True), 1.0)
        else:
            entries["alpha"] = (Float(1e-5, 1e3, log=True), 1.0)
        entries["l1_ratio"] = (Float(0.05, 1.0), 0.5)
        return make_space(
            self.name,
            kind,
            entries,
            {"l1_ratio": Condition("penalty", ("elastic_net",))},
            smooth=("C", "alpha", "l1_ratio"),
        )

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        classification = context.kind.is_classification
        estimator = (
            _classifier(configuration, context)
            if classification
            else _regressor(configuration, context)
        )
        if not _has_many_levels(configuration, context):
            preprocess = table_step(configuration, context)
            return make_pipeline(preprocess, estimator, configuration, context)
        from metatune.algorithms.learners.wide import OneHotLearner

        preprocess = table_step(configuration, context, encoding="levels")
        wide = OneHotLearner(
            estimator,
            n_codes=len(context.layout.categorical),
            max_columns=_MAX_COEFFICIENTS // max(1, context.shape.n_classes),
        )
        return make_pipeline(preprocess, wide, configuration, context)


def _has_many_levels(configuration: Configuration, context: BuildContext) -> bool:
    """Return True if levels get sparse columns, as there are too many for a dense matrix."""
    return configuration.params["encoding"] == "one_hot" and (
        max(context.layout.n_levels, default=0) > _MANY_LEVELS
    )


def _classifier(configuration: Configuration, context: BuildContext) -> Any:
    from sklearn.linear_model import LogisticRegression

    values: dict[str, Any] = dict(configuration.params)
    settings: dict[str, Any] = {"C": values["C"], "class_weight": class_weight(configuration)}
    if values["penalty"] == "l2":
        return LogisticRegression(solver="lbfgs", max_iter=300, **settings)
    # An epoch of saga costs cells x classes; its steps are many where rows are.
    work = context.shape.n_rows * context.shape.n_columns * max(1, context.shape.n_classes)
    epochs = max(10, min(300, 100_000_000 // max(1, work)))
    return LogisticRegression(
        solver="saga",
        l1_ratio=values["l1_ratio"],
        max_iter=epochs,
        tol=1e-3,
        random_state=context.seed,
        **settings,
    )


def _regressor(configuration: Configuration, context: BuildContext) -> Any:
    from sklearn.linear_model import ElasticNet, Ridge

    values: dict[str, Any] = dict(configuration.params)
    if values["penalty"] == "l2":
        return Ridge(alpha=values["alpha"], random_state=context.seed)
    # Ridge's penalty is summed over rows, the elastic net's is a mean: the same alpha is brought
    # to the same strength.
    per_row = values["alpha"] / max(1, context.shape.n_rows)
    return ElasticNet(
        alpha=per_row,
        l1_ratio=values["l1_ratio"],
        max_iter=500,
        random_state=context.seed,
    )
