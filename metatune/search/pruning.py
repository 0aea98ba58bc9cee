"""Cutting the folds of a hopeless trial short.

After each fold a trial is compared with a good one on the same folds: not the best, which a useful
member of an ensemble may well be a little worse than, but the fifth at its rung. It stops once the
paired differences say that it is clearly behind. Racing candidates over folds goes back to Maron
and Moore (1994) and, with paired tests, to irace (López-Ibáñez et al. 2016).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metatune.search.history import History
from metatune.search.trial import Trial, TrialResult

__all__ = ["StopRule", "stop_rule"]

_PLACE = 5  # at its rung: so many good members an ensemble has already
_LEAST_FOLDS = 2  # the first one is why the configuration was promoted
_CLEAR = 3.0  # standard errors
_PRIOR_FOLDS = 4.0  # by which the usual spread counts against that of the trial's own folds


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """When to stop a trial with several folds.

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
        """Whether a trial is clearly behind.

        Parameters
        ----------
        losses : sequence of float
            On its folds so far; folds on which a loss is not finite do not count.
        """
        excess = _differences(losses, self.losses)
        n = len(excess)
        if n < _LEAST_FOLDS:
            return False
        mean = sum(excess) / n
        own = sum((value - mean) ** 2 for value in excess)
        variance = (_PRIOR_FOLDS * self.spread**2 + own) / (_PRIOR_FOLDS + n - 1)
        return mean > _CLEAR * math.sqrt(variance / n)


def stop_rule(trial: Trial, history: History) -> StopRule | None:
    """Return when to stop a trial that is about to start; None for never.

    The first trial of an algorithm at a rung, and the first library default, always run to their
    end: ensembles live on difference, and a default belongs to the pool of every ensemble.

    Parameters
    ----------
    trial : Trial
        At a rung of several folds.
    history : History
        The results so far; nothing else decides.
    """
    if trial.rung.n_folds <= _LEAST_FOLDS:
        return None
    done = [r for r in history.results if r.trial.rung == trial.rung and r.ok]
    if len(done) < _PLACE or _is_first_of_its_kind(trial, done):
        return None
    best = sorted(done, key=lambda r: (history.loss(r), r.trial.number))[:_PLACE]
    by_fold = [history.fold_losses(result) for result in best]
    spreads = [_deviation(_differences(losses, by_fold[-1])) for losses in by_fold[:-1]]
    return StopRule(losses=by_fold[-1], spread=max(spreads))


def _is_first_of_its_kind(trial: Trial, done: list[TrialResult]) -> bool:
    kin = [r.trial.configuration for r in done]
    configuration = trial.configuration
    if all(other.algorithm != configuration.algorithm for other in kin):
        return True
    return configuration.origin == "default" and all(other.origin != "default" for other in kin)


def _differences(losses: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return by how much losses exceed others, on the folds where both are finite."""
    pairs = zip(losses, others, strict=False)  # a trial may have fewer folds behind it
    return [a - b for a, b in pairs if math.isfinite(a) and math.isfinite(b)]


def _deviation(values: Sequence[float]) -> float:
    if len(values) < 2:
        return math.inf
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
