"""Guard against over-fitting choices to out-of-fold predictions, by cross-fitted gains.

Weights, a calibration or a threshold are scored on the predictions that they are fitted on, which
is optimistic. So each choice is made again on parts of the rows and scored on the others, paired
with the score without it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.data.splits.folds import make_folds
from metatune.kinds import TaskKind

if TYPE_CHECKING:
    from metatune._typing import AnyArray, IndexArray


__all__ = ["Gain", "cross_fitted_gain", "parts_of_rows"]

_N_PARTS = 5
_REPEAT_BELOW = 3_000  # rows; with more of them one split says enough
_N_REPEATS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Gain of a choice on rows that it did not see.

    Attributes
    ----------
    mean : float
        Loss without it minus loss with it; NaN if no part could be scored.
    error : float
        Standard error of the mean, going by the spread over the parts.
    """

    mean: float
    error: float

    def exceeds(self, n_errors: float) -> bool:
        """Return True if the gain exceeds so many standard errors."""
        return bool(self.mean > max(0.0, n_errors * self.error))

    def is_no_loss(self, n_errors: float) -> bool:
        """Return True if it is known, and no loss of more than so many standard errors."""
        return bool(self.mean >= -n_errors * self.error)


def parts_of_rows(
    y: "AnyArray", kind: TaskKind, seed: int
) -> Iterator[tuple["IndexArray", "IndexArray"]]:
    """Yield (rows to choose on, rows to score on), stratified; small tables are split repeatedly.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Encoded labels or values.
    kind : TaskKind
        What is predicted.
    seed : int
        Seed of the splits.
    """
    n_parts = min(_N_PARTS, len(y))
    if n_parts < 2:
        return
    for repeat in range(_N_REPEATS if len(y) < _REPEAT_BELOW else 1):
        for fold in make_folds(y, kind, n_parts, seed + 1000 * (repeat + 1)):
            yield np.sort(fold.train), fold.valid


def cross_fitted_gain(
    parts: "list[tuple[IndexArray, IndexArray]]",
    gain_on: Callable[["IndexArray", "IndexArray"], float],
) -> Gain:
    """Compute the mean gain of a choice over parts of the rows.

    Parameters
    ----------
    parts : list of (ndarray, ndarray)
        Rows to choose on and rows to score on.
    gain_on : callable
        ``gain_on(fit_rows, held_out_rows)`` returns the loss without the choice minus that with it;
        NaN where the metric is undefined on the rows.
    """
    gains = np.array([gain_on(fit, held_out) for fit, held_out in parts], dtype=np.float64)
    gains = gains[np.isfinite(gains)]
    if not len(gains):
        return Gain(mean=float("nan"), error=float("inf"))
    spread = float(gains.std(ddof=1)) if len(gains) > 1 else float("inf")
    # Repeats split the same rows anew: they do not count as further evidence.
    return Gain(mean=float(gains.mean()), error=spread / np.sqrt(min(len(gains), _N_PARTS)))
