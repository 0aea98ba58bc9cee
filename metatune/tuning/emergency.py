"""First models for runs whose time is up before their workers have brought any.

Starting workers takes most of a very short budget on a busy machine. The defaults of a tree and of
a linear model, on the few rows of the lowest rung, take a moment: then they are fitted in the
calling process.
"""

from collections.abc import Callable, Iterable, Sequence

from metatune.evaluation.trial import Trial, TrialResult, to_trial_result
from metatune.evaluation.trial_data import TrialData
from metatune.execution.executor import InlineExecutor
from metatune.search.halving import SuccessiveHalving
from metatune.space import Configuration
from metatune.storage.fold_models import KeptModels
from metatune.tuning.search import Folders, trial_job

__all__ = ["QUICK_FAMILIES", "QUICK_SECONDS", "run_quick_trials"]

QUICK_FAMILIES = ("decision_tree", "linear")
"""Whose defaults are fitted within a moment on few rows, in the order in which they are tried."""

QUICK_SECONDS = 0.4
"""What one takes, with what has to be imported for it, on a busy machine."""

_MAX_CELLS = 1_000_000  # of the training rows, for each class: a few tenths of a second at most


def run_quick_trials(
    halving: SuccessiveHalving,
    configurations: Iterable[Configuration],
    unfinished: Sequence[Trial],
    data: TrialData,
    folders: Folders,
    kept: KeptModels,
    *,
    enough: Callable[[], bool],
    tell: Callable[[TrialResult], None],
) -> None:
    """Run quick defaults here and now, one after the other, until there is a model worth having.

    Parameters
    ----------
    halving : SuccessiveHalving
        Of a search that has ended.
    configurations : iterable of Configuration
        What to try, at the lowest rung; what was tried is passed over.
    unfinished : sequence of Trial
        What the end of the search cut off.
    data : TrialData
        What they are fitted on; nothing is done where that may take longer than a moment.
    folders : Folders
        Where `data` is, and where fitted pipelines go.
    kept : KeptModels
        Says what to keep.
    enough : callable
        Whether there is a model worth having, or no time for another.
    tell : callable
        Takes each result, and tells it to `halving`.
    """
    cut_off = {t.configuration.key: t for t in unfinished if t.rung.index == 0}
    for configuration in configurations:
        if enough():
            return
        trial = cut_off.get(configuration.key)
        if trial is None and not halving.history.knows(configuration):
            trial = halving.start(configuration)
        if trial is not None and _is_quick(trial, data):
            tell(_run(trial, halving, folders, kept))


def _is_quick(trial: Trial, data: TrialData) -> bool:
    n_rows = data.n_train_rows * trial.rung.row_share * trial.rung.n_folds
    n_cells = n_rows * data.task.X.shape[1] * max(1, data.task.n_classes)
    return bool(n_cells <= _MAX_CELLS)


def _run(
    trial: Trial, halving: SuccessiveHalving, folders: Folders, kept: KeptModels
) -> TrialResult:
    job = trial_job(trial, folders, kept.rule(trial, halving.history))
    return to_trial_result(trial, InlineExecutor().call(job))
