"""Search: its trials, and what is tried quickly where time was up before any brought a model."""

from collections.abc import Sequence

from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.trial import TrialResult
from metatune.samplers.base import Sampler
from metatune.samplers.question import Question
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.search.limits import SearchLimits
from metatune.search.outcome import Ended, SearchOutcome
from metatune.storage.store import RunStore
from metatune.tuning.emergency import run_quick_trials
from metatune.tuning.loop import run_trials
from metatune.tuning.run import Run
from metatune.tuning.time_plan import TimePlan
from metatune.tuning.turns import AsTheyCome, InOrder

__all__ = ["run_search"]


def run_search(
    run: Run,
    prepared: PreparedTask,
    sampler: Sampler,
    store: RunStore,
    earlier: Sequence[TrialResult],
    plan: TimePlan,
    question: Question | None = None,
) -> SearchOutcome:
    """Run trials until it is time to finish.

    Parameters
    ----------
    run : Run
        Values of the run.
    prepared : PreparedTask
        Task of the run.
    sampler : Sampler
        Proposes configurations.
    store : RunStore
        Takes results and what trials leave behind.
    earlier : sequence of TrialResult
        Results of an earlier process or search, in the order in which they ended: they count, and
        are not produced again.
    plan : TimePlan
        Seconds to keep free for what comes after.
    question : Question, optional
        Asks past datasets; it does not outlive the search.

    Returns
    -------
    SearchOutcome
        History of all results, and why the search ended.

    Raises
    ------
    SearchError
        If workers cannot be started.
    BundleError
        If the journal cannot be written.
    """
    max_trials = run.options.budget.max_trials
    metric = prepared.task.metric
    history = History(metric, objectives=run.options.objectives, constant=prepared.constant)
    halving = SuccessiveHalving(prepared.rungs, metric, seed=run.options.seed, history=history)
    turns = AsTheyCome(earlier) if max_trials is None else InOrder(max_trials, earlier)
    outcome = run_trials(
        halving,
        sampler,
        turns,
        executor=run.executor,
        store=store,
        limits=SearchLimits(deadline=run.deadline, max_trials=max_trials),
        reserve=plan,
        events=run.events,
        restored=earlier,
        question=question,
        slopes=run.options.strategy.needs_slopes,
    )
    if outcome.ended is Ended.TIME:
        run_quick_trials(run, prepared, halving, store, outcome.unfinished)
    return outcome
