"""Algorithm of a user: any scikit-learn estimator, with the space of its hyperparameters."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from metatune.algorithms.base import Algorithm, BuildContext, Limits
from metatune.algorithms.recipe import SCALINGS, class_weight, make_pipeline, make_space, table_step
from metatune.algorithms.registry import register
from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.space import Choice, Configuration, Domain, Float, Int, SearchSpace, Value

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["OwnAlgorithm", "domain_of", "modules_of", "register_algorithm"]

_LIMITS = Limits(max_columns=5_000, max_classes=200, max_cells=20_000_000)
_RECIPE: dict[str, tuple[Domain, Value]] = {
    "scaling": (SCALINGS, "standard"),
    "imputation": (Choice(("median", "mean", "indicator")), "median"),
    "encoding": (Choice(("one_hot", "target")), "one_hot"),
}
"""Preprocessing that is searched along with the learner."""

_OF_RECIPES = (*_RECIPE, "target", "class_weight")
_SCALARS = (str, bool, int, float)


class OwnAlgorithm(Algorithm):
    """Algorithm of a user: any scikit-learn estimator, with the space of its hyperparameters.

    It sees numbers only: categories are encoded, missing cells imputed, and columns scaled, each in
    a way that is searched along.

    Parameters
    ----------
    name : str
        Name of the family, as it is given to `include`.
    estimator : estimator or sequence of estimators
        Unfitted classifier, regressor, or one of each. A classifier has `predict_proba` or
        `decision_function`.
    space : Mapping of str to Domain, (Domain, default), list or table
        Its hyperparameters: names of its parameters, also nested ones (``step__C``), with domains
        of `metatune.space`, lists of values, or tables as in a space file. The default is the
        value that the estimator has, where it lies in the domain.
    title : str, optional
        Name in messages.
    limits : Limits, optional
        Largest training set that it is given.

    Raises
    ------
    OptionError
        If the estimator cannot be used, or a hyperparameter is none of its parameters.
    """

    def __init__(
        self,
        name: str,
        estimator: Any,
        space: Mapping[str, Any],
        *,
        title: str | None = None,
        limits: Limits = _LIMITS,
    ) -> None:
        self._estimators = _by_task(name, estimator)
        kinds = frozenset(kind for kind in TaskKind if kind.is_classification in self._estimators)
        # They are attributes of the class for families that are written as one.
        vars(self).update(name=name, title=title or name, kinds=kinds, limits=limits)
        self._entries = {
            classifies: _entries(name, one, space) for classifies, one in self._estimators.items()
        }

    @property
    def estimators(self) -> tuple[Any, ...]:
        """Unfitted estimators of the user."""
        return tuple(self._estimators.values())

    def takes_weights(self, kind: TaskKind) -> bool:
        from sklearn.utils.validation import has_fit_parameter

        estimator = self._estimators[kind.is_classification]
        return bool(has_fit_parameter(estimator, "sample_weight"))

    def space(self, kind: TaskKind) -> SearchSpace:
        estimator = self._estimators[kind.is_classification]
        entries = {**self._entries[kind.is_classification], **_RECIPE}
        weighs = "class_weight" in estimator.get_params()
        return make_space(self.name, kind, entries, weights=weighs)

    def build(self, configuration: Configuration, context: BuildContext) -> "Pipeline":
        from sklearn.base import clone

        from metatune.algorithms.learners.own_learner import OwnClassifier, OwnRegressor

        classifies = context.kind.is_classification
        names = self._entries[classifies]
        estimator = clone(self._estimators[classifies])
        estimator.set_params(**{n: v for n, v in configuration.params.items() if n in names})
        if classifies and "class_weight" in configuration.params:
            estimator.set_params(class_weight=class_weight(configuration))
        _settle(estimator, context.seed)
        learner: Any = OwnRegressor(estimator, self.name)
        if classifies:
            learner = OwnClassifier(_with_probabilities(estimator, context.seed), self.name)
        return make_pipeline(table_step(configuration, context), learner, configuration, context)


def register_algorithm(
    name: str | Algorithm,
    estimator: Any = None,
    space: Mapping[str, Any] | None = None,
    *,
    title: str | None = None,
    limits: Limits | None = None,
) -> Algorithm:
    """Add a family of your own to those that metatune searches.

    It is known to this process and to the workers of its runs. Past datasets tell nothing of it:
    its default is tried at the beginning of every run, and other configurations as the trials
    suggest.
    Packages add theirs by an entry point of the group ``metatune.algorithms``, which names an
    `Algorithm`.

    Parameters
    ----------
    name : str or Algorithm
        Name of the family; or the family itself, where you have written a subclass of `Algorithm`.
    estimator : estimator or sequence of estimators
        Unfitted classifier, regressor, or one of each, that follows scikit-learn.
    space : Mapping of str to Domain, (Domain, default), list or table
        Its hyperparameters: domains of `metatune.space`, lists of values, or tables as in a space
        file.
    title : str, optional
        Name in messages.
    limits : Limits, optional
        Largest training set that it is given, as `metatune.algorithms.base.Limits`.

    Returns
    -------
    Algorithm
        The family.

    Raises
    ------
    OptionError
        If the estimator or its space cannot be used, or metatune has a family of this name.

    Examples
    --------
    >>> import metatune
    >>> from metatune.space import Float, Int
    >>> from sklearn.ensemble import HistGradientBoostingClassifier
    >>> metatune.register_algorithm(
    ...     "hist_boosting",
    ...     HistGradientBoostingClassifier(),
    ...     {"learning_rate": Float(0.01, 0.3, log=True), "max_leaf_nodes": Int(4, 128, log=True)},
    ... )
    <algorithm hist_boosting>
    """
    if isinstance(name, Algorithm):
        algorithm = name
    elif estimator is None or space is None:
        raise OptionError(f"register_algorithm({name!r}) lacks an estimator or its space")
    else:
        algorithm = OwnAlgorithm(name, estimator, space, title=title, limits=limits or _LIMITS)
    register(algorithm)
    return algorithm


def modules_of(algorithms: Iterable[Algorithm]) -> tuple[str, ...]:
    """Return the names of the modules that define algorithms and their estimators."""
    from metatune.algorithms.learners.own_learner import defining

    parts = [(a, *getattr(a, "estimators", ())) for a in algorithms]
    modules = dict.fromkeys(name for part in parts for name in defining(part))
    return tuple(name for name in modules if not name.startswith("metatune."))


def _by_task(name: str, given: Any) -> dict[bool, Any]:
    """Return estimators by whether they classify."""
    from sklearn.base import is_classifier, is_regressor

    estimators = given if isinstance(given, Sequence) else [given]
    found: dict[bool, Any] = {}
    for estimator in estimators:
        if isinstance(estimator, type):
            called = f"{estimator.__name__}()"
            raise OptionError(f"{name}: {estimator.__name__} is a class: give {called}")
        if not hasattr(estimator, "get_params") or not hasattr(estimator, "fit"):
            raise OptionError(
                f"{name}: {type(estimator).__name__} is no estimator of scikit-learn's kind: it "
                "needs fit, get_params and set_params"
            )
        if not (is_classifier(estimator) or is_regressor(estimator)):
            raise OptionError(
                f"{name}: {type(estimator).__name__} is neither a classifier nor a regressor: "
                "inherit ClassifierMixin or RegressorMixin"
            )
        if is_classifier(estimator):
            _check_scores(name, estimator)
        found[bool(is_classifier(estimator))] = estimator
    if not found:
        raise OptionError(f"{name}: no estimator is given")
    return found


def _check_scores(name: str, estimator: Any) -> None:
    if not (hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")):
        raise OptionError(
            f"{name}: {type(estimator).__name__} has neither predict_proba nor decision_function, "
            "so nothing tells how sure it is: wrap it in CalibratedClassifierCV"
        )


def _with_probabilities(estimator: Any, seed: int) -> Any:
    if hasattr(estimator, "predict_proba"):
        return estimator
    from metatune.algorithms.learners.calibration import CalibratedScores

    return CalibratedScores(estimator, seed=seed)


def _settle(estimator: Any, seed: int) -> None:
    """Give every part of an estimator the seed, and one thread."""
    for name in estimator.get_params():
        last = name.rpartition("__")[2]
        if last in ("random_state", "random_seed"):
            estimator.set_params(**{name: seed})
        elif last in ("n_jobs", "thread_count"):
            estimator.set_params(**{name: 1})


def _entries(
    name: str, estimator: Any, space: Mapping[str, Any]
) -> dict[str, tuple[Domain, Value]]:
    """Return domains and defaults of an estimator's hyperparameters."""
    known = estimator.get_params()
    entries: dict[str, tuple[Domain, Value]] = {}
    for parameter, given in space.items():
        if parameter not in known:
            raise OptionError(
                f"{name}: {parameter!r} is no parameter of {type(estimator).__name__}: choose "
                f"from {', '.join(sorted(known))}"
            )
        if parameter in _OF_RECIPES:
            raise OptionError(
                f"{name}: {parameter!r} is a hyperparameter of metatune's preprocessing: leave it "
                "out"
            )
        domain, default = domain_of(given, f"{name}.{parameter}")
        if default is None:
            middle = domain.from_unit(0.5)
            default = domain.nearest(known[parameter], middle)
        entries[parameter] = domain, default
    return entries


def domain_of(given: Any, key: str) -> tuple[Domain, Value]:
    """Return the domain that somebody has given for a hyperparameter, and its default.

    Parameters
    ----------
    given : Domain, (Domain, default), list or table
        Domain of `metatune.space`, list of values, or table as in a space file.
    key : str
        Name of the hyperparameter, for messages.

    Returns
    -------
    domain : Domain
    default : Value
        None if none is given.

    Raises
    ------
    OptionError
        If it is none of these, or the default lies outside.
    """
    default: Value = None
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], Domain):
        given, default = given
    if isinstance(given, Mapping):
        given, default = _of_table(given, key)
    if isinstance(given, list | tuple):
        given = Choice(tuple(given))
    if not isinstance(given, Domain):
        raise OptionError(
            f"{key} = {given!r:.60} is no domain: give Float, Int or Choice of metatune.space, or "
            "a list of values"
        )
    if isinstance(given, Choice):
        odd = [option for option in given.options if not isinstance(option, _SCALARS)]
        if odd or not given.options:
            raise OptionError(
                f"{key}: choices have to be texts, numbers, True or False"
                + (f", and {odd[0]!r:.60} is none" if odd else ", and there are none")
            )
    elif isinstance(given, Float | Int) and not given.low <= given.high:
        raise OptionError(f"{key}: low = {given.low} is above high = {given.high}")
    if default is not None and not given.contains(default):
        raise OptionError(f"{key}: default = {default!r:.60} is outside {given}")
    return given, default


def _of_table(given: Mapping[str, Any], key: str) -> tuple[Domain, Value]:
    odd = [name for name in given if name not in ("low", "high", "log", "choices", "default")]
    if odd:
        raise OptionError(f"{key}: {odd[0]!r} says nothing here: give low, high, log, or choices")
    default = given.get("default")
    if "choices" in given:
        return Choice(tuple(given["choices"])), default
    if not {"low", "high"} <= given.keys():
        raise OptionError(f"{key}: low or high is missing: give both, or choices")
    low, high, log = given["low"], given["high"], bool(given.get("log", False))
    whole = all(isinstance(end, int) and not isinstance(end, bool) for end in (low, high))
    return (Int(low, high, log) if whole else Float(float(low), float(high), log)), default
