"""Aim of a search for an ensemble: families that it lacks, and what they would add."""

import numpy as np
import pytest

from metatune.recommender.aim import EnsembleAim
from metatune.space import Configuration

AIM = EnsembleAim(value=-1.0, power=2.0, shared={"tree": 1.0, "net": 0.9}, usual=0.8)


def of(*families: str) -> list[Configuration]:
    return [Configuration(algorithm=name, params={}) for name in families]


def test_a_family_without_a_member_shares_what_is_usual() -> None:
    assert AIM.shared_with(of("tree", "knn", "net")).tolist() == [1.0, 0.8, 0.9]


@pytest.mark.parametrize(
    ("family", "value", "is_taken"),
    [
        ("knn", -1.0, True),  # as good as the ensemble, and errs elsewhere
        ("knn", -0.9, True),  # a little worse
        ("knn", 0.5, False),  # much worse
        ("net", -1.0, False),  # has a member already
        ("tree", -2.0, False),
    ],
)
def test_the_first_member_of_a_family_need_not_be_the_best(
    family: str, value: float, is_taken: bool
) -> None:
    assert AIM.takes(of(family), np.array([value])).tolist() == [is_taken]
