"""A first model for runs whose time is up before a worker has brought one.

Starting workers takes most of a very short budget on a busy machine. The library default of a
decision tree, on the few rows of the lowest rung, takes a moment: then it is fitted in the calling
process.
"""

from collections.abc import Sequence

from metatune.search.executor import InlineExecutor, Job, to_trial_result
from metatune.search.halving import SuccessiveHalving
from metatune.search.keeping import KeptModels
from metatune.search.runner import Folders
from metatune.search.trial import Trial, TrialResult
from metatune.search.trial_data import TrialData

__all__ = ["QUICK_SECONDS", "run_first_trial"]

QUICK_SECONDS = 0.4
"""What it takes, with what has to be imported for it, on a busy machine."""

_QUICK = "decision_tree"
_MAX_CELLS = 1_000_000  # of the training rows: a tree takes a few tenths of a second at most


def run_first_trial(
    halving: SuccessiveHalving,
    unfinished: Sequence[Trial],
    data: TrialData,
    folders: Folders,
    kept: KeptModels,
) -> TrialResult | None:
    """Run the quick default that every search opens with, here and now.

    Parameters
    ----------
    halving : SuccessiveHalving
        Of a search that has ended without any score.
    unfinished : sequence of Trial
        What the end of the search cut off.
    data : TrialData
        What it is fitted on.
    folders : Folders
        Where `data` is, and where the fitted pipeline goes.
    kept : KeptModels
        Says what to keep.

    Returns
    -------
    TrialResult or None
        Not told to `halving` yet. None if the default is not to be tried, was tried, or is not
        quick on this table.
    """
    trial = next((t for t in unfinished if t.configuration.algorithm == _QUICK), None)
    if trial is None and not unfinished and not halving.history.results:
        trial = halving.ask()
    if trial is None or trial.configuration.algorithm != _QUICK:
        return None
    cells = data.n_train_rows * trial.rung.row_share * data.task.X.shape[1]
    if cells * trial.rung.n_folds > _MAX_CELLS:
        return None
    job = Job(
        id=trial.number,
        function="metatune.search.evaluate:evaluate_and_keep",
        inbox=str(folders.inbox),
        outbox=str(folders.outbox),
        arguments=(trial, kept.rule(trial, halving.history)),
    )
    return to_trial_result(trial, InlineExecutor().call(job))
