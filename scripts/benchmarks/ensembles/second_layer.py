"""Second layers of ensembles, on out-of-fold predictions that a build of the meta-dataset kept.

On each table the members are the best of some configurations. Weights and second layer are fitted
on one half of the rows, by the folds of the build, and judged on the other half; then the halves
change places. Printed are relative changes of the loss against greedy weights alone.

    python scripts/build_metadata.py --catalogue CATALOGUE.csv --work WORK --predictions KEPT
    python scripts/benchmarks second-layer --work WORK --predictions KEPT
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks import options
from metatune.building.kept_predictions import KeptPredictions
from metatune.building.work import folders
from metatune.data.splits.folds import Fold, make_folds
from metatune.ensemble.losses import loss_on
from metatune.ensemble.member_pool import MemberPool
from metatune.ensemble.plan import choose_weights
from metatune.ensemble.second_layer import LEARNERS, fit_second_layer
from metatune.evaluation.trial_data import TrialData
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.kinds import TaskKind
from metatune.metrics import Metric, resolve_metric
from metatune.models.prediction import predict_array
from metatune.models.second_layer import prediction_columns

_N_TRIED = 20  # configurations, as a short run tries them
_N_MEMBERS = 12
_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Half:
    """Rows to fit on, with their pool, and rows to judge by, with the members' predictions."""

    data: TrialData
    pool: MemberPool
    X: Any
    y: Any
    predictions: Mapping[int, Any]


@click.command(name="second-layer", help=__doc__)
@options.work
@options.predictions
@options.tables(60)
@click.option(
    "--min-rows", type=click.IntRange(400), default=500, show_default=True, help="Of a table."
)
def second_layer(work: Path, predictions: Path, n_tables: int, min_rows: int) -> None:
    found: dict[str, list[tuple[str, float]]] = {}
    tables = read_tables(work, KeptPredictions(predictions), min_rows)
    for number, (name, kind, halves) in enumerate(islice(tables, n_tables), start=1):
        with one_numeric_thread():
            judged = [judge(half) for half in halves]
        for way in judged[0]:
            change = np.mean([100.0 * one[way] for one in judged])
            found.setdefault(way, []).append((str(kind), float(change)))
        print(f"{number:>3} {name}", flush=True)
    print(report(found))


def read_tables(
    work: Path, kept: KeptPredictions, min_rows: int
) -> Iterator[tuple[str, TaskKind, list[Half]]]:
    """Yield tables with enough rows and configurations, in an order that is no one's choice."""
    known = [(path, about) for path, about in folders(work) if about["n_rows"] >= min_rows]
    random.Random(_SEED).shuffle(known)
    for path, about in known:
        members = usable(kept.load(path.name), about["n_rows"])
        if len(members) >= _N_MEMBERS:
            data = TrialData.load(path / "data")
            yield path.name, data.task.kind, split(data, members)


def usable(predictions: Mapping[str, Any], n_rows: int) -> list[Any]:
    """Return a sample of the predictions that are there for all rows."""
    whole = [
        prediction.astype(np.float32)
        for _, prediction in sorted(predictions.items())
        if len(prediction) == n_rows and np.isfinite(prediction.astype(np.float32)).all()
    ]
    random.Random(_SEED).shuffle(whole)
    return whole[:_N_TRIED]


def split(data: TrialData, members: list[Any]) -> list[Half]:
    """Return both ways to fit on a half of the rows and to judge on the other one."""
    task = data.task
    y = np.asarray(task.y)
    if not task.n_classes:  # as the predictions are kept
        y = (y - y.mean()) / (y.std() or 1.0)
    metric = metric_of(data)
    best = sorted(members, key=lambda member: loss_on(metric, y, member, None))[:_N_MEMBERS]
    halves = []
    for fold in make_folds(y, task.kind, 2, _SEED):
        fit, rest = np.sort(fold.train), np.sort(fold.valid)
        place = np.full(len(y), -1)
        place[fit] = np.arange(len(fit))
        valids = [place[known.valid] for known in data.folds]
        valids = [valid[valid >= 0] for valid in valids]
        folds = [Fold(train=np.setdiff1d(np.arange(len(fit)), v), valid=v) for v in valids]
        part = replace(task, X=task.X[fit], y=y[fit])
        predicted = tuple(columns[fit] for columns in data.predicted)
        own = replace(data, task=part, folds=tuple(folds), predicted=predicted)
        pool = MemberPool(
            kind=task.kind,
            y=y[fit],
            members={number: member[fit] for number, member in enumerate(best)},
            folds=[v for v in valids if len(v)],
        )
        others = {number: member[rest] for number, member in enumerate(best)}
        halves.append(Half(data=own, pool=pool, X=task.X[rest], y=y[rest], predictions=others))
    return halves


def metric_of(data: TrialData) -> Metric:
    return resolve_metric(data.metrics[0], data.task.kind)


def judge(half: Half) -> dict[str, float]:
    """Return the change of the loss on the other half by each way to use a second layer."""
    metric, rows = metric_of(half.data), half.pool.covered()
    weights = choose_weights(half.pool, metric, rows)
    numbers = list(weights)
    second = fit_second_layer(half.pool, half.data, numbers, _SEED)
    columns = prediction_columns(np.stack([half.predictions[number] for number in numbers]))
    whole = np.column_stack([half.X, columns])
    n_classes = half.data.task.n_classes
    predictions = dict(half.predictions)
    for number, (_, pipeline) in second.items():
        X = columns if LEARNERS[number].blind else whole
        predictions[number] = predict_array(pipeline, X, n_classes)
    alone = {number: _loss(half, metric, {number: 1.0}, predictions) for number in second}
    base = _loss(half, metric, weights, predictions)
    oof = {number: prediction for number, (prediction, _) in second.items()}
    losses = {
        n: loss_on(metric, half.pool.y, np.asarray(p, np.float64), None)
        for n, p in {**half.pool.members, **oof}.items()
    }
    best = min(losses[number] for number in half.pool.members)
    better = {number: p for number, p in oof.items() if losses[number] < best}
    changes = {f"{LEARNERS[n].algorithm} alone": _change(loss, base) for n, loss in alone.items()}
    for way, offered in (("offered", oof), ("offered if better than the best", better)):
        pool = replace(half.pool, members={**half.pool.members, **offered})
        chosen = choose_weights(pool, metric, rows)
        changes[way] = _change(_loss(half, metric, chosen, predictions), base)
    return changes


def _loss(
    half: Half, metric: Metric, weights: Mapping[int, float], predictions: Mapping[int, Any]
) -> float:
    """Return the loss of a mean on the other half; what the best score lacks, for ranks."""
    mean = sum(
        weight * predictions[number].astype(np.float64) for number, weight in weights.items()
    )
    loss = loss_on(metric, half.y, np.asarray(mean), None)
    return 1.0 + loss if metric.greater_is_better else loss


def _change(loss: float, base: float) -> float:
    return float(np.log(max(loss, 1e-9) / max(base, 1e-9)))


def report(found: Mapping[str, list[tuple[str, float]]]) -> str:
    """Return a Markdown table of the changes in per cent, less being better."""
    lines = [
        "| second layer | tables | mean % | error | better : worse | worst % | "
        + " | ".join(TaskKind)
        + " |",
        "|---|---|---|---|---|---|" + "---|" * len(TaskKind),
    ]
    for way, changes in found.items():
        values = np.clip([change for _, change in changes], -100.0, 100.0)
        kinds = [
            np.mean(
                [v for v, (kind, _) in zip(values, changes, strict=True) if kind == one] or [0.0]
            )
            for one in TaskKind
        ]
        better, worse = int((values < -0.01).sum()), int((values > 0.01).sum())
        error = values.std() / np.sqrt(len(values))
        lines.append(
            f"| {way} | {len(values)} | {values.mean():.2f} | {error:.2f} | {better} : {worse} | "
            f"{values.max():.1f} | " + " | ".join(f"{value:.2f}" for value in kinds) + " |"
        )
    return "\n".join(lines)
