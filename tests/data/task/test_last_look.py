"""Identifiers that tell the target are kept, others are left out and shown."""

import numpy as np
import pandas as pd
import pytest

from metatune.data.columns.column import Column, ColumnKind
from metatune.data.task.last_look import keep_informative
from metatune.data.task.make_task import make_task
from metatune.data.task.task import Task
from metatune.kinds import TaskKind

N = 300
RNG = np.random.default_rng(0)


def task_of(name: str, cells: object, y: object) -> Task:
    frame = pd.DataFrame({name: cells, "noise": RNG.normal(size=N), "y": y})
    return make_task(frame, target="y")


@pytest.mark.parametrize("name", ["x", "depth", "world_rank", "dose", "atomic_number"])
def test_a_sequence_that_explains_the_target_is_kept(name: str) -> None:
    task = task_of(name, np.arange(N) + 1, 3 * np.arange(N) + RNG.normal(size=N))
    assert task.columns[0].kind is ColumnKind.NUMBER
    assert f"column '{name}': numbers rows, but tells the target: kept" in task.notes


def test_a_period_counts_as_well() -> None:
    task = task_of("step_of_run", np.arange(N), np.sin(np.arange(N) / 8))
    assert task.columns[0].kind is ColumnKind.NUMBER


@pytest.mark.parametrize(
    "name", ["id", "customer_id", "Unnamed: 0", "index", "row", "X", "Serial No"]
)
def test_what_is_named_as_an_id_stays_one_though_the_file_is_sorted(name: str) -> None:
    task = task_of(name, np.arange(N) + 1, np.repeat(["a", "b", "c"], N // 3))
    assert task.columns[0].kind is ColumnKind.IDENTIFIER


def test_a_sequence_without_any_say_is_left_out_and_two_cells_are_shown() -> None:
    task = task_of("x", np.arange(N) + 1, RNG.normal(size=N))
    assert task.columns[0].kind is ColumnKind.IDENTIFIER
    assert "column 'x': left out as identifier, such as '1', '2'" in task.notes


def test_the_rank_of_the_target_itself_is_no_feature() -> None:
    sales = np.sort(RNG.integers(0, 200, N))[::-1]
    assert task_of("rank", np.arange(N) + 1, sales).columns[0].kind is ColumnKind.IDENTIFIER


def test_codes_that_begin_with_the_kind_of_the_row_are_texts() -> None:
    kinds = RNG.choice(["AB", "CD", "EF"], N)
    codes = [f"{kind}{1000 + 7 * i}" for i, kind in enumerate(kinds)]
    y = np.where(kinds == "AB", "yes", "no")
    assert task_of("code", codes, y).columns[0].kind is ColumnKind.TEXT
    assert task_of("code", codes, RNG.permutation(y)).columns[0].kind is ColumnKind.IDENTIFIER


def test_long_cells_are_cut_in_the_note() -> None:
    task = task_of(
        "link", [f"https://example.org/{i}/{'x' * 80}" for i in range(N)], RNG.normal(size=N)
    )
    (note,) = [note for note in task.notes if "left out as identifier" in note]
    assert len(note) < 140


def test_words_may_be_classes_of_a_target_of_numbers() -> None:
    frame = pd.DataFrame({"a": RNG.normal(size=N), "y": ["1", "2", "none"] * (N // 3)})
    classes = make_task(frame, target="y").classes
    assert classes is not None
    assert classes.tolist() == ["1", "2", "none"]


def test_only_identifiers_are_looked_at_again() -> None:
    X = pd.DataFrame({"depth": np.arange(N), "noise": RNG.normal(size=N)})
    columns = tuple(
        Column(name=name, kind=kind, n_missing=0, n_unique=N)
        for name, kind in (("depth", ColumnKind.IDENTIFIER), ("noise", ColumnKind.NUMBER))
    )
    depth, noise = keep_informative(X, columns, np.arange(N) * 1.0, TaskKind.REGRESSION)
    assert depth.kind is ColumnKind.NUMBER
    assert noise is columns[1]
    assert keep_informative(X, columns, RNG.normal(size=N), TaskKind.REGRESSION) == columns
