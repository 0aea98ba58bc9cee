"""Kriging over hyperparameters: weights of the pool in predicting other configurations.

A configuration is predicted from the members of the pool that belong to its family, those with
similar hyperparameters counting most (ordinary kriging with a squared exponential kernel; Matheron
1963, Rasmussen and Williams 2006, section 2.2). The variance grows with the distance from them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.space import Choice, Configuration, SearchSpace

if TYPE_CHECKING:
    from metatune._typing import FloatArray


__all__ = ["NUGGET", "KrigingWeights", "kriging_weights"]

NUGGET = 0.1
"""Share of the variance within a family by which even the closest relatives differ."""

_LENGTH = 0.35  # of the kernel, in units of the square root of the number of hyperparameters
_INACTIVE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KrigingWeights:
    """Kriging weights of configurations, and the variance left.

    Attributes
    ----------
    shares : ndarray of shape (n_configurations, n_pool)
        Weight of each member of the pool in the prediction; rows add up to 1.
    rest : ndarray of shape (n_configurations,)
        Share of the variance within a family that the pool does not explain, in (0, 1].
    """

    shares: "FloatArray"
    rest: "FloatArray"


def kriging_weights(
    configurations: Sequence[Configuration],
    pool: Sequence[Configuration],
    spaces: Mapping[str, SearchSpace],
    places: dict[str, list[float]] | None = None,
) -> KrigingWeights:
    """Compute the kriging weights of configurations.

    Parameters
    ----------
    configurations : sequence of Configuration
        Configurations to predict.
    pool : sequence of Configuration
        Configurations to predict from.
    spaces : Mapping of str to SearchSpace
        Search space of each algorithm. A family without a member in the pool is predicted by the
        mean of the pool.
    places : dict of str to list of float, optional
        Cache of positions in the unit cube, by configuration key, for calls with the same spaces.
    """
    places = {} if places is None else places
    shares = np.full((len(configurations), len(pool)), 1.0 / max(1, len(pool)))
    rest = np.ones(len(configurations))
    for name in sorted({c.algorithm for c in configurations}):
        members = [i for i, c in enumerate(pool) if c.algorithm == name]
        own = [i for i, c in enumerate(configurations) if c.algorithm == name]
        if not members or name not in spaces:
            continue
        known = np.array([_placed(pool[i], spaces[name], places) for i in members])
        asked = np.array([_placed(configurations[i], spaces[name], places) for i in own])
        weights, unexplained = _krige(known, asked, len(spaces[name].domains))
        shares[own] = 0.0
        shares[np.ix_(own, members)] = weights
        rest[own] = unexplained
    return KrigingWeights(shares=shares, rest=rest)


def _krige(
    known: "FloatArray", asked: "FloatArray", n_domains: int
) -> "tuple[FloatArray, FloatArray]":
    scale = 2 * _LENGTH**2 * max(1, n_domains)
    gram = np.exp(-_squared(known, known) / scale) + NUGGET * np.eye(len(known))
    cross = np.exp(-_squared(asked, known) / scale)
    solved = np.linalg.solve(gram, cross.T).T
    ones = np.linalg.solve(gram, np.ones(len(known)))
    missing = 1.0 - solved.sum(axis=1)
    weights = solved + np.outer(missing / ones.sum(), ones)
    explained = (solved * cross).sum(axis=1)
    return np.asarray(weights), np.asarray(np.clip(1.0 + NUGGET - explained, 0.01, 1.0))


def _squared(a: "FloatArray", b: "FloatArray") -> "FloatArray":
    return np.asarray(((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=-1))


def _placed(
    configuration: Configuration, space: SearchSpace, places: dict[str, list[float]]
) -> list[float]:
    """Return the position of a configuration, from the cache if it is there."""
    place = places.get(configuration.key)
    if place is None:
        place = places[configuration.key] = _place(configuration, space)
    return place


def _place(configuration: Configuration, space: SearchSpace) -> list[float]:
    """Return a configuration's position in the unit cube; options of a choice are equidistant."""
    place: list[float] = []
    values = space.completed(configuration)
    for name, domain in space.domains.items():
        active = name in values
        if isinstance(domain, Choice):
            given = values.get(name)
            place += [np.sqrt(0.5) * float(active and option == given) for option in domain.options]
        else:
            place.append(domain.to_unit(values[name]) if active else _INACTIVE)
    return place
