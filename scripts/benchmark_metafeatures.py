"""Print the seconds that each group of meta-features takes on tables of several sizes.

Tables are made up: a third of the columns are categories of 2 to 13 levels, one cell in a hundred
is missing, the target depends on the last two columns.
"""

import argparse
import sys

import numpy as np

from metatune.budget import Stopwatch
from metatune.data.encoding.encoded_task import EncodedTask
from metatune.data.encoding.layout import Layout
from metatune.kinds import TaskKind
from metatune.metafeatures import GROUP_NAMES, extract_metafeatures

SIZES = ((150, 5), (5_000, 20), (100_000, 50), (1_000_000, 50))
ALLOWED = {(150, 5): 0.3, (5_000, 20): 1.0, (100_000, 50): 3.0, (1_000_000, 50): 10.0}


def make_task(n_rows: int, n_columns: int, kind: TaskKind, seed: int = 0) -> EncodedTask:
    """Make a mixed table with missing cells and a learnable target (three classes or a number)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    n_levels = [2 + j % 12 if j < n_columns // 3 else 0 for j in range(n_columns)]
    for j, levels in enumerate(n_levels):
        if levels:
            X[:, j] = rng.integers(0, levels, size=n_rows)
    y = X[:, -1] + 0.5 * X[:, -2] ** 2 + 0.5 * rng.normal(size=n_rows)
    X[rng.random(X.shape) < 0.01] = np.nan
    classes = kind.is_classification
    return EncodedTask(
        X=X,
        y=np.digitize(y, np.quantile(y, [1 / 3, 2 / 3])) if classes else y,
        layout=Layout(names=tuple(f"x{j}" for j in range(n_columns)), n_levels=tuple(n_levels)),
        kind=kind,
        n_classes=3 if classes else 0,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="times each; the median is shown")
    repeat = parser.parse_args().repeat
    extract_metafeatures(make_task(50, 3, TaskKind.MULTICLASS))  # imports scikit-learn
    columns = "".join(f"{name:>23}" for name in GROUP_NAMES)
    print(f"{'rows x columns':<20}{'kind':<12}{columns}{'all':>8}{'allowed':>9}")
    late = False
    for size in SIZES:
        for kind in (TaskKind.MULTICLASS, TaskKind.REGRESSION):
            total = _row(size, kind, repeat)
            late = late or total > ALLOWED[size]
    return int(late)


def _row(size: tuple[int, int], kind: TaskKind, repeat: int) -> float:
    task = make_task(*size, kind)
    totals, groups = [], []
    for _ in range(repeat):
        watch = Stopwatch()
        found = extract_metafeatures(task)
        totals.append(watch.seconds())
        groups.append([found.seconds.get(name, np.nan) for name in GROUP_NAMES])
    total = float(np.median(totals))
    cells = "".join(f"{seconds:>23.3f}" for seconds in np.median(groups, axis=0))
    label = f"{size[0]:,} x {size[1]}"
    print(f"{label:<20}{kind.value:<12}{cells}{total:>8.3f}{ALLOWED[size]:>9}", flush=True)
    return total


if __name__ == "__main__":
    sys.exit(main())
