"""Regret of recommenders on matrices of past results, after evaluations and over time.

Every strategy sees the datasets of all folds but one and is tried on the unseen ones; tables,
curves and plots are printed and written. Results are kept in the folder of the output: a re-run
computes only what is missing there.

    python scripts/benchmarks recommenders --history ../shared/run_history
"""

from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks import options
from benchmarks.recommenders.harness import run_strategy
from benchmarks.recommenders.matrix import Matrix
from benchmarks.recommenders.own import POOLS, load_own
from benchmarks.recommenders.plots import plot_matrix
from benchmarks.recommenders.published import load_autosklearn, load_oboe, load_tabrepo
from benchmarks.recommenders.registry import GROUPS, STRATEGIES
from benchmarks.recommenders.results import Results, load_results, save_results
from benchmarks.recommenders.tables import write_tables

PUBLISHED = {
    "oboe": load_oboe,
    "autosklearn_2016": load_autosklearn,
    "tabrepo_lightgbm": load_tabrepo,
}
MATRICES = {**{name: [name] for name in (*PUBLISHED, *POOLS)}, "metatune": list(POOLS)}
CHOICES = {**{name: [name] for name in STRATEGIES}, **GROUPS}
QUICK_SHARE = 0.2  # of the folds


@click.command(help=__doc__)
@click.option(
    "--matrices",
    type=options.several(click.Choice(list(MATRICES))),
    default="oboe,autosklearn_2016,tabrepo_lightgbm,metatune",
    help=f"Of {', '.join(MATRICES)}; 'metatune' means both of its pools.",
)
@click.option(
    "--strategies",
    type=options.several(click.Choice(list(CHOICES))),
    default="all",
    help=f"Of {', '.join([*GROUPS, *STRATEGIES])}.",
)
@options.history
@options.metadata
@options.out("results/validation", "Directory of results.")
@click.option("--quick", is_flag=True, help="A fifth of the folds.")
@click.option("--fresh", is_flag=True, help="Compute the chosen strategies again.")
def recommenders(
    matrices: tuple[str, ...], strategies: tuple[str, ...], out: Path, quick: bool, **given: Any
) -> None:
    chosen = dict.fromkeys(name for text in strategies for name in CHOICES[text])
    names = dict.fromkeys(name for text in matrices for name in MATRICES[text])
    history: Path = given["history"]
    for name in names:
        if name in PUBLISHED and not (history / name).is_dir():
            raise click.UsageError(f"{history} holds no {name}: name another one with --history")
    for name in names:
        own = name in POOLS
        matrix = load_own(name, given["metadata"]) if own else PUBLISHED[name](history)
        n_folds = int(matrix.folds.max()) + 1
        wanted = np.arange(max(1, round(QUICK_SHARE * n_folds)) if quick else n_folds)
        results = {
            strategy: compute(strategy, matrix, wanted, out, fresh=given["fresh"])
            for strategy in chosen
        }
        print(write_tables(out, matrix, results))
        print(f"figure: {plot_matrix(out, matrix, results)}\n", flush=True)


def compute(
    name: str,
    matrix: Matrix,
    folds: "np.ndarray[tuple[int], np.dtype[np.intp]]",
    out: Path,
    *,
    fresh: bool,
) -> Results:
    path = out / "results" / matrix.name / f"{name}.npz"
    results = Results.empty(matrix) if fresh else load_results(path, matrix)
    click.echo(f"{matrix.name}: {name}", err=True)
    run_strategy(
        STRATEGIES[name](), matrix, results, folds, lambda current: save_results(path, current)
    )
    return results
