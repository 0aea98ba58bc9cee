"""Registry of all algorithm families by name: metatune's, and those that its users add.

Listing metatune's imports no learning library; those are imported when a pipeline is built. Users
add families with `register`, and installed packages with entry points of the group
``metatune.algorithms``, which are looked for once, when all families are first asked for.
"""

import warnings
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from types import MappingProxyType

from metatune.algorithms.base import Algorithm
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
from metatune.data.encoding.shape import Shape
from metatune.errors import OptionError
from metatune.kinds import TaskKind

__all__ = [
    "ALGORITHMS",
    "ENTRY_POINTS",
    "FAMILIES",
    "eligible",
    "every_family",
    "forget",
    "get_algorithm",
    "is_optional",
    "own_families",
    "refusals",
    "register",
    "select_algorithms",
]

ENTRY_POINTS = "metatune.algorithms"
"""Group of entry points by which installed packages add families."""

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

_own: dict[str, Algorithm] = {}
"""Families that were added to this process: a name always means the same one."""


def register(algorithm: Algorithm) -> None:
    """Add a family of one's own to those of this process; registered again, it is replaced.

    Raises
    ------
    OptionError
        If its name is that of a family of metatune, or none that commands can take.
    """
    name = algorithm.name
    if name in FAMILIES:
        raise OptionError(f"{name!r} is a family of metatune: give yours another name")
    if not isinstance(name, str) or not name.isidentifier() or name == "only":
        raise OptionError(f"{name!r} is no name for a family: give one like my_learner")
    _own[name] = algorithm


def forget(name: str) -> None:
    """Take out a family that was added to this process, if there is one of this name."""
    _own.pop(name, None)


def own_families() -> dict[str, Algorithm]:
    """Return the families that users and installed packages have added, in their order."""
    _load_entry_points()
    return dict(_own)


def every_family() -> dict[str, Algorithm]:
    """Return metatune's families, installed or not, and those that were added."""
    return {**FAMILIES, **own_families()}


def _usable() -> dict[str, Algorithm]:
    return {**ALGORITHMS, **own_families()}


@cache
def _load_entry_points() -> None:
    """Register the families of installed packages; one that cannot be used warns."""
    for point in entry_points(group=ENTRY_POINTS):
        if point.name in _own:  # its package has registered it by itself
            continue
        try:
            register(_loaded(point))
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            warnings.warn(
                f"the algorithm {point.name!r} of {point.value} cannot be used "
                f"({' '.join(str(error).split())[:200]}): mend or uninstall that package",
                stacklevel=2,
            )


def _loaded(point: EntryPoint) -> Algorithm:
    found = point.load()
    algorithm = found() if isinstance(found, type) else found
    if not isinstance(algorithm, Algorithm):
        raise TypeError("it is no Algorithm of metatune")
    return algorithm


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
    known = ALGORITHMS.get(name) or _own.get(name) or own_families().get(name)
    if known is not None:
        return known
    if is_optional(name):
        raise OptionError(
            f"algorithm {name!r} needs the package {name}: pip install 'metatune[boosting]'"
        )
    usable = _usable()
    near = get_close_matches(str(name).lower(), usable, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(usable)}"
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
    usable = _usable()
    included = {get_algorithm(name).name for name in include or ()} or set(usable)
    # To exclude what is not installed is no mistake.
    excluded = {n if is_optional(n) else get_algorithm(n).name for n in exclude or ()}
    chosen = included - excluded
    if not chosen:
        raise OptionError("include and exclude leave no algorithm: exclude fewer")
    return {name: a for name, a in usable.items() if name in chosen}


def eligible(kind: TaskKind, shape: Shape) -> dict[str, Algorithm]:
    """Return the families that take a training set of this kind and size."""
    refused = refusals(kind, shape)
    return {name: a for name, a in _usable().items() if name not in refused}


def refusals(kind: TaskKind, shape: Shape) -> dict[str, str]:
    """Return a short reason for each family that does not take a training set, by name."""
    reasons = {name: a.refuses(kind, shape) for name, a in _usable().items()}
    return {name: reason for name, reason in reasons.items() if reason is not None}
