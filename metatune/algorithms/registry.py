"""Registry of all algorithm families by name.

Listing them imports no learning library; those are imported when a pipeline is built.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from types import MappingProxyType

from metatune.algorithms.base import Algorithm, Shape
from metatune.algorithms.catboost import CatBoost
from metatune.algorithms.decision_tree import DecisionTree
from metatune.algorithms.discriminant import Discriminant
from metatune.algorithms.extra_trees import ExtraTrees
from metatune.algorithms.gaussian_process import GaussianProcess
from metatune.algorithms.knn import KNN
from metatune.algorithms.lightgbm import LightGBM
from metatune.algorithms.linear import Linear
from metatune.algorithms.mlp import MLP
from metatune.algorithms.naive_bayes import NaiveBayes
from metatune.algorithms.random_forest import RandomForest
from metatune.algorithms.svm import SVM
from metatune.algorithms.xgboost import XGBoost
from metatune.errors import OptionError
from metatune.kinds import TaskKind

__all__ = [
    "ALGORITHMS",
    "FAMILIES",
    "eligible",
    "get_algorithm",
    "is_optional",
    "refusals",
    "select_algorithms",
]

_ALWAYS: tuple[Algorithm, ...] = (
    LightGBM(),
    RandomForest(),
    ExtraTrees(),
    Linear(),
    SVM(),
    KNN(),
    MLP(),
    Discriminant(),
    NaiveBayes(),
    GaussianProcess(),
    DecisionTree(),
)
_OPTIONAL: tuple[Algorithm, ...] = (XGBoost(), CatBoost())  # named like the library they need

FAMILIES: Mapping[str, Algorithm] = MappingProxyType({a.name: a for a in (*_ALWAYS, *_OPTIONAL)})
"""All families in a fixed order, installed or not: their spaces need no library."""

ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {a.name: a for a in (*_ALWAYS, *(a for a in _OPTIONAL if find_spec(a.name) is not None))}
)
"""Families that can be used here, in the same order; xgboost and catboost if installed."""


def is_optional(name: str) -> bool:
    """Return True if a family needs an optional library."""
    return any(algorithm.name == name for algorithm in _OPTIONAL)


def get_algorithm(name: str) -> Algorithm:
    """Return the family called `name`.

    Raises
    ------
    OptionError
        If there is no such family, or the library it needs is not installed.
    """
    if name in ALGORITHMS:
        return ALGORITHMS[name]
    if is_optional(name):
        raise OptionError(
            f"algorithm {name!r} needs the package {name}: pip install 'metatune[boosting]'"
        )
    near = get_close_matches(str(name).lower(), ALGORITHMS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(ALGORITHMS)}"
    raise OptionError(f"there is no algorithm {name!r}: {hint}")


def select_algorithms(
    include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> dict[str, Algorithm]:
    """Return the families to work with, in the registry's order.

    Parameters
    ----------
    include : iterable of str, optional
        Only these; all if None or empty.
    exclude : iterable of str, optional
        Not these.

    Raises
    ------
    OptionError
        If a name is unknown, or nothing is left.
    """
    included = {get_algorithm(name).name for name in include or ()} or set(ALGORITHMS)
    # To exclude what is not installed is no mistake.
    excluded = {n if is_optional(n) else get_algorithm(n).name for n in exclude or ()}
    chosen = included - excluded
    if not chosen:
        raise OptionError("include and exclude leave no algorithm: exclude fewer")
    return {name: a for name, a in ALGORITHMS.items() if name in chosen}


def eligible(kind: TaskKind, shape: Shape) -> dict[str, Algorithm]:
    """Return the families that take a training set of this kind and size."""
    refused = refusals(kind, shape)
    return {name: a for name, a in ALGORITHMS.items() if name not in refused}


def refusals(kind: TaskKind, shape: Shape) -> dict[str, str]:
    """Return a short reason for each family that does not take a training set, by name."""
    reasons = {name: a.refuses(kind, shape) for name, a in ALGORITHMS.items()}
    return {name: reason for name, reason in reasons.items() if reason is not None}
