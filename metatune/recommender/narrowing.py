"""Forecast for narrowed search spaces: the pool brought into them, with what to expect of it.

A configuration of the pool that lies outside a user's space is moved to the nearest one inside.
What that is worth was never measured: it is predicted from the pool by kriging, as for every other
configuration outside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from metatune.recommender.extrapolation import Extrapolation
from metatune.recommender.forecast import Forecast
from metatune.space import SearchSpace

__all__ = ["Narrowing", "narrowed_forecast"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """Search spaces that a user has narrowed, and those of the pool.

    Attributes
    ----------
    wide : Mapping of str to SearchSpace
        Spaces of the families as they are: the scale of distances.
    spaces : Mapping of str to SearchSpace
        Spaces of the same families that configurations have to lie in.
    """

    wide: Mapping[str, SearchSpace]
    spaces: Mapping[str, SearchSpace]


def narrowed_forecast(forecast: Forecast, narrowing: Narrowing) -> Forecast:
    """Return the forecast with every configuration inside narrowed spaces.

    Parameters
    ----------
    forecast : Forecast
        Forecast for the pool.
    narrowing : Narrowing
        Spaces of its families.

    Returns
    -------
    Forecast
        Of the nearest configurations in the spaces, each once and in the order of the pool; the
        same object if all lie in them.
    """
    pool = forecast.configurations
    moved = [narrowing.spaces[c.algorithm].nearest(c) for c in pool]
    if all(new is old for new, old in zip(moved, pool, strict=True)):
        return forecast
    inside = {c.key: c for c in moved}
    known = {c.key for c in pool}
    foreign = tuple(c for c in inside.values() if c.key not in known)
    extrapolation = Extrapolation(forecast, narrowing.wide)
    covered = extrapolation.covering(foreign)
    shares = extrapolation.weights(foreign, ()).shares
    regret = np.hstack([forecast.regret, np.maximum(forecast.regret @ shares.T, 0.0)])
    place = {c.key: i for i, c in enumerate((*pool, *foreign))}
    kept = np.array([place[key] for key in inside], dtype=np.intp)
    levels = np.arange(forecast.n_levels)
    return replace(
        forecast,
        configurations=tuple(inside.values()),
        regret=regret[:, kept],
        belief=covered.belief.only((kept[:, None] * forecast.n_levels + levels).ravel()),
        log_seconds=covered.log_seconds[kept],
    )
