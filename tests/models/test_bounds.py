"""Bounds in model files: they come back as they were, and strange ones are refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from model_files import EditedFile, leaf

import metatune
from metatune import MetaTuneClassifier, MetaTuneRegressor
from metatune.errors import BundleError, OptionError
from metatune.models import model_file
from metatune.models.bounds import BOUNDS, ValueBounds, bounds_of, set_bounds

Edit = Callable[[EditedFile], None]
N_ROWS = 600


def make_table(seed: int = 0) -> tuple[pd.DataFrame, "pd.Series[float]"]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a": rng.normal(size=N_ROWS), "b": rng.uniform(size=N_ROWS)})
    X["c"] = rng.choice(list("xyz"), N_ROWS)
    return X, X["a"] + rng.normal(size=N_ROWS) * (0.1 + 2 * X["b"])


def make_labels(y: "pd.Series[float]") -> "np.ndarray":
    return np.select([y > 0.8, y < -0.8], ["hi|gh", "low"], "middle")


@pytest.fixture(name="regressor", scope="module")
def _regressor(metadata_dir: Path) -> MetaTuneRegressor:
    X, y = make_table()
    only = ["lightgbm", "linear"]
    model = MetaTuneRegressor(60, max_trials=3, include=only, random_state=0, n_jobs=1)
    return model.fit(X, y)


@pytest.fixture(name="classifier", scope="module")
def _classifier() -> MetaTuneClassifier:
    X, y = make_table()
    only = ["lightgbm", "linear"]
    model = MetaTuneClassifier(60, max_trials=3, include=only, random_state=0, n_jobs=1)
    return model.fit(X, make_labels(y))


@pytest.fixture(name="files", scope="module")
def _files(
    regressor: MetaTuneRegressor,
    classifier: MetaTuneClassifier,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bounds")
    regressor.save(folder / "values.skops")
    classifier.save(folder / "labels.skops")
    return {"values": folder / "values.skops", "labels": folder / "labels.skops"}


def test_intervals_adapt_and_survive_the_model_file(
    regressor: MetaTuneRegressor, files: dict[str, Path]
) -> None:
    X, y = make_table(seed=1)
    ends = regressor.predict_interval(X, 0.9)
    assert ends.shape == (N_ROWS, 2)
    assert 0.85 < ((ends[:, 0] <= y) & (y <= ends[:, 1])).mean() < 0.95
    assert np.corrcoef(ends[:, 1] - ends[:, 0], X["b"])[0, 1] > 0.7
    loaded = metatune.load(files["values"])
    np.testing.assert_array_equal(metatune.predict_interval(loaded, X, 0.9), ends)
    narrow = regressor.predict_interval(X, 0.5)
    assert (narrow[:, 0] >= ends[:, 0]).all()
    assert (narrow[:, 1] <= ends[:, 1]).all()


def test_sets_survive_the_model_file(
    classifier: MetaTuneClassifier, files: dict[str, Path]
) -> None:
    X, y = make_table(seed=1)
    members = classifier.predict_set(X, 0.9)
    assert members.shape == (N_ROWS, 3)
    place = np.searchsorted(classifier.classes_, make_labels(y))
    assert 0.85 < members[np.arange(N_ROWS), place].mean() < 0.96
    decided = np.searchsorted(classifier.classes_, classifier.predict(X))
    assert classifier.predict_set(X, 0.01)[np.arange(N_ROWS), decided].all()
    loaded = metatune.load(files["labels"])
    np.testing.assert_array_equal(metatune.predict_set(loaded, X, 0.9), members)


def test_a_model_without_bounds_refuses_in_one_line(regressor: MetaTuneRegressor) -> None:
    X, _ = make_table()
    steps = regressor.pipeline_[:]  # a copy, which has none
    assert not hasattr(steps, BOUNDS)
    with pytest.raises(OptionError, match="has no bounds for its predictions") as caught:
        metatune.predict_interval(steps, X)
    assert "\n" not in str(caught.value)


def test_the_other_kind_of_bounds_is_refused(
    regressor: MetaTuneRegressor, classifier: MetaTuneClassifier
) -> None:
    X, _ = make_table()
    with pytest.raises(OptionError, match="predicts numbers"):
        metatune.predict_set(regressor.pipeline_, X)
    with pytest.raises(OptionError, match="predicts labels"):
        metatune.predict_interval(classifier.pipeline_, X)


@pytest.mark.parametrize("level", [0.0, 1.0, 90, -0.1, float("nan"), "high", None])
def test_levels_are_shares(regressor: MetaTuneRegressor, level: Any) -> None:
    with pytest.raises(OptionError, match="not between 0 and 1"):
        regressor.predict_interval(make_table()[0], level)


def test_bounds_of_another_table_are_refused(
    regressor: MetaTuneRegressor, files: dict[str, Path]
) -> None:
    loaded = metatune.load(files["values"])
    bounds = bounds_of(loaded)
    assert isinstance(bounds, ValueBounds)
    assert bounds.spread is not None
    bounds.spread.columns[-1] = 10**6
    set_bounds(loaded, bounds)
    with pytest.raises(BundleError, match="belong to another table"):
        metatune.predict_interval(loaded, make_table()[0])


def edit_scores(change: Callable[["np.ndarray"], "np.ndarray"], kind: str) -> Edit:
    def edit(file: EditedFile) -> None:
        node = file.all(kind)[0]["scores"]
        file.put(node, change(file.array(node).copy()))

    return edit


def edit_spread(name: str, value: object) -> Edit:
    return lambda file: file.all("Spread")[0].update({name: leaf(value)})


def edit_columns(change: Callable[["np.ndarray"], "np.ndarray"]) -> Edit:
    def edit(file: EditedFile) -> None:
        node = file.all("Spread")[0]["columns"]
        file.put(node, change(file.array(node).copy()))

    return edit


def other_kind(file: EditedFile) -> None:
    info = file.schema["content"]["content"]["metatune_info"]["content"]
    info["task"] = leaf("regression")


def edit_trees(file: EditedFile) -> None:
    model = file.all("Spread")[0]["model"]["content"]["content"]
    text = json.loads(model["model_"]["content"])
    model["model_"] = leaf(text.replace("left_child=", "left_child=7 ", 1))


HOSTILE: dict[str, tuple[str, Edit]] = {
    "scores that fall": ("values", edit_scores(lambda a: a[::-1].copy(), "ValueBounds")),
    "scores that are no numbers": ("values", edit_scores(lambda a: a * np.nan, "ValueBounds")),
    "one score": ("values", edit_scores(lambda a: a[:1], "ValueBounds")),
    "scores of two axes": ("values", edit_scores(lambda a: a[:, None], "ValueBounds")),
    "scores of whole numbers": ("values", edit_scores(lambda a: a.astype(int), "ValueBounds")),
    "no rows": ("values", lambda f: f.all("ValueBounds")[0].update(n_rows=leaf(0))),
    "rows that are a text": ("values", lambda f: f.all("ValueBounds")[0].update(n_rows=leaf("9"))),
    "an infinite centre": ("values", edit_spread("centre", float("inf"))),
    "a strength above one": ("values", edit_spread("strength", 700.0)),
    "a model that is none": ("values", edit_spread("model", None)),
    "a negative column": ("values", edit_columns(lambda a: a - 1)),
    "columns that the trees do not have": ("values", edit_columns(lambda a: np.r_[a, 0])),
    "other trees": ("values", edit_trees),
    "scores of labels that fall": ("labels", edit_scores(lambda a: a[::-1].copy(), "SetBounds")),
    "an attribute more": ("labels", lambda f: f.all("SetBounds")[0].update(members=leaf("x"))),
    "bounds of another task": ("labels", other_kind),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_strange_bounds_are_refused_before_anything_is_built(
    name: str, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    which, edit = HOSTILE[name]
    file = EditedFile(files[which])
    edit(file)

    def build(_: object) -> None:
        raise AssertionError("something was built")

    monkeypatch.setattr("metatune.models.reading.reader.build", build)
    with pytest.raises(BundleError) as caught:
        model_file.load(file.write(tmp_path / "model.skops"))
    assert "\n" not in str(caught.value)


def test_groups_times_and_weights_are_respected() -> None:
    X, y = make_table()
    rng = np.random.default_rng(0)
    groups, weights = np.repeat(np.arange(60), 10), rng.uniform(0.5, 2.0, N_ROWS)
    model = MetaTuneRegressor(60, max_trials=8, include=["linear"], random_state=0, n_jobs=1)
    assert bounds_of(model.fit(X, y, groups=groups).pipeline_).n_rows == 60
    n_rows = bounds_of(model.fit(X, y, times=np.arange(N_ROWS)).pipeline_).n_rows
    assert N_ROWS / 2 < n_rows < N_ROWS  # the earliest rows are never validated
    n_rows = bounds_of(model.fit(X, y, sample_weight=weights).pipeline_).n_rows
    assert n_rows == int(weights.sum() ** 2 / (weights**2).sum())


def test_repeated_runs_have_the_same_bounds() -> None:
    X, y = make_table()
    model = MetaTuneRegressor(60, max_trials=8, include=["linear"], random_state=0, n_jobs=1)
    one, two = (model.fit(X, y).predict_interval(X) for _ in range(2))
    np.testing.assert_array_equal(one, two)
