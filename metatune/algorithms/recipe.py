"""Recipe shared by the families: its hyperparameters, and the two pipeline steps."""

from typing import TYPE_CHECKING, Any

from metatune.algorithms.base import BuildContext
from metatune.kinds import TaskKind
from metatune.schedule import Growth
from metatune.space import Choice, Condition, Configuration, Domain, SearchSpace, Value

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = [
    "CROSSING",
    "SCALINGS",
    "class_weight",
    "make_pipeline",
    "make_space",
    "most_columns",
    "native_step",
    "share_of_columns",
    "table_step",
]

SCALINGS = Choice(("standard", "robust", "quantile"))
"""Ways to scale numbers that keep every learner of distances and weights in range."""

CROSSING = Choice(("none", "arithmetic"))
"""Hyperparameter that adds columns made of pairs of numbers."""

Entry = tuple[Domain, Value]


def make_space(
    algorithm: str,
    kind: TaskKind,
    entries: dict[str, Entry],
    conditions: dict[str, Condition] | None = None,
    *,
    weights: bool = True,
    crossed: bool = False,
    growth: Growth | None = None,
    smooth: tuple[str, ...] = (),
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
        Conditions under which hyperparameters are active.
    weights : bool
        Whether the learner takes class weights.
    crossed : bool
        Whether crossings can help the learner.
    growth : Growth or None
        Growth of its models, if training can go on from where it stood.
    smooth : tuple of str
        Hyperparameters by which the validation loss has a derivative; those of another task kind
        are left out.
    """
    entries = dict(entries)
    if not kind.is_classification:
        entries["target"] = (Choice(("standard", "log", "quantile")), "standard")
    elif weights:
        entries["class_weight"] = (Choice(("none", "balanced")), "none")
    neutral: dict[str, Value] = {}
    if crossed:
        entries["crossing"] = (CROSSING, "none")
        neutral["crossing"] = "none"
    return SearchSpace(
        algorithm=algorithm,
        domains={name: domain for name, (domain, _) in entries.items()},
        defaults={name: default for name, (_, default) in entries.items()},
        conditions=conditions or {},
        neutral=neutral,
        growth=growth,
        smooth=tuple(name for name in smooth if name in entries),
    )


def table_step(
    configuration: Configuration,
    context: BuildContext,
    *,
    scaling: str = "standard",
    imputation: str = "median",
    dtype: str = "float64",
    encoding: str | None = None,
) -> Any:
    """Return the preprocessing step that the configuration's recipe asks for.

    `scaling` and `imputation` hold where the search space has no such hyperparameter; `encoding`
    holds whatever the configuration says.
    """
    from metatune.algorithms.preprocessing import TablePreprocessor

    params = configuration.params
    scaling = str(params.get("scaling", scaling))
    imputation = str(params.get("imputation", imputation))
    step = TablePreprocessor(
        n_levels=context.layout.n_levels,
        scaling=scaling,
        imputation=imputation,
        encoding=encoding or str(params.get("encoding", "one_hot")),
        classification=context.kind.is_classification,
        dtype=dtype,
        seed=_preprocess_seed(context),
    )
    return _crossed(step, configuration, context, scaling, imputation)


def native_step(configuration: Configuration, context: BuildContext) -> Any:
    """Return the preprocessing step of learners that take codes and missing cells as they are.

    Crossings stand behind the columns of the table, which keep their positions.
    """
    from metatune.algorithms.preprocessing import NativePreprocessor

    step = NativePreprocessor(n_levels=context.layout.n_levels)
    return _crossed(step, configuration, context, "none", "none")


def most_columns(configuration: Configuration, context: BuildContext) -> int:
    """Return the maximum number of columns of a table with crossings."""
    if not _is_crossed(configuration):
        return context.layout.n_columns
    from metatune.algorithms.crossings.choosing import MOST_TERMS

    return context.layout.n_columns + MOST_TERMS


def _is_crossed(configuration: Configuration) -> bool:
    """Return True if crossings are added; False if the configuration lacks the hyperparameter."""
    return configuration.params.get("crossing", "none") != "none"


def _crossed(
    step: Any,
    configuration: Configuration,
    context: BuildContext,
    scaling: str,
    imputation: str,
) -> Any:
    if not _is_crossed(configuration):
        return step
    from metatune.algorithms.crossings.step import CrossingPreprocessor

    return CrossingPreprocessor(
        step,
        n_levels=context.layout.n_levels,
        scaling=scaling,
        imputation=imputation,
        classification=context.kind.is_classification,
        seed=_preprocess_seed(context),
    )


def _preprocess_seed(context: BuildContext) -> int:
    return context.seed if context.preprocess_seed is None else context.preprocess_seed


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
    """Return scikit-learn's `class_weight` of a configuration."""
    return "balanced" if configuration.params.get("class_weight") == "balanced" else None


def share_of_columns(power: float, n_columns: int) -> float:
    """Return the share of columns a split may choose from, where their number is n ** power.

    Powers (Feurer et al., 2015) mean the same on narrow and wide tables: 0.5 is the usual square
    root, 1 all columns.
    """
    return float(max(1, n_columns) ** (power - 1.0))
