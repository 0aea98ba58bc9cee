"""Compare recommenders on matrices of past results: tables, curves, plots.

Every strategy sees the datasets of all folds but one and is then tried on the unseen ones. Results
are kept in the folder of the output; a re-run computes only what is missing there.

    python scripts/validate_recommender.py --history ../shared/run_history
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from validation.harness import run_strategy
from validation.matrix import Matrix
from validation.own import POOLS, load_own
from validation.plots import plot_matrix
from validation.published import load_autosklearn, load_oboe, load_tabrepo
from validation.registry import GROUPS, STRATEGIES
from validation.results import Results, load_results, save_results
from validation.tables import write_tables

from metatune.errors import MetatuneError

PUBLISHED = {
    "oboe": load_oboe,
    "autosklearn_2016": load_autosklearn,
    "tabrepo_lightgbm": load_tabrepo,
}
QUICK_SHARE = 0.2  # of the folds


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    for name in options.matrices:
        matrix = load(name, options)
        n_folds = int(matrix.folds.max()) + 1
        wanted = np.arange(max(1, round(QUICK_SHARE * n_folds)) if options.quick else n_folds)
        results = {
            strategy: compute(strategy, matrix, wanted, options) for strategy in options.strategies
        }
        print(write_tables(options.out, matrix, results))
        print(f"figure: {plot_matrix(options.out, matrix, results)}\n", flush=True)
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    matrices = [*PUBLISHED, *POOLS]
    parser.add_argument(
        "--matrices",
        default="oboe,autosklearn_2016,tabrepo_lightgbm,metatune",
        help=f"of {', '.join(matrices)}; 'metatune' means both of its pools",
    )
    parser.add_argument(
        "--strategies", default="all", help=f"of {', '.join([*GROUPS, *STRATEGIES])}"
    )
    parser.add_argument("--history", type=Path, default=Path("../shared/run_history"))
    parser.add_argument("--metadata", type=Path, help="a meta-dataset; metatune's by default")
    parser.add_argument("--out", type=Path, default=Path("results/validation"), metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="a fifth of the folds")
    parser.add_argument("--fresh", action="store_true", help="recompute the chosen strategies")
    options = parser.parse_args(arguments)
    options.matrices = _chosen(options.matrices, matrices, parser, metatune=list(POOLS))
    options.strategies = _chosen(options.strategies, list(STRATEGIES), parser, **GROUPS)
    published = [name for name in options.matrices if name in PUBLISHED]
    absent = [name for name in published if not (options.history / name).is_dir()]
    if absent:
        parser.error(f"{options.history} holds no {absent[0]}: name another folder with --history")
    return options


def _chosen(
    text: str, known: list[str], parser: argparse.ArgumentParser, **groups: list[str]
) -> list[str]:
    names: list[str] = []
    for name in text.split(","):
        if name not in groups and name not in known:
            parser.error(f"{name!r} is not known: choose from {', '.join([*groups, *known])}")
        names += groups.get(name, [name])
    return list(dict.fromkeys(names))


def load(name: str, options: argparse.Namespace) -> Matrix:
    if name in POOLS:
        return load_own(name, options.metadata)
    return PUBLISHED[name](options.history)


def compute(
    name: str,
    matrix: Matrix,
    folds: "np.ndarray[tuple[int], np.dtype[np.intp]]",
    options: argparse.Namespace,
) -> Results:
    path = options.out / "results" / matrix.name / f"{name}.npz"
    results = Results.empty(matrix) if options.fresh else load_results(path, matrix)
    print(f"{matrix.name}: {name}", file=sys.stderr, flush=True)
    run_strategy(
        STRATEGIES[name](), matrix, results, folds, lambda current: save_results(path, current)
    )
    return results


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MetatuneError as error:
        sys.exit(str(error))
