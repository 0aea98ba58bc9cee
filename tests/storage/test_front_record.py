"""Front of a run in its record: what it says of the model."""

from dataclasses import replace

import pytest

from metatune.storage.front_record import FrontPoint, FrontRecord

POINTS = tuple(
    FrontPoint(trial=n, algorithm="knn", configuration="knn()", values=(0.9, 1.0), is_model=n == 1)
    for n in range(3)
)
FRONT = FrontRecord(
    objectives=("roc_auc", "latency"), prefer=None, points=POINTS, n_compared=5, chosen=1
)


@pytest.mark.parametrize(
    ("front", "choice"),
    [
        (FRONT, "the knee"),
        (replace(FRONT, prefer="latency"), "the best in latency"),
        (replace(FRONT, chosen=0), "one of them, within the limits"),
        (replace(FRONT, points=POINTS[:1]), ""),
    ],
)
def test_the_model_is_told_by_its_place_on_the_front(front: FrontRecord, choice: str) -> None:
    assert front.choice == choice
