"""Warm start of a search by what past datasets know of the estimator's family."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.algorithms.registry import ALGORITHMS
from metatune.budget import Deadline
from metatune.data.encoding.encoder import encode_task
from metatune.data.task.make_task import make_task_from_arrays
from metatune.errors import MetatuneError
from metatune.evaluation.rungs import plan_folds
from metatune.evaluation.trial_data import TrialData
from metatune.execution.numeric_threads import one_numeric_thread
from metatune.recommender.advice import Advice, advise
from metatune.recommender.forecast import Forecast
from metatune.space import Configuration, SearchSpace

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["WarmRequest", "ask_past", "renamed"]

_FEWEST_ROWS = 20  # below so many rows meta-features mean nothing
_FEATURE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmRequest:
    """Request for what past datasets know.

    Attributes
    ----------
    metric : str or None
        Recorded metric; the default of the task kind if None.
    classification : bool
        Whether labels are predicted.
    spaces : Mapping of str to SearchSpace
        Space of the family, by its name.
    seconds : float
        That the search may take.
    feature_seconds : float
        That meta-features may take.
    metadata : Path or None
        Another meta-dataset.
    seed : int
        Seed of samples.
    alike : bool
        Weigh all past datasets equally.
    """

    metric: str | None
    classification: bool
    spaces: Mapping[str, SearchSpace]
    seconds: float
    feature_seconds: float
    metadata: Path | None
    seed: int
    alike: bool = False


def ask_past(X: Any, y: "ArrayLike", request: WarmRequest) -> Advice | None:
    """Ask past datasets about a table.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_rows, n_columns)
    y : array-like of shape (n_rows,)
    request : WarmRequest

    Returns
    -------
    Advice or None
        None where metatune cannot read the table, or knows nothing of the family.
    """
    if any(name not in ALGORITHMS for name in request.spaces):
        return None
    if not hasattr(X, "shape") or len(X.shape) != 2 or hasattr(X, "tocsr"):
        return None
    if X.shape[0] < _FEWEST_ROWS or not X.shape[1] or np.ndim(y) != 1 or np.iscomplexobj(X):
        return None
    try:
        task = make_task_from_arrays(
            X, y, classification=request.classification, metric=request.metric
        )
        _, encoded = encode_task(task, request.seed)
        plan = plan_folds(encoded.shape, request.seconds)
        data = TrialData.make(
            encoded, (task.metric.name,), metric=task.metric, seed=request.seed, plan=plan
        )
        with one_numeric_thread():
            advice = advise(
                data,
                task.metric.name,
                budget_seconds=request.seconds,
                deadline=Deadline.after(min(_FEATURE_SECONDS, request.feature_seconds)),
                metadata=request.metadata,
                seed=request.seed,
                alike=request.alike,
                spaces=request.spaces,
            )
    except MetatuneError:  # a table that it does not take: the search goes without
        return None
    return advice if advice.forecast.configurations else None


def renamed(advice: Advice, names: Mapping[str, Configuration]) -> Advice:
    """Return advice about the configurations of another space.

    Parameters
    ----------
    advice : Advice
        About configurations of the family.
    names : Mapping of str to Configuration
        Configuration of the other space that stands for one of the family, by the key of that.
        Where it is the same for several, their mean is expected of it.
    """
    forecast = _renamed_forecast(advice.forecast, names)
    known: dict[str, Any] = {}
    for recommendation in advice.recommendations.ranked:
        found = names[recommendation.configuration.key]
        known.setdefault(
            found.key,
            replace(recommendation, rank=len(known) + 1, configuration=found),
        )
    ranked = tuple(known.values())
    return replace(
        advice,
        forecast=forecast,
        recommendations=replace(advice.recommendations, ranked=ranked),
    )


def _renamed_forecast(forecast: Forecast, names: Mapping[str, Configuration]) -> Forecast:
    found = [names[configuration.key] for configuration in forecast.configurations]
    distinct = {c.key: c for c in found}
    place = {key: i for i, key in enumerate(distinct)}
    shares = np.zeros((len(distinct), len(found)))
    for column, configuration in enumerate(found):
        shares[place[configuration.key], column] = 1.0
    shares /= shares.sum(axis=1, keepdims=True)
    by_level = np.asarray(np.kron(shares, np.eye(forecast.n_levels)), dtype=np.float64)
    n_old = forecast.belief.covariance.shape[0]
    rest = np.zeros((len(by_level), len(by_level)))
    belief = forecast.belief.extended(by_level, rest)
    return replace(
        forecast,
        configurations=tuple(distinct.values()),
        regret=forecast.regret @ shares.T,
        belief=belief.only(np.arange(n_old, n_old + len(by_level))),
        log_seconds=shares @ forecast.log_seconds,
    )
