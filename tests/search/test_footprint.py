"""What a fitted pipeline costs."""

import pickle

import numpy as np

from metatune.search.footprint import pickled_bytes


def test_the_size_of_equal_values_is_equal_whichever_objects_they_share() -> None:
    """Pipelines that were read back share fewer texts than those that were just fitted."""
    text = "median" * 10
    same = {"one": text, "other": text, "numbers": np.arange(1000.0)}
    copies = {**pickle.loads(pickle.dumps(same)), "other": "".join(list(text))}
    assert pickled_bytes(same) == pickled_bytes(copies) > 8000


def test_values_that_hold_themselves_have_a_size() -> None:
    ring: list[object] = [1]
    ring.append(ring)
    assert pickled_bytes(ring) > 0
