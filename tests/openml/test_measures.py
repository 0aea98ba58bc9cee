"""Evaluation measures of OpenML and the metrics that correspond to them."""

import pytest

from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.openml.measures import FUNCTIONS, HIGHER_IS_BETTER, metric_of


@pytest.mark.parametrize(
    ("measure", "n_classes", "metric"),
    [
        ("area_under_roc_curve", 2, "roc_auc"),
        ("area_under_roc_curve", 3, None),  # a mean of another kind than metatune's
        ("predictive_accuracy", 3, "accuracy"),
        ("root_mean_squared_error", 0, "rmse"),
        ("root_mean_squared_error", 2, None),  # of probabilities
        ("build_cpu_time", 2, None),
    ],
)
def test_a_measure_has_a_metric_where_both_mean_the_same(
    measure: str, n_classes: int, metric: str | None
) -> None:
    assert metric_of(measure, n_classes=n_classes) == metric


@pytest.mark.parametrize("measure", sorted(set(FUNCTIONS) & set(HIGHER_IS_BETTER)))
def test_measures_and_metrics_agree_on_what_is_better(measure: str) -> None:
    metric, higher = FUNCTIONS[measure], HIGHER_IS_BETTER[measure]
    kind = TaskKind.BINARY if higher else TaskKind.REGRESSION
    assert resolve_metric(metric, kind).better(1.0, 0.5) is higher
