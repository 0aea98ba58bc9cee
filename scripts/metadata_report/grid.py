"""A meta-dataset as one array per pool: datasets x configurations x levels."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from metatune.kinds import TaskKind
from metatune.metadataset.schema import pool_of
from metatune.metadataset.store import MetaDataset
from metatune.metrics import DEFAULT_METRIC
from metatune.recommender.losses import share_of_log
from metatune.recommender.past import MAX_REGRET, collect_past, normalised_regret
from metatune.space import Configuration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["Grid", "grids"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """One pool on its datasets, each dataset in the default metric of its task kind.

    Attributes
    ----------
    pool : str
        "classification" or "regression".
    names, kinds : tuple of str
        Of the n_datasets datasets.
    n_rows : ndarray of shape (n_datasets,)
        Rows as evaluated.
    configurations : tuple of Configuration
        The pool.
    values : ndarray of shape (n_datasets, n_configurations, n_levels)
        See `metatune.recommender.past.Past`.
    """

    pool: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    n_rows: "FloatArray"
    configurations: tuple[Configuration, ...]
    values: "FloatArray"

    @cached_property
    def regret(self) -> "FloatArray":
        """Normalised regret on all rows and folds; the worst where it was not evaluated."""
        regret = normalised_regret(share_of_log(self.values[:, :, -1]))
        return np.where(np.isnan(regret), MAX_REGRET, regret)

    @cached_property
    def evaluated(self) -> "NDArray[np.bool_]":
        """True if a configuration was tried on a dataset."""
        return np.asarray(np.isfinite(self.values).any(axis=2))

    @cached_property
    def algorithms(self) -> tuple[str, ...]:
        """The family of each configuration."""
        return tuple(c.algorithm for c in self.configurations)

    def columns(self, algorithm: str) -> "NDArray[np.intp]":
        """Return the positions of a family's configurations."""
        return np.flatnonzero(np.array(self.algorithms) == algorithm)


def grids(metadata: MetaDataset) -> Iterator[Grid]:
    """Lay out a meta-dataset, one grid for each pool that has datasets."""
    kind_of = dict(zip(metadata.datasets["dataset"], metadata.datasets["kind"], strict=True))
    for pool in ("classification", "regression"):
        kinds = [k for k in TaskKind if pool_of(k) == pool and str(k) in kind_of.values()]
        parts = []
        for kind in kinds:
            past = collect_past(metadata, kind, DEFAULT_METRIC[kind])
            others = np.array([kind_of[name] != str(kind) for name in past.names])
            parts.append((str(kind), past.without(others)))
        if parts:
            yield Grid(
                pool=pool,
                names=tuple(name for _, past in parts for name in past.names),
                kinds=tuple(kind for kind, past in parts for _ in past.names),
                n_rows=np.concatenate([past.sizes[:, 0] for _, past in parts]),
                configurations=parts[0][1].configurations,
                values=np.concatenate([past.values for _, past in parts]),
            )
