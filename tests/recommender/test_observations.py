"""Observations of trials: by how much families kept getting better outside the pool."""

import pytest

from metatune.recommender.observations import Observation, gains_outside
from metatune.space import Configuration


def seen(family: str, n: int, value: float, level: int = 2) -> Observation:
    configuration = Configuration(algorithm=family, params={"n": n})
    return Observation(configuration=configuration, level=level, value=value)


def test_what_is_new_is_compared_with_its_family_at_its_level() -> None:
    inside = seen("tree", 0, -1.0)
    observations = [
        inside,
        seen("tree", 1, -1.2),
        seen("tree", 1, -0.1, level=3),  # it rose: counted already
        seen("tree", 2, -0.5),
        seen("tree", 3, -0.9, level=3),
        seen("net", 0, -9.0),  # nothing to be compared with
        seen("net", 1, float("nan")),
        seen("tree", 4, -1.3),
    ]
    gains = gains_outside(observations, {inside.configuration.key})
    assert gains == {"tree": pytest.approx([0.2, 0.0, 0.8, 0.1])}
