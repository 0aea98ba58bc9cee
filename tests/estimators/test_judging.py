"""Judging of models as the estimators' users want it: metrics, positive class, splits."""

import os
import signal
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from sklearn.metrics import make_scorer
from sklearn.model_selection import KFold, cross_val_score
from sklearn.utils.validation import check_is_fitted

from metatune import MetaTuneClassifier, MetaTuneRegressor, load
from metatune.errors import OptionError, PartialModelWarning
from metatune.evaluation.trial import TrialResult
from metatune.search.history import History
from metatune.tuning.events import Events

QUICK: dict[str, Any] = {
    "max_trials": 1,
    "include": ["linear"],
    "n_jobs": 1,
    "random_state": 0,
    "budget": "3m",
}


def make_classes(n_rows: int = 200, share: float = 0.5, labels: Any = (0, 1)) -> Any:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 4))
    sign = X[:, 0] + 0.7 * X[:, 1] + 0.3 * rng.normal(size=n_rows)
    return X, np.asarray(labels)[(sign > np.quantile(sign, 1.0 - share)).astype(int)]


def make_values(n_rows: int = 200) -> Any:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 4))
    return X, 2.0 * X[:, 0] + X[:, 1] + 0.3 * rng.normal(size=n_rows)


def far_off(y_true: Any, y_pred: Any) -> float:
    return float(np.quantile(np.abs(y_true - y_pred), 0.9))


@pytest.mark.parametrize(
    "metric",
    [make_scorer(sk.fbeta_score, beta=2), sk.cohen_kappa_score, lambda y, p: np.mean(y == p)],
)
def test_scorers_and_functions_reach_the_workers(metric: Any, tmp_path: Path) -> None:
    X, y = make_classes(share=0.2)
    model = MetaTuneClassifier(metric=metric, **{**QUICK, "max_trials": 2}).fit(X, y)
    assert model.leaderboard_["status"].tolist()[0] == "ok"
    assert model.metric_.endswith(")")
    assert model.leaderboard_["score"].iloc[0] > 0.5
    model.save(tmp_path / "model.skops")
    assert (load(tmp_path / "model.skops").predict(X) == model.predict(X)).all()


def test_functions_of_values_have_a_direction_of_their_own() -> None:
    X, y = make_values()
    model = MetaTuneRegressor(metric=far_off, **QUICK).fit(X, y)
    assert 0.0 < model.leaderboard_["score"].iloc[0] < 1.5
    assert model.metric_ == "far_off()"


def test_a_run_with_a_function_goes_on_in_python(tmp_path: Path) -> None:
    X, y = make_values()
    given = {**QUICK, "metric": far_off, "run_dir": tmp_path / "run"}
    MetaTuneRegressor(**given).fit(X, y)
    model = MetaTuneRegressor(**{**given, "max_trials": 2, "resume": True}).fit(X, y)
    assert len(model.trials_) == 2


def test_labels_of_numbers_mean_what_they_mean_to_scikit_learn() -> None:
    X, y = make_classes(share=0.8, labels=(1, 2))
    model = MetaTuneClassifier(metric="recall", ensemble=False, **QUICK).fit(X, y)
    assert model.pos_label_ == 1
    own = model.leaderboard_["score"].iloc[0]
    assert own == pytest.approx(sk.recall_score(y, model.predict(X)), abs=0.15)


def test_the_rarer_text_is_positive_and_the_user_hears_of_it() -> None:
    X, y = make_classes(share=0.8, labels=("bad", "good"))
    with pytest.warns(UserWarning, match="positive class 'bad', the rarer one; pos_label="):
        model = MetaTuneClassifier(metric="f1", **QUICK).fit(X, y)
    assert model.pos_label_ == "bad"
    named = MetaTuneClassifier(metric="f1", pos_label="good", **QUICK).fit(X, y)
    assert named.pos_label_ == "good"
    assert named.leaderboard_["score"].iloc[0] > model.leaderboard_["score"].iloc[0]


def test_a_rare_class_is_found_at_the_best_threshold() -> None:
    rng = np.random.default_rng(3)

    def make(n_rows: int) -> Any:
        X = rng.normal(size=(n_rows, 5))
        chance = 1.0 / (1.0 + np.exp(4.5 - 1.3 * X[:, 0] - 0.9 * X[:, 1]))
        return X, (rng.random(n_rows) < chance).astype(int)

    model = MetaTuneClassifier(metric="f1", ensemble=False, **QUICK).fit(*make(2_000))
    X, y = make(4_000)
    assert sk.f1_score(y, model.predict(X)) > 0.25
    assert sk.f1_score(y, (model.predict_proba(X)[:, 1] > 0.5)) < 0.2
    assert model.leaderboard_["score"].iloc[0] == pytest.approx(
        sk.f1_score(y, model.predict(X)), abs=0.12
    )


def test_few_rows_of_a_class_are_enough_for_a_model() -> None:
    X = np.random.default_rng(0).normal(size=(1_000, 3))
    y = np.zeros(1_000, dtype=int)
    y[np.argsort(X[:, 0])[-3:]] = 1
    model = MetaTuneClassifier(**QUICK).fit(X, y)
    assert model.leaderboard_["status"].tolist() == ["ok"]


@pytest.mark.parametrize("name", ["neg_mean_squared_log_error", "neg_mean_poisson_deviance"])
def test_models_predict_within_the_domain_of_the_metric(name: str) -> None:
    X, y = make_values()
    y = np.maximum(y, 0.0)
    model = MetaTuneRegressor(metric=name, **QUICK).fit(X, y)
    assert np.isfinite(sk.get_scorer(name)(model, X, y))
    assert np.isfinite(model.leaderboard_["score"].iloc[0])


def test_targets_outside_the_domain_are_refused() -> None:
    with pytest.raises(OptionError, match="needs a target above -1"):
        MetaTuneRegressor(metric="neg_mean_squared_log_error", **QUICK).fit(*make_values())


def test_nothing_better_than_the_constant_warns_with_the_causes() -> None:
    X, y = np.ones((60, 2)), np.arange(60) % 2
    with pytest.warns(UserWarning, match="no model beat the constant prediction"):
        MetaTuneClassifier(**QUICK).fit(X, y)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_jobs": "auto"}, "n_jobs='auto' is of type str"),
        ({"n_jobs": 1.5}, "n_jobs=1.5 is of type float"),
        ({"max_trials": "2"}, "max_trials='2' is of type str"),
        ({"max_trials": True}, "max_trials=True is of type bool"),
        ({"memory_limit": 3072}, "below 300MB"),
        ({"memory_limit": 4.0}, "memory_limit=4.0 is of type float"),
        ({"metric": ["roc_auc"]}, "is of type list"),
        ({"budget": None, "metric": 3}, "is of type int"),
        ({"budget": ["10m"]}, "budget="),
        ({"include": 5}, "include holds 5"),
        ({"include": ["linear", None]}, "include holds None"),
        ({"ensemble": "no"}, "ensemble='no' is of type str"),
        ({"resume": "yes"}, "resume='yes' is of type str"),
        ({"verbose": "loud"}, "verbose='loud'"),
        ({"run_dir": 7}, "run_dir=7 is of type int"),
        ({"max_size": ["1MB"]}, "max_size="),
        ({"max_latency": b"5ms"}, "max_latency="),
        ({"random_state": "zero"}, "random_state='zero'"),
        ({"executor": "cluster"}, "executor is of type str"),
        ({"cv": "five"}, "cv='five' is of type str"),
        ({"cv": KFold(1_000)}, "cannot split"),
        ({"pos_label": 7}, "positive class '7' is no label"),
    ],
)
def test_odd_parameters_are_named_in_one_line(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words) as caught:
        MetaTuneClassifier(**{**QUICK, **parameters}).fit(*make_classes(60))
    assert "\n" not in str(caught.value)


def test_splits_of_the_user_judge_every_model() -> None:
    X, y = make_classes(120)
    rows = np.arange(120)
    model = MetaTuneClassifier(cv=[(rows[:90], rows[90:])], **QUICK).fit(X, y)
    assert model.leaderboard_["n_folds"].tolist() == [1]
    several = MetaTuneClassifier(cv=KFold(3), **{**QUICK, "max_trials": 8}).fit(X, y)
    assert several.leaderboard_["n_folds"].max() == 3


@pytest.mark.parametrize("named", [True, False])
def test_further_rows_may_judge(named: bool) -> None:
    X, y = make_classes(200, labels=("no", "yes"))
    if named:
        X = pd.DataFrame(X, columns=list("abcd"))
    model = MetaTuneClassifier(**QUICK).fit(X[:120], y[:120], validation=(X[120:], y[120:]))
    assert model.leaderboard_["n_folds"].tolist() == [1]
    assert model.score(X, y) > 0.8


def test_further_rows_of_another_shape_are_refused() -> None:
    X, y = make_classes(100)
    for pair, words in (
        ((X[:5, :2], y[:5]), "features"),
        ((X[:5], y[:4]), "5 rows and 4 values"),
        ((X[:5], y[:0]), "no rows"),
        (X[:5], "must be a pair"),
    ):
        with pytest.raises(ValueError, match=words):
            MetaTuneClassifier(**QUICK).fit(X, y, validation=pair)


def test_splits_come_along_when_the_command_line_goes_on(tmp_path: Path) -> None:
    from metatune.storage.training_data import read_training_data

    X, y = make_classes(60)
    MetaTuneClassifier(cv=KFold(3), run_dir=tmp_path / "run", **QUICK).fit(X, y)
    (stored,) = (tmp_path / "run").glob("*.parquet")
    splits = read_training_data(stored).splits
    assert splits is not None
    assert splits.shape == (60, 3)
    assert (splits.sum(axis=1) == 4).all()


@pytest.fixture(name="hears_the_interrupt_key")
def _hears_the_interrupt_key() -> Iterator[None]:
    """Commands in the background of a shell are started deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hears_the_interrupt_key")
def test_an_interruption_keeps_the_model_and_ends_loops() -> None:
    X, y = make_classes(300)

    class Interruption(Events):
        """Press of the interrupt key a moment after the first trial has ended."""

        def __init__(self) -> None:
            self.pressed = False

        def trial_ended(self, result: TrialResult, history: History) -> None:
            if not self.pressed:
                self.pressed = True
                threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    few: dict[str, Any] = {"budget": "60s", "n_jobs": 1, "random_state": 0}
    model = MetaTuneClassifier(**few, callbacks=[Interruption()])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PartialModelWarning)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
    assert ["the best until then" in str(warning.message) for warning in caught] == [True]
    check_is_fitted(model, "pipeline_")
    assert len(model.predict(X)) == 300
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(MetaTuneClassifier(**few, callbacks=[Interruption()]), X, y, cv=3)
