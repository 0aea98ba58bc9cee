"""The run's final choice, made anew on other rows."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from metatune.data.row_metadata import RowMetadata
from metatune.ensemble.member_pool import CONSTANT, MemberPool
from metatune.estimate.corrected import Estimate, estimate_score
from metatune.estimate.reselection import Composition, Reselection
from metatune.estimate.selector import BestSingle
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.models.adjustment import Adjustment
from metatune.search.front import Preference

N_ROWS = 200
LOG_LOSS = resolve_metric("log_loss", TaskKind.BINARY)


def make_pool(n_members: int = 4, minority: float = 0.5, **changes: Any) -> MemberPool:
    rng = np.random.default_rng(0)
    y = (rng.random(N_ROWS) < minority).astype(np.int64)
    prior = np.log(minority / (1 - minority))
    members = {}
    for number in range(n_members):
        logit = prior + 2 * 0.8 * ((2 * y - 1) * 0.8 + rng.normal(size=N_ROWS))
        p = 1 / (1 + np.exp(-logit))
        members[number] = np.column_stack((1 - p, p)).astype(np.float32)
    members[CONSTANT] = np.tile((1 - minority, minority), (N_ROWS, 1)).astype(np.float32)
    usual: dict[str, Any] = {"kind": TaskKind.BINARY, "y": y, "members": members, "folds": ()}
    return MemberPool(**(usual | changes))


def half(first: bool) -> NDArray[np.float64]:
    counts = np.zeros((1, N_ROWS))
    counts[0, : N_ROWS // 2] = 1.0
    return counts if first else counts[:, ::-1]


def test_the_best_single_is_chosen_among_trials_alone() -> None:
    pool = make_pool()
    selector = Reselection(pool, LOG_LOSS, Composition(weights={2: 1.0}))
    plain = BestSingle([pool.members[n] for n in range(4)], LOG_LOSS, pool.y)
    assert selector.n_candidates == 4
    np.testing.assert_allclose(selector.final(), pool.members[2])
    for counts in (half(True), half(False)):
        np.testing.assert_array_equal(selector.select(counts)[0], plain.select(counts)[0])


def test_an_ensemble_is_weighed_by_the_rows_that_count() -> None:
    pool = make_pool()
    y, n = pool.y, N_ROWS // 2
    sure = np.eye(2)[y] * 0.9 + 0.05
    members = dict(pool.members)
    for number, good in ((0, slice(0, n)), (1, slice(n, None))):
        member = np.full((N_ROWS, 2), 0.5, dtype=np.float32)
        member[good] = sure[good]
        members[number] = member
    selector = Reselection(
        make_pool(members=members), LOG_LOSS, Composition(weights={0: 0.5, 1: 0.5, CONSTANT: 0.0})
    )
    first, last = selector.select(half(True))[0], selector.select(half(False))[0]
    assert first is not None
    assert last is not None
    assert LOG_LOSS.score(y[:n], first[:n]) < 0.3 < LOG_LOSS.score(y[n:], first[n:])
    assert LOG_LOSS.score(y[n:], last[n:]) < 0.3 < LOG_LOSS.score(y[:n], last[:n])


def test_many_members_are_cut_down_but_not_those_of_the_model() -> None:
    pool = make_pool(n_members=40)
    weights = {35: 0.4, 36: 0.4, CONSTANT: 0.2}
    selector = Reselection(pool, LOG_LOSS, Composition(weights=weights))
    assert selector.n_candidates == 40
    assert len(selector._pool.members) == 20
    np.testing.assert_allclose(selector.final(), pool.mean(weights))


def test_calibration_is_fitted_to_the_rows_that_count() -> None:
    pool = make_pool()
    sharp = {}
    for number, member in pool.members.items():
        p = member.astype(np.float64) ** 3  # far too sure
        sharp[number] = (p / p.sum(axis=1, keepdims=True)).astype(np.float32)
    composition = Composition(weights={0: 1.0}, adjustment=Adjustment(temperature=3.0))
    selector = Reselection(make_pool(members=sharp), LOG_LOSS, composition)
    np.testing.assert_allclose(selector.final(), pool.members[0], atol=1e-3)
    chosen = selector.select(half(True))[0]
    assert chosen is not None
    assert LOG_LOSS.score(pool.y[100:], chosen[100:]) < LOG_LOSS.score(pool.y[100:], sharp[0][100:])


@pytest.mark.parametrize("single", [True, False])
def test_decisions_are_learned_anew_and_their_luck_is_taken_off(single: bool) -> None:
    metric = replace(resolve_metric("balanced_accuracy", TaskKind.BINARY), decides=True)
    pool = make_pool(n_members=6, minority=0.15)
    weights = {1: 1.0} if single else {0: 0.3, 1: 0.4, 2: 0.3}
    composition = Composition(weights=weights, adjustment=Adjustment(decision=(0.15, 1.0)))
    selector = Reselection(pool, metric, composition)
    final = selector.final()
    assert set(np.unique(final)) == {0.0, 1.0}
    found = estimate_score(metric, pool.y, selector, n_bootstraps=25)
    assert isinstance(found, Estimate)
    assert found.optimistic == pytest.approx(metric.score(pool.y, final))
    assert 0.5 < found.low < found.score <= found.optimistic


def test_weights_and_draws_count_together() -> None:
    weights = np.where(np.arange(N_ROWS) < 100, 1.0, 1e-9)
    heavy = make_pool(row_metadata=RowMetadata(weights=weights))
    composition = Composition(weights={0: 0.5, 1: 0.5})
    everything = Reselection(heavy, LOG_LOSS, composition).select(np.ones((1, N_ROWS)))[0]
    first = Reselection(make_pool(), LOG_LOSS, composition).select(half(True))[0]
    assert everything is not None
    assert first is not None
    np.testing.assert_allclose(everything, first, atol=0.05)


def test_a_choice_by_several_objectives_is_repeated_among_what_was_compared() -> None:
    pool = make_pool()
    p = {n: np.asarray(pool.members[n], dtype=np.float64) for n in range(4)}
    losses = {n: -LOG_LOSS.score(pool.y, p[n]) for n in range(4)}
    best = max(losses, key=lambda n: losses[n])
    cheap = next(n for n in range(4) if n != best)
    costs = {n: (0.0 if n == cheap else 9.0,) for n in (best, cheap)}
    composition = Composition(weights={cheap: 1.0}, preference=Preference(costs=costs, preferred=1))
    selector = Reselection(pool, LOG_LOSS, composition)
    assert selector.n_candidates == 2
    for counts in (half(True), half(False)):
        np.testing.assert_array_equal(selector.select(counts)[0], pool.members[cheap])
    found = estimate_score(LOG_LOSS, pool.y, selector, n_bootstraps=30)
    assert isinstance(found, Estimate)
    assert found.optimistic == pytest.approx(LOG_LOSS.score(pool.y, p[cheap]))
    assert found.score == pytest.approx(found.optimistic)  # nothing was chosen by its score
