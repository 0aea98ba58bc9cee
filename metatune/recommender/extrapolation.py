"""Expectations beyond the pool: what is believed about configurations outside it.

They follow from their relatives in the pool. In a search a few configurations come with every
choice, so what was found out about the others is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.recommender.belief import Belief
from metatune.recommender.forecast import Forecast
from metatune.recommender.kernel import Kinship, kinship
from metatune.space import Configuration, SearchSpace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["Covered", "Reach"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Covered:
    """Expectations that reach beyond the pool.

    Attributes
    ----------
    foreign : tuple of Configuration
        Those outside the pool.
    belief : Belief
        Columns are the pool's and then theirs, the levels of a configuration side by side.
    log_seconds : ndarray of shape (n_pool + n_foreign, n_levels)
        Expected logarithm of the processor seconds of a trial.
    """

    foreign: tuple[Configuration, ...]
    belief: Belief
    log_seconds: "FloatArray"


class Reach:
    """Extends a forecast to configurations outside its pool.

    Parameters
    ----------
    forecast : Forecast
        What is expected of the pool.
    spaces : Mapping of str to SearchSpace
        Of the algorithms that may be used.
    """

    def __init__(self, forecast: Forecast, spaces: Mapping[str, SearchSpace]) -> None:
        self._pool = forecast.configurations
        self._n_levels = forecast.n_levels
        self._spaces = spaces
        self._alone = Covered(foreign=(), belief=forecast.belief, log_seconds=forecast.log_seconds)
        self._covered = self._alone
        self._places: dict[str, list[float]] = {}
        self._families: dict[str, FloatArray] = {}

    def covering(self, foreign: tuple[Configuration, ...]) -> Covered:
        """Return what is expected of the pool and of configurations outside it.

        Parameters
        ----------
        foreign : tuple of Configuration
            Those of the call before, in their order, with new ones behind them, are quick.
        """
        covered = self._covered
        if foreign[: len(covered.foreign)] != covered.foreign:
            covered = self._alone
        n_old = len(covered.foreign)
        new = foreign[n_old:]
        if new:
            related = kinship(new, self._pool, self._spaces, self._places)
            shares = np.hstack([related.shares, np.zeros((len(new), n_old))])
            # What a configuration has to itself shows at all levels, and not at one of them alone.
            rest = related.rest[:, None, None] * self.within_family(new)
            combination = np.asarray(np.kron(shares, np.eye(self._n_levels)), dtype=np.float64)
            covered = Covered(
                foreign=foreign,
                belief=covered.belief.extended(combination, _block_diagonal(rest)),
                log_seconds=np.vstack(
                    [covered.log_seconds, related.shares @ self._alone.log_seconds]
                ),
            )
        self._covered = covered
        return covered

    def relatives(
        self, configurations: Sequence[Configuration], foreign: tuple[Configuration, ...]
    ) -> Kinship:
        """Find the relatives of configurations in the pool and outside it."""
        return kinship(configurations, (*self._pool, *foreign), self._spaces, self._places)

    def within_family(self, configurations: Sequence[Configuration]) -> "FloatArray":
        """Return how members of each one's family vary about its mean on a dataset, a priori.

        Returns
        -------
        ndarray of shape (n_configurations, n_levels, n_levels)
        """
        for name in {c.algorithm for c in configurations} - self._families.keys():
            self._families[name] = self._family(name)
        return np.array([self._families[c.algorithm] for c in configurations])

    def _family(self, name: str) -> "FloatArray":
        names = np.array([c.algorithm for c in self._pool])
        covariance = self._alone.belief.covariance.reshape((len(names), self._n_levels) * 2)
        members = np.flatnonzero(names == name)
        if len(members) < 2:
            members = np.arange(len(names))
        own = covariance[members, :, members, :].mean(axis=0)
        return np.asarray(own - covariance[members][:, :, members].mean(axis=(0, 2)))


def _block_diagonal(blocks: "FloatArray") -> "FloatArray":
    """Set blocks of shape (n, size, size) along the diagonal of a matrix, (n * size, n * size)."""
    n, size = blocks.shape[:2]
    matrix = np.zeros((n, size, n, size))
    matrix[np.arange(n), :, np.arange(n), :] = blocks
    return matrix.reshape(n * size, n * size)
