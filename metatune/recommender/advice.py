"""Advice on a task before anything is trained: meta-features, recommendations, forecast."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from metatune.algorithms.base import Algorithm
from metatune.algorithms.registry import eligible, get_algorithm, refusals, select_algorithms
from metatune.budget import Deadline
from metatune.data.encoding.fingerprint import Fingerprint
from metatune.data.encoding.shape import Shape
from metatune.errors import OptionError
from metatune.evaluation.constant import constant_score
from metatune.evaluation.trial_data import TrialData, load_trial_data
from metatune.metafeatures import MetaFeatures, extract_metafeatures
from metatune.metrics import resolve_metric
from metatune.recommender.forecast import Forecast
from metatune.recommender.models import guiding_metric, load_model
from metatune.recommender.narrowing import Narrowing
from metatune.recommender.rank import Question, recommend_configurations
from metatune.recommender.recommendation import Recommendations
from metatune.space import SearchSpace

if TYPE_CHECKING:
    from metatune.kinds import TaskKind

__all__ = [
    "Advice",
    "AdviceRequest",
    "accepted_rows",
    "advise",
    "advise_in_worker",
    "eligible_shape",
    "training_shape",
    "usable_algorithms",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Advice:
    """Meta-features of a task and the configurations recommended for it.

    Attributes
    ----------
    features : MetaFeatures
        Meta-features of the task.
    recommendations : Recommendations
        Configurations in the order in which to try them.
    forecast : Forecast
        Expectations that the search begins with.
    guide : str
        Recorded metric of the forecast: the task's own, or its substitute.
    constant : float
        Score of the constant prediction in that metric.
    """

    features: MetaFeatures
    recommendations: Recommendations
    forecast: Forecast
    guide: str
    constant: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceRequest:
    """Request for advice, as sent to a worker.

    Attributes
    ----------
    metric : str
        Metric that the run optimises.
    spaces : Mapping of str to SearchSpace
        Search spaces of the families that may be used.
    budget_seconds : float
        Seconds that the search may take.
    feature_seconds : float
        Seconds that meta-features may take.
    metadata : Path
        Directory of the meta-dataset.
    seed : int
        Seed of samples and forests.
    alike : bool
        Weigh all past datasets equally, without computing meta-features.
    """

    metric: str
    spaces: Mapping[str, SearchSpace]
    budget_seconds: float
    feature_seconds: float
    metadata: Path
    seed: int
    alike: bool = False


def advise_in_worker(inbox: str, request: AdviceRequest) -> Advice:
    """Compute the advice on the data of a run in `inbox`; called by a worker."""
    data = load_trial_data(inbox)
    return advise(
        data,
        request.metric,
        spaces=request.spaces,
        budget_seconds=request.budget_seconds,
        deadline=Deadline.after(0.0 if request.alike else request.feature_seconds),
        metadata=request.metadata,
        seed=request.seed,
        alike=request.alike,
    )


def training_shape(data: TrialData) -> Shape:
    """Return the size of the training rows of one fold."""
    return replace(data.task.shape, n_rows=data.n_train_rows)


def eligible_shape(data: TrialData) -> Shape:
    """Return the size that a family has to accept: that of a fold before its rows are cut.

    A family that only accepts fewer rows could not be fitted on the whole table at the end.
    """
    shape = training_shape(data)
    if data.row_metadata.bind_splits:
        return shape
    return replace(shape, n_rows=data.task.n_rows - len(data.folds[0].valid))


def usable_algorithms(
    kind: "TaskKind", shape: Shape, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()
) -> Mapping[str, Algorithm]:
    """Return the families that are allowed and take a training set of this size.

    Raises
    ------
    OptionError
        If a name is unknown, or none is left.
    """
    allowed = select_algorithms(include, exclude)
    fitting = {name: a for name, a in eligible(kind, shape).items() if name in allowed}
    if not fitting:
        reasons = {n: r for n, r in refusals(kind, shape).items() if n in allowed}
        why = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise OptionError(f"no algorithm is left to try ({why or 'all are excluded'})")
    return fitting


def accepted_rows(
    kind: "TaskKind",
    n_columns: int,
    n_classes: int = 0,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
) -> float:
    """Return the number of rows that one of the allowed families can be fitted on.

    Of a larger table only so many are of use.

    Parameters
    ----------
    kind : TaskKind
        What is predicted.
    n_columns, n_classes : int
        Columns of the encoded table; its classes.
    include, exclude : tuple of str
        Families that are allowed; see `select_algorithms`.

    Returns
    -------
    float
        Infinity where a family has no limit, or none takes a table of any length: that is to be
        refused, not cut.

    Raises
    ------
    OptionError
        If a name is unknown, or none is left.
    """
    allowed = select_algorithms(include, exclude).values()
    rows = [a.limits.most_rows(n_columns, n_classes) for a in allowed if kind in a.kinds]
    return max(rows, default=0.0) or math.inf


def advise(
    data: TrialData,
    metric: str,
    *,
    spaces: Mapping[str, SearchSpace],
    budget_seconds: float,
    deadline: Deadline | None = None,
    metadata: Path | None = None,
    seed: int = 0,
    alike: bool = False,
) -> Advice:
    """Compute the meta-features of a task and rank configurations for it.

    Parameters
    ----------
    data : TrialData
        Encoded task and its folds.
    metric : str
        Name of the metric that the run optimises.
    spaces : Mapping of str to SearchSpace
        Search spaces of the families that may be used: every configuration lies in them.
    budget_seconds : float
        Seconds that the search may take.
    deadline : Deadline, optional
        Time by which meta-features are needed; those not computed by then are missing.
    metadata : Path, optional
        A meta-dataset other than the one that comes with metatune.
    seed : int
        Seed of samples.
    alike : bool
        Weigh all past datasets equally, whatever their meta-features.
    """
    task = data.task.observed
    features = extract_metafeatures(task, seed=seed, deadline=deadline)
    guide = guiding_metric(metric, task.kind)
    constant = constant_score(data, resolve_metric(guide, task.kind))
    question = Question(
        features=features,
        shape=training_shape(data),
        n_folds=len(data.folds),
        metric=metric,
        constant=constant,
        algorithms={name: get_algorithm(name) for name in spaces},
        fingerprint=Fingerprint.of(task),
        alike=alike,
        narrowing=_narrowing(task.kind, spaces),
    )
    model = load_model(task.kind, metric, metadata)
    recommendations, forecast = recommend_configurations(question, model, budget_seconds)
    return Advice(
        features=features,
        recommendations=recommendations,
        forecast=forecast,
        guide=guide,
        constant=constant,
    )


def _narrowing(kind: "TaskKind", spaces: Mapping[str, SearchSpace]) -> Narrowing | None:
    """Return the spaces of a user beside the usual ones; None where they are the same."""
    wide = {name: get_algorithm(name).space(kind) for name in spaces}
    return None if dict(spaces) == wide else Narrowing(wide=wide, spaces=spaces)
