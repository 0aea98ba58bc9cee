"""Fewer rows where a budget is too short for all of them."""

import numpy as np
import pandas as pd

from metatune.data.task.cutting import cut_rows
from metatune.data.task.make_task import make_task
from metatune.data.task.roles import RoleColumns
from metatune.data.task.task import Task


def make(target: str, roles: RoleColumns | None = None) -> Task:
    rng = np.random.default_rng(0)
    n_rows = 1_000
    table = pd.DataFrame({"a": rng.normal(size=n_rows), "b": np.arange(n_rows) * 1.5})
    table["weight"] = np.linspace(1.0, 3.0, n_rows)
    table["kind"] = np.where(rng.random(n_rows) < 0.7, "usual", "other")
    table.loc[[17, 500], "kind"] = ["single", "twice"]
    table.loc[900, "kind"] = "twice"
    table["value"] = rng.normal(size=n_rows)
    if roles is None:
        table = table.drop(columns="weight")
        return make_task(table, target=target)
    return make_task(table, target=target, roles=roles)


def test_what_is_small_enough_stays_as_it_is() -> None:
    task = make("value")
    assert cut_rows(task, 1_000, seed=0) is task


def test_the_sample_keeps_rows_together_and_in_order() -> None:
    task = make("value")
    less = cut_rows(task, 300, seed=0)
    assert (less.n_rows, less.n_left_out) == (300, 700)
    assert less.X.index.tolist() == list(range(300))
    places = (less.X["b"] / 1.5).round().astype(int).to_numpy()
    assert (np.diff(places) > 0).all()
    np.testing.assert_array_equal(less.y, task.y[places])
    assert less.columns == task.columns


def test_the_same_seed_takes_the_same_rows() -> None:
    task = make("value")
    first, again, other = (cut_rows(task, 300, seed=seed).y for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_no_class_is_lost_and_shares_stay() -> None:
    task = make("kind")
    less = cut_rows(task, 100, seed=0)
    assert less.classes is task.classes
    assert (less.class_counts > 0).all()
    usual = list(task.classes).index("usual")
    assert abs(less.class_counts[usual] / 100 - task.class_counts[usual] / 1_000) < 0.03


def test_weights_are_cut_as_well_and_keep_their_mean() -> None:
    task = make("value", RoleColumns(weight="weight"))
    less = cut_rows(task, 300, seed=0)
    assert less.row_metadata.weights is not None
    assert less.row_metadata.weights.shape == (300,)
    assert abs(less.row_metadata.weights.mean() - 1.0) < 1e-12
