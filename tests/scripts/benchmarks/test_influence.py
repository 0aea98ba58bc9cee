"""Benchmark of the limit on a row's influence: what is compared, and the table of it."""

import numpy as np

from benchmarks.ensembles.influence import Case, judge, report
from metatune.ensemble.member_pool import MemberPool
from metatune.kinds import TaskKind


def make_pool(n_rows: int, *, wrong: float) -> MemberPool:
    """Members of unequal quality; one row in fifty has a wrong value."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=n_rows)
    members = {
        n: (y + (0.2 + 0.2 * n) * rng.normal(size=n_rows)).astype(np.float32) for n in range(8)
    }
    y[:: n_rows // 50] += wrong * rng.choice([-1.0, 1.0], size=len(y[:: n_rows // 50]))
    folds = np.array_split(np.arange(n_rows), 4)
    return MemberPool(kind=TaskKind.REGRESSION, y=y, members=members, folds=folds)


def test_nothing_changes_without_wrong_values() -> None:
    case = judge(make_pool(400, wrong=0.0), 150, np.random.default_rng(0))
    assert case is not None
    assert abs(case.change) < 0.01


def test_wrong_values_change_what_is_chosen() -> None:
    case = judge(make_pool(400, wrong=5.0), 150, np.random.default_rng(0))
    assert case is not None
    assert case.change != 0.0


def test_a_table_with_too_few_rows_to_judge_on_is_passed_over() -> None:
    assert judge(make_pool(200, wrong=0.0), 150, np.random.default_rng(0)) is None


def test_the_report_counts_what_is_noticeable() -> None:
    changes = (-0.02, 0.01, 0.00001)
    lines = report([Case(size=150, change=change) for change in changes]).splitlines()
    assert lines[-1] == "| 150 | 3 | 1 | 1 | -0.33 % | -2.00 % | +1.00 % |"
