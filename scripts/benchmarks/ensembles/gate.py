"""Ensembles against their best single member, by the gain that a check promised before.

On each table an ensemble of a few configurations is selected on one half of the rows, by
out-of-fold predictions that a build of the meta-dataset kept, and judged on the other half against
the member that was best on the first. The check that a run makes before it prefers an ensemble says
how many standard errors it gains on rows that it was not selected on. The table shows what came out
of it, and the last lines what each limit on the check would have brought.

    python scripts/build_metadata.py --catalogue CATALOGUE.csv --work WORK --predictions KEPT
    python scripts/benchmarks gate --work WORK --predictions KEPT
"""

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path

import click
import numpy as np

from benchmarks import options
from metatune.building.kept_predictions import KeptPredictions
from metatune.building.work import folders
from metatune.ensemble.losses import make_mixture_loss
from metatune.ensemble.member_pool import CONSTANT, MemberPool
from metatune.ensemble.plan import choose_weights, gain_over_single
from metatune.ensemble.selection import single_losses
from metatune.evaluation.trial_data import TrialData
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.kinds import TaskKind
from metatune.metrics import PERFECT_SCORE, Metric, resolve_metric

SIZES = (3, 6, 12, 25)
"""Configurations that an ensemble may choose from, drawn at random."""

EDGES = (-math.inf, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 4.0, math.inf)
"""Standard errors by which an ensemble seemed to gain: the rows of the table."""

LEAST_MEMBERS = 10
LEAST_ROWS = 100
MOST_CHANGE = 0.5  # of the logarithm of a loss: beyond it both are all but perfect


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Ensemble of a table: what was promised, and what came out."""

    promised: float
    change: float


@click.command(help=__doc__)
@options.work
@options.predictions
@options.tables(500)
def gate(work: Path, predictions: Path, n_tables: int) -> None:
    cases: list[Case] = []
    pools = islice(read_pools(work, KeptPredictions(predictions)), n_tables)
    for number, (name, metric, pool) in enumerate(pools, start=1):
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        with one_numeric_thread():
            cases += [case for size in SIZES if (case := judge(pool, metric, size, rng))]
        print(f"{number:>3} {name}", flush=True)
    print(report(cases))


def read_pools(work: Path, kept: KeptPredictions) -> Iterator[tuple[str, Metric, MemberPool]]:
    """Yield the tables with enough rows and configurations."""
    for path, about in folders(work):
        whole = [
            prediction.astype(np.float32)
            for _, prediction in sorted(kept.load(path.name).items())
            if np.isfinite(prediction).all()
        ]
        if len(whole) < LEAST_MEMBERS or about["n_rows"] < LEAST_ROWS:
            continue
        data = TrialData.load(path / "data")
        yield path.name, resolve_metric(data.metrics[0], data.task.kind), kept_pool(data, whole)


def kept_pool(data: TrialData, predictions: "Sequence[np.ndarray]") -> MemberPool:
    """Return the pool of predictions that a build kept, with the target as they have it."""
    y = np.asarray(data.task.y)
    if data.task.kind is TaskKind.REGRESSION:  # in standard deviations from its mean
        y = (y - y.mean()) / (y.std() or 1.0)
    return MemberPool(
        kind=data.task.kind,
        y=y,
        members=dict(enumerate(predictions)),
        folds=[fold.valid for fold in data.folds],
    )


def judge(pool: MemberPool, metric: Metric, size: int, rng: np.random.Generator) -> Case | None:
    """Select on one half of the rows and judge on the other; None for an ensemble of one."""
    numbers = rng.choice(len(pool.members), min(size, len(pool.members)), replace=False)
    order = rng.permutation(len(pool.y))
    fit, rest = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    some = half(pool, [int(n) for n in numbers], fit)
    rows = np.arange(len(fit))
    weights = choose_weights(some, metric, rows)
    if len(weights) < 2:
        return None
    gain = gain_over_single(some, metric, rows, weights, seed=0)
    on_fit = make_mixture_loss(metric, some.y, some.stack(rows), None)
    other = half(pool, [int(n) for n in numbers], rest)
    on_rest = make_mixture_loss(metric, other.y, other.stack(np.arange(len(rest))), None)
    shares = np.array([weights.get(number, 0.0) for number in some.members])
    best = single_losses(on_rest)[int(np.argmin(single_losses(on_fit)))]
    floor = metric.loss(PERFECT_SCORE[metric.name])
    losses = np.array([on_rest.of_weights(shares), best]) - floor + 1e-4
    change = float(np.clip(np.diff(np.log(losses[::-1]))[0], -MOST_CHANGE, MOST_CHANGE))
    return Case(promised=gain.mean / gain.error if gain.error > 0 else 0.0, change=change)


def half(pool: MemberPool, numbers: Sequence[int], rows: "np.ndarray") -> MemberPool:
    """Return some members of a pool on some rows, with the constant prediction of those rows."""
    y = np.asarray(pool.y)[rows]
    if pool.n_classes:
        shares = np.bincount(y.astype(np.intp), minlength=pool.n_classes) / len(y)
        constant = np.tile(shares, (len(y), 1))
    else:
        constant = np.full(len(y), y.mean())
    members = {number: pool.members[number][rows] for number in numbers}
    members[CONSTANT] = constant.astype(np.float32)
    place = np.full(len(pool.y), -1)
    place[rows] = np.arange(len(rows))
    folds = [place[fold][place[fold] >= 0] for fold in pool.folds]
    return replace(pool, y=y, members=members, folds=[fold for fold in folds if len(fold)])


def report(cases: Sequence[Case]) -> str:
    """Return the tables in Markdown."""
    promised = np.array([case.promised for case in cases])
    change = np.array([case.change for case in cases])
    lines = [
        f"{len(cases)} ensembles; change of the loss against the best single member",
        "",
        "| standard errors | ensembles | better | mean change | median |",
        "|---|--:|--:|--:|--:|",
    ]
    for low, high in pairwise(EDGES):
        some = change[(promised > low) & (promised <= high)]
        if len(some):
            lines.append(
                f"| {low:g} to {high:g} | {len(some)} | {np.mean(some < 0):.0%} "
                f"| {100 * some.mean():+.2f} % | {100 * np.median(some):+.2f} % |"
            )
    lines += ["", "| limit | mean change of all | better | worse |", "|---|--:|--:|--:|"]
    for limit in EDGES[:-2]:
        kept = np.where(promised > limit, change, 0.0)
        lines.append(
            f"| {limit:g} | {100 * kept.mean():+.2f} % | {(kept < 0).sum()} | {(kept > 0).sum()} |"
        )
    return "\n".join(lines)
