"""Sampler of a run: safe defaults, then the strategy, warm-started by what past datasets advise."""

from dataclasses import replace

from metatune.algorithms.registry import FAMILIES
from metatune.evaluation.prepared_task import PreparedTask
from metatune.evaluation.rungs import boosting_seconds
from metatune.execution.executor import Job
from metatune.metadataset.recipes import ALL_ROUND
from metatune.metadataset.store import check_metadata
from metatune.recommender.advice import AdviceRequest, advise_in_worker, training_shape
from metatune.samplers.advised import AdvisedSampler
from metatune.samplers.base import TOP_RUNG, ListedSampler, Sampler, SamplerChain
from metatune.samplers.mutation import MutationSampler
from metatune.samplers.patience import Patience
from metatune.samplers.question import Question
from metatune.samplers.strategy import Asked, Situation
from metatune.space import Configuration
from metatune.storage.store import RunStore
from metatune.tuning.events import tell_advice
from metatune.tuning.run import Run
from metatune.tuning.run_members import RunMembers

__all__ = ["make_question", "make_sampler"]

_REFERENCE = "lightgbm"
"""Family whose default starts with all rows: everything that climbs is compared with it."""

_FIRST = ("decision_tree", _REFERENCE)
"""Families whose defaults open every run: one that is done at once, and the usual default."""

_ALL_ROUND_ROWS = 5_000
"""Training rows up to which the recipe that does best on small tables opens a run as well."""

_OPENING_SHARE = 0.1  # of the budget that boosting may take, for that recipe to open the run,
_TOP_SHARE = 0.25  # and all folds of it, for the reference to start with them;
_HOPELESS_SHARE = 0.5  # a fold that takes more for its many classes grows a tree or two for each

_SOLID = ("extra_trees", "linear", "random_forest", "knn")
"""Families whose defaults come first where there is no advice, or not yet."""

_FEATURE_SHARE = 0.1  # of the remaining time, for meta-features
_FEATURE_SECONDS = 10.0
_ADVICE_SHARE = 0.25  # of the remaining time, for the recommendation in all


def make_question(run: Run, prepared: PreparedTask) -> Question | None:
    """Make the question to past datasets; None where nobody needs their advice.

    Where several workers run, one of them asks while the others begin with defaults. A single one
    asks when the safe start is over. In a counted run the answer is there when this returns.

    Parameters
    ----------
    run : Run
        Values of the run.
    prepared : PreparedTask
        Task of the run.

    Raises
    ------
    MetadataError
        If the meta-dataset cannot be used.
    """
    metadata = check_metadata(run.options.metadata)
    asked, max_trials = run.options.strategy.asked, run.options.budget.max_trials
    is_over = max_trials is not None and max_trials <= len(_first(run, prepared))
    if asked is Asked.NONE or is_over:
        return None
    remaining = run.deadline.remaining()
    # A measured time would make the order of a counted run depend on the machine.
    share = 1.0 if run.counted else _ADVICE_SHARE
    features = remaining if run.counted else _FEATURE_SHARE * remaining
    request = AdviceRequest(
        metric=prepared.task.metric.asked_as,
        spaces=prepared.spaces,
        budget_seconds=_patience(run).budget_seconds,
        feature_seconds=min(_FEATURE_SECONDS, features),
        metadata=metadata,
        seed=run.options.seed,
        alike=asked is Asked.ALL_ALIKE,
    )
    job = Job(
        function=advise_in_worker,
        inbox=str(prepared.inbox),
        arguments=(request,),
        time_limit=share * remaining,
    )
    question = Question(job)
    if run.counted:
        question.call(run.executor)
        tell_advice(run.events, question)
    return question


def make_sampler(
    run: Run, prepared: PreparedTask, store: RunStore, question: Question | None
) -> Sampler:
    """Make the sampler of a run.

    Parameters
    ----------
    run : Run
        Values of the run.
    prepared : PreparedTask
        Task of the run.
    store : RunStore
        Holds the predictions of the members that an ensemble may have.
    question : Question or None
        Asks past datasets.
    """
    spaces, strategy = prepared.spaces, run.options.strategy
    first = _first(run, prepared)
    situation = Situation(
        spaces=spaces,
        rungs=prepared.rungs,
        n_first=len(first),
        patience=_patience(run),
        seed=run.options.seed,
        members=RunMembers(prepared, store) if run.options.ensemble else None,
    )
    solid = [name for name in _SOLID if name in spaces]
    defaults = [spaces[name].default() for name in dict.fromkeys([*solid, *spaces])]
    then: Sampler
    if strategy.is_cold:
        then = strategy.sampler(situation)
    elif question is None:
        then = ListedSampler(defaults)
    else:
        meanwhile = run.executor.n_workers > 1
        then = AdvisedSampler(question, strategy, situation, defaults, meanwhile=meanwhile)
    rungs = {}
    if _REFERENCE in spaces:
        rungs[spaces[_REFERENCE].default()] = _reference_rung(run, prepared)
    chain = [ListedSampler(first, rungs), then]
    if strategy.needs_advice:  # what it lists comes to an end
        chain.append(MutationSampler(spaces, run.options.seed))
    return SamplerChain(chain)


def _first(run: Run, prepared: PreparedTask) -> list[Configuration]:
    """Return the configurations that open a run, each inside its spaces.

    The defaults of families of the user's own are among them: past datasets know nothing of them.
    The recipe is not, where the run begins cold, nor is boosting that classes make hopeless.
    """
    spaces = prepared.spaces
    own = [name for name in spaces if name not in FAMILIES]
    opening = [name for name in (*_FIRST, *own) if name in spaces]
    if _has_too_many_classes(run, prepared):
        opening = [name for name in opening if name != _REFERENCE]
    first = [spaces[name].default() for name in opening]
    recipe = ALL_ROUND.configuration(prepared.task.kind)
    suits = (
        prepared.data.n_train_rows <= _ALL_ROUND_ROWS
        and _boosting_share(run, prepared) <= _OPENING_SHARE
        and not run.options.strategy.is_cold
    )
    if suits and recipe is not None and ALL_ROUND.algorithm in spaces:
        first.append(spaces[ALL_ROUND.algorithm].nearest(recipe))
    return list(dict.fromkeys(first))


def _reference_rung(run: Run, prepared: PreparedTask) -> int:
    """Return the rung that the reference starts at: the top, or all rows of the first fold.

    Where all folds of boosting are dear, as with many classes, better ones would not have the time.
    """
    n_folds = len(prepared.data.folds)
    dear = n_folds > 1 and n_folds * _boosting_share(run, prepared) > _TOP_SHARE
    return TOP_RUNG - 1 if dear else TOP_RUNG


def _has_too_many_classes(run: Run, prepared: PreparedTask) -> bool:
    """Return True if it is for the classes that a fold of boosting would not come to anything."""
    shape = training_shape(prepared.data)
    seconds = _HOPELESS_SHARE * run.options.planned_seconds
    return boosting_seconds(replace(shape, n_classes=2)) <= seconds < boosting_seconds(shape)


def _boosting_share(run: Run, prepared: PreparedTask) -> float:
    """Return the share of the budget that a fold of boosted trees takes."""
    return boosting_seconds(training_shape(prepared.data)) / run.options.planned_seconds


def _patience(run: Run) -> Patience:
    planned = run.options.planned_seconds if run.counted else None
    return Patience(deadline=run.deadline, planned_seconds=planned)
