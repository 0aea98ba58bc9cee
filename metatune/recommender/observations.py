"""Observations of a run's trials, as the planner sees them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from metatune.space import Configuration

__all__ = ["Observation", "gains_outside", "worth_keeping"]

_MOST_FOREIGN = 120
"""Maximum number of configurations outside the pool that are considered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Result of one trial, as the planner sees it.

    Attributes
    ----------
    configuration : Configuration
        Configuration of the trial.
    level : int
        Level of the trial.
    value : float
        Loss on the scale of `metatune.recommender.losses`; NaN while the trial is running.
    seconds : float
        Processor seconds of the trial; NaN if unknown.
    was_stopped : bool
        Whether it was stopped after these seconds, so that it would have taken more.
    """

    configuration: Configuration
    level: int
    value: float
    seconds: float = float("nan")
    was_stopped: bool = False


def gains_outside(
    observations: Sequence[Observation], pool: Collection[str]
) -> dict[str, list[float]]:
    """Return by how much configurations outside the pool were better than their families before.

    Parameters
    ----------
    observations : sequence of Observation
        Trials in the order in which they were started.
    pool : collection of str
        Keys of the configurations of the pool.

    Returns
    -------
    dict of str to list of float
        For each family, one number for each of its configurations outside the pool that had
        something to be compared with: 0 where it was no better.
    """
    best: dict[tuple[str, int], float] = {}
    found: dict[str, list[float]] = {}
    seen: set[str] = set()
    for observation in observations:
        if not np.isfinite(observation.value):
            continue
        key, family = observation.configuration.key, observation.configuration.algorithm
        before = best.get((family, observation.level), np.inf)
        if key not in pool and key not in seen and np.isfinite(before):
            found.setdefault(family, []).append(max(0.0, before - observation.value))
        seen.add(key)
        best[family, observation.level] = min(before, observation.value)
    return found


def worth_keeping(
    observations: Sequence[Observation], pool: frozenset[str]
) -> Sequence[Observation]:
    """Drop most observations outside the pool where there are too many.

    The work grows with the cube of the configurations. The best and the latest ones are kept.

    Parameters
    ----------
    observations : sequence of Observation
        All of them.
    pool : frozenset of str
        Keys of the configurations of the pool.
    """
    best: dict[str, float] = {}
    for observation in observations:
        key = observation.configuration.key
        if key not in pool:
            value = observation.value if np.isfinite(observation.value) else np.inf
            best[key] = min(value, best.get(key, np.inf))
    if len(best) <= _MOST_FOREIGN:
        return observations
    half = _MOST_FOREIGN // 2
    kept = {*sorted(best, key=lambda key: best[key])[:half], *list(best)[-half:]}
    return [o for o in observations if o.configuration.key in (pool | kept)]
