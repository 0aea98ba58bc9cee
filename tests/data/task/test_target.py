"""Finding and understanding the target column."""

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metatune.data.target_name import find_target
from metatune.data.task.target import Target, known_target, read_target
from metatune.errors import OptionError, TargetError
from metatune.kinds import TaskKind

RNG = np.random.default_rng(0)
N = 100


def cycle(*values: object) -> list[Any]:
    return [values[i % len(values)] for i in range(N)]


def target(cells: Any, task: str | None = None) -> Target:
    return read_target(pd.Series(cells), "t", task)


@pytest.mark.parametrize(
    ("names", "position"),
    [
        (["a", "b", "c"], 2),
        (["a", "Target", "c"], 1),
        (["CLASS", "b", "c"], 0),
        (["a", " y ", "c"], 1),
        (["class", "label", "c"], 2),
    ],
)
def test_the_target_is_guessed_and_announced(names: list[str], position: int) -> None:
    found, note = find_target(names, None)
    assert found == position
    assert repr(names[position]) in note
    assert "--target overrides" in note


@pytest.mark.parametrize(
    ("wanted", "position"), [("b", 1), ("Work load/day", 2), (" b", 1), ("2", 2), ("7", 3)]
)
def test_the_target_is_found_by_name_or_position(wanted: str, position: int) -> None:
    assert find_target(["a", "b", "Work load/day ", "7"], wanted)[0] == position


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("prize", "did you mean 'Price'?"),
        ("PRICE", "did you mean 'Price'?"),
        ("zzz", "the columns are 'Price', 'size'"),
        ("5", "the columns are"),
    ],
)
def test_a_wrong_name_is_refused_with_the_nearest(wanted: str, hint: str) -> None:
    with pytest.raises(TargetError) as caught:
        find_target(["Price", "size"], wanted)
    assert f"there is no column {wanted!r}" in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "kind", "classes"),
    [
        (cycle(0, 1), TaskKind.BINARY, [0, 1]),
        (cycle(1.0, 2.0), TaskKind.BINARY, [1, 2]),
        (cycle(0.5, 1.5), TaskKind.BINARY, [0.5, 1.5]),
        (cycle(True, False), TaskKind.BINARY, [False, True]),
        (cycle(True, False, None), TaskKind.BINARY, [False, True]),
        (cycle("yes", "no"), TaskKind.BINARY, ["no", "yes"]),
        (cycle("1", "0", "?"), TaskKind.BINARY, [0, 1]),
        (cycle("ckd", "ckd\t", "notckd"), TaskKind.BINARY, ["ckd", "notckd"]),
        (cycle("Yes", "yes"), TaskKind.BINARY, ["Yes", "yes"]),
        (cycle("a", "b", "c", ""), TaskKind.MULTICLASS, ["a", "b", "c"]),
        (cycle("low", "none", "high"), TaskKind.MULTICLASS, ["high", "low", "none"]),
        (cycle(3, 1, 2), TaskKind.MULTICLASS, [1, 2, 3]),
        (cycle(*range(10)), TaskKind.MULTICLASS, list(range(10))),
        (cycle(*range(15)), TaskKind.MULTICLASS, list(range(15))),
        (pd.Categorical(cycle(3, 1, 2)), TaskKind.MULTICLASS, [1, 2, 3]),
        (pd.Categorical(cycle("x", "y", None)), TaskKind.BINARY, ["x", "y"]),
        (pd.array(cycle(1, 0, None), dtype="Int64"), TaskKind.BINARY, [0, 1]),
    ],
)
def test_classes(cells: Any, kind: TaskKind, classes: list[Any]) -> None:
    found = target(cells)
    assert found.kind is kind
    assert found.classes is not None
    assert found.classes.tolist() == classes
    assert found.y.dtype == np.int64
    assert len(found.y) == found.keep.sum()
    assert any("--task overrides" in note for note in found.notes)


@pytest.mark.parametrize(
    "cells",
    [
        RNG.normal(size=N),
        cycle(0.5, 1.5, 2.5),
        RNG.integers(0, 1000, N),
        RNG.poisson(3, size=N) ** 2,
        cycle("$1,234.00", "$5.00", "$6.5"),
        cycle("1,5", "2,25", "3,75"),
        pd.to_timedelta(RNG.integers(1, 10**6, N), unit="s"),
    ],
)
def test_quantities(cells: Any) -> None:
    found = target(cells)
    assert found.kind is TaskKind.REGRESSION
    assert found.classes is None
    assert found.y.dtype == np.float64
    assert np.isfinite(found.y).all()


def test_codes_with_gaps_are_classes_where_all_are_equally_frequent() -> None:
    codes = [2, 3, 4, 6, 7, 8, 9, 10, 12, 13, 14]
    assert target(codes * 20).kind is TaskKind.MULTICLASS
    assert target([*codes * 20, *[2] * 100]).kind is TaskKind.REGRESSION


def test_prices_are_parsed_and_it_is_said() -> None:
    found = target(["$1,234.00", *cycle("$5.00", "$6.5", "$7.25")])
    assert found.y[0] == 1234.0
    assert any("'$1,234.00' are read as numbers" in note for note in found.notes)


def test_a_few_stray_texts_in_a_numeric_target_are_dropped_and_said() -> None:
    found = target([*cycle(1.5, 2.25, 3.75, "4"), "Unrated", "Unrated", "-"])
    assert found.kind is TaskKind.REGRESSION
    assert found.keep.tolist() == [True] * N + [False] * 3
    assert any("3 target cells dropped, not a number: 'Unrated'" in n for n in found.notes)


def test_many_stray_texts_make_labels() -> None:
    found = target(cycle("1", "2", "3", "none of them"))
    assert found.kind is TaskKind.MULTICLASS
    assert found.classes is not None
    assert "none of them" in found.classes


def test_infinite_values_are_dropped_and_said() -> None:
    found = target([np.inf, -np.inf, np.nan, *RNG.normal(size=N)])
    assert found.keep.sum() == N
    assert "2 infinite target values dropped" in found.notes


def test_cleaned_and_dropped_labels_are_said() -> None:
    found = target([*cycle("ckd", "notckd"), "ckd\t", "=N(TRUE)", "?"])
    assert "blanks around target labels removed: 'ckd\\t' -> 'ckd'" in found.notes
    assert "2 target cells taken as missing: '=N(TRUE)', '?'" in found.notes
    assert found.keep.sum() == N + 1


def test_a_class_of_one_row_is_kept_and_said() -> None:
    found = target([*cycle("a", "b"), "c"])
    assert found.kind is TaskKind.MULTICLASS
    assert "classes with a single row can hardly be learned: 'c'" in found.notes


def test_a_value_that_may_mean_missing_is_pointed_at() -> None:
    found = target([*RNG.uniform(0, 12, N), *[-200.0] * 8])
    assert any("the target is -200 in 8 rows" in note for note in found.notes)
    assert len(target(RNG.uniform(0, 12, N)).notes) == 1


@pytest.mark.parametrize(
    ("cells", "task", "kind"),
    [
        (cycle(1, 2, 3), "regression", TaskKind.REGRESSION),
        (cycle("1", "2", "3"), "regression", TaskKind.REGRESSION),
        (cycle(True, False), "regression", TaskKind.REGRESSION),
        (cycle(*range(40)), "multiclass", TaskKind.MULTICLASS),
        (cycle(0.5, 1.5, 2.5), "classification", TaskKind.MULTICLASS),
        (cycle(0, 1), "multiclass", TaskKind.BINARY),
    ],
)
def test_the_task_kind_can_be_given(cells: Any, task: str, kind: TaskKind) -> None:
    found = target(cells, task)
    assert found.kind is kind
    assert not any("--task overrides" in note for note in found.notes)


@pytest.mark.parametrize(
    ("cells", "task", "message"),
    [
        ([None] * N, None, "no value in any row"),
        (["?", " "] * 20, None, "no value in any row"),
        ([np.inf, np.nan] * 20, None, "no value in any row"),
        ([7] * N, None, "is 7 in every row"),
        (["a", "a ", None], None, "is 'a' in every row"),
        ([f"text {i}" for i in range(N)], None, "another value in every row"),
        ([f"text {i // 1.3:.0f}" for i in range(N)], None, "too many to be classes"),
        (RNG.normal(size=N), "classification", "another value in every row"),
        (cycle("a", "b"), "regression", "holds text such as 'a'"),
        (pd.Categorical(cycle("a", "b")), "regression", "which is no number"),
        (cycle("a", "b", "c"), "binary", "has 3 classes: --task binary needs two"),
        (pd.date_range("2020", periods=N), None, "holds dates"),
        ([str(d.date()) for d in pd.date_range("2020", periods=N)], None, "holds dates"),
        ([datetime.date(2020, 1, 1 + i % 28) for i in range(N)], None, "holds dates"),
    ],
)
def test_targets_that_cannot_be_learned(cells: Any, task: str | None, message: str) -> None:
    with pytest.raises(TargetError, match=message) as caught:
        target(cells, task)
    assert "\n" not in str(caught.value)


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(OptionError, match="unknown task 'ranking': use one of binary"):
        target(cycle(0, 1), "ranking")


@pytest.mark.parametrize(
    ("fitted", "cells", "codes", "kept"),
    [
        (cycle(0, 1), [1, 0, None, 2], [1, 0], [True, True, False, False]),
        (cycle(0, 1), ["1", "0.0", "x"], [1, 0], [True, True, False]),
        (cycle("a", "b"), [" b", "a\t", "c", "?"], [1, 0], [True, True, False, False]),
        (cycle("1", "x", "b"), [1, "x"], [0, 2], [True, True]),
        (cycle(True, False), [True, False, None], [1, 0], [True, True, False]),
        (cycle(True, False), ["True", "False"], [1, 0], [True, True]),
        (cycle(0.5, 1.5), [1.5, "0.5"], [1, 0], [True, True]),
    ],
)
def test_labels_of_another_table_get_the_same_codes(
    fitted: list[Any], cells: object, codes: list[int], kept: list[bool]
) -> None:
    y, keep = known_target(pd.Series(cells), target(fitted).classes)
    assert y.tolist() == codes
    assert keep.tolist() == kept


@pytest.mark.parametrize(
    ("cells", "values", "kept"),
    [
        ([1.5, np.inf, None, 2], [1.5, 2.0], [True, False, False, True]),
        (["$1,000.5", "2", "Unrated"] * 2, [1000.5, 2.0] * 2, [True, True, False] * 2),
        (["1,5", "2,25"], [1.5, 2.25], [True, True]),
    ],
)
def test_values_of_another_table_are_read_alike(
    cells: list[float | None] | list[str], values: list[float], kept: list[bool]
) -> None:
    y, keep = known_target(pd.Series(cells), None)
    assert y.tolist() == values
    assert keep.tolist() == kept
