"""Results of one strategy on one matrix, kept on disk so that a re-run only adds to them."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.recommenders.curves import N_EVALUATIONS, TIME_GRID
from benchmarks.recommenders.matrix import Matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    BoolArray = NDArray[np.bool_]
    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.intp]

__all__ = ["Results", "load_results", "save_results"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Results:
    """Curves on every dataset of a matrix.

    Attributes
    ----------
    digest : str
        Of the matrix.
    done : ndarray of shape (n_datasets,)
        Datasets with results; the rest is NaN.
    evaluations : ndarray of shape (n_datasets, N_EVALUATIONS)
        Regret after each evaluation, nothing said about time.
    times : ndarray of shape (n_datasets, len(TIME_GRID))
        Regret over time, within the largest time as the budget.
    tried : ndarray of shape (n_datasets, N_EVALUATIONS)
        Columns in the order of evaluation (of the first repeat); -1 beyond the last.
    """

    digest: str
    done: "BoolArray"
    evaluations: "FloatArray"
    times: "FloatArray"
    tried: "IntArray"

    @classmethod
    def empty(cls, matrix: Matrix) -> "Results":
        """Prepare for a matrix."""
        n = len(matrix.datasets)
        return cls(
            digest=matrix.digest,
            done=np.zeros(n, dtype=bool),
            evaluations=np.full((n, N_EVALUATIONS), np.nan),
            times=np.full((n, len(TIME_GRID)), np.nan),
            tried=np.full((n, N_EVALUATIONS), -1, dtype=np.intp),
        )


def load_results(path: Path, matrix: Matrix) -> Results:
    """Read results; empty ones if there are none of exactly this matrix."""
    empty = Results.empty(matrix)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            found = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, zipfile.BadZipFile):
        return empty
    fits = str(found.pop("digest", "")) == empty.digest
    if not fits or found["times"].shape != empty.times.shape:
        return empty
    return Results(digest=empty.digest, **found)


def save_results(path: Path, results: Results) -> None:
    """Write results; a reader sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}")
    np.savez_compressed(
        beside,
        digest=np.array(results.digest),
        done=results.done,
        evaluations=results.evaluations,
        times=results.times,
        tried=results.tried,
    )
    beside.replace(path)
