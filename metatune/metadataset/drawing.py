"""Candidates for the pool before any evaluation: even points, and draws from the priors."""

import numpy as np
from scipy.stats import qmc

from metatune.algorithms.registry import ALGORITHMS
from metatune.kinds import TaskKind
from metatune.metadataset.priors import HyperparameterPriors
from metatune.metadataset.schema import pool_of
from metatune.space import Choice, Configuration, SearchSpace

__all__ = ["EVEN_SIZES", "SIZES", "draw_candidates"]

EVEN_SIZES = {
    "lightgbm": 12,
    "random_forest": 5,
    "extra_trees": 8,
    "linear": 7,
    "svm": 9,
    "knn": 5,
    "mlp": 6,
    "discriminant": 6,
    "naive_bayes": 3,
    "gaussian_process": 6,
    "decision_tree": 3,
}
"""Number of evenly spread configurations of each family, its default included."""

_COMMON_SIZES = {"random_forest": 14, "svm": 24, "knn": 10, "mlp": 12, "decision_tree": 6}
SIZES = {
    "classification": _COMMON_SIZES
    | {"lightgbm": 37, "extra_trees": 20, "linear": 14, "discriminant": 10, "naive_bayes": 5},
    "regression": _COMMON_SIZES
    | {"lightgbm": 40, "extra_trees": 23, "linear": 18, "gaussian_process": 12},
}
"""Total number of configurations of each family; those that are not even come from the priors.
Those that need an optional library are picked by hand (`metatune.metadataset.recipes`)."""

_EVEN_SEED, _PRIOR_SEED = 0, 1
_TOO_NEAR = 0.05


def draw_candidates(kind: TaskKind, priors: HyperparameterPriors) -> list[Configuration]:
    """Draw candidates for a task kind: defaults, even points, and points from the priors.

    The same priors give the same candidates everywhere. The even part does not depend on the
    priors.

    Parameters
    ----------
    kind : TaskKind
        Binary and multiclass share one pool.
    priors : HyperparameterPriors
        Priors of good hyperparameters; without any, all points are even.

    Returns
    -------
    list of Configuration
        Without duplicates, family by family, the default of each first.
    """
    pool: list[Configuration] = []
    for name, even_size in EVEN_SIZES.items():
        algorithm = ALGORITHMS[name]
        if kind in algorithm.kinds:
            space, sizes = algorithm.space(kind), SIZES[pool_of(kind)]
            family = _even(space, even_size)
            pool += _extend(space, family, sizes[name], pool_of(kind), priors)
    return pool


def _even(space: SearchSpace, size: int) -> list[Configuration]:
    """Return the default and evenly spread points (scrambled Sobol points; Owen, 1998)."""
    family = {space.default().key: space.default()}
    for point in _sobol(space, 8 * size, _EVEN_SEED):
        if len(family) == size:
            break
        configuration = _at(space, point)
        family.setdefault(configuration.key, configuration)
    return list(family.values())


def _extend(
    space: SearchSpace,
    family: list[Configuration],
    size: int,
    pool: str,
    priors: HyperparameterPriors,
) -> list[Configuration]:
    """Add points drawn through the priors up to `size`, none of them near another."""
    family = list(family)
    for point in _sobol(space, 16 * size, _PRIOR_SEED):
        if len(family) == size:
            break
        configuration = _at(space, priors.warp(space, pool, point))
        if all(_distance(space, configuration, other) > _TOO_NEAR for other in family):
            family.append(configuration)
    return family


def _sobol(space: SearchSpace, n_points: int, seed: int) -> list[dict[str, float]]:
    """Return scrambled Sobol points, a number in [0, 1) for each hyperparameter.

    Hyperparameters added later stay neutral: another dimension would change all points, and all
    evaluations would have to be repeated.
    """
    names = [name for name in space.domains if name not in space.neutral]
    sobol = qmc.Sobol(len(names), seed=np.random.default_rng(seed))
    points = sobol.random_base2(int(np.ceil(np.log2(n_points))))
    return [dict(zip(names, map(float, point), strict=True)) for point in points]


def _at(space: SearchSpace, point: dict[str, float]) -> Configuration:
    """Return the configuration at a point; inactive hyperparameters simply drop out."""
    return space.from_values(
        {name: space.domains[name].from_unit(unit) for name, unit in point.items()}, "pool"
    )


def _distance(space: SearchSpace, one: Configuration, other: Configuration) -> float:
    """Return the largest difference of a hyperparameter on the unit scale; 1 between options."""
    if set(one.params) != set(other.params):
        return 1.0
    differences = []
    for name, domain in space.domains.items():
        if name not in one.params:
            continue
        here, there = one.params[name], other.params[name]
        if isinstance(domain, Choice):
            differences.append(float(here != there))
        else:
            differences.append(abs(domain.to_unit(here) - domain.to_unit(there)))
    return max(differences)
