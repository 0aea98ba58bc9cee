"""Portfolios for ensembles against portfolios for single models, on families left out.

A portfolio is an order of configurations: each one adds most, on past tables, to those before it.
One kind lowers the loss of the best single configuration, the other that of the best mixture, by
out-of-fold predictions that a build of the meta-dataset kept (squared errors of values and of
probabilities, of which mixtures can be computed from products of pairs). Either way what is added
counts as it is, or for its price.

Both are judged on tables whose families they have not seen: an ensemble of the first configurations
is selected on one half of the rows and judged by the table's own metric on the other half; then the
halves change places. Printed are relative changes of the loss, the portfolio for ensembles against
the one for single models.

    python scripts/build_metadata.py --catalogue CATALOGUE.csv --work WORK --predictions KEPT
    python scripts/benchmarks portfolios --work WORK --predictions KEPT
"""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks import options
from benchmarks.ensembles.gate import half, kept_pool
from benchmarks.races.statistics import duel
from metatune.building.kept_predictions import KeptPredictions
from metatune.building.work import folders
from metatune.ensemble.losses import make_mixture_loss
from metatune.ensemble.member_pool import MemberPool
from metatune.ensemble.plan import choose_weights
from metatune.evaluation.trial import TrialResult
from metatune.evaluation.trial_data import TrialData
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.kinds import TaskKind
from metatune.metrics import PERFECT_SCORE, Metric, resolve_metric

COUNTS = (2, 4, 8, 12)
"""Configurations that have been tried, where all cost the same."""

TIMES = (4.0, 8.0, 16.0, 32.0)
"""Seconds that have passed, in units of the table's median configuration."""

CAP = 1.5  # of the logarithm of a loss over the best: what is worse counts alike
PATIENCE = 0.5  # in units of the median configuration, as a price that each one has
N_GROUPS = 10  # of families
LEAST_SHARED = 30  # configurations that all tables have
LEAST_ROWS = 100
MOST_CHANGE = 0.5  # of the logarithm of a loss: beyond it both are all but perfect
_ROUNDS = 30  # of corrections to the weights of a mixture


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Table with what configurations predicted on it.

    Attributes
    ----------
    products : ndarray of shape (n_configurations, n_configurations)
        Mean products of the errors of pairs, in units of the least squared error.
    seconds : ndarray of shape (n_configurations,)
        In units of the median.
    """

    name: str
    family: str
    metric: Metric
    pool: MemberPool
    products: np.ndarray
    seconds: np.ndarray


@click.command(help=__doc__)
@options.work
@options.predictions
@options.tables(1_000)
def portfolios(work: Path, predictions: Path, n_tables: int) -> None:
    for kinds in ((TaskKind.BINARY, TaskKind.MULTICLASS), (TaskKind.REGRESSION,)):
        tables = read_tables(work, KeptPredictions(predictions), kinds)[:n_tables]
        changes: dict[tuple[bool, float], list[float]] = {}
        for number, (table, orders) in enumerate(ordered(tables), start=1):
            with one_numeric_thread():
                for at, change in judged(table, orders).items():
                    changes.setdefault(at, []).append(change)
            print(f"{number:>3} {table.name}", flush=True)
        print(report(" and ".join(kinds), len(tables[0].products) if tables else 0, changes))


def read_tables(work: Path, kept: KeptPredictions, kinds: Sequence[TaskKind]) -> list[Table]:
    """Read the tables of some kinds, with the configurations that nearly all of them have."""
    found = {}
    for path, about in folders(work):
        if about["kind"] not in kinds or about["n_rows"] < LEAST_ROWS:
            continue
        predictions = kept.load(path.name)
        whole = {key: p for key, p in predictions.items() if np.isfinite(p).all()}
        if len(whole) >= LEAST_SHARED:
            found[path] = (about["family"], whole, read_seconds(path))
    keys = sorted(shared_keys([set(whole) & set(cost) for _, whole, cost in found.values()]))
    return [
        make_table(path, family, [whole[key] for key in keys], [cost[key] for key in keys])
        for path, (family, whole, cost) in found.items()
        if set(keys) <= set(whole) & set(cost)
    ]


def read_seconds(folder: Path) -> dict[str, float]:
    """Return the processor seconds of the configurations of a table, by key."""
    lines = (folder / "trials.jsonl").read_text(encoding="utf-8").splitlines()
    results = [TrialResult.from_record(json.loads(line)) for line in lines]
    whole = [r for r in results if r.ok and r.trial.rung.row_share == 1.0]
    return {r.trial.configuration.key: max(r.full_cpu_seconds, 1e-3) for r in whole}


def shared_keys(known: Sequence[set[str]], share: float = 0.9) -> set[str]:
    """Return the keys that so large a share of the tables have."""
    everything = set().union(*known)
    return {key for key in everything if sum(key in keys for keys in known) >= share * len(known)}


def make_table(
    path: Path, family: str, predictions: Sequence[np.ndarray], seconds: Sequence[float]
) -> Table:
    data = TrialData.load(path / "data")
    pool = kept_pool(data, [p.astype(np.float32) for p in predictions])
    truth = np.eye(data.task.n_classes)[pool.y] if data.task.n_classes else pool.y
    errors = np.array([(p - truth).ravel() for p in pool.members.values()])
    products = errors @ errors.T / len(pool.y)
    return Table(
        name=path.name,
        family=family,
        metric=resolve_metric(data.metrics[0], data.task.kind),
        pool=pool,
        products=products / max(products.diagonal().min(), 1e-9),
        seconds=np.asarray(seconds) / np.median(seconds),
    )


def ordered(
    tables: Sequence[Table],
) -> Iterator[tuple[Table, Mapping[tuple[bool, bool], list[int]]]]:
    """Yield each table with portfolios of families that are not its own."""
    for group in range(N_GROUPS):
        inside = [zlib.crc32(table.family.encode()) % N_GROUPS == group for table in tables]
        past = [table for table, is_in in zip(tables, inside, strict=True) if not is_in]
        if not past or not any(inside):
            continue
        products = np.array([table.products for table in past])
        costs = np.exp(np.mean([np.log(table.seconds) for table in past], axis=0))
        orders = {
            (mixed, priced): portfolio(
                products, costs + PATIENCE if priced else np.ones_like(costs), mixed=mixed
            )
            for mixed in (False, True)
            for priced in (False, True)
        }
        for table, is_in in zip(tables, inside, strict=True):
            if is_in:
                yield table, orders


def portfolio(products: np.ndarray, price: np.ndarray, *, mixed: bool) -> list[int]:
    """Order all configurations by what each adds to those before it, for its price.

    Parameters
    ----------
    products : ndarray of shape (n_tables, n_configurations, n_configurations)
        Of past tables.
    price : ndarray of shape (n_configurations,)
        What gains are divided by.
    mixed : bool
        Whether the loss of the best mixture counts, instead of the best single one.
    """
    n_tables, n, _ = products.shape
    alone = products.diagonal(axis1=1, axis2=2)
    best = alone.min(axis=1) * np.exp(CAP)
    weights = np.zeros((n_tables, n))
    order: list[int] = []
    while len(order) < n:
        with_it = alone
        if mixed and order:
            with_it = np.minimum(joined(products, weights), alone)
        gain = np.mean(np.log(best)[:, None] - np.log(np.minimum(with_it, best[:, None])), axis=0)
        gain = gain / price - 1e-9 * np.log(alone).mean(axis=0)  # where nothing is gained
        gain[order] = -np.inf
        order.append(int(np.argmax(gain)))
        weights = mixture(products, order) if mixed else weights
        mixtures = np.einsum("ti,tij,tj->t", weights, products, weights)
        best = np.minimum(best, mixtures if mixed else alone[:, order].min(axis=1))
    return order


def joined(products: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the losses of mixtures joined by each configuration at its best share."""
    alone = products.diagonal(axis1=1, axis2=2)
    shared = np.einsum("tij,tj->ti", products, weights)
    now = np.einsum("ti,ti->t", weights, shared)[:, None]
    curvature = np.maximum(now - 2 * shared + alone, 1e-12)
    share = np.clip((now - shared) / curvature, 0.0, 1.0)
    return np.asarray((1 - share) ** 2 * now + 2 * share * (1 - share) * shared + share**2 * alone)


def mixture(products: np.ndarray, members: Sequence[int]) -> np.ndarray:
    """Return the weights of the best mixture of some configurations on each table.

    Each round moves weight towards the member, or away from it, that pays most (Frank and Wolfe).
    """
    n_tables, n, _ = products.shape
    alone = products.diagonal(axis1=1, axis2=2)[:, members]
    tables = np.arange(n_tables)
    weights = np.zeros((n_tables, n))
    weights[tables, np.asarray(members)[alone.argmin(axis=1)]] = 1.0
    for _ in range(_ROUNDS):
        slopes = np.einsum("tij,tj->ti", products, weights)
        inside = np.full_like(slopes, np.inf)
        inside[:, members] = slopes[:, members]
        to = inside.argmin(axis=1)
        away = np.where(weights > 0, slopes, -np.inf).argmax(axis=1)
        step = np.zeros_like(weights)
        step[tables, to] += 1.0
        step[tables, away] -= 1.0
        slope = np.einsum("ti,ti->t", step, slopes)
        curvature = np.einsum("ti,tij,tj->t", step, products, step)
        length = np.clip(-slope / np.maximum(curvature, 1e-12), 0.0, weights[tables, away])
        weights += length[:, None] * step
    return weights


def judged(
    table: Table, orders: Mapping[tuple[bool, bool], list[int]]
) -> dict[tuple[bool, float], float]:
    """Return the change of the loss by portfolios for ensembles, at each count and time."""
    losses: dict[tuple[int, ...], float] = {}

    def loss(members: Sequence[int]) -> float:
        key = tuple(sorted(members))
        if key not in losses:
            losses[key] = loss_of(table, key)
        return losses[key]

    changes = {}
    for priced, at in [(False, float(count)) for count in COUNTS] + [(True, t) for t in TIMES]:
        single, mixed = (
            tried(table, orders[is_mixed, priced], priced, at) for is_mixed in (False, True)
        )
        change = float(np.log(loss(mixed) / loss(single)))
        changes[priced, at] = float(np.clip(change, -MOST_CHANGE, MOST_CHANGE))
    return changes


def tried(table: Table, order: Sequence[int], priced: bool, at: float) -> Sequence[int]:
    """Return the configurations that have been tried after so many, or so long; one at least."""
    if not priced:
        return order[: int(at)]
    passed = np.cumsum(table.seconds[list(order)])
    return order[: max(1, int(np.searchsorted(passed, at, "right")))]


def loss_of(table: Table, members: Sequence[int]) -> float:
    """Select an ensemble on one half of the rows, judge on the other; mean of both ways."""
    rows = np.random.default_rng(zlib.crc32(table.name.encode())).permutation(len(table.pool.y))
    halves = np.sort(rows[: len(rows) // 2]), np.sort(rows[len(rows) // 2 :])
    floor = table.metric.loss(PERFECT_SCORE[table.metric.name])
    losses = []
    for fit, rest in (halves, halves[::-1]):
        weights = choose_weights(half(table.pool, members, fit), table.metric, np.arange(len(fit)))
        other = half(table.pool, members, rest)
        everything = make_mixture_loss(
            table.metric, other.y, other.stack(np.arange(len(rest))), None
        )
        shares = np.array([weights.get(number, 0.0) for number in other.members])
        losses.append(everything.of_weights(shares) - floor + 1e-4)
    return float(np.mean(losses))


def report(
    kind: str, n_configurations: int, changes: Mapping[tuple[bool, float], list[float]]
) -> str:
    """Return the table of a kind in Markdown."""
    lines = [
        "",
        f"{kind}, {n_configurations} configurations: ensembles of the portfolio for ensembles "
        "against those of the portfolio for single models",
        "",
        "| after | tables | better : worse | sign test | change of the loss (95 %) |",
        "|---|--:|--:|--:|--:|",
    ]
    for (priced, at), found in sorted(changes.items()):
        values = 100 * np.array(found)
        one = duel(-values, np.zeros_like(values))
        low, high = -one.difference.high, -one.difference.low
        unit = "median times" if priced else "configurations"
        lines.append(
            f"| {at:g} {unit} | {len(values)} | {one.wins}:{one.losses} | {one.p_value:.2f} "
            f"| {values.mean():+.2f} % ({low:+.2f} to {high:+.2f}) |"
        )
    return "\n".join(lines)
