"""Permutation importance and single predictions on models whose answers are known."""

import time
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.reporting.blocks import Block
from metatune.reporting.fold_models import FoldModels
from metatune.reporting.importance import ImportanceRequest, measure_importances
from metatune.reporting.shapley import explain_row
from metatune.storage.findings import Importances

FloatArray = NDArray[np.float64]
BLOCKS = (
    Block(names=("strong",), kind="number", positions=(0,)),
    Block(names=("weak",), kind="number", positions=(1,)),
    Block(names=("none",), kind="number", positions=(2,)),
    Block(names=("colour",), kind="category", positions=(3,), levels=("blue", "red")),
)


class Linear:
    """Predicts 3 x strong + weak + 2 for red."""

    def predict(self, X: FloatArray) -> FloatArray:
        return np.asarray(3 * X[:, 0] + X[:, 1] + 2 * (X[:, 3] == 1))


class Sure:
    """Gives the second class a probability that rises with the first column."""

    def predict_proba(self, X: FloatArray) -> FloatArray:
        probability = 1 / (1 + np.exp(-4 * X[:, 0]))
        return np.column_stack([1 - probability, probability])


def make_rows(n: int = 400) -> FloatArray:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 4))
    X[:, 3] = rng.integers(2, size=n)
    return X


def make_request(metric: str = "rmse", kind: TaskKind = TaskKind.REGRESSION) -> ImportanceRequest:
    classes = () if kind is TaskKind.REGRESSION else ("no", "yes")
    return ImportanceRequest(
        metric=resolve_metric(metric, kind, 1 if classes else None),
        blocks=BLOCKS,
        classes=classes,
        positive=1 if classes else None,
        decision=(),
        held_out=True,
        seconds=None,
        seed=0,
    )


def measure(model: object, y: NDArray[np.generic], request: ImportanceRequest) -> Importances:
    found = measure_importances(model, make_rows(), y, None, request)
    assert isinstance(found, Importances)
    return found


def test_columns_are_ordered_by_what_they_matter() -> None:
    found = measure(Linear(), Linear().predict(make_rows()), make_request())
    assert [one.columns[0] for one in found.columns] == ["strong", "colour", "weak", "none"]


def test_a_column_that_is_not_looked_at_has_no_importance() -> None:
    found = measure(Linear(), Linear().predict(make_rows()), make_request())
    unused = found.columns[-1]
    assert (unused.mean, unused.low, unused.high) == (0.0, 0.0, 0.0)


def test_intervals_hold_the_mean() -> None:
    noise = np.random.default_rng(1).standard_normal(400)
    found = measure(Linear(), Linear().predict(make_rows()) + noise, make_request())
    assert all(one.low <= one.mean <= one.high for one in found.columns)
    assert found.columns[0].low > 0


def test_the_direction_of_an_effect_is_told() -> None:
    told = measure(Linear(), Linear().predict(make_rows()), make_request())
    found = {one.columns[0]: one for one in told.columns}
    assert found["strong"].effect == "higher values raise the prediction"
    assert found["colour"].effect == "the prediction is highest for 'red', lowest for 'blue'"


def test_partial_dependence_rises_by_the_slope() -> None:
    found = measure(Linear(), Linear().predict(make_rows()), make_request())
    curve = found.columns[0].dependence
    assert curve is not None
    rise = np.diff(curve.values[0]) / np.diff(curve.positions)
    assert rise == pytest.approx(np.full(len(rise), 3.0))


def test_probabilities_are_those_of_the_positive_class() -> None:
    y = (make_rows()[:, 0] > 0).astype(int)
    found = measure(Sure(), y, make_request("roc_auc", TaskKind.BINARY))
    leading = found.columns[0]
    assert leading.columns == ("strong",)
    assert leading.dependence is not None
    assert leading.dependence.outputs == ("yes",)
    assert leading.effect == "higher values raise the probability of 'yes'"


def test_the_same_request_measures_the_same() -> None:
    y = Linear().predict(make_rows())
    assert measure(Linear(), y, make_request()) == measure(Linear(), y, make_request())


def test_a_metric_that_is_undefined_is_said() -> None:
    found = measure_importances(
        Sure(),
        make_rows(),
        np.zeros(400, dtype=int),
        None,
        make_request("roc_auc", TaskKind.BINARY),
    )
    assert found == "roc_auc is undefined on the rows to measure on"


def test_shares_of_a_linear_model_are_its_terms() -> None:
    X = make_rows()
    found = explain_row(Linear().predict, X[0], X[1:2], BLOCKS, output="prediction")
    shares = {one.columns[0]: one.share for one in found.contributions}
    assert shares["strong"] == pytest.approx(3 * (X[0, 0] - X[1, 0]))
    assert shares["none"] == 0


def test_shares_add_up_to_the_difference_from_the_baseline() -> None:
    X = make_rows()
    found = explain_row(
        lambda rows: rows[:, 0] * rows[:, 1] + rows[:, 3], X[0], X[1:], BLOCKS, output="prediction"
    )
    total = sum(one.share for one in found.contributions)
    assert total == pytest.approx(found.prediction - found.baseline)


def test_the_last_of_very_many_columns_count_together() -> None:
    n = 500
    blocks = [Block(names=(f"x{i}",), kind="number", positions=(i,)) for i in range(n)]
    row, background = np.ones(n), np.zeros((3, n))
    found = explain_row(lambda rows: rows.sum(axis=1), row, background, blocks, output="prediction")
    together = found.contributions[0]
    assert together.columns == ("301 other columns",)
    assert together.share == pytest.approx(301)


def test_the_value_of_a_category_is_its_level() -> None:
    X = make_rows()
    found = explain_row(Linear().predict, X[0], X[1:], BLOCKS, output="prediction")
    value = next(one.value for one in found.contributions if one.columns == ("colour",))
    assert value == ("red" if X[0, 3] == 1 else "blue")


def test_each_row_is_predicted_by_the_model_of_its_fold() -> None:
    class Shifted:
        def __init__(self, shift: float) -> None:
            self.shift = shift

        def predict(self, X: FloatArray) -> FloatArray:
            return X[:, 0] + self.shift

    X = np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    assert FoldModels([Shifted(10.0), Shifted(20.0)]).predict(X).tolist() == [11.0, 22.0, 13.0]


class Slow:
    """Predicts as `Linear` does, on a clock of which each row takes its time."""

    def __init__(self, row_seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self.row_seconds, self.now, self.n_predictions = row_seconds, 1_000.0, 0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def predict(self, X: FloatArray) -> FloatArray:
        self.now += self.row_seconds * len(X)
        self.n_predictions += len(X)
        return Linear().predict(X)


def measure_slowly(model: Slow, seconds: float) -> tuple[Importances | str, float]:
    """Return what is measured in so many seconds of the model's clock, and the seconds it takes."""
    X, request = make_rows(2_000), replace(make_request(), seconds=seconds)
    start = model.now
    found = measure_importances(model, X, Linear().predict(X), None, request)
    return found, model.now - start


@pytest.mark.parametrize("row_seconds", [1e-6, 1e-4, 4e-4, 1e-3, 2e-3, 1e-2])
def test_measuring_ends_in_time_however_slow_the_model(
    row_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, took = measure_slowly(Slow(row_seconds, monkeypatch), 1.0)
    # A first look at a hundred rows is all that may be late.
    assert took <= max(1.0, 100 * row_seconds)
    if 100 * row_seconds * (3 + len(BLOCKS)) < 1.0:
        assert isinstance(found, Importances)
        assert found.n_left_out == 0


def test_a_slow_model_is_looked_at_on_fewer_rows_and_all_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick, _ = measure_slowly(Slow(1e-6, monkeypatch), 1.0)
    slow, _ = measure_slowly(Slow(2e-4, monkeypatch), 1.0)
    assert isinstance(quick, Importances)
    assert isinstance(slow, Importances)
    assert (quick.n_rows, quick.n_left_out) == (2_000, 0)
    assert slow.n_rows < 1_000
    assert [one.columns for one in slow.columns] == [one.columns for one in quick.columns]


def test_columns_are_left_out_at_last_those_that_go_along_with_the_target_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, _ = measure_slowly(Slow(2e-3, monkeypatch), 1.0)
    assert isinstance(found, Importances)
    assert 0 < found.n_left_out < len(BLOCKS)
    assert found.columns[0].columns == ("strong",)


def test_without_time_for_a_few_rows_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = measure_slowly(Slow(1e-2, monkeypatch), 1.0)
    assert found == "the time did not suffice"


def test_a_model_that_turns_out_slower_on_many_rows_still_ends_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Deceiving(Slow):
        def predict(self, X: FloatArray) -> FloatArray:
            if len(X) > 100:
                self.now += 2.0 * self.row_seconds * len(X)
            return super().predict(X)

    found, took = measure_slowly(Deceiving(1e-4, monkeypatch), 1.0)
    assert isinstance(found, Importances)
    assert took <= 1.0
