"""Ensembles of regressions, with and without the limit on what one row may say in their choice.

On each table ensembles are selected on some of the rows, by out-of-fold predictions that a build of
the meta-dataset kept, and judged by the root mean squared error of the other rows.

    python scripts/build_metadata.py --catalogue CATALOGUE.csv --work WORK --predictions KEPT
    python scripts/benchmarks influence --work WORK --predictions KEPT
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks import options
from benchmarks.ensembles.gate import read_pools
from metatune.building.kept_predictions import KeptPredictions
from metatune.ensemble.influence import limited_weights
from metatune.ensemble.member_pool import MemberPool
from metatune.ensemble.selection import select_members
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric

SIZES = (150, 300, 600, 1_500)
"""Rows that ensembles are selected on."""

N_DRAWS = 10
LEAST_REST = 100  # rows to judge on
NOTICEABLE = 1e-4  # of the error: less is no difference

RMSE = resolve_metric("rmse", TaskKind.REGRESSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Table with ensembles selected on so many rows: change of the error by the limit."""

    size: int
    change: float


@click.command(help=__doc__)
@options.work
@options.predictions
@options.tables(500)
def influence(work: Path, predictions: Path, n_tables: int) -> None:
    cases: list[Case] = []
    number = 0
    for name, _, pool in read_pools(work, KeptPredictions(predictions)):
        if pool.kind is not TaskKind.REGRESSION:
            continue
        if number == n_tables:
            break
        number += 1
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        with one_numeric_thread():
            cases += [case for size in SIZES if (case := judge(pool, size, rng))]
        print(f"{number:>3} {name}", flush=True)
    print(report(cases))


def judge(pool: MemberPool, size: int, rng: np.random.Generator) -> Case | None:
    """Select on rows drawn several times, and judge on the others; None if these are too few."""
    y, stack = np.asarray(pool.y, dtype=np.float64), np.stack(list(pool.members.values()))
    if len(y) - size < max(LEAST_REST, size // 2):
        return None
    errors = np.zeros(2)
    for _ in range(N_DRAWS):
        order = rng.permutation(len(y))
        fit, rest = order[:size], order[size:]
        for way, counts in enumerate((None, limited_weights(RMSE, y[fit], stack[:, fit]))):
            weights = select_members(RMSE, y[fit], stack[:, fit], weights=counts)
            missed = weights @ stack[:, rest] - y[rest]
            errors[way] += np.sqrt(np.mean(missed**2))
    return Case(size=size, change=float(errors[1] / errors[0] - 1.0))


def report(cases: Sequence[Case]) -> str:
    """Return the table in Markdown."""
    lines = [
        "| rows selected on | tables | better | worse | mean change | least | most |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for size in SIZES:
        changes = np.array([case.change for case in cases if case.size == size])
        if len(changes):
            better, worse = (changes < -NOTICEABLE).sum(), (changes > NOTICEABLE).sum()
            figures = (changes.mean(), changes.min(), changes.max())
            shown = " | ".join(f"{100 * figure:+.2f} %" for figure in figures)
            lines.append(f"| {size:,} | {len(changes)} | {better} | {worse} | {shown} |")
    return "\n".join(lines)
