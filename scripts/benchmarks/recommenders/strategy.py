"""Protocols of a recommender under validation."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from benchmarks.recommenders.matrix import Matrix

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["Fitted", "OrderSession", "Session", "Strategy"]


class Session(Protocol):
    """The search on one unseen dataset: which configuration is tried next."""

    def next(self) -> int:
        """Propose a configuration (its column) that was not proposed before."""
        ...

    def tell(self, column: int, loss: float, seconds: float) -> None:
        """Learn the outcome of the last proposal; the loss is NaN if it failed."""
        ...


class Fitted(Protocol):
    """A recommender that knows past datasets."""

    def start(self, features: "FloatArray", seconds_budget: float | None) -> Session:
        """Begin on an unseen dataset.

        Parameters
        ----------
        features : ndarray of shape (n_features,)
            Its meta-features.
        seconds_budget : float or None
            Seconds that the search may take; None if only evaluations are counted.
        """
        ...


class Strategy(Protocol):
    """A recommender before it has learned anything."""

    @property
    def repeats(self) -> int:
        """Number of times each dataset is searched, to average over; 1 if nothing is drawn."""
        ...

    def fit(self, train: Matrix) -> Fitted:
        """Learn from past datasets."""
        ...


class OrderSession:
    """A session that follows an order known beforehand.

    Parameters
    ----------
    order : iterable of int
        Columns; may be computed step by step.
    """

    def __init__(self, order: Iterable[int]) -> None:
        self._order = iter(order)

    def next(self) -> int:
        return int(next(self._order))

    def tell(self, column: int, loss: float, seconds: float) -> None:
        """Ignore what happened."""
