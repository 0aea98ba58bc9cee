"""Judging predictions against labels as people write them."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from run_records import make_record

from metatune.cli.judgement import judge, known_constant, read_labelled
from metatune.errors import OptionError, TargetError
from metatune.storage.directory import RunDirectory


class FixedClassifier:
    """Gives each row the probability of the last class that its column `p` holds."""

    classes_ = np.array(["no", "yes"])

    def predict_proba(self, X: pd.DataFrame) -> Any:
        p = X["p"].to_numpy()
        return np.column_stack([1 - p, p])


class FixedRegressor:
    """Predicts its column `p`."""

    def predict(self, X: pd.DataFrame) -> Any:
        return X["p"].to_numpy()


BINARY = {"task": "binary", "target": "y", "metric": "roc_auc"}
NUMBER = {"task": "regression", "target": "y", "metric": "rmse"}


def scores_of(judged: Any) -> dict[str, tuple[float, float]]:
    return {s.metric: (s.score, s.constant) for s in judged.scores}


def test_classes() -> None:
    frame = pd.DataFrame({"p": [0.1, 0.8, 0.3, 0.9], "y": ["no", " yes", "yes\t", "yes"]})
    judged = judge(FixedClassifier(), frame, BINARY, metric=None, constant=[0.75, 0.25])
    scores = scores_of(judged)
    assert next(iter(scores)) == "roc_auc"
    assert scores["roc_auc"] == (1.0, 0.5)
    assert scores["accuracy"] == (0.75, 0.25)
    expected = -(math.log(0.25) * 3 + math.log(0.75)) / 4
    assert scores["log_loss"][1] == pytest.approx(expected)
    assert judged.notes == ()


def test_labels_new_to_the_model_are_wrong() -> None:
    frame = pd.DataFrame({"p": [0.1, 0.8, 0.3, 0.9], "y": ["no", "yes", "maybe", None]})
    judged = judge(FixedClassifier(), frame, BINARY, metric=None, constant=None)
    assert judged.n_rows == 3
    assert scores_of(judged)["accuracy"][0] == pytest.approx(2 / 3)
    assert scores_of(judged)["log_loss"][0] > 10
    assert "1 row with labels new to the model counted as wrong: 'maybe'" in judged.notes
    assert "1 row without a value of the target left out" in judged.notes
    assert any("the run's is not known" in note for note in judged.notes)


def test_numbers_as_they_are_written() -> None:
    frame = pd.DataFrame({"p": [1000.0, 2000.0, 3000.0], "y": ["$1,000", "$2,000", "$4,000"]})
    judged = judge(FixedRegressor(), frame, NUMBER, metric="mae", constant=2000.0)
    scores = scores_of(judged)
    assert list(scores) == ["mae", "rmse", "r2"]
    assert scores["mae"] == pytest.approx((1000 / 3, 1000.0))


def test_a_metric_that_is_undefined_on_these_rows_is_nan() -> None:
    frame = pd.DataFrame({"p": [0.1, 0.8], "y": ["yes", "yes"]})
    judged = judge(FixedClassifier(), frame, BINARY, metric=None, constant=None)
    assert math.isnan(scores_of(judged)["roc_auc"][0])
    assert scores_of(judged)["accuracy"][0] == 0.5


def test_what_cannot_be_judged() -> None:
    frame = pd.DataFrame({"p": [0.1, 0.8], "y": ["cat", "dog"]})
    with pytest.raises(TargetError, match="holds 'cat', 'dog': there is nothing to judge by"):
        judge(FixedClassifier(), frame, BINARY, metric=None, constant=None)
    with pytest.raises(TargetError, match="no column 'y'"):
        judge(FixedClassifier(), frame[["p"]], BINARY, metric=None, constant=None)
    with pytest.raises(OptionError, match="does not fit"):
        judge(FixedClassifier(), frame, BINARY, metric="rmse", constant=None)
    with pytest.raises(TargetError, match="has no value in any row"):
        read_labelled(pd.Series([None, "?"], name="y", dtype="str"), np.array(["a", "b"]))


def test_the_constant_is_read_from_the_record_beside_the_model(tmp_path: Path) -> None:
    assert known_constant(str(tmp_path)) is None
    RunDirectory(tmp_path).write_record(make_record())
    assert known_constant(str(tmp_path)) == [0.75, 0.25]
    assert known_constant(str(tmp_path / "model.skops")) == [0.75, 0.25]
