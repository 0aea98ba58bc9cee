"""Leavings of trials: out-of-fold predictions, fitted pipelines, and their cost."""

import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from metatune.evaluation.footprint import pickled_bytes
from metatune.evaluation.keep_rule import KeepRule
from metatune.evaluation.out_of_fold import out_of_fold, prediction_file, write_predictions
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.evaluation.trial_data import TrialData
from metatune.evaluation.trial_job import evaluate
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.search.history import History
from metatune.search.merit import by_merit
from metatune.space import Configuration
from metatune.storage import fold_models, predictions
from metatune.storage.fold_models import KeptModels
from metatune.storage.predictions import PredictionStore
from tests.evaluation.test_trial_job import LOW, TOP, make_data, make_trial

ACCURACY = resolve_metric("accuracy", TaskKind.BINARY)
RUNGS = (Rung(index=0, row_share=1.0, n_folds=1), Rung(index=1, row_share=1.0, n_folds=5))


def ok(
    number: int,
    score: float,
    *,
    algorithm: str = "fake",
    origin: str = "test",
    rung: Rung = RUNGS[1],
) -> TrialResult:
    configuration = Configuration(algorithm=algorithm, params={"n": number}, origin=origin)
    trial = Trial(number=number, configuration=configuration, rung=rung, seed=1)
    return TrialResult(trial=trial, status=TrialStatus.OK, score=score)


def numbers(results: list[TrialResult]) -> list[int]:
    return [result.trial.number for result in results]


class TestOutOfFold:
    def test_rows_get_the_mean_of_the_folds_that_validate_them(self) -> None:
        parts = [
            (np.array([0, 1]), np.array([1.0, 2.0])),
            (np.array([1, 3]), np.array([4.0, 5.0])),
        ]
        mean = out_of_fold(4, 0, parts)
        np.testing.assert_array_equal(mean, np.array([1.0, 3.0, np.nan, 5.0], dtype=np.float32))
        assert mean.dtype == np.float32

    def test_probabilities(self) -> None:
        mean = out_of_fold(3, 2, [(np.array([2]), np.array([[0.25, 0.75]]))])
        assert mean.shape == (3, 2)
        assert np.isnan(mean[:2]).all()
        np.testing.assert_array_equal(mean[2], [0.25, 0.75])

    @pytest.mark.parametrize(
        ("kind", "metric"), [(TaskKind.MULTICLASS, "log_loss"), (TaskKind.REGRESSION, "rmse")]
    )
    def test_a_trial_at_the_top_leaves_what_it_was_scored_on(
        self, kind: TaskKind, metric: str, tmp_path: Path
    ) -> None:
        data = make_data(kind, (metric,))
        trial = make_trial("linear", kind)
        result = evaluate(trial, data, outbox=tmp_path)
        left = np.load(tmp_path / prediction_file(trial))
        assert left.shape == ((240, 3) if data.task.n_classes else (240,))
        judged = resolve_metric(metric, kind)
        scores = [judged.score(data.task.y[f.valid], left[f.valid]) for f in data.folds]
        np.testing.assert_allclose(scores, result.fold_scores[metric], rtol=1e-4)

    def test_rows_of_no_fold_are_nan(self, tmp_path: Path) -> None:
        data = make_data(TaskKind.BINARY, ("roc_auc",))
        part = TrialData(task=data.task, folds=data.folds[1:], metrics=data.metrics)
        rung = Rung(index=1, row_share=1.0, n_folds=2)
        trial = make_trial("linear", TaskKind.BINARY, rung)
        evaluate(trial, part, outbox=tmp_path)
        left = np.load(tmp_path / prediction_file(trial))
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(left[:, 0])), data.folds[0].valid)

    def test_lower_rungs_leave_none(self, tmp_path: Path) -> None:
        data = make_data(TaskKind.BINARY, ("roc_auc",))
        evaluate(make_trial("linear", TaskKind.BINARY, LOW), data, outbox=tmp_path)
        assert not list(tmp_path.iterdir())

    def test_a_full_disk_costs_the_predictions_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(np, "save", full)
        data = make_data(TaskKind.BINARY, ("roc_auc",))
        assert evaluate(make_trial("linear", TaskKind.BINARY), data, outbox=tmp_path).ok
        assert not list(tmp_path.iterdir())


class TestPredictionStore:
    def make(self, tmp_path: Path) -> PredictionStore:
        (tmp_path / "outbox").mkdir()
        return PredictionStore(tmp_path / "outbox", tmp_path / "kept")

    def leave(self, tmp_path: Path, result: TrialResult) -> None:
        path = tmp_path / "outbox" / prediction_file(result.trial)
        write_predictions(path, np.full(4, result.score, dtype=np.float32))

    def tell(self, store: PredictionStore, tmp_path: Path, results: list[TrialResult]) -> History:
        history = History(ACCURACY)
        for result in results:
            self.leave(tmp_path, result)
            store.secure(result)
            history.add(result)
            store.trial_ended(result, history)
        return history

    def test_what_is_secured_can_be_loaded(self, tmp_path: Path) -> None:
        store = self.make(tmp_path)
        result = ok(3, 0.75)
        self.tell(store, tmp_path, [result])
        assert not list((tmp_path / "outbox").iterdir())
        np.testing.assert_array_equal(store.load([result])[3], np.full(4, 0.75))
        assert store.load([ok(4, 0.5)]) == {}

    def test_the_worst_are_deleted_but_each_family_and_a_default_stay(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(predictions, "MAX_PREDICTION_FILES", 5)
        store = self.make(tmp_path)
        results = [ok(0, 0.1, algorithm="rare"), ok(1, 0.2, origin="default")]
        results += [ok(number, 0.5 + number / 100) for number in range(2, 12)]
        history = self.tell(store, tmp_path, results)
        assert set(numbers(store.members(history))) == {0, 1, 9, 10, 11}
        assert len(list((tmp_path / "kept").iterdir())) == 5

    def test_the_room_is_limited(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        size = 128 + 4 * 4  # header and values of a file
        monkeypatch.setattr(predictions, "MAX_PREDICTION_BYTES", 7 * size)
        store = self.make(tmp_path)
        history = self.tell(store, tmp_path, [ok(n, n / 100) for n in range(20)])
        assert sorted(numbers(store.members(history))) == list(range(13, 20))

    def test_another_run_takes_over_what_counts(self, tmp_path: Path) -> None:
        self.tell(self.make(tmp_path), tmp_path, [ok(0, 0.5), ok(1, 0.6)])
        again = PredictionStore(tmp_path / "outbox", tmp_path / "kept")
        again.restore([ok(1, 0.6), ok(2, 0.7)])
        history = History(ACCURACY, [ok(1, 0.6), ok(2, 0.7)])
        assert numbers(again.members(history)) == [1]
        assert len(list((tmp_path / "kept").iterdir())) == 1

    def test_a_damaged_file_is_no_member(self, tmp_path: Path) -> None:
        store = self.make(tmp_path)
        self.tell(store, tmp_path, [ok(0, 0.5)])
        (tmp_path / "kept" / prediction_file(ok(0, 0.5).trial)).write_bytes(b"torn")
        assert store.load([ok(0, 0.5)]) == {}


class TestKeptPipelines:
    def test_folds_are_kept_where_the_rule_says_so(self, tmp_path: Path) -> None:
        data = make_data(TaskKind.REGRESSION, ("rmse",))
        result = evaluate(
            make_trial("linear", TaskKind.REGRESSION),
            data,
            keep=KeepRule(file="trial-0.pkl", loss_below=0.0, folds_below=math.inf),
            outbox=tmp_path,
        )
        kept = KeptModels(tmp_path, RUNGS[-1])
        folds = kept.load(result)
        assert len(folds) == 3
        assert len(kept.load(result, first=True)) == 1
        rows = data.folds[2].valid
        np.testing.assert_allclose(
            folds[2].predict(data.task.X[rows]),
            np.load(tmp_path / prediction_file(result.trial))[rows],
            rtol=1e-5,
        )

    def test_folds_too_large_to_keep_leave_the_first_if_it_leads(self, tmp_path: Path) -> None:
        data = make_data(TaskKind.REGRESSION, ("rmse",))
        rule = KeepRule(file="trial-0.pkl", loss_below=9.0, folds_below=9.0, max_bytes=10)
        result = evaluate(
            make_trial("linear", TaskKind.REGRESSION), data, keep=rule, outbox=tmp_path
        )
        assert len(KeptModels(tmp_path, RUNGS[-1]).load(result)) == 1

    def tell(self, tmp_path: Path, results: list[TrialResult]) -> tuple[KeptModels, History]:
        kept, history = KeptModels(tmp_path, RUNGS[-1]), History(ACCURACY)
        for result in results:
            rule = kept.rule(result.trial, history)
            if rule is not None and -result.score < max(rule.folds_below, rule.loss_below):
                (tmp_path / rule.file).write_bytes(pickle.dumps(result.score))
            history.add(result)
            kept.trial_ended(result, history)
        return kept, history

    def test_only_the_best_stay(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fold_models, "MAX_KEPT_MODELS", 3)
        results = [ok(n, s) for n, s in enumerate([0.5, 0.7, 0.6, 0.4, 0.8, 0.65])]
        kept, history = self.tell(tmp_path, results)
        assert {kept.load(r) for r in results} == {(0.8,), (0.7,), (0.65,), ()}
        assert len(list(tmp_path.iterdir())) == 3
        bar = kept.rule(ok(9, 0.0).trial, history)
        assert bar is not None
        assert bar.folds_below == -0.65
        stranger = kept.rule(ok(9, 0.0, algorithm="new").trial, history)
        assert stranger is not None
        assert stranger.folds_below == math.inf

    def test_the_room_is_limited_but_the_incumbent_stays(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fold_models, "MAX_KEPT_BYTES", 1)
        results = [ok(0, 0.5), ok(1, 0.7), ok(2, 0.6)]
        kept, _ = self.tell(tmp_path, results)
        assert [kept.load(r) for r in results] == [(), (0.7,), ()]

    def test_below_the_top_only_a_leader_is_kept(self, tmp_path: Path) -> None:
        kept, history = self.tell(tmp_path, [ok(0, 0.5, rung=RUNGS[0])])
        rule = kept.rule(ok(1, 0.0, rung=RUNGS[0]).trial, history)
        assert rule is not None
        assert (rule.loss_below, rule.folds_below) == (-0.5, -math.inf)


def test_merit_prefers_difference() -> None:
    results = [ok(0, 0.9), ok(1, 0.8), ok(2, 0.1, algorithm="b"), ok(3, 0.5, origin="default")]
    assert numbers(by_merit(results, History(ACCURACY, results))) == [0, 3, 2, 1]


def test_a_trial_tells_what_its_model_costs(tmp_path: Path) -> None:
    data = make_data(TaskKind.BINARY, ("roc_auc",))
    result = evaluate(make_trial("extra_trees", TaskKind.BINARY), data)
    assert result.predicted_rows == 240
    assert 0.0 < result.latency < 5.0
    small = evaluate(make_trial("linear", TaskKind.BINARY, TOP), data)
    assert 500 < small.model_bytes < result.model_bytes / 10


def test_bytes_are_counted_without_a_copy() -> None:
    array = np.arange(10_000.0)
    assert pickled_bytes(array) == pytest.approx(len(pickle.dumps(array, protocol=5)), rel=0.01)
