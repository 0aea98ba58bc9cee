"""Grid search: every combination of a few values of the hyperparameters that matter most.

For each family two hyperparameters are varied, those of the largest tunability where that was
measured (van Rijn and Hutter 2018; Probst et al. 2019), and all others keep their defaults. Numbers
take the ends and the middle of their range, on the log scale where it is one, and then the quarters
between; choices take all their options. So a family has 9 coarse configurations and 25 in all where
both are numbers. The coarse grid of all families comes first, families in turn, the middle first.
When the grid is used up, the search ends.
"""

from collections.abc import Iterator, Mapping
from itertools import product, zip_longest

from metatune.samplers.base import TOP_RUNG, ListedSampler, Sampler
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation
from metatune.space import Choice, Configuration, Domain, SearchSpace, Value

__all__ = ["COARSE", "FINE", "family_grid", "grid", "make_grid"]

COARSE = (0.5, 0.0, 1.0)
"""Places of the first values in the range of a hyperparameter."""

FINE = (*COARSE, 0.25, 0.75)
"""Places of all values."""

_MOST_VARIED = 2

_IMPORTANT = {
    "lightgbm": ("learning_rate", "num_leaves"),
    "xgboost": ("learning_rate", "max_depth"),
    "catboost": ("learning_rate", "depth"),
    "random_forest": ("max_features", "min_samples_leaf"),
    "extra_trees": ("max_features", "min_samples_leaf"),
    "decision_tree": ("max_depth", "min_samples_leaf"),
    "linear": ("C", "alpha", "penalty"),
    "svm": ("C", "gamma"),
    "knn": ("n_neighbors", "weights"),
    "mlp": ("learning_rate", "alpha"),
    "discriminant": ("shrinkage", "method"),
    "naive_bayes": ("var_smoothing", "scaling"),
    "gaussian_process": ("noise", "kernel"),
}
"""Hyperparameters by importance; the first two that a space has are varied."""


def grid(spaces: Mapping[str, SearchSpace]) -> list[Configuration]:
    """Return the grid of several families in the order in which it is tried.

    Parameters
    ----------
    spaces : Mapping of str to SearchSpace
        Search spaces of the families.
    """
    found: dict[str, Configuration] = {}
    for places in (COARSE, FINE):
        columns = [family_grid(space, places) for space in spaces.values()]
        for row in zip_longest(*columns):
            found |= {c.key: c for c in row if c is not None and c.key not in found}
    return list(found.values())


def family_grid(space: SearchSpace, places: tuple[float, ...]) -> list[Configuration]:
    """Return the grid of one family, its varied numbers at given places of their range."""
    varied = _varied(space)
    combinations = product(*(_values(space.domains[name], places) for name in varied))
    return [
        space.from_values({**space.defaults, **dict(zip(varied, values, strict=True))}, "grid")
        for values in combinations
    ]


def _varied(space: SearchSpace) -> list[str]:
    """Return the hyperparameters that are varied: without any known to matter, the first two."""
    known = [name for name in _IMPORTANT.get(space.algorithm, ()) if name in space.domains]
    always = [name for name in space.domains if name not in space.conditions]
    return (known or always)[:_MOST_VARIED]


def _values(domain: Domain, places: tuple[float, ...]) -> Iterator[Value]:
    if isinstance(domain, Choice):
        yield from domain.options
        return
    yield from dict.fromkeys(domain.from_unit(place) for place in places)


def make_grid(situation: Situation) -> Sampler:
    """Try the grid, after what is recommended."""
    listed = ListedSampler(grid(situation.spaces), rung=TOP_RUNG)
    return after_recommended(situation, listed, rung=TOP_RUNG)
