"""Folds and rungs for tables of every size, as pure functions."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.data.encoding.shape import Shape
from metatune.data.row_metadata import RowMetadata
from metatune.evaluation.rungs import FoldPlan, plan_folds, plan_rows, plan_rungs
from metatune.evaluation.trial_data import TrialData
from metatune.kinds import TaskKind
from metatune.recommender.advice import eligible_shape, training_shape
from metatune.samplers.planned import climbed_levels

SIZES = (50, 150, 400, 999, 2_000, 5_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
BUDGETS = (5.0, 10.0, 30.0, 60.0, 600.0, 3_600.0, float("inf"))


def documented(function: Callable[..., object]) -> dict[str, list[str]]:
    """The table in the docstring, by rows."""
    assert function.__doc__ is not None
    lines = [line.strip() for line in function.__doc__.splitlines()]
    first, _, last = (i for i, line in enumerate(lines) if line.startswith("===="))
    table = [re.split(r"\s{2,}", line) for line in lines[first + 3 : last]]
    return {cells[0]: cells[1:] for cells in table}


def table(n_rows: int, n_columns: int = 30, n_classes: int = 2) -> Shape:
    return Shape(n_rows=n_rows, n_columns=n_columns, n_classes=n_classes)


def in_words(plan: FoldPlan) -> str:
    if not plan.holdout:
        return f"{plan.n_splits} x {plan.n_repeats}"
    rows = "" if plan.max_train_rows is None else f", {plan.max_train_rows:,}"
    return f"of {plan.n_splits}{rows}"


def test_plans_are_as_documented() -> None:
    lines = documented(plan_folds)
    assert len(lines) == 7
    for rows, cells in lines.items():
        n_rows = int(rows.replace(",", ""))
        plans = [plan_folds(table(n_rows), budget) for budget in (10, 60, 600, float("inf"))]
        assert [in_words(plan) for plan in plans] == cells


def test_rungs_are_as_documented() -> None:
    lines = documented(plan_rungs)
    assert len(lines) == 4
    for rows, cells in lines.items():
        n_rows = int(rows.replace(",", ""))
        plans = [plan_rungs(table(n_rows), 3, budget_seconds=budget) for budget in (10, 60, 600)]
        shares = [[round(1 / rung.row_share) for rung in plan[:-1]] for plan in plans]
        words = [", ".join("1" if n == 1 else f"1/{n}" for n in plan) for plan in shares]
        assert words == cells


@pytest.mark.parametrize("n_folds", [1, 3])
@pytest.mark.parametrize("n_columns", [3, 30, 300])
def test_fewer_rows_only_where_they_save_time(n_columns: int, n_folds: int) -> None:
    for n_rows in SIZES:
        counts = [
            len(plan_rungs(table(n_rows, n_columns), n_folds, budget_seconds=budget))
            for budget in (0.0, *BUDGETS)
        ]
        assert counts == sorted(counts, reverse=True)
        if n_rows * n_columns < 100_000:
            assert set(counts) == {1 + (n_folds > 1)}
    assert counts[0] == 4 + (n_folds > 1)
    assert counts[-2:] == [counts[BUDGETS.index(600.0) + 1]] * 2


@pytest.mark.parametrize("n_columns", [1, 30, 1_000])
def test_more_time_never_gives_less(n_columns: int) -> None:
    for n_rows in SIZES:
        plans = [plan_folds(table(n_rows, n_columns), budget) for budget in BUDGETS]
        n_folds = [plan.n_folds for plan in plans]
        assert n_folds == sorted(n_folds)
        rows = [plan.max_train_rows or n_rows for plan in plans]
        assert rows == sorted(rows)
        assert min(rows) >= min(n_rows, 10_000)
        assert not any(plan.holdout for plan in plans if n_rows < 3_000)
        assert not plans[-1].holdout


@pytest.mark.parametrize("n_rows", SIZES)
def test_more_classes_never_give_more_folds_or_rows(n_rows: int) -> None:
    for budget in BUDGETS:
        plans = [plan_folds(table(n_rows, 20, n_classes), budget) for n_classes in (0, 2, 5, 30)]
        assert plans[0] == plans[1]
        n_folds = [plan.n_folds for plan in plans]
        assert n_folds == sorted(n_folds, reverse=True)
        rows = [plan.max_train_rows or n_rows for plan in plans]
        assert rows == sorted(rows, reverse=True)
        rungs = [
            len(plan_rungs(table(n_rows, 20, n_classes), 3, budget_seconds=budget))
            for n_classes in (2, 5, 30)
        ]
        assert rungs == sorted(rungs)


def test_a_holdout_of_less_than_ten_thousand_rows_only_where_folds_are_dear() -> None:
    assert in_words(plan_folds(table(7_300, 16), 10.0)) == "3 x 1"
    assert in_words(plan_folds(table(7_300, 16, n_classes=10), 10.0)) == "of 5"
    assert in_words(plan_folds(table(7_300, 16, n_classes=10), 60.0)) == "4 x 1"
    assert in_words(plan_folds(table(7_300, 160), 10.0)) == "of 5"
    assert in_words(plan_folds(table(2_900, 1_600), 10.0)) == "3 x 1"


def test_a_million_rows_cannot_eat_ten_minutes() -> None:
    plan = plan_folds(table(1_000_000), 600.0)
    assert plan.n_folds == 1
    assert plan.max_train_rows is not None
    assert 300_000 < plan.max_train_rows < 800_000


@pytest.mark.parametrize("n_rows", SIZES)
@pytest.mark.parametrize("budget", BUDGETS)
def test_rungs_rise_to_the_top(n_rows: int, budget: float) -> None:
    plan = plan_folds(table(n_rows), budget)
    n_train = min(n_rows - n_rows // plan.n_splits, plan.max_train_rows or n_rows)
    rungs = plan_rungs(table(n_train), plan.n_folds, budget_seconds=budget)
    assert [rung.index for rung in rungs] == list(range(len(rungs)))
    cost = [rung.row_share * rung.n_folds for rung in rungs]
    assert cost == sorted(set(cost))
    assert rungs[-1].row_share == 1.0
    assert rungs[-1].n_folds == plan.n_folds
    assert all(rung.n_folds == 1 for rung in rungs[:-1])
    assert len(rungs) <= 5
    levels = climbed_levels(rungs)
    assert levels == tuple(sorted(levels))
    assert (3 in levels) == (plan.n_folds > 1)


def make_task(n_rows: int) -> EncodedTask:
    rng = np.random.default_rng(0)
    return EncodedTask(
        X=rng.normal(size=(n_rows, 2)),
        y=rng.integers(0, 2, n_rows),
        layout=Layout(names=("a", "b"), n_levels=(0, 0)),
        kind=TaskKind.BINARY,
        n_classes=2,
    )


def test_the_folds_of_each_repeat_cover_all_rows_and_differ() -> None:
    plan = FoldPlan(n_splits=5, n_repeats=3)
    data = TrialData.make(make_task(200), ("roc_auc",), seed=0, plan=plan)
    assert len(data.folds) == 15
    for repeat in range(3):
        valid = np.concatenate([f.valid for f in data.folds[5 * repeat : 5 * repeat + 5]])
        np.testing.assert_array_equal(np.sort(valid), np.arange(200))
    assert not np.array_equal(data.folds[0].valid, data.folds[5].valid)
    for fold in data.folds:
        assert not np.intersect1d(fold.train, fold.valid).size
        assert abs(data.task.y[fold.valid].mean() - data.task.y.mean()) < 0.06


def test_small_tables_are_dealt_out_several_times() -> None:
    data = TrialData.make(make_task(200), ("roc_auc",), seed=0)
    assert len(data.folds) == 15


def test_splits_by_time_are_not_repeated() -> None:
    row_metadata = RowMetadata(times=np.arange(200))
    data = TrialData.make(make_task(200), ("roc_auc",), seed=0, row_metadata=row_metadata)
    assert 1 < len(data.folds) <= 5
    assert len({fold.valid.tobytes() for fold in data.folds}) == len(data.folds)


def test_groups_stay_together_in_every_repeat() -> None:
    groups = np.arange(200) // 4
    row_metadata = RowMetadata(groups=groups)
    plan = FoldPlan(n_splits=5, n_repeats=2)
    data = TrialData.make(
        make_task(200), ("roc_auc",), seed=0, row_metadata=row_metadata, plan=plan
    )
    assert len(data.folds) == 10
    for fold in data.folds:
        assert not np.intersect1d(groups[fold.train], groups[fold.valid]).size


def test_a_holdout_with_cut_rows_nests_in_the_whole(tmp_path: Path) -> None:
    task = make_task(1_000)
    whole = TrialData.make(task, ("roc_auc",), seed=0, n_folds=10)
    plan = FoldPlan(n_splits=10, holdout=True, max_train_rows=300)
    data = TrialData.make(task, ("roc_auc",), seed=0, plan=plan)
    (fold,) = data.folds
    np.testing.assert_array_equal(fold.valid, whole.folds[0].valid)
    np.testing.assert_array_equal(fold.train, whole.folds[0].train[:300])
    assert data.n_train_rows == training_shape(data).n_rows == 300
    assert eligible_shape(data).n_rows == 900
    data.save(tmp_path / "data")
    again = TrialData.load(tmp_path / "data")
    np.testing.assert_array_equal(again.folds[0].train, fold.train)


@pytest.mark.parametrize(
    ("n_rows", "n_columns", "budget", "used"),
    [
        (500_000, 20, 5.0, 62_500),
        (500_000, 20, 10.0, 187_500),
        (500_000, 20, 20.0, 437_500),
        (500_000, 20, 60.0, 500_000),
        (50_000, 20, 5.0, 50_000),
        (9_000, 5_000, 5.0, 9_000),
        (20_000, 5_000, 5.0, 10_000),
        (20_000, 3, 0.5, 10_000),
        (10**8, 100, float("inf"), 10**8),
    ],
)
def test_a_run_uses_as_many_rows_as_its_budget_allows(
    n_rows: int, n_columns: int, budget: float, used: int
) -> None:
    assert plan_rows(n_rows, n_columns, budget) == used


def test_rows_left_out_are_more_than_a_trial_at_the_top_would_use() -> None:
    for budget in (5.0, 10.0, 20.0, 60.0, 120.0):
        for n_columns in (5, 20, 100):
            used = plan_rows(10**7, n_columns, budget)
            top = plan_folds(table(10**7, n_columns), budget).max_train_rows
            assert top is not None
            assert top <= used
