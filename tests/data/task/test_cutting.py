"""Fewer rows and columns where a budget is too short for all of them."""

from dataclasses import replace

import numpy as np
import pandas as pd

from metatune.data.encoding.encoder import encode_task
from metatune.data.row_metadata import RowMetadata
from metatune.data.splits.given import JUDGED, LEARNED
from metatune.data.task.cutting import cut_columns, cut_rows
from metatune.data.task.make_task import make_task
from metatune.data.task.roles import RoleColumns
from metatune.data.task.task import Task
from metatune.evaluation.trial_data import TrialData


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
    assert task.classes is not None
    usual = list(task.classes).index("usual")
    assert abs(less.class_counts[usual] / 100 - task.class_counts[usual] / 1_000) < 0.03


def test_weights_are_cut_as_well_and_keep_their_mean() -> None:
    task = make("value", RoleColumns(weight="weight"))
    less = cut_rows(task, 300, seed=0)
    assert less.row_metadata.weights is not None
    assert less.row_metadata.weights.shape == (300,)
    assert abs(less.row_metadata.weights.mean() - 1.0) < 1e-12


def wide(n_columns: int = 300) -> Task:
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        rng.normal(size=(80, n_columns)), columns=[f"g{i}" for i in range(n_columns)]
    )
    table.loc[::7, "g3"] = np.nan
    table["word"] = np.where(table["g5"] > 0, "up", "down")
    table["when"] = pd.date_range("2020", periods=80).strftime("%d.%m.%Y")
    table["name"] = "same"
    table["y"] = np.where(table["g5"] + table["g9"] > 0, "a", "b")
    return make_task(table, target="y")


def used(task: Task) -> list[str]:
    return [column.name for column in task.columns if column.kind.is_used]


def test_the_columns_that_tell_most_of_the_target_stay() -> None:
    task = wide()
    less = cut_columns(task, 40, seed=0)
    assert len(used(less)) == 40
    assert {"g5", "g9", "word"} <= set(used(less))
    assert used(less) == used(cut_columns(task, 40, seed=0))
    assert [c.name for c in less.columns] == [c.name for c in task.columns]
    assert cut_columns(task, 302, seed=0) is task


def test_columns_are_chosen_by_rows_that_are_not_validated() -> None:
    less = cut_columns(wide(), 40, seed=0)
    assert less.chosen_by is not None
    _, encoded = encode_task(less, seed=0)
    data = TrialData.make(encoded, ("roc_auc",), seed=0, never_valid=less.chosen_by)
    validated = np.concatenate([fold.valid for fold in data.folds])
    assert not set(validated) & set(less.chosen_by)
    assert set(validated) | set(less.chosen_by) == set(range(80))
    for fold in data.folds:
        assert set(less.chosen_by) <= set(fold.train)
        assert not set(fold.train) & set(fold.valid)


def test_of_noise_the_columns_chosen_tell_nothing_of_the_rows_validated() -> None:
    rng = np.random.default_rng(2)
    noise = pd.DataFrame(rng.normal(size=(80, 3_000))).rename(columns=str)
    less = cut_columns(make_task(noise.assign(y=["a", "b"] * 40), target="y"), 50, seed=0)
    assert less.chosen_by is not None
    rest = np.setdiff1d(np.arange(80), less.chosen_by)
    chosen = less.X[used(less)].to_numpy()
    found = np.corrcoef(chosen[rest].T, less.y[rest])[-1, :-1]
    seen = np.corrcoef(chosen[less.chosen_by].T, less.y[less.chosen_by])[-1, :-1]
    assert np.abs(seen).mean() > 0.4
    assert abs((found * np.sign(seen)).mean()) < 0.1


def test_ties_do_not_follow_the_order_of_the_rows() -> None:
    table = pd.DataFrame({f"z{i}": np.zeros(80) for i in range(40)})
    for i in range(40):
        table.loc[(i, 79 - i), f"z{i}"] = 1.0  # one in each class
    table["g"] = np.random.default_rng(4).normal(size=80) + np.arange(80) / 40
    table["y"] = np.repeat(["a", "b"], 40)
    assert "g" in used(cut_columns(make_task(table, target="y"), 3, seed=0))


def test_splits_of_the_user_leave_the_columns_where_they_judge_all_rows() -> None:
    task = wide()
    splits = np.where((np.arange(80)[:, None] % 2 == np.arange(2)), JUDGED, LEARNED)
    bound = replace(task, row_metadata=RowMetadata(splits=splits))
    assert cut_columns(bound, 40, seed=0) is bound
    one = replace(task, row_metadata=RowMetadata(splits=splits[:, :1]))
    chosen = cut_columns(one, 40, seed=0).chosen_by
    assert chosen is not None
    assert (splits[chosen, 0] == LEARNED).all()


def test_groups_and_times_bind_the_rows_that_choose() -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame(rng.normal(size=(90, 30)), columns=[f"g{i}" for i in range(30)])
    table["who"] = np.arange(90) // 6
    table["t"] = rng.permutation(90)
    table["y"] = rng.normal(size=90)
    by_group = cut_columns(make_task(table, target="y", roles=RoleColumns(group="who")), 9, seed=0)
    assert by_group.chosen_by is not None
    chosen = set(table["who"].iloc[by_group.chosen_by])
    assert chosen
    assert not chosen & set(table["who"].drop(by_group.chosen_by))
    by_time = cut_columns(make_task(table, target="y", roles=RoleColumns(time="t")), 9, seed=0)
    assert by_time.chosen_by is not None
    assert table["t"].iloc[by_time.chosen_by].max() < table["t"].drop(by_time.chosen_by).min()
