"""Tasks from tables and from arrays."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse

from metatune._typing import FloatArray
from metatune.data.columns.column import ColumnKind
from metatune.data.reading.table_reader import read_table
from metatune.data.task.make_task import make_task, make_task_from_arrays
from metatune.errors import MetatuneError, OptionError, TableError, TargetError
from metatune.kinds import TaskKind

RNG = np.random.default_rng(0)
N = 40


def frame(**columns: object) -> pd.DataFrame:
    base = {"x": RNG.normal(size=N), "colour": ["red", "green"] * (N // 2)}
    return pd.DataFrame({**base, **columns})


def test_a_table_becomes_a_task(tmp_path: Path) -> None:
    table = frame(row=range(N), same=1, kind=["a", "b", "a", None] * (N // 4))
    table.to_csv(tmp_path / "things.csv", index=False)
    task = make_task(read_table(tmp_path / "things.csv"), target="kind")
    assert (task.name, task.target, task.kind) == ("things", "kind", TaskKind.BINARY)
    assert (task.n_rows, task.n_dropped, task.n_classes) == (30, 10, 2)
    assert task.class_counts.tolist() == [20, 10]
    assert list(task.X.columns) == ["x", "colour", "row", "same"]
    assert task.X.index.tolist() == list(range(30))
    assert task.X["row"].tolist()[:4] == [0, 1, 2, 4]
    assert task.metric.name == "roc_auc"
    assert "10 rows without a value of the target 'kind' dropped" in task.notes
    assert "column 'same': left out as constant" in task.notes


def test_guesses_are_announced() -> None:
    task = make_task(frame(price=RNG.normal(size=N)))
    assert task.kind is TaskKind.REGRESSION
    assert task.metric.name == "rmse"
    assert task.notes[:2] == (
        "target 'price', the last column; --target overrides",
        "task regression, as the target is a number; --task overrides",
    )


def test_given_choices_are_not_announced() -> None:
    task = make_task(frame(), target="colour", task="binary", metric="log_loss", name="mine")
    assert task.notes == ()
    assert (task.name, task.metric.name) == ("mine", "log_loss")


def test_oddities_of_columns_are_said_once_for_all_that_share_them() -> None:
    infinite = np.where(np.arange(N) == 3, np.inf, RNG.normal(size=N))
    task = make_task(frame(a=infinite, b=infinite, y=["u", "v"] * (N // 2)), target="y")
    assert "columns 'a', 'b': 1 infinite value taken as missing" in task.notes


def test_features_that_are_all_constant_are_said() -> None:
    table = pd.DataFrame({"a": 1, "b": None, "y": ["u", "v"] * 10})
    task = make_task(table, target="y")
    assert [c.kind for c in task.columns] == [ColumnKind.CONSTANT] * 2
    assert any("all features are constant" in note for note in task.notes)


def test_names_that_are_no_text_and_a_position_as_target() -> None:
    table = pd.DataFrame(RNG.normal(size=(N, 3)), columns=[0, 1, "z"])
    task = make_task(table, target="1")
    assert task.target == "1"
    assert list(task.X.columns) == ["0", "z"]


@pytest.mark.parametrize(
    ("table", "options", "error", "message"),
    [
        (pd.DataFrame({"a": range(9)}), {}, TableError, "has 1 column: a target and"),
        (pd.DataFrame({"a": [1, 2, 3], "b": [0, 1, 0]}), {}, TableError, "has 3 rows: at least 5"),
        (frame(y=[1.5, 2, 3] + [None] * (N - 3)), {}, TargetError, "known in 3 rows only"),
        (frame(), {"target": "color"}, TargetError, "did you mean 'colour'"),
        (frame(), {"metric": "rmse"}, OptionError, "does not fit"),
        (frame(), {"task": "rank"}, OptionError, "unknown task"),
        (
            pd.DataFrame([[1, 2]] * 9, columns=["a", "a"]),
            {},
            TableError,
            "several columns are called 'a'",
        ),
    ],
)
def test_unusable_tables_are_refused(
    table: pd.DataFrame,
    options: dict[str, Any],
    error: type[MetatuneError],
    message: str,
) -> None:
    with pytest.raises(error, match=message) as caught:
        make_task(table, **options)
    assert "\n" not in str(caught.value)


def test_arrays_with_labels() -> None:
    X = RNG.normal(size=(N, 2))
    y = np.array(["no", "yes"], dtype=object)[np.arange(N) % 2]
    task = make_task_from_arrays(X, y, classification=True)
    assert task.kind is TaskKind.BINARY
    assert task.classes is not None
    assert task.classes.tolist() == ["no", "yes"]
    assert task.y.tolist() == [0, 1] * (N // 2)
    assert list(task.X.columns) == ["0", "1"]
    assert (task.n_dropped, task.metric.name) == (0, "roc_auc")


def test_labels_of_arrays_are_taken_as_they_are() -> None:
    y = [" a", "a", "?"] * 10
    task = make_task_from_arrays(RNG.normal(size=(30, 2)), y, classification=True)
    assert task.classes is not None
    assert task.classes.tolist() == [" a", "?", "a"]


def test_arrays_with_numbers() -> None:
    task = make_task_from_arrays([[1, 2], [3, 4], [5, 6]], [1, 2, 3], classification=False)
    assert task.kind is TaskKind.REGRESSION
    assert task.y.dtype == np.float64


def test_columns_of_arrays_are_no_identifiers_but_those_of_tables_are() -> None:
    numbered = np.column_stack([np.arange(N), RNG.normal(size=N)])
    y = np.arange(N) % 2
    from_array = make_task_from_arrays(numbered, y, classification=True)
    assert from_array.columns[0].kind is ColumnKind.NUMBER
    table = pd.DataFrame(numbered, columns=["id", "x"])
    from_table = make_task_from_arrays(table, y, classification=True)
    assert from_table.columns[0].kind is ColumnKind.IDENTIFIER


@pytest.mark.parametrize(
    "make",
    [
        lambda X: X.tolist(),
        pd.DataFrame,
        lambda X: pl.DataFrame(X, schema=["a", "b"]),
        scipy.sparse.csr_matrix,
        lambda X: X.astype(object),
    ],
)
def test_features_of_any_container(make: Callable[[FloatArray], Any]) -> None:
    X = RNG.integers(0, 9, size=(N, 2)) / 4
    task = make_task_from_arrays(make(X), np.arange(N) % 2, classification=True)
    assert [c.kind for c in task.columns] == [ColumnKind.NUMBER] * 2
    assert task.X.to_numpy(dtype=float).tolist() == X.tolist()


@pytest.mark.parametrize(
    ("X", "y", "classification", "error", "message"),
    [
        ([[1.0], [2.0]], [1, 2, 3], False, TargetError, "one value for each row"),
        ([[1.0], [2.0]], [[1, 2], [3, 4]], False, TargetError, "one value for each row"),
        ([[1.0], [2.0]], [1.0, np.nan], False, TargetError, "missing values"),
        ([[1.0], [2.0]], [1.0, np.inf], False, TargetError, "infinite"),
        ([[1.0], [2.0]], ["a", "b"], False, TargetError, "'a', which is no number"),
        ([[1.0], [2.0]], ["a", "a"], True, TargetError, "one class only"),
        ([1.0, 2.0], ["a", "b"], True, TableError, "give rows and columns"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    X: list[list[float]] | list[float],
    y: Any,
    classification: bool,
    error: type[MetatuneError],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        make_task_from_arrays(X, y, classification=classification)


def test_nothing_random_and_the_input_unchanged() -> None:
    table = frame(y=["u ", "v", "?", "v"] * (N // 4))
    before = table.copy()
    state = np.random.get_state(legacy=False)["state"]["key"].tolist()  # noqa: NPY002
    first, second = make_task(table), make_task(table)
    assert first.columns == second.columns
    assert first.notes == second.notes
    pd.testing.assert_frame_equal(table, before)
    assert np.random.get_state(legacy=False)["state"]["key"].tolist() == state  # noqa: NPY002
