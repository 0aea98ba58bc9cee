"""Merit of trials: an order for keeping models and predictions when there is no room for all."""

from collections.abc import Sequence

from metatune.evaluation.trial import TrialResult
from metatune.search.history import History

__all__ = ["by_merit"]


def by_merit(results: Sequence[TrialResult], history: History) -> list[TrialResult]:
    """Order results of one rung by their value to an ensemble.

    Ensembles need diversity: first comes the best of each algorithm and the best library
    default, then the others; within both the smaller loss, then the earlier trial. With several
    objectives the model is one of the front: those come before all others.

    Parameters
    ----------
    results : sequence of TrialResult
        Results with a score, at the same rung.
    history : History
        History of the run, for the direction of scores.
    """
    if history.objectives is not None:
        return history.in_order(results)
    ranked = sorted(results, key=lambda r: (history.loss(r), r.trial.number))
    first: dict[str, TrialResult] = {}
    for result in ranked:
        configuration = result.trial.configuration
        first.setdefault(configuration.algorithm, result)
        if configuration.origin == "default":
            first.setdefault(" default", result)
    chosen = {result.trial.number for result in first.values()}
    return sorted(ranked, key=lambda r: r.trial.number not in chosen)
