"""Pruning of hopeless trials by comparison, fold by fold, with others at their rung.

The best would be too strict: a useful member of an ensemble may be a little worse. A trial is
compared with the fifth best or, where that is worse, with the best of its own algorithm: what errs
elsewhere is of use although it errs more.
"""

import math
from collections.abc import Sequence

from metatune.evaluation.stop_rule import LEAST_FOLDS, StopRule, differences
from metatune.evaluation.trial import Trial, TrialResult
from metatune.search.history import History

__all__ = ["stop_rule"]

_PLACE = 5  # at its rung: so many good members an ensemble has already


def stop_rule(trial: Trial, history: History) -> StopRule | None:
    """Return the rule for stopping a trial that is about to start; None for never.

    The first trial of an algorithm at a rung, and the first library default, always run to their
    end: ensembles need diversity, and a default belongs to the pool of every ensemble. With several
    objectives no trial is hopeless for its score: it may be the cheapest one.

    Parameters
    ----------
    trial : Trial
        Trial at a rung of several folds.
    history : History
        Results so far.
    """
    if trial.rung.n_folds <= LEAST_FOLDS or history.objectives is not None:
        return None
    done = [r for r in history.results if r.trial.rung == trial.rung and r.ok]
    if len(done) < _PLACE or _is_first_of_its_kind(trial, done):
        return None
    ranked = sorted(done, key=lambda r: (history.loss(r), r.trial.number))
    kin = (n for n, r in enumerate(ranked) if _algorithm(r.trial) == _algorithm(trial))
    place = max(_PLACE - 1, next(kin, 0))
    mark = history.fold_losses(ranked[place])
    near = ranked[max(0, place - _PLACE + 1) : place]
    spreads = [_deviation(differences(history.fold_losses(result), mark)) for result in near]
    return StopRule(losses=mark, spread=max(spreads))


def _is_first_of_its_kind(trial: Trial, done: list[TrialResult]) -> bool:
    kin = [r.trial.configuration for r in done]
    configuration = trial.configuration
    if all(other.algorithm != configuration.algorithm for other in kin):
        return True
    return configuration.origin == "default" and all(other.origin != "default" for other in kin)


def _algorithm(trial: Trial) -> str:
    return trial.configuration.algorithm


def _deviation(values: Sequence[float]) -> float:
    if len(values) < 2:
        return math.inf
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
