"""Targets that are nearly constant or spelled in several ways, and metrics that do not fit them."""

import numpy as np

from metatune.data.columns.spelling import spelled_alike
from metatune.data.risks.risk import Risk, RiskKind
from metatune.data.task.task import Task
from metatune.data.wording import listed

__all__ = ["find_constant_target", "find_spellings", "find_unfit_metric"]

_SAME_VALUE = 0.95  # of the rows
_SAME_LABEL = 0.99
_FEW_ROWS = 10  # of all classes but the most frequent
_FLAT = 1e-6  # of the mean
_IMBALANCED = 0.9  # share of the most frequent class
_SHOWN = 3
_COUNTING = frozenset(("accuracy", "f1_micro", "precision_micro", "recall_micro", "f1_weighted"))


def find_constant_target(task: Task) -> list[Risk]:
    """Find a target that is the same in nearly all rows; at most one risk."""
    y = task.y
    counts = np.unique(y, return_counts=True)[1]
    common = int(counts.max())
    if task.n_classes:
        others = len(y) - common
        if common < _SAME_LABEL * len(y) and others >= _FEW_ROWS:
            return []
        says = f"has another class than the most frequent one in {others:,} of {len(y):,} rows only"
        return [_about(task, f"{says}: scores rest on those few")]
    if common >= _SAME_VALUE * len(y):
        share = f"{common:,} of {len(y):,} rows"
        return [_about(task, f"has the same value in {share}: scores rest on the few others")]
    with np.errstate(over="ignore", invalid="ignore"):  # of absurd values
        is_flat = y.std() <= _FLAT * abs(y.mean())
    if is_flat:
        return [_about(task, f"hardly varies ({y.min():.10g} to {y.max():.10g}): look at its unit")]
    return []


def find_unfit_metric(task: Task) -> list[Risk]:
    """Find a metric that the most frequent class alone makes good; at most one risk."""
    if not task.n_classes or task.metric.name not in _COUNTING:
        return []
    share = task.class_counts.max() / task.n_rows
    if share < _IMBALANCED:
        return []
    better = "roc_auc or average_precision" if task.n_classes == 2 else "log_loss"
    text = (
        f"metric {task.metric.name} hardly fits this imbalance: the most frequent class alone is "
        f"right in {share:.1%} of the rows; think of balanced_accuracy, {better}"
    )
    return [Risk(kind=RiskKind.METRIC, text=text)]


def find_spellings(task: Task) -> list[Risk]:
    """Find classes that differ in case, blanks or hyphens alone; at most one risk."""
    groups = spelled_alike(map(str, () if task.classes is None else task.classes))
    if not groups:
        return []
    shown = "; ".join(listed(labels, _SHOWN) for labels in groups[:_SHOWN])
    more = f" and {len(groups) - _SHOWN} more" if len(groups) > _SHOWN else ""
    says = f"has classes that differ in spelling alone ({shown}{more})"
    return [_about(task, f"{says}: unify them if they mean the same")]


def _about(task: Task, says: str) -> Risk:
    return Risk(kind=RiskKind.TARGET, text=f"target {task.target!r} {says}")
