"""Metrics: scores computed from predictions, and their directions."""

from metatune.metrics.choice import check_weighted, choose_metric, metric_name
from metatune.metrics.metric import Form, Metric
from metatune.metrics.own import DEFAULT_METRIC, PERFECT_SCORE, RECORDED_METRICS
from metatune.metrics.registry import resolve_metric

__all__ = [
    "DEFAULT_METRIC",
    "PERFECT_SCORE",
    "RECORDED_METRICS",
    "Form",
    "Metric",
    "check_weighted",
    "choose_metric",
    "metric_name",
    "resolve_metric",
]
