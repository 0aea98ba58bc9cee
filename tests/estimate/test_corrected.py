"""The estimate that is corrected for having chosen the best of many."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from metatune.budget import Deadline
from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.estimate.corrected import Estimate, NoEstimate, estimate_score
from metatune.estimate.selector import BestSingle, FunctionSelector
from metatune.kinds import TaskKind
from metatune.metrics import Metric, resolve_metric

FloatArray = NDArray[np.float64]
AUC = resolve_metric("roc_auc", TaskKind.BINARY)
RMSE = resolve_metric("rmse", TaskKind.REGRESSION)


def guesses(n_rows: int, n_members: int, seed: int = 0) -> tuple[NDArray[np.int64], list[Any]]:
    """Return members who know nothing: whoever leads was lucky."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_rows) % 2
    scores = rng.random((n_members, n_rows))
    return y, [np.column_stack((1 - s, s)) for s in scores]


def estimate(metric: Metric, y: Any, members: list[Any], **options: Any) -> Estimate:
    weights = options.get("row_metadata", PLAIN).weights
    selector = BestSingle(members, metric, y, weights=weights)
    found = estimate_score(metric, y, selector, **options)
    assert isinstance(found, Estimate)
    return found


def test_luck_is_taken_off() -> None:
    y, members = guesses(200, 30)
    found = estimate(AUC, y, members, n_bootstraps=250)
    assert found.optimistic > 0.56
    assert found.optimistic == pytest.approx(max(AUC.score(y, p) for p in members))
    assert found.score == pytest.approx(0.5, abs=0.03)
    assert found.low < 0.5 < found.high < found.optimistic + 0.03
    assert (found.method, found.n_candidates) == ("bias-corrected bootstrap", 30)
    assert (found.n_bootstraps, found.n_skipped, found.n_rows) == (250, 0, 200)


def test_no_choice_needs_no_correction() -> None:
    y, members = guesses(200, 1)
    found = estimate(AUC, y, members)
    assert found.score == found.optimistic == pytest.approx(AUC.score(y, members[0]))
    assert found.method == "bootstrap"
    half = 1.96 * math.sqrt(201 / (12 * 100 * 100))  # AUC of guesses: Mann and Whitney
    assert found.high - found.low == pytest.approx(2 * half, rel=0.15)


def test_a_clear_winner_needs_no_correction_and_gets_the_plain_interval() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=400)
    good = y + 0.3 * rng.normal(size=400)
    alone = estimate(RMSE, y, [good], n_bootstraps=1000)
    among = estimate(RMSE, y, [good, good + 5, good - 5], n_bootstraps=1000)
    assert among.score == among.optimistic == alone.score
    # the rows that a draw leaves out scatter 1.3 times more; that is taken back
    assert among.high - among.low == pytest.approx(alone.high - alone.low, rel=0.08)


def test_without_a_deadline_it_is_repeatable() -> None:
    y, members = guesses(90, 8)
    assert estimate(AUC, y, members, seed=3) == estimate(AUC, y, members, seed=3)
    assert estimate(AUC, y, members, seed=3) != estimate(AUC, y, members, seed=4)


def test_a_deadline_ends_it() -> None:
    y, members = guesses(2000, 30)
    selector = BestSingle(members, AUC, y)
    late = estimate_score(AUC, y, selector, deadline=Deadline.after(0.0))
    assert late == NoEstimate(reason="the time did not suffice")
    found = estimate_score(AUC, y, selector, n_bootstraps=10**6, deadline=Deadline.after(1.5))
    assert isinstance(found, Estimate)
    assert 20 <= found.n_bootstraps < 10**6


def test_any_way_of_choosing() -> None:
    y, members = guesses(150, 6)
    seen: list[int] = []

    def select(rows: Any, counts: FloatArray) -> Callable[[Any], Any]:
        seen.append(len(rows))
        assert (counts >= 1).all()
        best = max(members, key=lambda p: AUC.score(y[rows], p[rows], counts))
        return lambda wanted: best[wanted]

    repeated = FunctionSelector(select, n_rows=150, n_candidates=6)
    found = estimate_score(AUC, y, repeated, n_bootstraps=40)
    assert isinstance(found, Estimate)
    expected = estimate(AUC, y, members, n_bootstraps=40)
    assert found.score == pytest.approx(expected.score, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert seen[0] == 150
    assert 80 < np.mean(seen[1:]) < 110  # 63 % of the rows


def test_draws_on_which_nothing_can_be_chosen_are_counted() -> None:
    y, members = guesses(60, 3)
    flip = iter(range(1000))

    def select(rows: Any, counts: FloatArray) -> Callable[[Any], Any]:
        if next(flip) % 4 == 3:
            raise ValueError("not on these rows")
        return lambda wanted: members[0][wanted]

    found = estimate_score(
        AUC, y, FunctionSelector(select, n_rows=60, n_candidates=3), n_bootstraps=100
    )
    assert isinstance(found, Estimate)
    assert (found.n_bootstraps, found.n_skipped) == (75, 25)


def test_no_estimate_rather_than_a_wrong_one() -> None:
    y, members = guesses(60, 3)
    lonely = np.zeros_like(y)
    lonely[0] = 1  # never among the rows not drawn
    selector = BestSingle(members, AUC, lonely)
    found = estimate_score(AUC, lonely, selector)
    assert isinstance(found, NoEstimate)
    assert "undefined" in found.reason
    few = estimate_score(AUC, y, BestSingle(members, AUC, y), row_metadata=RowMetadata(groups=y))
    assert few == NoEstimate(reason="2 rows or groups are too few")


def test_groups_widen_the_interval() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(30), 10)
    y = rng.normal(size=300)
    members = [y + rng.normal(size=30)[groups] for _ in range(3)]
    rows, whole = (
        estimate(RMSE, y, members),
        estimate(RMSE, y, members, row_metadata=RowMetadata(groups=groups)),
    )
    assert whole.high - whole.low > 2 * (rows.high - rows.low)


def test_heavy_rows_count_more() -> None:
    rng = np.random.default_rng(2)
    y = rng.normal(size=200)
    good_at_first = y + np.where(np.arange(200) < 100, 0.1, 1.0) * rng.normal(size=200)
    good_at_last = y + np.where(np.arange(200) < 100, 1.0, 0.1) * rng.normal(size=200)
    weights = np.where(np.arange(200) < 100, 1.0, 1e-3)
    found = estimate(
        RMSE, y, [good_at_last, good_at_first], row_metadata=RowMetadata(weights=weights)
    )
    assert found.score < 0.2


def test_perfect_on_few_rows_is_not_perfect_for_sure() -> None:
    y = np.arange(60) % 2
    sure = np.eye(2)[y]
    for name in ("roc_auc", "accuracy", "balanced_accuracy"):
        metric = resolve_metric(name, TaskKind.BINARY)
        found = estimate(metric, y, [sure, sure[::-1]])
        assert found.score == found.high == 1.0
        assert 0.9 <= found.low <= 0.96


def test_interval_stays_where_scores_can_be() -> None:
    y, members = guesses(20, 1)
    noisy = estimate(resolve_metric("accuracy", TaskKind.BINARY), y, members)
    assert 0.0 <= noisy.low <= noisy.score <= noisy.high <= 1.0
    off = np.zeros(20)
    off[3] = 50.0
    found = estimate(RMSE, np.zeros(20), [off, off + 0.01])
    assert 0.0 <= found.low <= found.score <= found.high


def test_rows_that_make_most_of_the_loss_may_be_absent_from_new_ones() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=300)
    members = [y + 0.5 * rng.normal(size=300) for _ in range(3)]
    y[0] += 60.0  # nobody predicts that
    found = estimate(RMSE, y, members, n_bootstraps=300)
    typical = float(np.sqrt(np.mean((y - members[0])[1:] ** 2)))
    assert found.low < 1.2 * typical < 0.3 * found.score
    assert found.high > 1.3 * found.score
