"""Posterior for configurations outside the pool, by kriging over hyperparameters.

In a search every choice brings a few new configurations, so the results for the earlier ones are
kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.recommender.belief import Belief
from metatune.recommender.forecast import Forecast
from metatune.recommender.kernel import KrigingWeights, kriging_weights
from metatune.space import Configuration, SearchSpace

if TYPE_CHECKING:
    from metatune._typing import FloatArray


__all__ = ["ExtendedForecast", "Extrapolation"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExtendedForecast:
    """Expectations for the pool and for configurations outside it.

    Attributes
    ----------
    foreign : tuple of Configuration
        Configurations outside the pool.
    belief : Belief
        Belief about the pool and then the foreign ones; the columns are configurations x levels.
    log_seconds : ndarray of shape (n_pool + n_foreign, n_levels)
        Expected logarithm of the processor seconds of a trial.
    """

    foreign: tuple[Configuration, ...]
    belief: Belief
    log_seconds: "FloatArray"


class Extrapolation:
    """Extension of a forecast to configurations outside its pool.

    Parameters
    ----------
    forecast : Forecast
        Expectations for the pool.
    spaces : Mapping of str to SearchSpace
        Search spaces of the algorithms that may be used.
    """

    def __init__(self, forecast: Forecast, spaces: Mapping[str, SearchSpace]) -> None:
        self._pool = forecast.configurations
        self._n_levels = forecast.n_levels
        self._spaces = spaces
        self._alone = ExtendedForecast(
            foreign=(), belief=forecast.belief, log_seconds=forecast.log_seconds
        )
        self._covered = self._alone
        self._places: dict[str, list[float]] = {}
        self._families: dict[str, FloatArray] = {}

    def covering(self, foreign: tuple[Configuration, ...]) -> ExtendedForecast:
        """Return expectations for the pool and for configurations outside it.

        Parameters
        ----------
        foreign : tuple of Configuration
            Configurations outside the pool. Quick if they begin with those of the previous call.
        """
        covered = self._covered
        if foreign[: len(covered.foreign)] != covered.foreign:
            covered = self._alone
        n_old = len(covered.foreign)
        new = foreign[n_old:]
        if new:
            related = kriging_weights(new, self._pool, self._spaces, self._places)
            shares = np.hstack([related.shares, np.zeros((len(new), n_old))])
            # What a configuration has to itself shows at all levels, and not at one of them alone.
            rest = related.rest[:, None, None] * self.within_family(new)
            combination = np.asarray(np.kron(shares, np.eye(self._n_levels)), dtype=np.float64)
            covered = ExtendedForecast(
                foreign=foreign,
                belief=covered.belief.extended(combination, _block_diagonal(rest)),
                log_seconds=np.vstack(
                    [covered.log_seconds, related.shares @ self._alone.log_seconds]
                ),
            )
        self._covered = covered
        return covered

    def weights(
        self, configurations: Sequence[Configuration], foreign: tuple[Configuration, ...]
    ) -> KrigingWeights:
        """Compute the kriging weights of configurations."""
        return kriging_weights(configurations, (*self._pool, *foreign), self._spaces, self._places)

    def within_family(self, configurations: Sequence[Configuration]) -> "FloatArray":
        """Return the prior covariance of levels within the family of each configuration.

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
