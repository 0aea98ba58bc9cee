"""Way to call benchmarks, and made-up matrices of past results."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from benchmarks.__main__ import main
from benchmarks.recommenders.matrix import Matrix


@pytest.fixture(scope="session")
def bench() -> Callable[..., Result]:
    """Call ``python scripts/benchmarks`` in this process."""

    def invoke(*arguments: str | Path) -> Result:
        return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)

    return invoke


def make_matrix(n_datasets: int = 48, n_configurations: int = 80, n_folds: int = 4) -> Matrix:
    """Make datasets of two sorts, told apart by a meta-feature, with other winners each.

    The even configurations are good on two thirds of the datasets, the odd ones on the others; the
    first half of the configurations costs a hundredth of the rest.
    """
    rng = np.random.default_rng(0)
    sort = (np.arange(n_datasets) % 3 == 2).astype(int)
    features = rng.normal(size=(n_datasets, 6))
    features[:, 3] = sort * 4.0 + rng.normal(scale=0.1, size=n_datasets)
    features[:, :3] = np.abs(features[:, :3]) * 100 + 10
    features[0, 5] = np.nan
    position = np.arange(n_configurations)
    misfit = (position % 2)[None, :] != sort[:, None]
    loss = 0.2 + 0.3 * misfit + rng.uniform(0.0, 0.1, size=misfit.shape)
    seconds = np.where(position < n_configurations // 2, 0.01, 1.0)
    return Matrix(
        name="made_up",
        datasets=tuple(f"d{row}" for row in range(n_datasets)),
        families=tuple(f"d{row}" for row in range(n_datasets)),
        folds=(np.arange(n_datasets) // 3) % n_folds,
        features=features,
        sizes=(0, 1, 2),
        loss=loss,
        seconds=np.tile(seconds, (n_datasets, 1)) * rng.uniform(0.9, 1.1, size=loss.shape),
        algorithms=tuple("even" if p % 2 == 0 else "odd" for p in position),
        configurations=np.column_stack([position % 2, position / n_configurations]).astype(float),
    )


@pytest.fixture(name="matrix")
def _matrix() -> Matrix:
    return make_matrix()
