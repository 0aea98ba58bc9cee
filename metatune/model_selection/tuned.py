"""Tuned estimator: what is searched of it, and how configurations become its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.model_selection.families import Facts, Known, known_as
from metatune.model_selection.parameters import ParameterSpace, parameter_spaces
from metatune.model_selection.warm_start import renamed
from metatune.recommender.advice import Advice
from metatune.space import Configuration, SearchSpace

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Tuned", "tuned_estimator"]

_MOST_ROWS = 2_000  # that a pipeline's earlier steps are fitted to, to look at what comes out
_FAULTS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError)
"""Errors of steps of users that cannot be fitted to a part of the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Family:
    """Estimator that metatune knows, inside what is tuned."""

    known: Known
    estimator: Any
    prefix: str
    facts: Facts

    def params(self, configuration: Configuration, space: SearchSpace) -> dict[str, Any]:
        values = {**space.defaults, **space.completed(configuration)}
        translated = self.known.translate(values, self.estimator, self.facts)
        return {f"{self.prefix}{name}": value for name, value in translated.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """Estimator with the search spaces of its configurations.

    Attributes
    ----------
    given : Mapping of str to ParameterSpace or None
        Spaces of the user; None where the family's is searched.
    family : _Family or None
        Family of metatune that the estimator belongs to.
    family_spaces : Mapping of str to SearchSpace
        Space of the family, as far as the estimator has its hyperparameters; empty without one.
    """

    given: Mapping[str, ParameterSpace] | None
    family: _Family | None
    family_spaces: Mapping[str, SearchSpace]

    @property
    def spaces(self) -> dict[str, SearchSpace]:
        """Spaces that configurations are drawn from."""
        if self.given is None:
            return dict(self.family_spaces)
        return {name: part.space for name, part in self.given.items()}

    def params(self, configuration: Configuration) -> dict[str, Any]:
        """Return the parameters of the estimator for a configuration of `spaces`."""
        if self.given is not None:
            return self.given[configuration.algorithm].params(configuration)
        assert self.family is not None, "without a space there is a family"
        return self.family.params(configuration, self.family_spaces[configuration.algorithm])

    def translated(self, advice: Advice) -> Advice:
        """Return advice about the family as one about the configurations of `spaces`."""
        if self.given is None or self.family is None:
            return advice
        part = next(iter(self.given.values()))
        space = self.family_spaces[self.family.known.family]
        names = {
            configuration.key: part.configuration(
                self.family.params(configuration, space), "portfolio"
            )
            for configuration in advice.forecast.configurations
        }
        return renamed(advice, names)

    @property
    def is_known(self) -> bool:
        """True if past datasets can tell something of the configurations."""
        if self.family is None:
            return False
        if self.given is None:
            return True
        example = next(iter(self.family_spaces.values()))
        names = self.family.params(example.default(), example)
        return len(self.given) == 1 and any(
            name in names for part in self.given.values() for name in part.space.domains
        )


def tuned_estimator(
    estimator: Any, space: Any, X: Any, y: "ArrayLike", kind: TaskKind | None, n_train: int
) -> Tuned:
    """Find out what of an estimator is searched.

    Parameters
    ----------
    estimator : estimator
        Also a pipeline, whose last step counts.
    space : Mapping, sequence of Mapping or None
        Parameters that the user wants to be searched; None for those of the family.
    X, y : array-like
        Data of the search.
    kind : TaskKind or None
        None where metatune has no such task.
    n_train : int
        Training rows of a fold.

    Raises
    ------
    OptionError
        If no space is given, and the estimator belongs to no family of metatune.
    """
    given = None if space is None else parameter_spaces(space, estimator)
    part, prefix = _last_step(estimator)
    known = known_as(part)
    family = None
    if known is not None and kind is not None and kind in _kinds(known):
        facts = _facts(estimator, prefix, X, y, kind, n_train)
        family = _Family(known=known, estimator=part, prefix=prefix, facts=facts)
    if family is None and given is None:
        raise OptionError(
            f"metatune does not know {type(part).__name__}, so space has to say what is searched: "
            "a dict of parameters with lists, distributions of scipy.stats, or domains of "
            "metatune.space"
        )
    spaces = {}
    if family is not None and kind is not None:
        spaces = {family.known.family: family.known.space(kind, part)}
    return Tuned(given=given, family=family, family_spaces=spaces)


def _kinds(known: Known) -> frozenset[TaskKind]:
    from metatune.algorithms.registry import FAMILIES

    return FAMILIES[known.family].kinds


def _last_step(estimator: Any) -> tuple[Any, str]:
    """Return the estimator that predicts, and the beginning of its parameters' names."""
    prefix = ""
    while hasattr(estimator, "steps") and estimator.steps:
        name, estimator = estimator.steps[-1]
        prefix += f"{name}__"
    return estimator, prefix


def _facts(
    estimator: Any, prefix: str, X: Any, y: "ArrayLike", kind: TaskKind, n_train: int
) -> Facts:
    """Look at the data as the last step gets them."""
    n_columns = int(X.shape[1]) if len(getattr(X, "shape", ())) > 1 else 1
    facts = Facts(kind=kind, n_rows=n_train, n_columns=n_columns)
    rows = _part(X, y)
    if rows is None:
        return facts
    part, labels = rows
    if np.iscomplexobj(part):  # the estimator says what it thinks of it
        return facts
    if prefix:
        from sklearn.base import clone

        try:
            for step in _steps_before(clone(estimator)):
                part = step.fit_transform(part, labels)
        except _FAULTS:
            return facts
    if not hasattr(part, "shape") or len(part.shape) != 2:
        return facts
    facts = replace(facts, n_columns=int(part.shape[1]))
    if hasattr(part, "tocsr"):
        part = part.toarray()
    try:
        cells = np.asarray(part, dtype=np.float64)
    except (ValueError, TypeError):
        return facts
    known = cells[np.isfinite(cells)]
    variance = float(np.var(known)) if len(known) else 0.0
    return replace(facts, variance=variance) if variance > 0 else facts


def _steps_before(estimator: Any) -> list[Any]:
    """Return the transformers before the last step, those of inner pipelines after outer ones."""
    found: list[Any] = []
    while hasattr(estimator, "steps") and estimator.steps:
        found += [step for _, step in estimator.steps[:-1] if hasattr(step, "fit_transform")]
        estimator = estimator.steps[-1][1]
    return found


def _part(X: Any, y: "ArrayLike") -> tuple[Any, Any] | None:
    """Return some rows, spread over all."""
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    if not n_rows:
        return None
    rows = np.unique(np.linspace(0, n_rows - 1, min(n_rows, _MOST_ROWS)).astype(np.intp))
    try:
        part = X.iloc[rows] if hasattr(X, "iloc") else X[rows] if hasattr(X, "shape") else None
        return None if part is None else (part, np.asarray(y)[rows])
    except _FAULTS:
        return None
