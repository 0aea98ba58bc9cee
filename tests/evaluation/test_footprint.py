"""Costs of a fitted pipeline."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from metatune.evaluation.footprint import pickled_bytes


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


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
def test_a_model_does_not_grow_by_being_asked(algorithm: str) -> None:
    rows = np.random.default_rng(0).normal(size=(133, 6))
    model = KNeighborsClassifier(algorithm=algorithm).fit(rows, rows[:, 0] > 0)
    before = pickled_bytes(model)
    for _ in range(20):
        model.predict(rows)
    assert pickled_bytes(model) == before


def test_an_array_that_was_mapped_into_memory_is_as_large(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    np.save(tmp_path / "X.npy", X)
    mapped = np.asarray(np.load(tmp_path / "X.npy", mmap_mode="r"))
    assert pickled_bytes([X, X[:5].copy()]) == pickled_bytes([mapped, mapped[:5]])
