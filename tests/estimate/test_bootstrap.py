"""Bootstrap of a model selection."""

from typing import Any

import numpy as np
import pytest

from metatune.budget import Deadline
from metatune.estimate.bootstrap import Draws, ScoreCache, repeat_selection, resample
from metatune.estimate.drawing import Drawing
from metatune.estimate.scoring import RowScorer
from metatune.estimate.selector import BestSingle
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric

MAE = resolve_metric("mae", TaskKind.REGRESSION)
RNG = np.random.default_rng(0)
Y = RNG.normal(size=200)
MEMBERS = [Y + RNG.normal(size=200) for _ in range(5)]


class CountingScorer(RowScorer):
    """Scorer that counts what it prepares."""

    def __init__(self) -> None:
        super().__init__(MAE, Y)
        self.n_prepared = 0

    def prepare(self, prediction: Any) -> Any:
        self.n_prepared += 1
        return super().prepare(prediction)


def test_draws_without_both_scores_are_counted_and_left_out() -> None:
    draws = Draws()
    draws.add(np.array([1.0, np.nan, 3.0]), np.array([1.5, 2.5, np.inf]))
    draws.add(np.array([4.0]), np.array([4.5]))
    assert draws.selected.tolist() == [1.0, 4.0]
    assert draws.reference.tolist() == [1.5, 4.5]
    assert (draws.n_draws, draws.n_skipped) == (2, 2)


def test_a_prediction_is_prepared_once_and_many_do_not_pile_up() -> None:
    scorer = CountingScorer()
    cache = ScoreCache(scorer)
    assert cache[MEMBERS[0]] is cache[MEMBERS[0]]
    assert scorer.n_prepared == 1
    for _ in range(40):
        cache[Y + RNG.normal(size=200)]
    assert scorer.n_prepared == 41
    cache.once(MEMBERS[0])
    assert scorer.n_prepared == 42


def test_what_a_draw_selects_looks_worse_on_the_rows_it_left_out() -> None:
    draws = repeat_selection(
        BestSingle(MEMBERS, MAE, Y),
        min(MEMBERS, key=lambda member: np.abs(member - Y).mean()),
        ScoreCache(RowScorer(MAE, Y)),
        Drawing(200, seed=1),
        n_bootstraps=150,
    )
    assert draws.n_draws == 150
    assert draws.selected.mean() > draws.reference.mean()  # an error: larger is worse


def test_the_plain_bootstrap_is_centred_on_the_score_of_all_rows() -> None:
    scores = RowScorer(MAE, Y).prepare(MEMBERS[0])
    draws = resample(scores, Drawing(200, seed=1), n_bootstraps=300)
    assert draws.n_draws == 300
    assert draws.selected.mean() == pytest.approx(np.abs(MEMBERS[0] - Y).mean(), rel=0.03)


def test_when_time_is_up_there_are_the_draws_so_far() -> None:
    scores = RowScorer(MAE, Y).prepare(MEMBERS[0])
    found = resample(scores, Drawing(200), n_bootstraps=10_000, deadline=Deadline.after(0.0))
    assert 0 < found.n_draws < 10
