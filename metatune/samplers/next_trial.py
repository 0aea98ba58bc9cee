"""Next trial of a search: who rises, else what the sampler proposes."""

from metatune.evaluation.trial import Trial
from metatune.samplers.base import Sampler
from metatune.search.halving import SuccessiveHalving

__all__ = ["next_trial"]


def next_trial(
    halving: SuccessiveHalving, sampler: Sampler, max_seconds: float = float("inf")
) -> Trial | None:
    """Return who rises, else a new configuration, else the best of those that are left.

    Parameters
    ----------
    halving : SuccessiveHalving
        Decides who rises.
    sampler : Sampler
        Proposes new configurations.
    max_seconds : float
        Promotions that would take longer are held back.

    Returns
    -------
    Trial or None
        None if there is nothing to do until a further result is told, or the sampler waits.
    """
    trial = halving.promote(max_seconds)
    if trial is not None:
        return trial
    proposal = sampler.propose(halving.history)
    if proposal is not None:
        return halving.start(proposal.configuration, rung=proposal.rung, expected=proposal.expected)
    return None if sampler.waits else halving.promote(max_seconds, exhausted=True)
