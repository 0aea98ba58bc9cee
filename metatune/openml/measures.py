"""OpenML's evaluation measures and the corresponding metrics of metatune."""

__all__ = ["FUNCTIONS", "HIGHER_IS_BETTER", "metric_of"]

FUNCTIONS = {
    "area_under_roc_curve": "roc_auc",
    "predictive_accuracy": "accuracy",
    "balanced_accuracy": "balanced_accuracy",
    "mean_weighted_recall": "accuracy",
    "root_mean_squared_error": "rmse",
    "mean_absolute_error": "mae",
    "f_measure": "f1_weighted",
}
"""Metrics by OpenML's name of the measure.

OpenML's area under the curve of several classes is the class-weighted mean of one-against-rest
values, and its error of a classifier is one of the probabilities: within one comparison a measure
orders runs, between comparisons it is not the same thing as the metric.
"""

HIGHER_IS_BETTER = {
    "area_under_roc_curve": True,
    "predictive_accuracy": True,
    "f_measure": True,
    "kappa": True,
    "balanced_accuracy": True,
    "mean_weighted_recall": True,
    "root_mean_squared_error": False,
    "mean_absolute_error": False,
}
"""Measures that runs can be compared by."""


def metric_of(measure: str, *, n_classes: int) -> str | None:
    """Return metatune's metric for a task's evaluation measure; None for its default."""
    metric = FUNCTIONS.get(measure)
    if metric == "roc_auc" and n_classes != 2:
        return None
    if n_classes and metric in ("rmse", "mae"):
        return None
    return metric
