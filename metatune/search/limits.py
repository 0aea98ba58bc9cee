"""How long a search and each of its trials may take."""

from dataclasses import dataclass, field

from metatune.budget import Deadline

__all__ = ["SearchLimits", "TrialLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLimits:
    """How much of the remaining time a single trial may take, so that it starves no others.

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
    """How long a search may go on.

    Attributes
    ----------
    deadline : Deadline
        When the run has to be finished; the search ends earlier by what is reserved.
    max_trials : int or None
        At most so many trials, decided in a fixed order.
    trial : TrialLimits
        How much of that a single trial may take.
    """

    deadline: Deadline
    max_trials: int | None = None
    trial: TrialLimits = field(default_factory=TrialLimits)
