"""A made-up meta-dataset in which the right answers are known.

On every other dataset the first family wins, on the rest the second, and the first meta-feature
tells which: it is above zero where the first family wins. Further families are never good. Scores
follow from the share of the constant prediction's error that is left, the same share for every
metric.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from metatune.algorithms.registry import ALGORITHMS, FAMILIES
from metatune.data.encoding.shape import Shape
from metatune.kinds import TaskKind
from metatune.metadataset.schema import constant_column, feature_column, pool_of, score_column
from metatune.metadataset.store import MetaDataset
from metatune.metafeatures import FEATURE_NAMES, MetaFeatures
from metatune.metrics import PERFECT_SCORE, RECORDED_METRICS
from metatune.recommender.advice import Advice
from metatune.recommender.meta_model import MetaModel
from metatune.recommender.past import collect_past
from metatune.recommender.rank import Question, recommend_configurations
from metatune.space import Configuration

QUICK = ("linear", "knn", "naive_bayes", "decision_tree")
CONSTANT = {
    "roc_auc": 0.5,
    "log_loss": 0.7,
    "accuracy": 0.6,
    "balanced_accuracy": 0.5,
    "rmse": 20.0,
    "mae": 16.0,
    "r2": -0.01,
}
GOOD, FAIR, POOR = 0.2, 0.4, 0.8
"""Shares of the constant's error that the winner, the other contender and the rest leave."""

RUNGS = ((1 / 3, 1), (1.0, 3))
"""Shares of the rows and folds at which everything was evaluated."""

SECONDS_PER_ROW = 1e-3


def make_metadata(
    n_datasets: int = 12,
    *,
    kinds: tuple[TaskKind, ...] = (TaskKind.BINARY, TaskKind.REGRESSION),
    families: tuple[str, ...] = QUICK,
    seed: int = 0,
) -> MetaDataset:
    """Make datasets of some task kinds, on which the defaults of some families were evaluated."""
    rng = np.random.default_rng(seed)
    datasets: list[dict[str, Any]] = []
    configurations: dict[tuple[str, str], dict[str, Any]] = {}
    evaluations: list[dict[str, Any]] = []
    for kind in kinds:
        defaults = make_pool(kind, families)
        for configuration in defaults:
            row = _configuration(pool_of(kind), configuration)
            configurations[row["pool"], row["key"]] = row
        for i in range(n_datasets):
            datasets.append(_dataset(kind, i))
            for j, configuration in enumerate(defaults):
                evaluations += _evaluations(datasets[-1], i, j, configuration, kind, rng)
    return MetaDataset(
        datasets=pd.DataFrame(datasets),
        configurations=pd.DataFrame(list(configurations.values())),
        evaluations=pd.DataFrame(evaluations),
        manifest={"made_by": "a test"},
    )


def make_pool(kind: TaskKind, families: tuple[str, ...] = QUICK) -> list[Configuration]:
    """Return the defaults of those families that take a task kind."""
    fitting = [FAMILIES[name] for name in families if kind in FAMILIES[name].kinds]
    return [family.space(kind).default() for family in fitting]


def features_of(first: float) -> MetaFeatures:
    """Return meta-features of which only the first tells anything."""
    values = dict.fromkeys(FEATURE_NAMES, 0.0) | {FEATURE_NAMES[0]: first}
    return MetaFeatures(values=values, seconds={})


def make_advice() -> Advice:
    """Return the advice for a binary dataset that the first family wins, by ten past datasets."""
    past = collect_past(make_metadata(10), TaskKind.BINARY, "roc_auc")
    features = features_of(1.2)
    question = Question(
        features=features,
        shape=Shape(n_rows=400, n_columns=6, n_classes=2),
        n_folds=5,
        metric="roc_auc",
        constant=0.5,
        algorithms={name: ALGORITHMS[name] for name in QUICK},
    )
    recommendations, forecast = recommend_configurations(question, MetaModel.fit(past), 600.0)
    return Advice(
        features=features,
        recommendations=recommendations,
        forecast=forecast,
        guide="roc_auc",
        constant=0.5,
    )


def score_of(share: float, metric: str) -> float:
    """Return the score that leaves a share of the constant's error."""
    return PERFECT_SCORE[metric] - share * (PERFECT_SCORE[metric] - CONSTANT[metric])


def _dataset(kind: TaskKind, i: int) -> dict[str, Any]:
    sign = 1.0 if i % 2 == 0 else -1.0
    values = features_of(sign * (1 + i / 40)).values
    return {
        "dataset": f"{kind}-{i}",
        "family": f"{kind}-family-{i // 2}",
        "kind": str(kind),
        "fingerprint": f"{100 + i}:{i:08x},{kind}",
        "n_rows": 300 * (1 + i % 4),
        "n_columns": 5 + i % 3,
        "n_classes": 2 if kind.is_classification else 0,
        "protocol:n_folds": RUNGS[-1][1],
        **{feature_column(name): value for name, value in values.items()},
        **{constant_column(metric): CONSTANT[metric] for metric in RECORDED_METRICS[kind]},
    }


def _configuration(pool: str, configuration: Configuration) -> dict[str, Any]:
    return {
        "pool": pool,
        "key": configuration.key,
        "algorithm": configuration.algorithm,
        "params": json.dumps(dict(configuration.params)),
        "origin": "pool",
        "recipe_version": 1,
    }


def _evaluations(
    dataset: dict[str, Any],
    i: int,
    j: int,
    configuration: Configuration,
    kind: TaskKind,
    rng: np.random.Generator,
) -> Iterator[dict[str, Any]]:
    usual = POOR if j > 1 else GOOD if j == i % 2 else FAIR
    for rung, (row_share, n_folds) in enumerate(RUNGS):
        shares = usual * rng.uniform(0.95, 1.05, n_folds)
        rows = dataset["n_rows"] * (1 - 1 / dataset["protocol:n_folds"]) * row_share
        seconds = n_folds * SECONDS_PER_ROW * rows * (1 + j) ** 2
        yield {
            "dataset": dataset["dataset"],
            "configuration": configuration.key,
            "rung": rung,
            "row_share": row_share,
            "n_folds": n_folds,
            "status": "ok",
            "fit_seconds": seconds,
            "predict_seconds": 0.0,
            "seconds": seconds,
            "cpu_seconds": seconds,
            "iterations": [],
            "error": "",
            **{
                score_column(metric): [score_of(share, metric) for share in shares]
                for metric in RECORDED_METRICS[kind]
            },
        }
