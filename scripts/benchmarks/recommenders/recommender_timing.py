"""Seconds that the recommender takes: loading, recommending, and each choice during a search.

Prints medians over repetitions, in one process with one thread, imports not counted. The dataset in
question is one of the past, its family left out.

    python scripts/benchmarks recommender-timing
"""

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import options
from metatune.algorithms.registry import ALGORITHMS
from metatune.budget import Stopwatch
from metatune.data.encoding.fingerprint import Fingerprint
from metatune.data.encoding.shape import Shape
from metatune.kinds import TaskKind
from metatune.metafeatures import FEATURE_NAMES, MetaFeatures
from metatune.recommender.forecast import Forecast
from metatune.recommender.levels import TOP
from metatune.recommender.meta_model import MetaModel
from metatune.recommender.models import load_model
from metatune.recommender.observations import Observation
from metatune.recommender.planner import Planner
from metatune.recommender.rank import Question, recommend_configurations


@click.command(help=__doc__)
@options.metadata
@click.option("--repetitions", type=click.IntRange(1), default=7, show_default=True)
def recommender_timing(metadata: Path | None, repetitions: int) -> None:
    print("| pool | loading | recommending | choice 1 | choice 20 | choice 100 |")
    print("|---|---|---|---|---|---|")
    with threadpool_limits(limits=1):
        for kind, metric in ((TaskKind.BINARY, "roc_auc"), (TaskKind.REGRESSION, "rmse")):
            print(row(kind, metric, metadata, repetitions), flush=True)


def row(kind: TaskKind, metric: str, metadata: Path | None, repetitions: int) -> str:
    model = load_model(kind, metric, metadata)
    question = question_about(model, metric)
    _, forecast = recommend_configurations(question, model, 600.0)
    spaces = {name: algorithm.space(kind) for name, algorithm in ALGORITHMS.items()}
    planner = Planner(forecast=forecast, spaces=spaces)
    calls: list[Callable[[], Any]] = [
        lambda: load_model(kind, metric, metadata),
        lambda: recommend_configurations(question, model, 600.0),
    ]
    calls += [make_choice(planner, forecast, n) for n in (0, 19, 99)]
    times = [median_seconds(call, repetitions) for call in calls]
    return f"| {metric} | " + " | ".join(f"{1000 * t:.1f} ms" for t in times) + " |"


def make_choice(planner: Planner, forecast: Forecast, n_trials: int) -> Callable[[], Any]:
    rng = np.random.default_rng(0)
    tried = rng.permutation(len(forecast.configurations))[:n_trials]
    observations = [
        Observation(
            configuration=forecast.configurations[i],
            level=TOP,
            value=float(forecast.belief.means[0, i * forecast.n_levels + TOP]),
            seconds=1.0,
        )
        for i in tried
    ]
    return lambda: planner.choose(observations)


def question_about(model: MetaModel, metric: str) -> Question:
    """Ask about the past dataset with the most rows."""
    position = int(np.argmax(model.sizes[:, 0]))
    values = dict(zip(FEATURE_NAMES, model.features[position].tolist(), strict=True))
    n_rows, n_columns, n_classes = (int(size) for size in model.sizes[position])
    return Question(
        features=MetaFeatures(values=values, seconds={}),
        shape=Shape(n_rows=n_rows, n_columns=n_columns, n_classes=n_classes),
        n_folds=5,
        metric=metric,
        constant=0.5,
        algorithms=ALGORITHMS,
        fingerprint=Fingerprint.parse(model.fingerprints[position]),
    )


def median_seconds(call: Callable[[], Any], repetitions: int) -> float:
    call()
    times = []
    for _ in range(repetitions):
        watch = Stopwatch()
        call()
        times.append(watch.seconds())
    return statistics.median(times)
