"""Unit cube of a search space: every hyperparameter as a number in [0, 1]."""

from collections.abc import Mapping

from metatune.errors import SpaceError
from metatune.space import Configuration, SearchSpace, Value

__all__ = ["all_values", "at", "holds", "point_of"]


def all_values(space: SearchSpace, configuration: Configuration) -> dict[str, Value]:
    """Return a value for every hyperparameter, inactive ones with their defaults."""
    return {**space.defaults, **space.neutral, **configuration.params}


def point_of(space: SearchSpace, configuration: Configuration) -> dict[str, float]:
    """Return the point in the cube that stands for a configuration, inactive ones included."""
    values = all_values(space, configuration)
    return {name: domain.to_unit(values[name]) for name, domain in space.domains.items()}


def at(space: SearchSpace, point: Mapping[str, float], origin: str) -> Configuration:
    """Return the configuration that a point in the cube stands for."""
    values = {name: domain.from_unit(point[name]) for name, domain in space.domains.items()}
    return space.from_values(values, origin)


def holds(spaces: Mapping[str, SearchSpace], configuration: Configuration) -> bool:
    """Return True if a configuration lies in one of the spaces."""
    space = spaces.get(configuration.algorithm)
    if space is None:
        return False
    try:
        space.check(configuration)
    except SpaceError:
        return False
    return True
