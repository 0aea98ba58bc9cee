"""Work shared between trials: it changes their seconds and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from metatune.algorithms.registry import ALGORITHMS
from metatune.budget import Deadline
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.evaluation import known_folds
from metatune.evaluation import shared_preprocessing as prepared
from metatune.evaluation.file_store import FileStore
from metatune.evaluation.fold import run_fold
from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult
from metatune.evaluation.trial_data import TrialData
from metatune.evaluation.trial_job import evaluate
from metatune.kinds import TaskKind
from metatune.space import Configuration

NEVER = Deadline.never()
ONE_FOLD = Rung(index=1, row_share=1.0, n_folds=1)
TOP = Rung(index=2, row_share=1.0, n_folds=3)
KINDS = {"binary": 2, "multiclass": 3, "regression": 0}


def make_data(kind: TaskKind = TaskKind.BINARY, n_rows: int = 150) -> TrialData:
    """Numbers, missing cells, and categories few and many."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 6))
    X[:, 4] = rng.integers(0, 4, n_rows)
    X[:, 5] = rng.integers(0, 40, n_rows)
    X[rng.random(X.shape) < 0.05] = np.nan
    signal = np.nan_to_num(X[:, 0]) + 0.5 * rng.normal(size=n_rows)
    n_classes = KINDS[str(kind)]
    y = signal if not n_classes else np.digitize(signal, [0.0, 0.8][: n_classes - 1])
    task = EncodedTask(
        X=X,
        y=y,
        layout=Layout(names=tuple("abcdef"), n_levels=(0, 0, 0, 0, 4, 40)),
        kind=kind,
        n_classes=n_classes,
    )
    metric = "log_loss" if n_classes else "rmse"
    return TrialData.make(task, (metric,), seed=3, n_folds=3)


def make_trial(configuration: Configuration, rung: Rung = TOP, seed: int = 7) -> Trial:
    return Trial(number=0, configuration=configuration, rung=rung, seed=seed)


def default(name: str, kind: TaskKind = TaskKind.BINARY, **changes: Any) -> Configuration:
    found = ALGORITHMS[name].space(kind).default()
    return Configuration(algorithm=name, params={**found.params, **changes})


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(limits=1):
        yield


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store", 10**9)


@pytest.fixture
def share_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share whatever can be shared, however little it saves."""
    monkeypatch.setattr(prepared, "OVERHEAD", -1e9)
    monkeypatch.setattr(known_folds, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(known_folds, "BYTES_A_SECOND", 1e15)


@pytest.mark.usefixtures("share_all")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, min(algorithm.kinds)) for name, algorithm in sorted(ALGORITHMS.items())),
        ("linear", TaskKind.REGRESSION),
        ("svm", TaskKind.MULTICLASS),
    ],
)
def test_predictions_are_bit_identical_with_and_without_the_store(
    name: str, kind: TaskKind, store: FileStore
) -> None:
    data = make_data(kind, n_rows=90)
    trial = make_trial(default(name, kind))
    alone = run_fold(trial, data, 0, [], deadline=NEVER)
    first = run_fold(trial, data, 0, [], store, deadline=NEVER)
    again = run_fold(trial, data, 0, [], store, deadline=NEVER)
    for other in (first, again):
        np.testing.assert_array_equal(alone.prediction, other.prediction)
    native = type(alone.pipeline.steps[0][1]).__name__ == "NativePreprocessor"
    assert (first.stored, again.stored) == (False, not native)
    valid = data.task.X[data.folds[0].valid]
    predict = "predict_proba" if data.task.n_classes else "predict"
    np.testing.assert_array_equal(
        getattr(alone.pipeline, predict)(valid), getattr(again.pipeline, predict)(valid)
    )


@pytest.mark.usefixtures("share_all")
def test_preprocessing_is_shared_by_families_and_seeds(store: FileStore) -> None:
    data = make_data()
    step: dict[str, Any] = {"scaling": "quantile", "imputation": "median", "encoding": "target"}
    svm = make_trial(default("svm", **step), seed=1)
    knn = make_trial(default("knn", **step), seed=2)
    assert evaluate(svm, data, store=store).stored_matrices == 0
    taken_over = evaluate(knn, data, store=store)
    assert taken_over.stored_matrices == 3
    assert taken_over.fold_scores == evaluate(knn, data).fold_scores
    assert 0 < taken_over.preprocess_seconds < taken_over.fit_seconds + taken_over.predict_seconds
    other = make_trial(default("knn", **{**step, "scaling": "robust"}))
    assert evaluate(other, data, store=store).stored_matrices == 0


@pytest.mark.usefixtures("share_all")
def test_crossings_are_shared_by_what_makes_them(store: FileStore) -> None:
    data = make_data()
    forest = make_trial(default("random_forest", crossing="arithmetic"), seed=1)
    trees = make_trial(default("extra_trees", crossing="arithmetic"), seed=2)
    boosted = make_trial(default("lightgbm", crossing="arithmetic"), ONE_FOLD)
    assert evaluate(forest, data, store=store).stored_matrices == 0
    taken_over = evaluate(trees, data, store=store)
    assert taken_over.stored_matrices == 3
    assert taken_over.fold_scores == evaluate(trees, data).fold_scores
    assert evaluate(boosted, data, store=store).stored_matrices == 0
    slower = default("lightgbm", crossing="arithmetic", learning_rate=0.05)
    assert evaluate(make_trial(slower, ONE_FOLD), data, store=store).stored_matrices == 1
    others: list[dict[str, Any]] = [{}, {"crossing": "arithmetic", "encoding": "target"}]
    for other in others:
        trial = make_trial(default("extra_trees", **other))
        assert evaluate(trial, data, store=store).stored_matrices == 0


@pytest.mark.usefixtures("share_all")
def test_other_rows_are_not_mistaken_for_these(store: FileStore) -> None:
    data = make_data()
    configuration = default("linear")
    share = Rung(index=0, row_share=0.5, n_folds=1)
    for rung in (TOP, share):
        trial = make_trial(configuration, rung)
        alone = evaluate(trial, data)
        assert evaluate(trial, data, store=store).fold_scores == alone.fold_scores
        assert evaluate(trial, data, store=store).fold_scores == alone.fold_scores


def test_what_is_done_at_once_is_not_stored(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "OVERHEAD", 60.0)  # on a busy machine nothing is done at once
    data = make_data()
    trial = make_trial(default("decision_tree"), ONE_FOLD)
    for _ in range(2):
        assert evaluate(trial, data, store=store).stored_matrices == 0


@pytest.mark.usefixtures("share_all")
@pytest.mark.parametrize("name", ["lightgbm", "extra_trees", "knn"])
def test_a_promoted_configuration_does_not_repeat_its_fold(
    name: str, store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_data()
    configuration = default(name)
    alone = evaluate(make_trial(configuration, TOP), data)
    below = evaluate(make_trial(configuration, ONE_FOLD), data, store=store)
    assert below.copied_folds == 0
    fitted: list[int] = []

    def spy(trial: Trial, data: TrialData, number: int, *given: Any, **named: Any) -> Any:
        fitted.append(number)
        return run_fold(trial, data, number, *given, **named)

    monkeypatch.setattr("metatune.evaluation.trial_job.run_fold", spy)
    above = evaluate(make_trial(configuration, TOP), data, store=store)
    assert fitted == [1, 2]
    assert above.copied_folds == 1
    assert above.fold_scores == alone.fold_scores
    assert above.iterations == alone.iterations
    # What stops early is settled by the other folds, which are there at the top only.
    same = above.fold_scores["log_loss"][0] == below.fold_scores["log_loss"][0]
    assert same == (name != "lightgbm")
    assert above.fit_seconds > below.fit_seconds
    assert above.saved_seconds >= 0
    assert above.full_cpu_seconds >= above.cpu_seconds
    evaluate(make_trial(configuration, TOP), data, store=store)
    assert fitted == [1, 2, 0, 1, 2]  # at the top nothing is kept any more


@pytest.mark.usefixtures("share_all")
def test_folds_of_another_seed_or_share_are_not_taken_over(store: FileStore) -> None:
    data = make_data()
    configuration = default("extra_trees")
    evaluate(make_trial(configuration, ONE_FOLD), data, store=store)
    share = Rung(index=0, row_share=0.5, n_folds=1)
    evaluate(make_trial(configuration, share), data, store=store)
    assert evaluate(make_trial(configuration, TOP, seed=8), data, store=store).copied_folds == 0


@pytest.mark.usefixtures("share_all")
def test_a_model_too_large_to_write_is_fitted_again(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_folds, "BYTES_A_SECOND", 1.0)
    data = make_data()
    trial = make_trial(default("extra_trees"), ONE_FOLD)
    evaluate(trial, data, store=store)
    assert evaluate(replace(trial, rung=TOP), data, store=store).copied_folds == 0


def test_what_was_shared_is_in_the_record() -> None:
    trial = make_trial(default("linear"))
    result = evaluate(trial, make_data())
    shared = replace(result, saved_seconds=1.5, copied_folds=1, stored_matrices=2)
    assert TrialResult.from_record(shared.to_record()) == shared
    old = {name: value for name, value in result.to_record().items() if "_folds" not in name}
    assert TrialResult.from_record({**old, "n_folds": 3}).copied_folds == 0
