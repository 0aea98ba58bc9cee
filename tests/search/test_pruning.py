"""Hopeless trials are cut short: clearly behind, and nothing else."""

from typing import Any

import numpy as np
import pytest

from metatune.algorithms.registry import get_algorithm
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.evaluation.rungs import Rung
from metatune.evaluation.stop_rule import StopRule
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.evaluation.trial_data import TrialData
from metatune.evaluation.trial_job import evaluate
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.search.history import History
from metatune.search.pruning import stop_rule
from metatune.space import Configuration

TOP = Rung(index=1, row_share=1.0, n_folds=5)
RMSE = resolve_metric("rmse", TaskKind.REGRESSION)
AUC = resolve_metric("roc_auc", TaskKind.BINARY)
DIFFICULTY = np.array([0.0, 0.3, -0.2, 0.1, -0.1])  # of the folds


def make_trial(
    number: int, algorithm: str = "one", origin: str = "pool", rung: Rung = TOP
) -> Trial:
    configuration = Configuration(algorithm=algorithm, params={"n": number}, origin=origin)
    return Trial(number=number, configuration=configuration, rung=rung, seed=0)


def make_result(number: int, losses: "list[float]", **trial: Any) -> TrialResult:
    return TrialResult(
        trial=make_trial(number, **trial),
        status=TrialStatus.OK,
        score=float(np.mean(losses)),
        fold_scores={"rmse": tuple(losses)},
    )


def make_history(n: int = 6, **trial: object) -> History:
    """Trials of losses 1.0, 1.1, 1.2, ... on folds of different difficulty, a little noisy."""
    noise = np.random.default_rng(0).normal(0, 0.02, size=(n, 5))
    return History(
        RMSE,
        [
            make_result(i, list(1.0 + 0.1 * i + DIFFICULTY + noise[i]), **trial)
            for i in reversed(range(n))
        ],
    )


def test_the_bar_is_the_fifth_best_on_the_same_folds() -> None:
    history = make_history()
    rule = stop_rule(make_trial(9), history)
    assert rule is not None
    fifth = next(r for r in history.results if r.trial.number == 4)
    assert rule.losses == fifth.fold_scores["rmse"]
    assert 0.005 < rule.spread < 0.1


def test_the_bar_is_the_best_of_its_own_algorithm_where_that_is_worse() -> None:
    history = make_history(8)
    history.add(make_result(20, list(3.0 + DIFFICULTY), algorithm="two"))
    history.add(make_result(21, list(3.5 + DIFFICULTY), algorithm="two"))
    rule = stop_rule(make_trial(30, algorithm="two"), history)
    assert rule is not None
    assert rule.losses == tuple(3.0 + DIFFICULTY)


def test_a_trial_clearly_behind_stops_after_two_folds() -> None:
    rule = stop_rule(make_trial(9), make_history())
    assert rule is not None
    far = list(2.5 + DIFFICULTY)
    assert not rule.hopeless([])
    assert not rule.hopeless(far[:1])
    assert rule.hopeless(far[:2])


def test_a_slightly_worse_trial_goes_on() -> None:
    rule = stop_rule(make_trial(9), make_history())
    assert rule is not None
    near = list(1.41 + DIFFICULTY)
    assert not any(rule.hopeless(near[:n]) for n in range(6))


def test_difficult_folds_do_not_look_like_a_bad_trial() -> None:
    rule = StopRule(losses=(1.0, 9.0, 1.0), spread=0.1)
    assert not rule.hopeless([1.0, 9.0])
    assert rule.hopeless([2.0, 10.0])


def test_a_trial_of_mixed_fortune_gets_the_benefit_of_the_doubt() -> None:
    rule = StopRule(losses=(1.0, 1.0, 1.0), spread=0.1)
    assert not rule.hopeless([0.5, 3.0])


def test_folds_without_a_score_do_not_count() -> None:
    rule = StopRule(losses=(1.0, float("nan"), 1.0, 1.0), spread=0.01)
    assert not rule.hopeless([5.0, 5.0, float("nan")])
    assert rule.hopeless([5.0, 5.0, 5.0])


@pytest.mark.parametrize(
    ("trial", "history"),
    [
        (make_trial(9), make_history(4)),
        (make_trial(9, algorithm="another"), make_history()),
        (make_trial(9, origin="default"), make_history()),
        (make_trial(9, rung=Rung(index=0, row_share=1.0, n_folds=1)), make_history()),
        (make_trial(9, rung=Rung(index=2, row_share=1.0, n_folds=10)), make_history()),
    ],
    ids=["too few to compare", "new family", "first default", "one fold", "another rung"],
)
def test_who_is_never_stopped(trial: Trial, history: History) -> None:
    assert stop_rule(trial, history) is None


def test_good_members_are_almost_never_stopped_by_noise() -> None:
    rng = np.random.default_rng(1)
    stopped = 0
    for _ in range(400):
        folds = rng.normal(0, 0.3, size=5)
        losses = 1.0 + folds + rng.normal(0, 0.05, size=(20, 5))  # twenty of the same quality
        history = History(RMSE, [make_result(i, list(row)) for i, row in enumerate(losses)])
        rule = stop_rule(make_trial(99), history)
        assert rule is not None
        new = list(1.0 + folds + rng.normal(0, 0.05, size=5))
        stopped += any(rule.hopeless(new[:n]) for n in range(5))
    assert stopped <= 8  # 2 %


def make_data() -> TrialData:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = (X[:, 0] + 0.5 * rng.normal(size=300) > 0).astype(np.int64)
    layout = Layout(names=("a", "b", "c"), n_levels=(0, 0, 0))
    task = EncodedTask(X=X, y=y, layout=layout, kind=TaskKind.BINARY, n_classes=2)
    return TrialData.make(task, ("roc_auc", "log_loss"), seed=0, n_folds=5)


def test_a_pruned_trial_keeps_its_folds_and_never_wins() -> None:
    data = make_data()
    configuration = get_algorithm("decision_tree").space(TaskKind.BINARY).default()
    trial = Trial(number=3, configuration=configuration, rung=TOP, seed=0)
    whole = evaluate(trial, data)
    near = StopRule(losses=losses_of(whole), spread=0.01)
    assert evaluate(trial, data, stop=near).fold_scores == whole.fold_scores
    unreachable = StopRule(losses=tuple(loss - 0.5 for loss in losses_of(whole)), spread=0.01)
    pruned = evaluate(trial, data, stop=unreachable)
    assert pruned.status is TrialStatus.PRUNED
    assert (pruned.ok, pruned.failed, pruned.n_folds_done) == (False, False, 2)
    assert np.isnan(pruned.score)
    for name, scores in whole.fold_scores.items():
        assert pruned.fold_scores[name] == scores[:2]
    assert pruned.fit_seconds > 0
    assert "2 of 5" in pruned.error
    assert TrialResult.from_record(pruned.to_record()).fold_scores == pruned.fold_scores
    history = History(AUC, [pruned])
    assert history.incumbent() is None
    assert history.ranked() == []
    assert list(history.leaderboard()["status"]) == ["pruned"]


def losses_of(result: TrialResult) -> tuple[float, ...]:
    return History(AUC).fold_losses(result)


def test_a_pruned_trial_does_not_lead_by_its_lower_rung() -> None:
    below = Rung(index=0, row_share=1.0, n_folds=1)
    leader = make_result(0, [1.0, 1.1, 1.0, 1.1, 1.0])
    lucky = make_result(1, [0.1], rung=below)
    cut = TrialResult(
        trial=make_trial(1), status=TrialStatus.PRUNED, fold_scores={"rmse": (0.1, 9.0)}
    )
    first_fold = TrialResult(
        trial=make_trial(0, rung=below),
        status=TrialStatus.OK,
        score=1.0,
        fold_scores={"rmse": (1.0,)},
    )
    assert History(RMSE, [leader, first_fold, lucky]).incumbent() is lucky
    assert History(RMSE, [leader, first_fold, lucky, cut]).incumbent() is leader
