"""Metrics that are defined for some targets only."""

import pickle

import numpy as np
import pytest

from metatune.errors import OptionError
from metatune.kinds import TaskKind
from metatune.metrics import Metric, choose_metric
from metatune.metrics.domain import lowest_prediction


def chosen(name: str, y: list[float]) -> Metric:
    return choose_metric(name, TaskKind.REGRESSION, np.array(y), None)[0]


@pytest.mark.parametrize(
    ("name", "y"),
    [
        ("neg_mean_squared_log_error", [-1.0, 2.0, 3.0]),
        ("neg_root_mean_squared_log_error", [-5.0, 2.0, 3.0]),
        ("neg_mean_poisson_deviance", [-1.0, 2.0, 3.0]),
        ("neg_mean_gamma_deviance", [0.0, 2.0, 3.0]),
        ("neg_mean_absolute_percentage_error", [0.0, 2.0, 3.0]),
        ("neg_mean_poisson_deviance", [0.0, 0.0, 0.0]),
    ],
)
def test_targets_outside_are_refused_in_a_line(name: str, y: list[float]) -> None:
    with pytest.raises(OptionError, match=r"in \d of 3 rows: choose another"):
        chosen(name, y)


@pytest.mark.parametrize(
    ("name", "y", "low"),
    [
        ("neg_mean_squared_log_error", [0.0, 2.0, 3.0], 0.0),
        ("neg_mean_squared_log_error", [-0.5, 2.0, 3.0], -0.75),
        ("neg_mean_poisson_deviance", [0.0, 2.0, 3.0], 1.0),
        ("neg_mean_gamma_deviance", [0.5, 2.0, 3.0], 0.25),
        ("neg_mean_absolute_percentage_error", [0.5, 2.0, 3.0], None),
        ("rmse", [-5.0, 0.0, 3.0], None),
    ],
)
def test_predictions_outside_are_raised_to_its_end(
    name: str, y: list[float], low: float | None
) -> None:
    metric = chosen(name, y)
    assert metric.low == low
    assert np.isfinite(metric.score(np.array(y), np.array([-9.0, 2.0, 3.0])))


def test_chosen_metrics_travel() -> None:
    metric = chosen("neg_mean_gamma_deviance", [0.5, 2.0, 3.0])
    assert pickle.loads(pickle.dumps(metric)) == metric


def test_predictions_end_between_the_edge_and_the_least_target_above_it() -> None:
    assert lowest_prediction("rmse", np.array([-9.0, 1.0])) is None
    assert lowest_prediction("neg_mean_gamma_deviance", np.array([4.0, 8.0])) == 2.0
    assert lowest_prediction("neg_mean_squared_log_error", np.array([-0.5, 1.0])) == -0.75
    assert lowest_prediction("neg_mean_squared_log_error", np.array([3.0, 1.0])) == 0.0
    with pytest.raises(OptionError, match="needs a target above 0, which is not so in 2 of 3 rows"):
        lowest_prediction("neg_mean_gamma_deviance", np.array([-1.0, 0.0, 1.0]))
