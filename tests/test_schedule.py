"""Schedules of hyperparameters: one text each, read and written, checked by the space."""

from dataclasses import replace

import numpy as np
import pytest

from metatune.errors import SpaceError
from metatune.schedule import Growth, Stage, current_changes, read_schedule, write_schedule
from metatune.space import Choice, Configuration, Float, SearchSpace

TEXT = "50 | 50 learning_rate=0.08 subsample=0.7 | 20 subsample=1.0"
SPACE = SearchSpace(
    algorithm="trees",
    domains={
        "learning_rate": Float(0.01, 0.3, log=True),
        "subsample": Float(0.5, 1.0),
        "encoding": Choice(("native", "ordinal")),
        "depth": Float(1.0, 9.0),
    },
    defaults={"learning_rate": 0.1, "subsample": 1.0, "encoding": "native", "depth": 3.0},
    growth=Growth(step=50, changing=("learning_rate", "subsample")),
)


def scheduled(text: str) -> Configuration:
    default = SPACE.default()
    return replace(default, params={**default.params, "schedule": text})


def test_a_schedule_is_read_as_it_was_written() -> None:
    stages = read_schedule(TEXT)
    assert stages[1] == Stage(iterations=50, changes={"learning_rate": 0.08, "subsample": 0.7})
    assert write_schedule(stages) == TEXT
    assert current_changes(stages) == {"learning_rate": 0.08, "subsample": 1.0}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "fifty",
            "0",
            "-5",
            "50 |",
            "50 | ",
            "50|50",
            "50  x=1.0",
            "50 x",
            "50 x=",
            "50 x=nan",
        ),
        *("50 x=1", "050", "50 b=1.0 a=2.0", "50 x=1.0=2.0", "50 x=1.0 | 50 | x=2.0"),
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(SpaceError, match="is no schedule"):
        read_schedule(text)


def test_a_space_takes_schedules_within_its_ranges() -> None:
    SPACE.check(scheduled(TEXT))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("50 | 50 learning_rate=0.5", "learning_rate=0.5 is outside"),
        ("50 | 50 depth=5.0", "depth cannot change in a schedule"),
        ("50 | 50 other=5.0", "other cannot change in a schedule"),
        ("fifty", "is no schedule"),
    ],
)
def test_a_space_refuses_what_may_not_change(text: str, reason: str) -> None:
    with pytest.raises(SpaceError, match=reason):
        SPACE.check(scheduled(text))


def test_a_space_whose_models_cannot_go_on_takes_no_schedule() -> None:
    with pytest.raises(SpaceError, match="cannot go on"):
        replace(SPACE, growth=None).check(scheduled("50"))


def test_a_mutation_has_no_schedule() -> None:
    child = SPACE.mutate(scheduled(TEXT), np.random.default_rng(0))
    SPACE.check(child)
    assert "schedule" not in child.params
    assert SPACE.completed(scheduled(TEXT)) == dict(SPACE.default().params)
