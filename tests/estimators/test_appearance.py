"""Appearance of fitted estimators and of what the functions return, and columns found by name."""

import sys
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_estimate import make_estimate
from sklearn.base import clone

from metatune import Events, MetaTuneClassifier, describe
from metatune.errors import ListenerWarning, OptionError, UnknownColumnsWarning
from metatune.estimate.values import NoEstimate
from metatune.estimators.talker import talker
from metatune.execution.executor import InlineExecutor
from metatune.metadataset.store import load_metadata
from metatune.recommender.recommendation import Neighbour, Recommendation, Recommendations
from metatune.search.history import History
from metatune.space import Configuration

HOSTILE = "<b onclick='x'>&\"\n\x1b[31m" + "n" * 300
ESTIMATE = make_estimate(score=0.912345678)


def make_table(n_rows: int = 90) -> tuple[pd.DataFrame, "pd.Series[Any]"]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=n_rows), HOSTILE: rng.choice(list("xyz"), n_rows)})
    return X, pd.Series(np.where(X["a"] > 0, "yes", HOSTILE), name="deed")


def fit(X: Any, y: Any, **options: Any) -> MetaTuneClassifier:
    given = {"max_trials": 2, "include": ["linear", "decision_tree"], "random_state": 0}
    with InlineExecutor() as executor:
        return MetaTuneClassifier(**{**given, "executor": executor, **options}).fit(X, y)


@pytest.fixture(scope="module")
def fitted() -> MetaTuneClassifier:
    return fit(*make_table())


def check_shown(value: Any) -> str:
    """Check that a value is short as a text and escaped as HTML; return the text."""
    text, html = repr(value), value._repr_html_()
    assert len(text.splitlines()) <= 40
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text + html
    assert "<b onclick" not in html
    return text


def test_a_fitted_estimator_says_what_it_found(fitted: MetaTuneClassifier) -> None:
    text = check_shown(fitted)
    assert text.startswith("MetaTuneClassifier(")
    assert "roc_auc" in text
    assert "for the constant prediction" in text
    assert "2 trials of 2 configurations (all trials are done)" in text
    assert fitted._repr_mimebundle_()["text/plain"] == text
    pd.testing.assert_frame_equal(fitted.to_frame(), fitted.leaderboard_)
    plain = fitted.to_dict()
    assert (plain["metric"], plain["trials"]["finished"]) == ("roc_auc", 2)


def test_an_unfitted_estimator_looks_as_scikit_learn_has_it() -> None:
    model = MetaTuneClassifier(budget="1m")
    assert repr(model) == "MetaTuneClassifier(budget='1m')"
    assert "text/html" in model._repr_mimebundle_()
    with pytest.raises(ValueError, match="not fitted"):
        model.to_frame()
    with pytest.raises(ValueError, match="not fitted"):
        model.to_dict()


def test_a_missing_estimate_says_why() -> None:
    X, _ = make_table(12)
    model = fit(X, np.arange(12) % 2 > 0, max_trials=1)
    assert isinstance(model.estimate_, NoEstimate)
    assert not model.estimate_
    assert repr(model.estimate_) == f"no honest estimate: {model.estimate_.reason}"
    assert model.estimate_.to_dict() == {"reason": model.estimate_.reason}
    assert model.to_dict()["no_estimate"] == model.estimate_.reason


def test_an_estimate_is_a_card_a_row_and_plain_values() -> None:
    assert "score          0.9123" in check_shown(ESTIMATE)
    assert ESTIMATE.to_dict()["low"] == 0.893
    assert ESTIMATE.to_frame().loc[0, "n_candidates"] == 38
    assert "nothing to choose from" in replace(ESTIMATE, n_candidates=1).in_words()


def test_recommendations_are_short_however_many() -> None:
    ranked = tuple(
        Recommendation(
            rank=rank,
            configuration=Configuration(algorithm="knn", params={"k": rank, "p": 0.123456789}),
            expected_regret=0.5,
            expected_score=0.87654321,
            score_interval=(0.8, 0.9),
            expected_seconds=1.5,
        )
        for rank in range(1, 300)
    )
    best = Configuration(algorithm="svm", params={})
    neighbour = Neighbour(dataset=HOSTILE, similarity=0.1, n_rows=5, n_columns=2, best=best)
    found = Recommendations(
        ranked=ranked,
        neighbours=(neighbour,) * 9,
        familiarity=0.3,
        n_datasets=9,
        excluded=(HOSTILE,),
    )
    text = check_shown(found)
    assert text.startswith("299 recommendations from 9 past datasets")
    assert "... 289 more: to_frame()" in text
    assert "0.8765" in text
    frame = found.to_frame()
    assert len(frame) == 299
    assert frame.loc[0, "score_low"] == 0.8
    plain = found.to_dict()
    assert plain["ranked"][0]["configuration"]["params"] == {"k": 1, "p": 0.123456789}
    assert plain["familiarity_in_words"] == "fairly familiar"


def test_a_description_is_short_however_wide_the_table() -> None:
    X, y = make_table()
    wide = pd.DataFrame({f"c{i}": X["a"] * i + i for i in range(60)}).assign(**{HOSTILE: X["a"]})
    found = describe(wide, y=y)
    text = check_shown(found)
    assert "... 41 more: to_frame()" in text
    assert list(found.to_frame()["name"])[:2] == ["c0", "c1"]
    assert len(found.to_frame()) == 61


def test_columns_are_found_by_name(fitted: MetaTuneClassifier) -> None:
    X, y = make_table()
    expected = fitted.predict_proba(X)
    assert np.array_equal(fitted.predict_proba(X[X.columns[::-1]]), expected)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the target among the columns is nothing to speak of
        assert np.array_equal(fitted.predict_proba(X.assign(deed=y)), expected)
    with pytest.warns(UnknownColumnsWarning, match="1 column .* ignored: 'extra'"):
        assert np.array_equal(fitted.predict_proba(X.assign(extra=1)), expected)
    with pytest.raises(ValueError, match="seen at fit time, yet now missing"):
        fitted.predict(X[["a"]])
    with pytest.raises(ValueError, match="unseen at fit time"):
        fitted.predict(X.set_axis(["b", "c"], axis=1))


def test_another_meta_dataset_is_asked(metadata_dir: Path) -> None:
    model = fit(*make_table(), metadata=metadata_dir, max_trials=4, include=None)
    known = set(load_metadata(metadata_dir).datasets["dataset"])
    assert model.recommendations_ is not None
    assert {n.dataset for n in model.recommendations_.neighbours} <= known


class Counter(Events):
    def __init__(self) -> None:
        self.told: list[str] = []

    def trial_ended(self, result: Any, history: History) -> None:
        self.told.append(result.trial.configuration.algorithm)

    def run_ends(self, outcome: Any) -> None:
        self.told.append(outcome.ended)


class Bug(Events):
    def trial_ended(self, result: Any, history: History) -> None:
        raise RuntimeError("no")


def test_callbacks_are_told_and_shared_by_clones() -> None:
    counter = Counter()
    model = fit(*make_table(), callbacks=[counter])
    assert counter.told == ["decision_tree", "linear", "all trials are done"]
    assert clone(model).callbacks[0] is counter
    with pytest.warns(ListenerWarning, match="Bug.trial_ended failed"):
        same = fit(*make_table(), callbacks=Bug())
    assert np.array_equal(same.predict(make_table()[0]), model.predict(make_table()[0]))
    with pytest.raises(OptionError, match="callbacks= holds a str"):
        fit(*make_table(), callbacks=["mlflow"])


class Shown:
    """Output of a notebook's cell: what is displayed replaces what was there."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def display(self, value: Any, display_id: bool) -> "Shown":
        assert display_id
        assert self.lines == []
        self.update(value)
        return self

    def update(self, value: Any) -> None:
        self.lines.append(repr(value))


def test_a_notebook_keeps_one_line_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown()
    shell = SimpleNamespace(kernel=object())
    fake = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", fake)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=shown.display))
    fit(*make_table(), verbose=1)
    assert shown.lines[0].startswith("preparing the columns: no model yet; 0 trials; ")
    assert any(line.startswith("searching: best roc_auc") for line in shown.lines)
    assert shown.lines[-1].startswith("done (all trials are done): roc_auc")
    session: Any = SimpleNamespace(budget=None, deadline=None)
    assert type(talker(session, 0)) is Events
