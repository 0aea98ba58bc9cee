"""Pieces that the families share: hyperparameters of the recipe, and the two pipeline steps."""

from typing import TYPE_CHECKING, Any

from metatune.algorithms.base import BuildContext
from metatune.kinds import TaskKind
from metatune.space import Choice, Condition, Configuration, Domain, SearchSpace, Value

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = [
    "SCALINGS",
    "class_weight",
    "make_pipeline",
    "make_space",
    "native_step",
    "share_of_columns",
    "table_step",
]

SCALINGS = Choice(("standard", "robust", "quantile"))
"""Ways to scale numbers that keep every learner of distances and weights in range."""

Entry = tuple[Domain, Value]


def make_space(
    algorithm: str,
    kind: TaskKind,
    entries: dict[str, Entry],
    conditions: dict[str, Condition] | None = None,
    *,
    weights: bool = True,
) -> SearchSpace:
    """Build a search space from domain-and-default pairs.

    Parameters
    ----------
    algorithm : str
        Name in the registry.
    kind : TaskKind
        Regression adds ``target`` (how the target is transformed), classification
        ``class_weight``.
    entries : dict of str to (Domain, Value)
        Hyperparameters with their defaults.
    conditions : dict of str to Condition, optional
        When a hyperparameter is active.
    weights : bool
        Whether the learner takes class weights.
    """
    entries = dict(entries)
    if not kind.is_classification:
        entries["target"] = (Choice(("standard", "log", "quantile")), "standard")
    elif weights:
        entries["class_weight"] = (Choice(("none", "balanced")), "none")
    return SearchSpace(
        algorithm=algorithm,
        domains={name: domain for name, (domain, _) in entries.items()},
        defaults={name: default for name, (_, default) in entries.items()},
        conditions=conditions or {},
    )


def table_step(
    configuration: Configuration,
    context: BuildContext,
    *,
    scaling: str = "standard",
    imputation: str = "median",
    dtype: str = "float64",
) -> Any:
    """Return the preprocessing step that the configuration's recipe asks for.

    `scaling` and `imputation` hold where the search space has no such hyperparameter.
    """
    from metatune.algorithms.preprocessing import TablePreprocessor

    params = configuration.params
    return TablePreprocessor(
        n_levels=context.layout.n_levels,
        scaling=str(params.get("scaling", scaling)),
        imputation=str(params.get("imputation", imputation)),
        encoding=str(params.get("encoding", "one_hot")),
        classification=context.kind.is_classification,
        dtype=dtype,
        seed=context.seed if context.preprocess_seed is None else context.preprocess_seed,
    )


def native_step(context: BuildContext) -> Any:
    """Return the preprocessing step of learners that take codes and missing cells as they are."""
    from metatune.algorithms.preprocessing import NativePreprocessor

    return NativePreprocessor(n_levels=context.layout.n_levels)


def make_pipeline(
    preprocess: Any,
    estimator: Any,
    configuration: Configuration,
    context: BuildContext,
    *,
    smoothing: float = 1.0,
) -> "Pipeline":
    """Join preprocessing and learner, made safe, into the pipeline every family returns."""
    from sklearn.pipeline import Pipeline

    from metatune.algorithms.learners.safe import SafeClassifier, SafeRegressor

    if context.kind.is_classification:
        model: Any = SafeClassifier(estimator, smoothing=smoothing)
    else:
        model = SafeRegressor(estimator, target=str(configuration.params["target"]))
    return Pipeline([("preprocess", preprocess), ("model", model)])


def class_weight(configuration: Configuration) -> str | None:
    """Return scikit-learn's `class_weight`."""
    return "balanced" if configuration.params.get("class_weight") == "balanced" else None


def share_of_columns(power: float, n_columns: int) -> float:
    """Return the share of columns a split may choose from, where their number is n ** power.

    Powers (Feurer et al., 2015) mean the same on narrow and wide tables: 0.5 is the usual square
    root, 1 all columns.
    """
    return float(max(1, n_columns) ** (power - 1.0))
