"""Decisions of labels by thresholds, against the most probable class, on rows not chosen on.

On each table of classes the mean of its three best configurations, by out-of-fold predictions that
a build of the meta-dataset kept, decides labels: thresholds are chosen on one half of the rows and
judged on the other, several times. The table compares the most probable class with thresholds
where a check on the first half approves of them, as in a run, and with thresholds always, by the
number of rows that the rarest class has in a half.

    python scripts/build_metadata.py --catalogue CATALOGUE.csv --work WORK --predictions KEPT
    python scripts/benchmarks decisions --work WORK --predictions KEPT
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path

import click
import numpy as np

from benchmarks import options
from benchmarks.ensembles.gate import read_pools
from metatune.building.kept_predictions import KeptPredictions
from metatune.data.splits.folds import make_folds
from metatune.ensemble.member_pool import MemberPool
from metatune.evaluation.decision import choose_decision, fit_decision
from metatune.evaluation.guard import parts_of_rows
from metatune.kinds import TaskKind
from metatune.metrics import Metric, resolve_metric

METRICS = {
    TaskKind.BINARY: ("f1", "balanced_accuracy"),
    TaskKind.MULTICLASS: ("f1_macro", "balanced_accuracy"),
}
EDGES = (0, 25, 60, 200, math.inf)
"""Rows of the rarest class: the rows of the table."""

N_BEST = 3
N_SPLITS = 4
LEAST_PROBABILITY = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Mean scores of a table by one metric, on halves that nothing was chosen on.

    Attributes
    ----------
    metric : str
        Name of the metric.
    n_rarest : int
        Rows of the rarest class in the half on which thresholds are chosen.
    plain, checked, always : float
        Score of the most probable class, of thresholds that a check approved of, and of
        thresholds in any case.
    """

    metric: str
    n_rarest: int
    plain: float
    checked: float
    always: float


@click.command(help=__doc__)
@options.work
@options.predictions
@options.tables(500)
def decisions(work: Path, predictions: Path, n_tables: int) -> None:
    cases: list[Case] = []
    pools = read_pools(work, KeptPredictions(predictions))
    of_classes = (pool for pool in pools if pool[2].kind.is_classification)
    for number, (name, _, pool) in enumerate(islice(of_classes, n_tables), start=1):
        y, probabilities = np.asarray(pool.y).astype(np.intp), best_mean(pool)
        for wanted in METRICS[pool.kind]:
            metric = replace(resolve_metric(wanted, pool.kind), decides=True)
            cases.append(judge(pool.kind, metric, y, probabilities))
        print(f"{number:>3} {name}", flush=True)
    print(report(cases))


def best_mean(pool: MemberPool) -> np.ndarray:
    """Return the mean prediction of the members with the least log loss; the rarer class is 1."""
    y = np.asarray(pool.y).astype(np.intp)
    rows = np.arange(len(y))
    members = sorted(
        pool.members.values(),
        key=lambda p: -np.log(np.maximum(p[rows, y], LEAST_PROBABILITY)).sum(),
    )
    return np.asarray(np.mean(members[:N_BEST], axis=0, dtype=np.float64))


def judge(kind: TaskKind, metric: Metric, y: np.ndarray, probabilities: np.ndarray) -> Case:
    """Choose thresholds on one half of the rows and judge them on the other."""
    if kind is TaskKind.BINARY and 2 * y.sum() > len(y):  # the rarer class is the positive one
        y, probabilities = 1 - y, probabilities[:, ::-1]
    scores, rarest = [], []
    for seed in range(N_SPLITS):
        fold = make_folds(y, kind, 2, seed)[0]
        fit, rest = np.sort(fold.train), np.sort(fold.valid)
        parts = list(parts_of_rows(y[fit], kind, seed))
        found = (
            (),
            choose_decision(metric, y[fit], probabilities[fit], parts, seed=seed),
            fit_decision(metric, y[fit], probabilities[fit], seed=seed),
        )
        rarest.append(np.bincount(y[fit]).min())
        scores.append([score(metric, y[rest], probabilities[rest], f) for f in found])
    plain, checked, always = np.mean(scores, axis=0)
    return Case(
        metric=metric.name,
        n_rarest=int(np.mean(rarest)),
        plain=float(plain),
        checked=float(checked),
        always=float(always),
    )


def score(
    metric: Metric, y: np.ndarray, probabilities: np.ndarray, factors: tuple[float, ...]
) -> float:
    """Score the labels that factors of the probabilities decide for."""
    weighed = probabilities * np.asarray(factors) if factors else probabilities
    return metric.score(y, np.eye(probabilities.shape[1])[weighed.argmax(axis=1)], None)


def report(cases: Sequence[Case]) -> str:
    """Return the table in Markdown."""
    lines = [
        "| metric | rows of the rarest class | tables | most probable | thresholds, checked "
        "| better : worse | thresholds, always | better : worse |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for metric in dict.fromkeys(case.metric for case in cases):
        for low, high in pairwise(EDGES):
            some = [c for c in cases if c.metric == metric and low < c.n_rarest <= high]
            if some:
                lines.append(_line(metric, f"{low + 1:g} to {high:g}", some))
    return "\n".join(lines)


def _line(metric: str, rows: str, cases: Sequence[Case]) -> str:
    plain = np.array([case.plain for case in cases])
    cells = [metric, rows, str(len(cases)), f"{plain.mean():.3f}"]
    for scores in ([c.checked for c in cases], [c.always for c in cases]):
        gain = np.array(scores) - plain
        cells += [f"{np.mean(scores):.3f}", f"{(gain > 0).sum()} : {(gain < 0).sum()}"]
    return "| " + " | ".join(cells) + " |"
