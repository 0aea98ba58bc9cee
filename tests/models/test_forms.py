"""Forms of what a model file may hold, and how the objects of it come about."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, RobustScaler, StandardScaler

from metatune.algorithms.base import BuildContext, learner_of
from metatune.algorithms.registry import get_algorithm
from metatune.data.encoding.encoder import encode_task
from metatune.data.encoding.layout import Layout
from metatune.data.encoding.shape import Shape
from metatune.data.task.make_task import make_task
from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.models.forms import (
    boosting,
    columns,
    learners,
    linear,
    machines,
    neighbours,
    networks,
    scores,
    table,
    trees,
)
from metatune.models.forms.scikit_learn import estimator, maybe
from metatune.models.libraries.booster import Booster
from metatune.models.pipeline import ConstantRegressor
from metatune.models.reading.archive import Archive
from metatune.models.reading.form import NUMBER, TEXT, Form, OneOf, choice, integer
from metatune.models.reading.mismatch import Mismatch
from metatune.models.reading.reader import read
from metatune.models.reading.record import Declared, Record, record
from metatune.models.reading.state import State, build, maker
from metatune.models.refitting import fit_again

BINARY, REGRESSION = TaskKind.BINARY, TaskKind.REGRESSION
RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = {BINARY: (X[:, 0] > 0).astype(np.int64), REGRESSION: X[:, 0] + 0.1 * RNG.normal(size=80)}

FAMILIES = [
    ("lightgbm", BINARY, boosting.CLASSIFIERS),
    ("lightgbm", REGRESSION, boosting.REGRESSORS),
    ("linear", BINARY, linear.CLASSIFIERS),
    ("linear", REGRESSION, linear.REGRESSORS),
    ("svm", BINARY, scores.CLASSIFIERS),
    ("svm", REGRESSION, machines.REGRESSORS),
    ("naive_bayes", BINARY, scores.CLASSIFIERS),
    ("knn", BINARY, neighbours.CLASSIFIERS),
    ("knn", REGRESSION, neighbours.REGRESSORS),
    ("mlp", BINARY, networks.CLASSIFIERS),
    ("mlp", REGRESSION, networks.REGRESSORS),
    ("decision_tree", BINARY, trees.CLASSIFIERS),
    ("extra_trees", REGRESSION, trees.REGRESSORS),
]


def fitted(family: str, kind: TaskKind) -> Pipeline:
    """Fit the default configuration of a family."""
    algorithm = get_algorithm(family)
    context = BuildContext(
        kind=kind,
        layout=Layout(names=("a", "b", "c"), n_levels=(0, 0, 0)),
        shape=Shape(n_rows=80, n_columns=3, n_classes=2 if kind.is_classification else 0),
        seed=0,
    )
    pipeline = algorithm.build(algorithm.space(kind).default(), context)
    return pipeline.fit(X, Y[kind])


def saved_and_read(thing: Any, form: Form, folder: Path) -> Any:
    path = folder / "part.skops"
    skops.io.dump(thing, path)
    return read(path, form, room=10**9)


def any_of(declared: tuple[Declared, ...]) -> Form:
    return OneOf(*(each.fitted for each in declared))


@pytest.mark.filterwarnings("ignore:Ignoring params argument")  # of LightGBM: the text rules
@pytest.mark.parametrize(("family", "kind", "declared"), FAMILIES)
def test_the_forms_of_a_family_read_its_learner_and_those_of_others_refuse_it(
    family: str, kind: TaskKind, declared: tuple[Declared, ...], tmp_path: Path
) -> None:
    learner = learner_of(fitted(family, kind))
    found = saved_and_read(learner, any_of(declared), tmp_path)
    assert type(found) is type(learner)
    method = "predict_proba" if kind.is_classification else "predict"
    np.testing.assert_array_equal(getattr(found, method)(X), getattr(learner, method)(X))
    others = networks.REGRESSORS if family != "mlp" else linear.REGRESSORS
    with pytest.raises(Mismatch):
        saved_and_read(learner, any_of(others), tmp_path)


@pytest.mark.parametrize("kind", [BINARY, REGRESSION])
def test_a_learner_comes_back_behind_its_safe_wrapper(kind: TaskKind, tmp_path: Path) -> None:
    wrapper = fitted("linear", kind).steps[-1][1]
    form = learners.SAFE_CLASSIFIER if kind is BINARY else learners.SAFE_REGRESSOR
    found = saved_and_read(wrapper, form, tmp_path)
    np.testing.assert_array_equal(found.predict(X), wrapper.predict(X))


def test_a_constant_comes_back(tmp_path: Path) -> None:
    constant = ConstantRegressor("median").fit(X, Y[REGRESSION])
    found = saved_and_read(constant, learners.CONSTANT_REGRESSOR, tmp_path)
    assert found.predict(X)[0] == np.median(Y[REGRESSION])


@pytest.mark.parametrize(
    ("step", "declared"),
    [
        (StandardScaler(), columns.STANDARD),
        (RobustScaler(), columns.ROBUST),
        (QuantileTransformer(n_quantiles=20, output_distribution="normal"), columns.QUANTILES),
        (OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=10), columns.ONE_HOT),
    ],
    ids=lambda value: type(value).__name__,
)
def test_steps_that_make_columns_come_back(step: Any, declared: Declared, tmp_path: Path) -> None:
    codes = (X > 0).astype(np.int64)
    cells = codes if isinstance(step, OneHotEncoder) else X
    step.fit(cells)
    found = saved_and_read(step, declared.fitted, tmp_path)
    expected, made = step.transform(cells), found.transform(cells)
    assert (expected != made).sum() == 0


def test_the_encoder_of_a_table_comes_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": X[:, 0], "c": np.where(X[:, 1] > 0, "red", "blue"), "y": Y[BINARY]})
    encoder, encoded = encode_task(make_task(frame, target="y"), seed=0)
    found = saved_and_read(encoder, table.TABLE_ENCODER, tmp_path)
    np.testing.assert_array_equal(found.transform(frame[["n", "c"]]), encoded.X)


def test_parameters_of_other_versions_may_be_missing_and_new_ones_have_their_default(
    tmp_path: Path,
) -> None:
    params = {"copy": choice(True), "gone_since_long": NUMBER}
    form = estimator("sklearn.preprocessing._data.StandardScaler", params).template
    assert saved_and_read(StandardScaler(), form, tmp_path).with_mean
    with pytest.raises(Mismatch):
        saved_and_read(StandardScaler(with_mean=False), form, tmp_path)


def test_a_plain_value_may_be_none() -> None:
    form = maybe(integer(1, 3))
    assert form.allows(None)
    assert form.allows(2)
    assert not form.allows(4)


class Point(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Class whose construction would do something."""

    def __init__(self) -> None:
        raise AssertionError("a file does not run constructors")


def test_objects_are_allocated_and_nothing_of_their_class_runs() -> None:
    make = maker(__name__, "Point")
    inner = State("Point", {"x": 1}, make)
    found = build(State("Point", {"parts": [inner, (inner,)], "named": {"p": inner}}, make))
    assert found.parts[0].x == found.parts[1][0].x == found.named["p"].x == 1
    assert inner["x"] == 1
    assert inner.get("y") is None
    assert "x" in inner
    assert "y" not in inner


def test_a_record_is_checked_before_it_is_built(tmp_path: Path) -> None:
    def check(state: State) -> None:
        if state["statistic"] == "median":
            raise Mismatch("it is no mean")

    path = "metatune.models.pipeline.ConstantRegressor"
    form = record(path, {"statistic": TEXT}, check=check).fitted
    assert isinstance(form, Record)
    assert form.kind == path
    assert not form.takes({"__loader__": "ObjectNode", "__class__": "Other"})
    assert saved_and_read(ConstantRegressor("mean"), form, tmp_path).statistic == "mean"
    with pytest.raises(Mismatch, match="it is no mean"):
        saved_and_read(ConstantRegressor("median"), form, tmp_path)


def test_an_archive_holds_plain_members_and_each_is_used(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", json.dumps({"a": 1}))
        archive.writestr("more", b"x")
    with Archive(path, room=10_000) as opened:
        assert opened.schema() == {"a": 1}
        with pytest.raises(Mismatch, match="nothing refers to the member 'more'"):
            opened.check_all_used()
        assert opened.bytes("more") == b"x"
        opened.check_all_used()
        with pytest.raises(Mismatch, match="is not there"):
            opened.bytes("absent")
    with pytest.raises(Mismatch, match="larger than"):
        Archive(path, room=3)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", "{}" * 100)
    with pytest.raises(Mismatch, match="compressed"):
        Archive(path, room=10_000)


def test_boosted_trees_take_no_more_columns_than_they_are_given() -> None:
    booster = Booster(n_columns=3, n_classes=0)
    trees_of_three = State("LightGBMRegressor", {}, dict, {"n_columns": booster.n_columns})
    boosting.check_width(None, 2)  # a learner that was not needed
    boosting.check_width(trees_of_three, 3)
    with pytest.raises(Mismatch):
        boosting.check_width(trees_of_three, 2)


def test_a_part_is_fitted_again_without_rows_of_weight_zero() -> None:
    weights = np.where(np.arange(80) < 40, 0.0, 1.0)
    again = fit_again(fitted("linear", REGRESSION), X, Y[REGRESSION], weights)
    half = fit_again(fitted("linear", REGRESSION), X[40:], Y[REGRESSION][40:], None)
    np.testing.assert_allclose(again.predict(X), half.predict(X))
    with pytest.raises(OptionError):
        fit_again(fitted("linear", REGRESSION), X, Y[REGRESSION], -weights)
