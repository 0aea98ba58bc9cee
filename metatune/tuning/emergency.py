"""First models for runs whose time is up before their workers have brought any.

Starting workers takes most of a very short budget on a busy machine. The defaults of a tree and of
a linear model, on the few rows of the lowest rung, take a moment: then they are fitted in the
calling process.
"""

from collections.abc import Sequence

from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.trial import Trial, to_trial_result
from metatune.evaluation.trial_data import TrialData
from metatune.execution.executor import InlineExecutor
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.storage.store import RunStore
from metatune.tuning.loop import trial_job
from metatune.tuning.run import Run

__all__ = ["QUICK_FAMILIES", "QUICK_SECONDS", "run_quick_trials"]

QUICK_FAMILIES = ("decision_tree", "linear")
"""Families whose defaults are fitted in a moment on few rows, in the order of trying."""

QUICK_SECONDS = 0.4
"""Seconds of one of them, its imports included, on a busy machine."""

ANOTHER_SECONDS = 0.2  # for a further quick trial after the search
MAX_CELLS = 1_000_000  # of the training rows, for each class: a few tenths of a second at most


def run_quick_trials(
    run: Run,
    prepared: PreparedTask,
    halving: SuccessiveHalving,
    store: RunStore,
    unfinished: Sequence[Trial],
) -> None:
    """Run quick defaults here and now, one after the other, until there is a model worth having.

    Only the first one, which opens every run anyway, where a run has to be repeatable. Nothing is
    done where it may take longer than a moment.

    Parameters
    ----------
    run : Run
        Values of the run.
    prepared : PreparedTask
        Task of the run.
    halving : SuccessiveHalving
        Of a search that has ended.
    store : RunStore
        Takes the results.
    unfinished : sequence of Trial
        Trials that the end of the search cut off.
    """
    cut_off = {t.configuration.key: t for t in unfinished if t.rung.index == 0}
    for name in QUICK_FAMILIES[:1] if run.counted else QUICK_FAMILIES:
        if name not in prepared.spaces or _is_enough(run, prepared, halving.history):
            continue
        configuration = prepared.spaces[name].default()
        trial = cut_off.get(configuration.key)
        if trial is None and not halving.history.knows(configuration):
            trial = halving.start(configuration)
        if trial is None or not _is_quick(trial, prepared.data):
            continue
        job = trial_job(trial, store, store.keep_rule(trial, halving.history))
        result = to_trial_result(trial, InlineExecutor().call(job))
        store.record(result)
        halving.tell(result)
        store.update(result, halving.history)
        run.events.trial_ended(result, halving.history)


def _is_enough(run: Run, prepared: PreparedTask, history: History) -> bool:
    """Return True if a trial beats the constant, or one has a score and time is short."""
    if history.incumbent() is not None and run.deadline.remaining() < ANOTHER_SECONDS:
        return True
    better = prepared.task.metric.better
    return any(better(result.score, prepared.constant) for result in history.results)


def _is_quick(trial: Trial, data: TrialData) -> bool:
    n_rows = data.n_train_rows * trial.rung.row_share * trial.rung.n_folds
    n_cells = n_rows * data.task.X.shape[1] * max(1, data.task.n_classes)
    return bool(n_cells <= MAX_CELLS)
