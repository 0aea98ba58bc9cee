"""Weights, groups and times in Python."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from metatune import MetaTuneClassifier, MetaTuneRegressor, describe
from metatune.errors import InputError, OptionError
from metatune.execution.executor import InlineExecutor

RNG = np.random.default_rng(0)
N = 120
X = RNG.normal(size=(N, 3))
LABELS = np.where(X[:, 0] + 0.5 * RNG.normal(size=N) > 0, "yes", "no")


def classifier(**changes: Any) -> MetaTuneClassifier:
    settings: dict[str, Any] = {
        "max_trials": 3,
        "random_state": 0,
        "include": ["decision_tree", "linear"],
        "executor": InlineExecutor(),
    }
    return MetaTuneClassifier(**{**settings, **changes})


def test_equal_weights_change_nothing() -> None:
    plain = classifier().fit(X, LABELS).predict_proba(X)
    even = classifier().fit(X, LABELS, sample_weight=np.full(N, 2.5)).predict_proba(X)
    np.testing.assert_array_equal(plain, even)


def test_rows_of_weight_zero_are_absent() -> None:
    counts = np.arange(N) % 4 > 0
    zero = classifier().fit(X, LABELS, sample_weight=counts.astype(float))
    absent = classifier().fit(X[counts], LABELS[counts])
    np.testing.assert_array_equal(zero.predict_proba(X), absent.predict_proba(X))
    rare = np.where(np.arange(N) < 3, "maybe", LABELS)
    without = classifier().fit(X, rare, sample_weight=(np.arange(N) >= 3).astype(float))
    assert without.classes_.tolist() == ["no", "yes"]


def test_weights_move_predictions() -> None:
    heavy = np.where(LABELS == "yes", 20.0, 1.0)
    one: dict[str, Any] = {"include": ["decision_tree"], "max_trials": 1, "ensemble": False}
    plain = classifier(**one).fit(X, LABELS).predict_proba(X)[:, 1]
    weighted = classifier(**one).fit(X, LABELS, sample_weight=heavy).predict_proba(X)[:, 1]
    assert weighted.mean() > plain.mean() + 0.1


@pytest.mark.filterwarnings("ignore:no model beat the constant")
def test_groups_and_times_bind_the_folds() -> None:
    """The target is the group's own: without groups it is known, with them it is not."""
    groups = np.repeat([f"g{k}" for k in range(24)], 5)
    own = RNG.normal(size=24).repeat(5)
    settings: dict[str, Any] = {
        "max_trials": 3,
        "random_state": 0,
        "include": ["decision_tree"],
        "executor": InlineExecutor(),
    }
    table = pd.DataFrame({"code": np.arange(24).repeat(5) * 37 % 24, "noise": X[:, 0]})

    def score(**facts: Any) -> float:
        board = MetaTuneRegressor(**settings).fit(table, own, **facts).leaderboard_
        return float(board["score"].iloc[0])

    assert score() < 0.5 * own.std()
    assert score(groups=groups) > 0.8 * own.std()
    assert score(times=pd.date_range("2020-01-01", periods=N)) > 0.8 * own.std()


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"sample_weight": -np.ones(N)}, "Negative values"),
        ({"sample_weight": np.full(N, np.nan)}, "NaN"),
        ({"sample_weight": np.zeros(N)}, "non-zero|zero in every row"),
        ({"sample_weight": np.ones(N - 1)}, "sample_weight.shape"),
        ({"groups": np.zeros(N)}, "two groups"),
        ({"groups": np.zeros(N - 1)}, "groups has the shape"),
        ({"times": np.full(N, "soon")}, "neither dates nor numbers"),
        ({"times": [None, *range(N - 1)]}, "no time in 1 row"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_line(facts: dict[str, Any], words: str) -> None:
    with pytest.raises((InputError, ValueError), match=words) as caught:
        classifier().fit(X, LABELS, **facts)
    assert "\n" not in str(caught.value)


def test_metrics_that_cannot_weigh_rows_are_refused() -> None:
    model = MetaTuneRegressor(max_trials=1, metric="neg_max_error", executor=InlineExecutor())
    with pytest.raises(OptionError, match="cannot weigh rows"):
        model.fit(X, X[:, 0], sample_weight=np.arange(N) + 1.0)


def test_describe_names_the_roles(shop: pd.DataFrame, call: Callable[..., Any]) -> None:
    told = describe(shop.assign(who=np.arange(len(shop)) // 4), "bought", group="who")
    assert {c.name: str(c.kind) for c in told.columns}["who"] == "row group"
    assert any("48 groups of rows" in note for note in told.notes)


@pytest.mark.parametrize("metric", ["roc_auc", "balanced_accuracy", "f1"])
def test_one_row_in_a_thousand(metric: str) -> None:
    """Imbalance works end to end: folds hold the rare class, scores are defined, it is found."""
    rng = np.random.default_rng(3)
    rows, y = rng.normal(size=(10_000, 3)), np.zeros(10_000, dtype=np.int64)
    rare = np.arange(0, 10_000, 1000)
    y[rare] = 1
    rows[rare] += 3.5
    model = classifier(metric=metric, max_trials=6).fit(rows, y)
    assert (
        model.leaderboard_["score"].iloc[0]
        > {"roc_auc": 0.9, "balanced_accuracy": 0.6, "f1": 0.2}[metric]
    )
    assert roc_auc_score(y, model.predict_proba(rows)[:, 1]) > 0.95
