"""Early stopping on validation rows, and iteration counts chosen by other rows."""

import pickle
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from metatune.algorithms.base import learner_of
from metatune.algorithms.learners.stopping import StoppingCurve, TrainingRows
from metatune.algorithms.registry import get_algorithm
from metatune.budget import Deadline
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.data.row_metadata import PLAIN, RowMetadata
from metatune.data.splits.folds import subsample
from metatune.evaluation.fold import run_fold, settle_fold
from metatune.evaluation.iterations import finish, iterations_by_others, watched_rows
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial
from metatune.evaluation.trial_data import TrialData
from metatune.evaluation.trial_job import evaluate
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.models.prediction import predict_array

NEVER = Deadline.never()
ITERATIVE = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name in ("xgboost", "catboost") and find_spec(name) is None, reason=f"no {name}"
        ),
    )
    for name in ("lightgbm", "mlp", "xgboost", "catboost")
]


def make_data(
    kind: TaskKind = TaskKind.BINARY,
    *,
    n_rows: int = 240,
    signal: float = 1.0,
    n_folds: int = 3,
    row_metadata: RowMetadata = PLAIN,
    seed: int = 0,
) -> TrialData:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 4))
    score = signal * X[:, 0] + rng.normal(size=n_rows)
    y = (score > 0).astype(np.int64) if kind.is_classification else score
    task = EncodedTask(
        X=X,
        y=y,
        layout=Layout(names=tuple("abcd"), n_levels=(0,) * 4),
        kind=kind,
        n_classes=2 if kind.is_classification else 0,
    )
    metric = "log_loss" if kind.is_classification else "rmse"
    return TrialData.make(task, (metric,), seed=seed, n_folds=n_folds, row_metadata=row_metadata)


def make_trial(name: str, data: TrialData, n_folds: int, **params: Any) -> Trial:
    space = get_algorithm(name).space(data.task.kind)
    configuration = space.from_values({**space.defaults, **params}, "test")
    rung = Rung(index=0, row_share=1.0, n_folds=n_folds)
    return Trial(number=0, configuration=configuration, rung=rung, seed=1)


def one_fold(name: str, data: TrialData) -> Any:
    metrics = [resolve_metric(metric, data.task.kind) for metric in data.metrics]
    outcome = run_fold(make_trial(name, data, 1), data, 0, metrics, deadline=NEVER)
    return outcome, metrics


@pytest.mark.parametrize("name", ITERATIVE)
@pytest.mark.parametrize("kind", [TaskKind.BINARY, TaskKind.REGRESSION])
@pytest.mark.parametrize("further", [-1, 12])
@pytest.mark.parametrize("copied", [False, True])
def test_a_settled_model_is_the_one_trained_for_so_long_at_most(
    name: str, kind: TaskKind, further: int, copied: bool
) -> None:
    data = make_data(kind)
    outcome, metrics = one_fold(name, data)
    if copied:  # from a lower rung
        outcome = pickle.loads(pickle.dumps(outcome))
    n_grown = learner_of(outcome.pipeline).n_grown_
    wanted = max(1, n_grown + further)
    settled = settle_fold(make_trial(name, data, 1), data, 0, outcome, wanted, metrics)
    finish(settled.pipeline)
    exact = pickle.loads(pickle.dumps(outcome.pipeline))
    learner = learner_of(exact)
    train, step = subsample(data.folds[0], 1.0, data.task.n_classes), exact.steps[0][1]
    learner.set_params(iterations=min(wanted, n_grown))
    rows = TrainingRows(X=step.transform(data.task.X[train]), y=data.task.y[train])
    rows = exact.steps[-1][1].as_learned(rows)
    learner.fit(rows.X, rows.y)
    expected = predict_array(exact, data.task.X[data.folds[0].valid], data.task.n_classes)
    np.testing.assert_array_equal(settled.prediction, expected)


@pytest.mark.parametrize("name", ITERATIVE)
def test_a_finished_model_predicts_the_same_and_holds_less(name: str) -> None:
    data = make_data()
    outcome, metrics = one_fold(name, data)
    settled = settle_fold(make_trial(name, data, 1), data, 0, outcome, 2, metrics)
    before = len(pickle.dumps(settled.pipeline))
    finish(settled.pipeline)
    X = data.task.X[data.folds[0].valid]
    np.testing.assert_array_equal(settled.prediction, predict_array(settled.pipeline, X, 2))
    assert len(pickle.dumps(settled.pipeline)) < 0.8 * before
    assert learner_of(settled.pipeline).curve_ is None


@pytest.mark.parametrize("name", ITERATIVE)
@pytest.mark.parametrize("kind", [TaskKind.BINARY, TaskKind.REGRESSION])
@pytest.mark.parametrize("n_folds", [1, 3])
def test_a_learner_whose_time_is_over_says_what_it_has_learned(
    name: str, kind: TaskKind, n_folds: int
) -> None:
    data = make_data(kind)
    result = evaluate(make_trial(name, data, n_folds), data, deadline=Deadline.after(0.0))
    assert result.ok
    assert result.iterations == (1,) * n_folds


def test_a_deadline_far_away_changes_nothing() -> None:
    data = make_data()
    trial = make_trial("lightgbm", data, 3)
    late = evaluate(trial, data, deadline=Deadline.after(1e9))
    assert late.score == evaluate(trial, data).score


@pytest.mark.parametrize("n_folds", [1, 4])
def test_the_score_of_noise_is_not_too_good(n_folds: int) -> None:
    """The best iteration for the very rows that are scored would look better than a constant."""
    gains, tempting = [], []
    for seed in range(24):
        data = make_data(signal=0.0, n_rows=200, n_folds=4, seed=seed)
        trial = make_trial("lightgbm", data, n_folds, learning_rate=0.02)
        result = evaluate(trial, data)
        rows = data.folds[0].valid if n_folds == 1 else np.arange(200)
        share = data.task.y[rows].mean()
        constant = -share * np.log(share) - (1 - share) * np.log(1 - share)
        gains.append(constant - result.score)
        outcome, _ = one_fold("lightgbm", data)
        curve = outcome.curve
        tempting.append(curve.losses[0] @ curve.shares - (curve.losses @ curve.shares).min())
    assert np.mean(gains) < 0.0
    assert np.mean(tempting) > 0.0


def test_stopping_is_worth_while() -> None:
    data = make_data(n_rows=400)
    stopped = evaluate(make_trial("lightgbm", data, 3), data)
    assert max(stopped.iterations) < 100
    assert stopped.score < 0.62


def curve(*losses: float) -> StoppingCurve:
    return StoppingCurve(losses=np.array(losses)[:, None], shares=np.ones(1))


class TestIterationsByOthers:
    def test_the_median_of_the_other_folds(self) -> None:
        curves = [curve(*(abs(best - i) for i in range(1, 11))) for best in (2, 4, 9)]
        valid = [np.array([0, 1]), np.array([2, 3]), np.array([4])]
        assert iterations_by_others(curves, valid) == [6, 6, 3]

    def test_a_repeat_of_the_folds_has_no_say(self) -> None:
        curves = [curve(*(abs(best - i) for i in range(1, 11))) for best in (2, 4, 9, 10)]
        valid = [np.array([0, 1]), np.array([2, 3]), np.array([0, 2]), np.array([1, 3])]
        assert iterations_by_others(curves, valid) == [4, 2, 10, 9]

    def test_a_single_fold_and_folds_without_a_curve_cannot_tell(self) -> None:
        assert iterations_by_others([curve(1.0)], [np.arange(3)]) == [None]
        assert iterations_by_others([None, curve(1.0)], [np.arange(2), np.arange(2, 4)]) == [
            None,
            None,
        ]


class TestHalves:
    def test_groups_are_not_torn_apart(self) -> None:
        groups = np.repeat(np.arange(10), 5)
        row_metadata = RowMetadata(groups=groups)
        y = np.arange(50) % 2
        halves = watched_rows(np.zeros((50, 1)), y, TaskKind.BINARY, row_metadata, 0, NEVER).halves
        assert {0, 1} == set(halves)
        assert all(len(set(halves[groups == group])) == 1 for group in range(10))

    def test_neighbours_in_time_are_not_torn_apart(self) -> None:
        row_metadata = RowMetadata(times=np.arange(50))
        halves = watched_rows(
            np.zeros((50, 1)), np.zeros(50), TaskKind.REGRESSION, row_metadata, 0, NEVER
        ).halves
        assert (np.diff(halves) != 0).sum() == 1

    def test_few_rows_stay_together(self) -> None:
        watched = watched_rows(np.zeros((3, 1)), np.zeros(3), TaskKind.REGRESSION, PLAIN, 0, NEVER)
        assert list(watched.halves) == [0, 0, 0]

    def test_each_part_is_predicted_as_the_other_one_would_have_it(self) -> None:
        losses = np.array([[3.0, 1.0], [1.0, 2.0], [2.0, 3.0]])
        both = StoppingCurve(losses=losses, shares=np.array([0.6, 0.4]))
        assert [both.best(), both.best_of_others(0), both.best_of_others(1)] == [2, 1, 2]


def test_classes_that_the_training_rows_lack_are_not_watched() -> None:
    data = make_data(n_rows=120)
    y = data.task.y.copy()
    y[data.folds[0].valid[:3]] = 2
    task = EncodedTask(
        X=data.task.X, y=y, layout=data.task.layout, kind=TaskKind.MULTICLASS, n_classes=3
    )
    odd = TrialData(task=task, folds=data.folds, metrics=("log_loss",), seed=0)
    outcome, _ = one_fold("lightgbm", odd)
    assert outcome.prediction.shape == (40, 3)
    assert np.isfinite(outcome.curve.losses).all()
