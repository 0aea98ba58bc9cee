"""Limits on the time of a search and of each of its trials."""

from dataclasses import dataclass, field

from metatune.budget import Deadline

__all__ = ["SearchLimits", "TrialLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLimits:
    """Limit on a single trial's share of the remaining time, so that others get theirs.

    Attributes
    ----------
    share : float
        Share of the remaining time once there is a model.
    first_share : float
        Share while there is none: the trial is the only hope, but another one must remain.
    floor_seconds : float
        A share below this is not worth dividing: the trial may take so long, or what is left.
    """

    share: float = 0.4
    first_share: float = 0.75
    floor_seconds: float = 2.0

    def seconds(self, remaining: float, *, has_model: bool) -> float:
        """Return the time limit of a trial.

        Parameters
        ----------
        remaining : float
            Seconds until the search ends.
        has_model : bool
            Whether any trial has a score.
        """
        share = self.share if has_model else self.first_share
        return max(remaining * share, min(remaining, self.floor_seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLimits:
    """Limits of a search: deadline, number of trials, and stop request.

    Attributes
    ----------
    deadline : Deadline
        Deadline of the run; the search ends earlier by the time reserved.
    max_trials : int or None
        At most so many trials, decided in a fixed order.
    trial : TrialLimits
        How much of that a single trial may take.
    """

    deadline: Deadline
    max_trials: int | None = None
    trial: TrialLimits = field(default_factory=TrialLimits)
