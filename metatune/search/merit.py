"""Which trials' models and predictions are worth keeping when there is no room for all."""

from collections.abc import Sequence

from metatune.evaluation.trial import TrialResult
from metatune.search.history import History

__all__ = ["by_merit"]


def by_merit(results: Sequence[TrialResult], history: History) -> list[TrialResult]:
    """Order results of one rung by how much an ensemble would miss them.

    Ensembles live on difference: first comes the best of each algorithm and the best library
    default, then the others; within both the smaller loss, then the earlier trial.

    Parameters
    ----------
    results : sequence of TrialResult
        All with a score, at the same rung.
    history : History
        Knows which score is better.
    """
    ranked = sorted(results, key=lambda r: (history.loss(r), r.trial.number))
    first: dict[str, TrialResult] = {}
    for result in ranked:
        configuration = result.trial.configuration
        first.setdefault(configuration.algorithm, result)
        if configuration.origin == "default":
            first.setdefault(" default", result)
    chosen = {result.trial.number for result in first.values()}
    return sorted(ranked, key=lambda r: r.trial.number not in chosen)
