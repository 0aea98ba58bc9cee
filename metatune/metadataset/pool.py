"""The pool: which configurations the meta-dataset evaluates."""

import numpy as np
from scipy.stats import qmc

from metatune.algorithms.registry import ALGORITHMS
from metatune.kinds import TaskKind
from metatune.space import Configuration, SearchSpace

__all__ = ["POOL_SIZES", "draw_pool"]

POOL_SIZES = {
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
"""Configurations drawn from each family, its default included. Families that need an optional
package have no place in the pool: its results must be usable everywhere."""


def draw_pool(kind: TaskKind, seed: int = 0) -> list[Configuration]:
    """Draw the pool for a task kind: every default, and evenly spread points of each space.

    Parameters
    ----------
    kind : TaskKind
        Binary and multiclass share one pool.
    seed : int
        Seed of the scrambled Sobol points (Owen 1998).

    Returns
    -------
    list of Configuration
        Without duplicates, the default of each family first.
    """
    pool: dict[str, Configuration] = {}
    for name, size in POOL_SIZES.items():
        algorithm = ALGORITHMS[name]
        if kind not in algorithm.kinds:
            continue
        space = algorithm.space(kind)
        family = {space.default().key: space.default()}
        for configuration in _spread(space, 8 * size, seed):
            if len(family) == size:
                break
            family.setdefault(configuration.key, configuration)
        pool |= family
    return list(pool.values())


def _spread(space: SearchSpace, n_points: int, seed: int) -> list[Configuration]:
    """Map Sobol points to configurations; inactive hyperparameters simply drop out."""
    sobol = qmc.Sobol(len(space.domains), seed=np.random.default_rng(seed))
    points = sobol.random_base2(int(np.ceil(np.log2(n_points))))
    return [
        space.from_values(
            {
                name: domain.from_unit(float(unit))
                for (name, domain), unit in zip(space.domains.items(), point, strict=True)
            },
            "pool",
        )
        for point in points
    ]
