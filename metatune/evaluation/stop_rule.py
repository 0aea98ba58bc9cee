"""Rule for stopping a hopeless trial before its last fold.

After each fold a trial is compared with a good one on the same folds. It stops once the paired
differences say that it is clearly behind. Racing candidates over folds goes back to Maron and Moore
(1994) and, with paired tests, to irace (López-Ibáñez et al. 2016).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["LEAST_FOLDS", "StopRule", "differences"]

LEAST_FOLDS = 2
"""No trial stops before: the first one is why the configuration was promoted."""

_CLEAR = 3.0  # standard errors
_PRIOR_FOLDS = 4.0  # by which the usual spread counts against that of the trial's own folds


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """Rule for stopping a trial with several folds.

    Attributes
    ----------
    losses : tuple of float
        Of the trial to come near, on each fold.
    spread : float
        Usual standard deviation, over folds, of the difference between two good trials.
    """

    losses: tuple[float, ...]
    spread: float

    def hopeless(self, losses: Sequence[float]) -> bool:
        """Return True if a trial is clearly behind.

        Parameters
        ----------
        losses : sequence of float
            On its folds so far; folds on which a loss is not finite do not count.
        """
        excess = differences(losses, self.losses)
        n = len(excess)
        if n < LEAST_FOLDS:
            return False
        mean = sum(excess) / n
        own = sum((value - mean) ** 2 for value in excess)
        variance = (_PRIOR_FOLDS * self.spread**2 + own) / (_PRIOR_FOLDS + n - 1)
        return mean > _CLEAR * math.sqrt(variance / n)


def differences(losses: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return by how much losses exceed others, on the folds where both are finite."""
    pairs = zip(losses, others, strict=False)  # a trial may have fewer folds behind it
    return [a - b for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
