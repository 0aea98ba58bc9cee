"""Ranking of configurations for a dataset by its meta-features, and the forecast."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.algorithms.base import Algorithm
from metatune.data.encoding.fingerprint import Fingerprint
from metatune.data.encoding.shape import Shape
from metatune.errors import MetadataError
from metatune.metafeatures import FEATURE_NAMES, MetaFeatures
from metatune.metrics import PERFECT_SCORE
from metatune.recommender.familiarity import familiarity
from metatune.recommender.forecast import Forecast, level_log_seconds, make_forecast
from metatune.recommender.levels import LEVELS, TOP
from metatune.recommender.losses import score_of_value
from metatune.recommender.meta_model import MetaModel
from metatune.recommender.narrowing import Narrowing, narrowed_forecast
from metatune.recommender.nearest import even_weights
from metatune.recommender.portfolio import greedy_order
from metatune.recommender.recommendation import Neighbour, Recommendation, Recommendations

if TYPE_CHECKING:
    from metatune._typing import BoolArray, FloatArray, IndexArray


__all__ = ["PATIENCE", "Question", "forecast_for", "recommend_configurations", "standing_out"]

PATIENCE = 0.05
"""Share of the budget below which the cost of a trial does not matter."""

_STRANGE = 0.1  # familiarity below which past datasets count more and more alike
_N_NEIGHBOURS = 5
_COVERAGE = 0.8
_STANDS_OUT = 1.5  # times the even share of the weight, for a past dataset to be called similar,
_TIE = 1.001  # and times the weight of the next one that is not named
_TOGETHER = 0.1  # of the weight, at least, for those that are called so: less resembles nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Dataset to recommend configurations for.

    Attributes
    ----------
    features : MetaFeatures
        Meta-features of the dataset.
    shape : Shape
        Training rows of a fold, columns, classes.
    n_folds : int
        Folds of the top rung.
    metric : str
        Metric that the run optimises; the model's own replaces one that was not recorded.
    constant : float
        Score of the constant prediction in that metric; NaN where not known.
    algorithms : Mapping of str to Algorithm
        The families that may be used: allowed by the user and within their limits.
    fingerprint : Fingerprint, optional
        Past datasets that hold the same data are left out.
    alike : bool
        Weigh all past datasets equally, whatever their meta-features.
    narrowing : Narrowing, optional
        Spaces that configurations have to lie in, where a user has narrowed them.
    """

    features: MetaFeatures
    shape: Shape
    n_folds: int
    metric: str
    constant: float
    algorithms: Mapping[str, Algorithm]
    fingerprint: Fingerprint | None = None
    alike: bool = False
    narrowing: Narrowing | None = None


def recommend_configurations(
    question: Question, model: MetaModel, budget_seconds: float
) -> tuple[Recommendations, Forecast]:
    """Rank the pool's configurations for a dataset.

    Parameters
    ----------
    question : Question
        The dataset.
    model : MetaModel
        Meta-model of past datasets.
    budget_seconds : float
        Seconds that the search may take; short budgets prefer cheap configurations.

    Returns
    -------
    recommendations : Recommendations
        Ranking for the user.
    forecast : Forecast
        Expectations for the search.
    """
    same = _same_family(model, question.fingerprint)
    if same.all():
        raise MetadataError(
            "all past datasets hold this very data or belong to its family, so nothing can be "
            "learned from them: name another meta-dataset with --metadata DIR"
        )
    own = question.features.to_array(FEATURE_NAMES)
    known = familiarity(model.features[~same], own, model.proximity.forest.importances)
    near = even_weights(same) if question.alike else model.proximity.weights(own, same)
    weights = _robust(near, known, same)
    forecast = forecast_for(question, model, weights, same)
    seconds = np.exp(forecast.log_seconds[:, TOP])
    order = greedy_order(forecast.regret, forecast.weights, seconds, PATIENCE * budget_seconds)
    posterior = forecast.belief.before_results()
    top = slice(TOP, None, len(LEVELS))
    low, high = (end[top] for end in posterior.interval(_COVERAGE, model.spread))
    regret = forecast.weights @ forecast.regret
    ranked = tuple(
        Recommendation(
            rank=rank,
            configuration=forecast.configurations[column].with_origin("portfolio"),
            expected_regret=float(regret[column]),
            expected_score=_score(question, posterior.mean[top][column]),
            score_interval=_interval(question, low[column], high[column]),
            expected_seconds=float(seconds[column]),
        )
        for rank, column in enumerate(order, start=1)
    )
    recommendations = Recommendations(
        ranked=ranked,
        neighbours=_neighbours(model, near, question.algorithms),
        familiarity=known,
        n_datasets=int((~same).sum()),
        excluded=tuple(name for name, out in zip(model.names, same, strict=True) if out),
    )
    return recommendations, forecast


def forecast_for(
    question: Question, model: MetaModel, weights: "FloatArray", left_out: "BoolArray"
) -> Forecast:
    """Return the forecast for the usable configurations, given the weights of past datasets."""
    usable = np.array([c.algorithm in question.algorithms for c in model.configurations])
    shape = question.shape
    size = shape.n_rows, shape.n_columns, shape.n_classes
    forecast = make_forecast(
        model,
        usable=usable,
        weights=weights,
        left_out=left_out,
        log_seconds=level_log_seconds(model.cost, size, question.n_folds, weights),
    )
    narrowing = question.narrowing
    return forecast if narrowing is None else narrowed_forecast(forecast, narrowing)


def _robust(near: "FloatArray", known: float, left_out: "BoolArray") -> "FloatArray":
    """Return equal weights of past datasets where none of them resembles this one."""
    alike = float(np.clip(1.0 - known / _STRANGE, 0.0, 1.0))
    return np.asarray((1 - alike) * near + alike * even_weights(left_out))


def _same_family(model: MetaModel, fingerprint: Fingerprint | None) -> "BoolArray":
    """Find past datasets with this content, and those of their families: both would leak."""
    if fingerprint is None:
        return np.zeros(len(model.names), dtype=bool)
    same = [fingerprint.same_data(Fingerprint.parse(text)) for text in model.fingerprints]
    families = {family for family, yes in zip(model.families, same, strict=True) if yes}
    return np.array([family in families for family in model.families], dtype=bool)


def _score(question: Question, value: float) -> float:
    """Convert a value of the model to a score in the question's metric."""
    if question.metric not in PERFECT_SCORE:
        return float("nan")
    perfect = PERFECT_SCORE[question.metric]
    return score_of_value(value, constant=question.constant, perfect=perfect)


def _interval(question: Question, low: float, high: float) -> tuple[float, float]:
    ends = sorted((_score(question, low), _score(question, high)))
    return ends[0], ends[1]


def standing_out(near: "FloatArray") -> "IndexArray":
    """Return the past datasets that resemble this one more than others do, the nearest first.

    Parameters
    ----------
    near : ndarray of shape (n_datasets,)
        Weights of past datasets.

    Returns
    -------
    ndarray of int, shape (n_shown,)
        Their places, at most five. None where all weights are about alike, or the nearest have
        little weight together; the list ends where the next ones would tie.
    """
    order = np.argsort(-near, kind="stable")
    weights = near[order]
    even = weights.sum() / max(1, int((weights > 0).sum()))
    shown = min(_N_NEIGHBOURS, int((weights >= _STANDS_OUT * even).sum()))
    while 0 < shown < len(weights) and weights[shown - 1] <= _TIE * weights[shown]:
        shown -= 1
    if weights[:shown].sum() < _TOGETHER * weights.sum():
        shown = 0
    return np.asarray(order[:shown])


def _neighbours(
    model: MetaModel, near: "FloatArray", algorithms: Collection[str]
) -> tuple[Neighbour, ...]:
    pool = model.configurations
    columns = [i for i, c in enumerate(pool) if c.algorithm in algorithms] or list(range(len(pool)))
    values = model.values[:, columns, TOP]
    found: list[Neighbour] = []
    for row in standing_out(near):
        found.append(
            Neighbour(
                dataset=model.names[row],
                similarity=float(near[row]),
                n_rows=int(model.sizes[row, 0]),
                n_columns=int(model.sizes[row, 1]),
                best=model.configurations[columns[int(np.argmin(values[row]))]],
            )
        )
    return tuple(found)
