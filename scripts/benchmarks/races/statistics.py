"""Means with intervals, and who beats whom."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["Duel", "Mean", "chance", "duel", "mean_with_interval"]

_DRAWS = 10_000
_SEED = 0
_COVERAGE = 0.95
_TIE = 1e-6  # a smaller difference is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A mean over tables and the 95 % interval of the bootstrap over tables."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """One against another on the same tables.

    Attributes
    ----------
    wins, ties, losses : int
        Tables on which the first one is better, as good, worse.
    p_value : float
        Of the two-sided sign test; ties left out.
    difference : Mean
        First minus second.
    """

    wins: int
    ties: int
    losses: int
    p_value: float
    difference: Mean

    @property
    def win_share(self) -> float:
        """Wins among all tables."""
        return self.wins / max(1, self.wins + self.ties + self.losses)


def mean_with_interval(values: "FloatArray") -> Mean:
    """Return the mean of values of shape (n_tables,) and the percentiles of resampled means."""
    if not len(values):
        return Mean(mean=float("nan"), low=float("nan"), high=float("nan"))
    rng = np.random.default_rng(_SEED)
    means = values[rng.integers(len(values), size=(_DRAWS, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [(1 - _COVERAGE) / 2, (1 + _COVERAGE) / 2])
    return Mean(mean=float(values.mean()), low=float(low), high=float(high))


def duel(first: "FloatArray", second: "FloatArray") -> Duel:
    """Compare scores of the same tables, greater being better, each of shape (n_tables,)."""
    difference = first - second
    wins, losses = int((difference > _TIE).sum()), int((difference < -_TIE).sum())
    decided = wins + losses
    return Duel(
        wins=wins,
        ties=len(difference) - decided,
        losses=losses,
        p_value=float(binomtest(wins, decided).pvalue) if decided else 1.0,
        difference=mean_with_interval(difference),
    )


def chance(p_value: float) -> str:
    """Write the p-value of a test for a table."""
    return f"{p_value:.3f}" if p_value >= 0.001 else "< 0.001"
