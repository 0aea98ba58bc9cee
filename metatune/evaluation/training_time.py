"""Time for the training of each fold, so that a trial ends by itself before it would be stopped."""

from collections.abc import Sequence
from statistics import fmean

__all__ = ["training_seconds"]

_FIRST_SHARE = 0.45  # of a fold's time; predictions of many classes take most of the rest
_SURE_SHARE = 0.9  # of what is left for training, as folds are not alike


def training_seconds(remaining: float, n_left: int, besides: Sequence[float]) -> float:
    """Return the seconds that the next fold's learner may train.

    What a fold takes besides (preparing its rows, predicting and scoring them) is learned from the
    folds before it. It comes once more for every fold when all have ended, since each is then
    predicted again with the iterations that the other ones favour.

    Parameters
    ----------
    remaining : float
        Seconds until the trial should have ended.
    n_left : int
        Folds to come, at least 1.
    besides : sequence of float
        Seconds besides training of each fold so far.
    """
    if not besides:
        return _FIRST_SHARE * remaining / n_left
    fold = fmean(besides)
    settling = fold * (n_left + len(besides))
    return max(0.0, _SURE_SHARE * ((remaining - settling) / n_left - fold))
