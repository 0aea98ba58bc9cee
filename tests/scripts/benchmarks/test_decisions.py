"""Benchmark of decisions of labels: a rare class is found by thresholds, and the table says so."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.ensembles.decisions import Case, best_mean, judge, report
from metatune.ensemble.member_pool import MemberPool
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric

F1 = replace(resolve_metric("f1", TaskKind.BINARY), decides=True)


def make_rare(n_rows: int = 1_200) -> tuple[np.ndarray, np.ndarray]:
    """Make labels of a rare class and their true probabilities, which rarely exceed a half."""
    rng = np.random.default_rng(0)
    p = 1 / (1 + np.exp(3.0 - 1.5 * rng.normal(size=n_rows)))
    return (rng.random(n_rows) < p).astype(np.intp), np.column_stack([1 - p, p])


@pytest.mark.parametrize("is_rarer", [True, False])
def test_a_rare_class_is_found_by_thresholds_whichever_code_it_has(is_rarer: bool) -> None:
    y, p = make_rare()
    case = (
        judge(TaskKind.BINARY, F1, y, p)
        if is_rarer
        else judge(TaskKind.BINARY, F1, 1 - y, p[:, ::-1])
    )
    assert case.n_rarest == pytest.approx(y.sum() / 2, abs=1)
    assert case.checked > case.plain + 0.05
    assert case.always == pytest.approx(case.checked)


def test_the_three_members_with_the_least_log_loss_are_averaged() -> None:
    y, p = make_rare(100)
    poor = np.full_like(p, 0.5)
    members = {0: poor, 1: p, 2: p, 3: p}
    pool = MemberPool(kind=TaskKind.BINARY, y=y, members=members, folds=[np.arange(100)])
    np.testing.assert_allclose(best_mean(pool), p)


def test_the_report_counts_tables_by_their_rarest_class() -> None:
    found = [(30, 0.5, 0.3), (60, 0.4, 0.6), (61, 0.4, 0.4)]
    cases = [
        Case(metric="f1", n_rarest=rarest, plain=0.4, checked=checked, always=always)
        for rarest, checked, always in found
    ]
    lines = report(cases).splitlines()[2:]
    assert lines == [
        "| f1 | 26 to 60 | 2 | 0.400 | 0.450 | 1 : 0 | 0.450 | 1 : 1 |",
        "| f1 | 61 to 200 | 1 | 0.400 | 0.400 | 0 : 0 | 0.400 | 0 : 0 |",
    ]
