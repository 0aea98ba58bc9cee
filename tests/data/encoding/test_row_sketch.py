"""Rows of the training are recognised, whatever table they stand in."""

import io

import numpy as np
import pandas as pd

from metatune.data.encoding.encoder import encode_task
from metatune.data.encoding.layout import Layout
from metatune.data.encoding.row_sketch import MOST_HASHES, RowSketch, hash_rows, recognisable
from metatune.data.task.make_task import make_task


def test_rows_are_recognised_after_a_round_trip_through_a_file() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": rng.normal(size=200), "k": rng.choice(list("abc"), 200)})
    table["y"] = rng.normal(size=200)
    table.loc[3, "x"] = np.nan
    task = make_task(table, target="y")
    encoder, encoded = encode_task(task, seed=0)
    sketch = RowSketch.of(hash_rows(encoded.X, encoded.y, range(2)))
    again = pd.read_csv(io.StringIO(table.sample(frac=1, random_state=0).to_csv(index=False)))
    hashes = hash_rows(encoder.transform(again), again["y"].to_numpy(), range(2))
    assert sketch.compare(hashes) == (200, 200)
    other = hash_rows(encoder.transform(again), -again["y"].to_numpy(), range(2))
    assert sketch.compare(other) == (200, 0)


def test_many_rows_are_compared_by_a_sample() -> None:
    n_rows = 3 * MOST_HASHES
    X = np.random.default_rng(0).normal(size=(n_rows, 1))
    hashes = hash_rows(X, np.zeros(n_rows), [0])
    sketch = RowSketch.of(hashes)
    assert len(sketch.hashes) == MOST_HASHES
    n_compared, n_known = sketch.compare(hashes[: n_rows // 2])
    assert n_compared == n_known
    assert abs(n_compared - MOST_HASHES / 2) < 1_000
    n_compared, n_known = sketch.compare(hash_rows(X + 9.0, np.zeros(n_rows), [0]))
    assert n_compared > 20_000
    assert n_known == 0


def test_repeated_rows_are_counted() -> None:
    X = np.array([[1.0], [1.0], [2.0], [3.0]])
    assert RowSketch.of(hash_rows(X, np.zeros(4), [0])).repeated_share == 0.5
    assert (
        RowSketch.of(hash_rows(X + np.arange(4)[:, None], np.zeros(4), [0])).repeated_share == 0.0
    )


def test_zeros_and_missing_cells_have_one_hash() -> None:
    odd = np.array([0xFFC00001], dtype=np.uint32).view(np.float32).astype(np.float64)
    a, b = np.array([[0.0, np.nan]]), np.array([[-0.0, odd[0]]])
    assert hash_rows(a, np.zeros(1), range(2)) == hash_rows(b, np.zeros(1), range(2))


def test_components_of_texts_are_left_out() -> None:
    layout = Layout(names=("t: length", "t: topic 0", "x"), n_levels=(0, 0, 0))
    assert recognisable(layout).tolist() == [0, 2]


def test_of_many_columns_some_are_enough() -> None:
    layout = Layout(names=tuple(map(str, range(5_000))), n_levels=(0,) * 5_000)
    assert len(recognisable(layout)) == 50
