"""Time plan of a run: the seconds kept free for what comes after its search."""

from dataclasses import dataclass, replace

from sklearn.pipeline import Pipeline

from metatune.budget import Deadline
from metatune.ensemble.second_layer import learning_seconds
from metatune.evaluation.footprint import pickled_bytes
from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.refit import USUAL_GROWTH, refit_seconds
from metatune.evaluation.trial import TrialResult
from metatune.metrics import RECORDED_METRICS
from metatune.search.history import History, fit_growth, slowdown
from metatune.storage.store import RunStore
from metatune.tuning.emergency import QUICK_SECONDS
from metatune.tuning.model_parts import is_averaged, n_models
from metatune.tuning.options import TuneOptions
from metatune.tuning.run import Run

__all__ = [
    "EXPLAINED_SECONDS",
    "TimePlan",
    "bounds_seconds",
    "can_save",
    "closing_seconds",
    "estimate_seconds",
    "findings_limit",
    "findings_seconds",
    "fit_seconds",
    "second_layer_seconds",
]

_REFIT_SHARE = 0.3  # of the run may be kept for the winner's fit on all rows
_ENSEMBLE_SHARE = 0.15  # of the run may be kept for what an ensemble needs beyond that
_SECOND_SHARE = 0.08  # of the run may be kept for a second layer; where it takes more there is none
_WORTH = 0.5  # seconds that further search has to gain
_WORTH_SHARE = 0.5  # of the seconds that finishing takes: more of it than of searching is waste
_AGAIN = 0.6  # of the predicted seconds, which are too many, where members were not fitted before
_FINISHING = 1.1  # times the seconds that finishing took before,
_AFTERWARDS = 0.15  # and seconds for what is not counted among them
_ROUNDING = 0.3  # seconds for what is too small to be predicted
_N_EXPECTED = 5  # members of a usual ensemble,
_ABLE_SHARE = 0.8  # each with so much of what the best one gains over the constant prediction
_ESTIMATE_SHARE = 0.03  # of the budget: an ensemble's takes what is left beyond that
_LEAST_ESTIMATE_SECONDS, _MOST_ESTIMATE_SECONDS = 0.6, 8.0
_BOUNDS_SHARE = 0.02  # of the budget, for the spread of errors of numbers
_LEAST_BOUNDS_SECONDS, _MOST_BOUNDS_SECONDS = 0.4, 4.0
_FINDINGS_SHARE = 0.03  # of the budget, for importances of columns,
_MOST_FINDINGS_SECONDS = 12.0
EXPLAINED_SECONDS = 30.0
"""Budgets from which on time is kept free for importances; below, what is left is taken."""

_FINDINGS_LIMIT = 0.1  # of the budget: by then they have ended, whatever they take


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimePlan:
    """Seconds to keep free for the final model, its save and its estimate.

    Attributes
    ----------
    prepared : PreparedTask
        Task of the run.
    store : RunStore
        Knows how long a save takes, and which trials may be members of an ensemble.
    options : TuneOptions
        Decisions of the user about the model.
    deadline : Deadline
        End of the run.
    run_seconds : float
        Seconds from the start of the search to the deadline.
    n_workers : int
        Fits that run at once.
    finishing : float
        Seconds that planning, fitting, bounding and saving the final model took before; 0 where
        they are to be predicted.
    was_single : bool
        That model was a single pipeline: an ensemble would take longer.
    """

    prepared: PreparedTask
    store: RunStore
    options: TuneOptions
    deadline: Deadline
    run_seconds: float
    n_workers: int
    finishing: float = 0.0
    was_single: bool = False

    @classmethod
    def of(cls, run: Run, prepared: PreparedTask, store: RunStore) -> "TimePlan":
        """Return the plan of a run whose search is about to start."""
        return cls(
            prepared=prepared,
            store=store,
            options=run.options,
            deadline=run.deadline,
            run_seconds=run.deadline.remaining(),
            n_workers=run.executor.n_workers,
        )

    def seconds(self, history: History) -> float:
        """Return the seconds to keep free, given the trials so far."""
        seconds = self.model_seconds(history)
        if self.options.budget.seconds >= EXPLAINED_SECONDS:
            seconds += findings_seconds(self.options)
        if self.finishing:  # bounds are in it
            return seconds + estimate_seconds(self.store, self.options, history)
        return seconds + closing_seconds(self.prepared, self.store, self.options, history)

    def model_seconds(self, history: History) -> float:
        """Return the seconds to keep free for the final model and the last save.

        A final fit that would take too large a share of the run is given up: what was kept of the
        trial is the answer then, and the search goes on instead.
        """
        predicted = self._predicted_seconds(history)
        if not self.finishing:
            return predicted
        members = _AGAIN * predicted if self.was_single else 0.0
        return _AFTERWARDS + max(_FINISHING * self.finishing, members)

    def _predicted_seconds(self, history: History) -> float:
        """Predict the seconds of planning, fitting and saving the final model, rather too many."""
        incumbent = history.incumbent()
        if incumbent is None:
            return self.store.seconds_to_save() + _ROUNDING + QUICK_SECONDS
        n_bytes = incumbent.model_bytes
        if not self.options.single_models and is_averaged(incumbent, self.prepared.data):
            n_bytes *= n_models(incumbent)
        seconds = self.store.seconds_to_save(n_bytes) + _ROUNDING
        refit = fit_seconds(incumbent, self.prepared, history)
        is_lost = not self.store.fold_models.holds(incumbent)  # with an earlier process
        if is_lost or refit <= _REFIT_SHARE * self.run_seconds:
            seconds += refit
        if self.options.ensemble:
            seconds += self._ensemble_seconds(history)
        return seconds

    def measured(self, finishing: float, *, was_single: bool) -> "TimePlan":
        """Return the plan once a model is finished, which took so many seconds."""
        longest = max(self.finishing, finishing)
        return replace(self, finishing=longest, was_single=was_single)

    def is_worth_more(self, history: History) -> bool:
        """Return True if there is time to search on, and to finish once more as before."""
        left = self.deadline.remaining() - self.seconds(history)
        return left >= max(_WORTH, _WORTH_SHARE * self.finishing)

    def _ensemble_seconds(self, history: History) -> float:
        """Predict the seconds of planning, and of fitting the members beside the first."""
        known = self.store.predictions.members(history)
        if len(known) < 2:
            return 0.0
        seconds = self._plan_seconds(len(known))
        if not self.options.single_models:
            seconds += second_layer_seconds(self.prepared, self.run_seconds)
        seconds *= slowdown(history)
        able = [result for result in known[1:_N_EXPECTED] if self._may_help(result, known)]
        refits = [fit_seconds(result, self.prepared, history) for result in able]
        seconds += sum(refits) / self.n_workers
        return min(seconds, _ENSEMBLE_SHARE * self.run_seconds)

    def _may_help(self, result: TrialResult, known: list[TrialResult]) -> bool:
        """Return True unless a member is too far behind the best one to get any weight."""
        loss = self.prepared.task.metric.loss
        constant = loss(self.prepared.constant)
        best = min(loss(other.score) for other in known)
        is_far_behind = constant - loss(result.score) < _ABLE_SHARE * (constant - best)
        return not is_far_behind  # so too where the constant's score is not known

    def _plan_seconds(self, n_members: int) -> float:
        """Predict the seconds of a plan where nothing else runs, rather too many."""
        task = self.prepared.task
        quick = task.metric.name in RECORDED_METRICS[task.kind]
        share = min(1.0, n_members / 50) * min(1.0, task.n_rows / 10_000)
        return 0.2 + (2.0 if quick else 4.0) * share


def second_layer_seconds(prepared: PreparedTask, run_seconds: float) -> float:
    """Predict the seconds of a second layer; 0 where a run has none, since they would be too many.

    Parameters
    ----------
    prepared : PreparedTask
        Task of the run.
    run_seconds : float
        Seconds that the run plans with.
    """
    task, n_folds = prepared.data.task, len(prepared.data.folds)
    seconds = learning_seconds(task.shape, n_folds)
    return seconds if seconds <= _SECOND_SHARE * run_seconds else 0.0


def estimate_seconds(store: RunStore, options: TuneOptions, history: History) -> float:
    """Return the seconds to keep free for the honest estimate."""
    if not store.predictions.members(history):
        return 0.0
    share = _ESTIMATE_SHARE * options.budget.seconds
    return min(_MOST_ESTIMATE_SECONDS, max(_LEAST_ESTIMATE_SECONDS, share))


def bounds_seconds(store: RunStore, options: TuneOptions, history: History) -> float:
    """Return the seconds to keep free for the bounds of a regression's predictions."""
    if not store.predictions.members(history):
        return 0.0
    share = _BOUNDS_SHARE * options.budget.seconds
    return min(_MOST_BOUNDS_SECONDS, max(_LEAST_BOUNDS_SECONDS, share))


def closing_seconds(
    prepared: PreparedTask, store: RunStore, options: TuneOptions, history: History
) -> float:
    """Return the seconds to keep free for what follows the final model: bounds and estimate."""
    seconds = estimate_seconds(store, options, history)
    if prepared.task.kind.is_classification:  # sets of labels take no time
        return seconds
    return seconds + bounds_seconds(store, options, history)


def findings_seconds(options: TuneOptions) -> float:
    """Return the seconds to keep free for what a report tells about the columns."""
    return min(_MOST_FINDINGS_SECONDS, _FINDINGS_SHARE * options.budget.seconds)


def findings_limit(options: TuneOptions) -> float:
    """Return the seconds after which what a report tells about the columns is given up."""
    return _FINDINGS_LIMIT * options.budget.seconds


def fit_seconds(result: TrialResult, prepared: PreparedTask, history: History) -> float:
    """Predict the seconds of fitting a trial's configuration on all rows."""
    exponent = fit_growth(history, result.trial.configuration.algorithm, USUAL_GROWTH)
    data = prepared.data
    return refit_seconds(result, data.task.n_rows, data.n_train_rows, exponent)


def can_save(pipeline: Pipeline, store: RunStore, deadline: Deadline) -> bool:
    """Return True if there is time to save an ensemble: averaged folds may be many."""
    seconds = store.seconds_to_save(pickled_bytes(pipeline))
    return seconds <= max(0.0, deadline.remaining() - 0.1)
