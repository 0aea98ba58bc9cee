"""How many seconds of a run are kept free for its final model."""

from sklearn.pipeline import Pipeline

from metatune.budget import Deadline, Stopwatch
from metatune.evaluation.footprint import pickled_bytes
from metatune.search.history import History
from metatune.storage.incumbent import ModelKeeper
from metatune.tuning.emergency import QUICK_SECONDS
from metatune.tuning.members import Ensembler
from metatune.tuning.options import TuneOptions

__all__ = ["Reserve"]

_REFIT_SHARE = 0.3  # of the run may be kept for the winner's fit on all rows
_ENSEMBLE_SHARE = 0.15  # of the run may be kept for what an ensemble needs beyond that
_WORTH = 0.5  # seconds that further search has to gain, beside those of planning once more
_ROUNDING = 0.3  # seconds for what is too small to be predicted


class Reserve:
    """The seconds to keep free for the final model and the last save.

    Parameters
    ----------
    ensembler : Ensembler
        Predicts the seconds of planning an ensemble and of fits on all rows.
    keeper : ModelKeeper
        Predicts the seconds of a save.
    deadline : Deadline
        When everything has to be finished.
    options : TuneOptions
        What the user decided about the model.
    """

    def __init__(
        self,
        *,
        ensembler: Ensembler,
        keeper: ModelKeeper,
        deadline: Deadline,
        options: TuneOptions,
    ) -> None:
        self._ensembler = ensembler
        self._keeper = keeper
        self._deadline = deadline
        self._options = options
        self._since_start = Stopwatch()

    def seconds(self, history: History, *, members: bool = True) -> float:
        """Return the seconds to keep free.

        A final fit that would take too large a share of the run is given up: what was kept of the
        trial is the answer then, and the search goes on instead.

        Parameters
        ----------
        history : History
            Every finished trial.
        members : bool
            Whether members of an ensemble are to be fitted on all rows as well.
        """
        incumbent = history.incumbent()
        if incumbent is None:
            return self._keeper.seconds_to_save() + _ROUNDING + QUICK_SECONDS
        averaged = not self._options.single_models
        n_bytes = self._ensembler.n_bytes(incumbent) if averaged else incumbent.model_bytes
        seconds = self._keeper.seconds_to_save(n_bytes) + _ROUNDING
        refit = self._ensembler.refit_seconds(incumbent)
        if refit <= _REFIT_SHARE * self._whole():
            seconds += refit
        if self._options.ensemble:
            seconds += self._ensemble_seconds(history, members=members)
        return seconds

    def holds_time_for_members(self, history: History) -> bool:
        """Whether so much is kept for an ensemble's members that searching on would be worth it."""
        if not self._options.ensemble:
            return False
        with_members = self._ensemble_seconds(history, members=True)
        without = self._ensemble_seconds(history, members=False)
        return with_members - without >= _WORTH + without

    def can_save(self, pipeline: Pipeline, deadline: Deadline) -> bool:
        """Whether there is time to save an ensemble: averaged folds may be many."""
        seconds = self._keeper.seconds_to_save(pickled_bytes(pipeline))
        return seconds <= max(0.0, deadline.remaining() - 0.1)

    def _whole(self) -> float:
        """Return the seconds of the run, from where the search starts."""
        return self._since_start.seconds() + self._deadline.remaining()

    def _ensemble_seconds(self, history: History, *, members: bool) -> float:
        seconds = self._ensembler.reserve(history, members=members)
        return min(seconds, _ENSEMBLE_SHARE * self._whole())
