"""Columns that hold weights, groups or times of rows."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from metatune.data.columns.column import ColumnKind
from metatune.data.encoding.encoder import encode_task
from metatune.data.task.make_task import make_task, make_task_from_arrays
from metatune.data.task.role_columns import count_rows, row_metadata_of_arrays
from metatune.data.task.roles import RoleColumns, read_groups, read_times, read_weights
from metatune.data.task.task import Task
from metatune.errors import OptionError

N = 60


def make_frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.normal(size=N),
            "who": rng.choice(["ann", "bob", "cid"], N),
            "day": pd.date_range("2021-01-30", periods=N).strftime("%d.%m.%Y"),
            "w": np.where(np.arange(N) < 10, 0.0, np.arange(N) * 1.0),
            "y": rng.integers(0, 2, N),
        }
    )


def task_with(frame: pd.DataFrame | None = None, **roles: str) -> Task:
    frame = make_frame() if frame is None else frame
    return make_task(frame, target="y", roles=RoleColumns(**roles))


def kinds(task: Task) -> dict[str, ColumnKind]:
    return {column.name: column.kind for column in task.columns}


def test_without_roles_nothing_is_known_of_rows() -> None:
    task = task_with()
    assert task.row_metadata.is_plain
    assert task.roles == RoleColumns()
    assert all(kind.is_used for kind in kinds(task).values())


def test_rows_of_weight_zero_are_left_out_and_the_others_even_out() -> None:
    task = task_with(weight="w")
    assert task.n_rows == N - 10
    assert task.row_metadata.weights is not None
    assert task.row_metadata.weights.mean() == pytest.approx(1.0)
    assert task.row_metadata.weights[-1] / task.row_metadata.weights[0] == pytest.approx(5.9)
    assert kinds(task)["w"] is ColumnKind.ROW_WEIGHT
    assert "10 rows of weight zero left out" in task.notes
    assert "w" not in encode_task(task, 0)[1].layout.names


def test_rows_without_target_are_left_out_of_all_row_metadata() -> None:
    frame = make_frame().astype({"y": float})
    frame.loc[frame.index[-5:], "y"] = np.nan
    task = task_with(frame, weight="w", group="who", time="day")
    row_metadata = task.row_metadata
    assert task.n_rows == N - 15
    for known in (row_metadata.weights, row_metadata.groups, row_metadata.times):
        assert known is not None
        assert len(known) == task.n_rows


def test_equal_weights_are_none() -> None:
    assert task_with(make_frame().assign(w=3.0), weight="w").row_metadata.is_plain


def test_positions_name_columns_too() -> None:
    assert task_with(group="1").roles.group == "who"


def test_missing_groups_stand_for_themselves() -> None:
    cells = pd.Series(["a", None, "a", "", "b", "?"], name="g")
    codes = read_groups(cells)
    assert codes[0] == codes[2]
    assert len(set(codes.tolist())) == 5


def test_numbers_and_texts_name_the_same_group() -> None:
    assert read_groups(pd.Series([1, 1.0, 2], name="g")).tolist() == [0, 0, 1]
    assert read_groups(pd.Series(["1", " 1", "2"], name="g")).tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    "cells",
    [
        ["03.01.2020", "01.02.2020", "01.02.2020", "15.03.2020"],
        pd.to_datetime(["2020-01-03", "2020-02-01", "2020-02-01", "2020-03-15"]),
        pd.to_datetime(["2020-01-03", "2020-02-01", "2020-02-01", "2020-03-15"], utc=True),
        [1999, 2003, 2003, 2010],
        [0.1, 0.25, 0.25, 7.0],
        ["0,1", "0,25", "0,25", "7"],
        ["2020-01", "2020-02", "2020-02", "2021-01"],
        [20200103, 20200201, 20200201, 20200315],
    ],
)
def test_times_are_ranked(cells: Any) -> None:
    ranks, _ = read_times(pd.Series(cells, name="date"))
    assert ranks.tolist() == [0, 1, 1, 2]


def test_a_date_stays_a_feature_by_its_calendar() -> None:
    task = task_with(time="day")
    names = encode_task(task, 0)[1].layout.names
    assert {"day: month", "day: day", "day: weekday"} <= set(names)
    assert not {"day: year", "day: days"} & set(names)
    assert "day: days" in encode_task(task_with(), 0)[1].layout.names


@pytest.mark.parametrize(
    "times", [np.arange(N), pd.date_range("1970", periods=N, freq="YS").astype("str")]
)
def test_times_without_a_calendar_are_no_feature(times: Any) -> None:
    task = task_with(make_frame().assign(day=times), time="day")
    assert kinds(task)["day"] is ColumnKind.ROW_TIME
    assert not any("day" in name for name in encode_task(task, 0)[1].layout.names)


def test_roles_alone_leave_the_constant_prediction() -> None:
    task = task_with(make_frame()[["who", "w", "y"]], group="who", weight="w")
    assert any("no features" in note for note in task.notes)
    assert encode_task(task, 0)[1].X.shape == (N - 10, 1)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([1.0, -2.0], "holds -2"),
        ([1.0, np.inf], "no finite number in 1 row"),
        (["a", "b"], "holds 'a', 'b'"),
        ([0.0, 0.0], "zero in every row"),
        ([np.nan, np.nan], "no values"),
    ],
)
def test_weights_that_cannot_be(cells: list[Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        read_weights(pd.Series(cells, name="w"))


def test_arrays_are_read_like_columns() -> None:
    X, y = np.random.default_rng(0).normal(size=(N, 2)), np.arange(N) % 2
    weights, times = np.arange(N), pd.date_range("2020", periods=N)[::-1]
    task = make_task_from_arrays(
        X, y, classification=True, weights=weights, groups=["a", "b"] * 30, times=times
    )
    assert task.n_rows == N - 1
    assert task.row_metadata.times is not None
    assert task.row_metadata.times.tolist() == list(range(N - 2, -1, -1))
    assert task.row_metadata.groups is not None
    assert task.row_metadata.groups.tolist() == [k % 2 for k in range(N - 1)]
    assert task.row_metadata.weights is not None
    assert task.row_metadata.weights[0] == pytest.approx(1 / 30)


def test_rows_of_weight_zero_do_not_count_and_it_is_said() -> None:
    frame, weights, notes = count_rows(make_frame(), RoleColumns(weight="w"))
    assert weights is not None
    assert len(frame) == len(weights) == N - 10
    assert notes == ["10 rows of weight zero left out"]
    assert count_rows(make_frame(), RoleColumns())[1:] == (None, [])


def test_arrays_beside_the_features_have_a_value_for_each_row() -> None:
    counting, found = row_metadata_of_arrays(
        3, weights=[0.0, 1.0, 3.0], groups=["z", "a", "b"], times=None
    )
    assert counting.tolist() == [False, True, True]
    assert found.weights is not None
    assert found.weights[1] == 3 * found.weights[0]
    assert found.groups is not None
    assert len(set(found.groups.tolist())) == 2
    assert found.times is None
    with pytest.raises(OptionError, match="one value for each row"):
        row_metadata_of_arrays(3, weights=[1.0], groups=None, times=None)
