"""Benchmark of the gate of ensembles: pools of a half, what came out, and the table of it."""

import numpy as np

from benchmarks.ensembles.gate import Case, half, judge, report
from metatune.ensemble.member_pool import CONSTANT, MemberPool
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric

RMSE = resolve_metric("rmse", TaskKind.REGRESSION)


def make_pool(n_rows: int = 400) -> MemberPool:
    rng = np.random.default_rng(0)
    y = rng.normal(size=n_rows)
    members = {n: (y + rng.normal(size=n_rows)).astype(np.float32) for n in range(6)}
    folds = np.array_split(np.arange(n_rows), 4)
    return MemberPool(kind=TaskKind.REGRESSION, y=y, members=members, folds=folds)


def test_a_half_keeps_the_folds_of_its_rows_and_has_a_constant_of_its_own() -> None:
    pool = make_pool(40)
    rows = np.arange(5, 40, 2)
    some = half(pool, [1, 4], rows)
    assert list(some.members) == [1, 4, CONSTANT]
    assert sorted(np.concatenate(some.folds)) == list(range(len(rows)))
    assert np.ptp(some.members[CONSTANT]) == 0.0
    np.testing.assert_array_equal(some.y, pool.y[rows])


def test_members_that_err_on_their_own_promise_a_gain_and_keep_it() -> None:
    case = judge(make_pool(), RMSE, 6, np.random.default_rng(0))
    assert case is not None
    assert case.promised > 2.0
    assert -0.5 <= case.change < -0.3  # sixty per cent of the error of one


def test_the_report_says_what_a_limit_would_have_brought() -> None:
    lines = report(
        [Case(promised=-1.5, change=-0.02), Case(promised=0.7, change=0.01)]
    ).splitlines()
    assert "| -2 to -1 | 1 | 100% | -2.00 % | -2.00 % |" in lines
    assert "| 0.5 to 1 | 1 | 0% | +1.00 % | +1.00 % |" in lines
    assert "| -2 | -0.50 % | 1 | 1 |" in lines
    assert "| 0.5 | +0.50 % | 0 | 1 |" in lines
    assert "| 1 | +0.00 % | 0 | 0 |" in lines
