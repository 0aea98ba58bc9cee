"""Time for the training of each fold, so that a trial ends by itself before it would be stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

__all__ = ["FoldTime", "training_seconds"]

_FIRST_SHARE = 0.45  # of a fold's time; predictions of many classes take most of the rest
_SURE_SHARE = 0.85  # of what a fold may take, as folds are not alike


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldTime:
    """Time of a fold that has ended.

    Attributes
    ----------
    training : float
        Seconds for which its learner was trained.
    besides : float
        Seconds for everything else: preparing its rows, predicting and scoring them.
    """

    training: float
    besides: float

    @property
    def share(self) -> float:
        """Training's share of it all; what comes besides comes twice.

        When all folds have ended, each is predicted again with the iterations that the others
        favour.
        """
        return self.training / max(self.training + 2 * self.besides, 1e-9)


def training_seconds(remaining: float, n_left: int, ended: Sequence[FoldTime]) -> float:
    """Return the seconds that the next fold's learner may train.

    What longer training would make of the predictions' time is not known, so the shares of the
    folds before are taken together with a careful one.

    Parameters
    ----------
    remaining : float
        Seconds until the trial should have ended.
    n_left : int
        Folds to come, at least 1.
    ended : sequence of FoldTime
        The folds before.
    """
    if not ended:
        return _FIRST_SHARE * remaining / n_left
    share = fmean([_FIRST_SHARE, *(fold.share for fold in ended)])
    settling = sum(fold.besides for fold in ended)
    return max(0.0, _SURE_SHARE * share * (remaining - settling) / n_left)
