"""Result of a run, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metatune.ensemble.report import with_costs, with_ensemble
from metatune.estimate.corrected import Estimate, NoEstimate
from metatune.recommender.advice import Advice
from metatune.search.front import Front
from metatune.search.history import History
from metatune.search.outcome import Ended
from metatune.space import Configuration
from metatune.tuning.estimate import INTERRUPTED, with_estimate
from metatune.tuning.findings import RunFindings
from metatune.tuning.model_cost import ModelFigures

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

__all__ = ["TuningResult"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TuningResult:
    """Result of a run.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted; takes a table with the columns of the task and returns labels or values.
    history : History
        Every finished trial.
    advice : Advice or None
        Meta-features and recommendations; None if the time did not suffice.
    score : float
        Cross-validated score of the winner in the task's metric: the best of many, and so a
        little too good.
    estimate : Estimate or NoEstimate
        What to expect on new rows, corrected for that choice; or why it is not known.
    constant_score : float
        The same for the constant prediction.
    beats_constant : bool
        Whether the pipeline is more than the constant prediction.
    winner : Configuration or None
        The winner; None for the constant.
    fitted_on : str
        "all rows", or what else the pipeline was fitted on where the time did not suffice.
    ended : Ended
        Why the search ended.
    seconds : float
        Wall clock of `tune`.
    timings : Mapping of str to float
        Where it went, in seconds by name; those of the search are described in `SearchOutcome`.
        ``refitting`` are seconds of workers rather than of the run, inside ``finishing``.
    ensemble : dict or None
        Members and their weights, gain, calibration and decision, as plain values; None where the
        pipeline is that of the winner alone.
    front : Front or None
        Trials that no other one beats in all objectives, where there are several.
    figures : ModelFigures or None
        Size and latency of the pipeline; None if there was no time to measure.
    found : RunFindings or None
        What a report tells beside it: importances, treatment of columns, what was expected.
    note : str
        What the user should know about the pipeline; often empty.
    """

    pipeline: "Pipeline"
    history: History
    advice: Advice | None
    score: float
    estimate: Estimate | NoEstimate
    constant_score: float
    beats_constant: bool
    winner: Configuration | None
    fitted_on: str
    ended: Ended
    seconds: float
    timings: Mapping[str, float]
    ensemble: dict[str, Any] | None = None
    front: Front | None = None
    figures: ModelFigures | None = None
    found: RunFindings | None = None
    note: str = ""

    @property
    def is_interrupted(self) -> bool:
        """True if the user interrupted it, be it only the estimate at the end."""
        no_estimate = isinstance(self.estimate, NoEstimate) and self.estimate.reason == INTERRUPTED
        return self.ended is Ended.INTERRUPTED or no_estimate

    def leaderboard(self) -> "pd.DataFrame":
        """Return the leaderboard of the history, with the estimate beside the model's score.

        Returns
        -------
        DataFrame
            See `History.leaderboard`; the columns estimate, estimate_low and estimate_high follow
            the score, empty but for the final model. The last column is each trial's weight in an
            ensemble, which has a first row of its own, of rank 0. Latencies are those of a table
            of one row, the work on its columns included; NaN where that was not measured.
        """
        board = with_ensemble(self.history.leaderboard(), self.ensemble)
        cost = self.figures
        if cost is None:
            board = with_costs(board, None, None, None)
        else:
            board = with_costs(board, cost.encoding, cost.latency, cost.n_bytes)
        return with_estimate(board, self.winner, self.estimate)
