"""Seconds that each group of meta-features takes, on generated tables of several sizes.

Prints the median of a few repetitions beside what is allowed, and exits with 1 where that is
exceeded.

    python scripts/benchmarks timing
"""

import sys

import click
import numpy as np

from benchmarks.runs.made_up import TARGET, make_table
from metatune.budget import Stopwatch
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.encoder import encode_task
from metatune.data.task.make_task import make_task
from metatune.kinds import TaskKind
from metatune.metafeatures import GROUP_NAMES, extract_metafeatures

ALLOWED = {(150, 5): 0.3, (5_000, 20): 1.0, (100_000, 50): 3.0, (1_000_000, 50): 10.0}
"""Seconds, by rows and columns."""


@click.command(help=__doc__)
@click.option("--repeat", type=click.IntRange(1), default=3, show_default=True)
@click.option("--largest", type=int, default=10**7, help="No tables with more rows.")
def timing(repeat: int, largest: int) -> None:
    extract_metafeatures(encoded(150, 5, TaskKind.MULTICLASS))  # imports scikit-learn
    columns = "".join(f"{name:>23}" for name in GROUP_NAMES)
    print(f"{'rows x columns':<20}{'kind':<12}{columns}{'all':>8}{'allowed':>9}")
    late = False
    for (n_rows, n_columns), allowed in ALLOWED.items():
        for kind in (TaskKind.MULTICLASS, TaskKind.REGRESSION):
            if n_rows <= largest:
                late |= print_row(encoded(n_rows, n_columns, kind), repeat, allowed) > allowed
    sys.exit(int(late))


def encoded(n_rows: int, n_columns: int, kind: TaskKind) -> EncodedTask:
    """Make a table and encode it."""
    table = make_table(n_rows, n_columns, kind=str(kind))
    return encode_task(make_task(table, target=TARGET, task=str(kind)), 0)[1]


def print_row(task: EncodedTask, repeat: int, allowed: float) -> float:
    """Print the seconds of each group, and return those of all."""
    totals, groups = [], []
    for _ in range(repeat):
        watch = Stopwatch()
        found = extract_metafeatures(task)
        totals.append(watch.seconds())
        groups.append([found.seconds.get(name, np.nan) for name in GROUP_NAMES])
    total = float(np.median(totals))
    cells = "".join(f"{seconds:>23.3f}" for seconds in np.median(groups, axis=0))
    label = f"{task.n_rows:,} x {task.X.shape[1]}"
    print(f"{label:<20}{task.kind.value:<12}{cells}{total:>8.3f}{allowed:>9}", flush=True)
    return total
