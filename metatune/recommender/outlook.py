"""Outlook of a search: the best score to expect over time, before and after trials.

The belief about all configurations is a distribution; vectors of results are drawn from it, and the
search walks through each of them in the order in which it would try configurations, paying their
predicted seconds (the simulation of a best-so-far curve, as in the freeze-thaw view of Swersky et
al. 2014, with the draws of a Gaussian mixture). What is told is the best configuration of the pool
in cross-validation: neither those that a search makes up nor an ensemble is counted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metatune.kinds import TaskKind
from metatune.metrics import PERFECT_SCORE, RECORDED_METRICS
from metatune.recommender.forecast import Forecast
from metatune.recommender.levels import TOP
from metatune.recommender.losses import FAILED, log_share, score_of_value, share_of_log
from metatune.recommender.observations import Observation
from metatune.recommender.planner import Planner
from metatune.recommender.portfolio import greedy_order
from metatune.recommender.recommendation import Course, Outlook

if TYPE_CHECKING:
    from metatune._typing import FloatArray, IndexArray
    from metatune.recommender.belief import Posterior

__all__ = ["CLIMB", "course_of", "longer_outlook", "outlook_after"]

N_DRAWS = 400
"""Vectors of results that are drawn."""

_TAIL = 0.1  # below and above the interval
_OWN = 0.5  # of a configuration's own deviation: else the best of many owes too much to luck
_PATIENCE = 0.05  # of the time: what is cheaper counts as free when the order is made
_WORTH = 0.01  # of the remaining error has to go for more time to have paid
CLIMB = 1.5
"""A configuration costs so many times its folds: lower rungs, and those that do not rise, count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Experience:
    """Outcome of promised gains on datasets whose families were left out.

    A promised gain g is told as `expected` times the root of g, and lies between `low` and `high`
    times that root in 4 of 5 cases; `median` and `scatter` are those of a log-normal distribution
    of the outcome. Gains are logarithms of the error that remains.
    """

    expected: float
    low: float
    high: float
    median: float
    scatter: float


_CLASSES = _Experience(expected=0.13, low=0.0, high=0.22, median=0.07, scatter=1.3)
"""Of 69 promises on 23 datasets, after 5, 12 and 30 trials."""

_VALUES = _Experience(expected=0.06, low=0.0, high=0.2, median=0.005, scatter=4.1)
"""Of 36 promises on 12 datasets: where values are predicted, few trials mostly find the best."""


def course_of(
    forecast: Forecast,
    *,
    metric: str,
    constant: float,
    seconds: Sequence[float],
    n_workers: int,
    seed: int = 0,
) -> Course | None:
    """Return the expected best score over time, before the first trial.

    Parameters
    ----------
    forecast : Forecast
        Expectations on the dataset.
    metric : str
        Recorded metric of the forecast.
    constant : float
        Score of the constant prediction in it.
    seconds : sequence of float
        Times since the search began, ascending.
    n_workers : int
        Trials that run at once.
    seed : int
        Seed of the draws.

    Returns
    -------
    Course or None
        None where nothing is known of the usable configurations, or no score can be told.
    """
    if not forecast.configurations or not math.isfinite(constant):
        return None
    best = _walk(forecast, seconds, n_workers, seed)
    low, high = np.quantile(best, (_TAIL, 1.0 - _TAIL), axis=0)
    told = [_scores(values, metric, constant) for values in (low, _mean(best), high)]
    return Course(
        metric=metric,
        seconds=tuple(seconds),
        low=tuple(map(min, told[0], told[2])),
        expected=tuple(told[1]),
        high=tuple(map(max, told[0], told[2])),
    )


def longer_outlook(
    forecast: Forecast,
    *,
    metric: str,
    constant: float,
    seconds: float,
    n_workers: int,
    factor: float = 3.0,
    seed: int = 0,
) -> Outlook | None:
    """Return what `factor` times the seconds of a search should bring, before its first trial."""
    if not forecast.configurations or not math.isfinite(constant):
        return None
    best = _walk(forecast, (seconds, factor * seconds), n_workers, seed)
    more = (factor - 1.0) * seconds
    ends = tuple(map(float, np.quantile(best[:, 1], (_TAIL, 1.0 - _TAIL))))
    now = float(best[:, 0].mean())
    return _recalibrated(now, best[:, 1], metric=metric, constant=constant, seconds=more, ends=ends)


def outlook_after(
    planner: Planner,
    observations: Sequence[Observation],
    *,
    metric: str,
    constant: float,
    seconds: float,
    n_workers: int,
    seed: int = 0,
) -> Outlook | None:
    """Return what more time should bring after the trials of a run.

    Parameters
    ----------
    planner : Planner
        Of the run; knows what to expect.
    observations : sequence of Observation
        Its trials.
    metric : str
        Recorded metric of the forecast.
    constant : float
        Score of the constant prediction in it.
    seconds : float
        So much more.
    n_workers : int
        Trials that run at once.
    seed : int
        Seed of the draws.

    Returns
    -------
    Outlook or None
        None where no configuration has come to the top level yet, or none of the pool is untried:
        then past datasets cannot tell.
    """
    known = [o.value for o in observations if o.level == TOP and math.isfinite(o.value)]
    tried = {o.configuration.key for o in observations}
    pool = planner.forecast.configurations
    untried = np.array([c.key not in tried for c in pool], dtype=bool)
    if not known or not untried.any() or not math.isfinite(constant):
        return None
    posterior, log_seconds = planner.outlook(observations)
    best = min(known)
    price = CLIMB * np.exp(log_seconds[:, -1])
    gain = posterior.expected_improvement(best)
    order = np.flatnonzero(untried)
    order = order[np.argsort(-(gain / (price + _PATIENCE * seconds))[order], kind="stable")]
    draws = _draw(posterior, planner.forecast.spread, 1.0, seed)
    later = _best_over_time(draws, order, price[order] / n_workers, (seconds,), best)[:, 0]
    return _recalibrated(best, later, metric=metric, constant=constant, seconds=seconds)


def _walk(forecast: Forecast, seconds: Sequence[float], n_workers: int, seed: int) -> "FloatArray":
    """Return the best value at each time in each draw, (n_draws, n_times)."""
    price = CLIMB * np.exp(forecast.log_seconds[:, -1])
    patience = _PATIENCE * max(seconds)
    order = np.asarray(greedy_order(forecast.regret, forecast.weights, price, patience))
    top = slice(forecast.n_levels - 1, None, forecast.n_levels)
    prior = forecast.belief.before_results().only(top)
    draws = _draw(prior, forecast.spread, _OWN * forecast.spread, seed)
    return _best_over_time(draws, order, price[order] / n_workers, seconds, FAILED)


def _draw(posterior: "Posterior", common: float, own: float, seed: int) -> "FloatArray":
    """Draw vectors of results, (N_DRAWS, n_columns).

    Parameters
    ----------
    posterior : Posterior
        Of n_columns configurations.
    common, own : float
        Factors of the deviation that all configurations share, and of each one's own.
    seed : int
        Seed of the draws.
    """
    rng = np.random.default_rng(seed)
    covariance = posterior.prior_covariance - posterior.explained.T @ posterior.explained
    covariance = posterior.scale * 0.5 * (covariance + covariance.T)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    guesses = rng.choice(len(posterior.weights), size=N_DRAWS, p=posterior.weights)
    deviation = posterior.means[guesses] - posterior.mean
    deviation = deviation + rng.standard_normal((N_DRAWS, len(values))) @ root.T
    shared = deviation.mean(axis=1, keepdims=True)
    return np.asarray(posterior.mean + common * shared + own * (deviation - shared))


def _best_over_time(
    draws: "FloatArray",
    order: "IndexArray",
    price: "FloatArray",
    seconds: Sequence[float],
    start: float,
) -> "FloatArray":
    """Return the lowest value so far in each draw, (n_draws, n_times)."""
    so_far = np.minimum.accumulate(draws[:, order], axis=1)
    so_far = np.minimum(np.hstack([np.full((len(draws), 1), start), so_far]), start)
    done = np.searchsorted(np.cumsum(price), np.asarray(seconds), side="right")
    return np.asarray(so_far[:, done])


def _recalibrated(
    best: float,
    later: "FloatArray",
    *,
    metric: str,
    constant: float,
    seconds: float,
    ends: tuple[float, ...] = (),
) -> Outlook:
    """Return the outlook by what came of such promises on past datasets.

    The draws promise too much early in a search, when little is known, and too little late, when
    the luck of many further trials is all that is left.

    Parameters
    ----------
    best : float
        Best value without more time.
    later : ndarray of shape (n_draws,)
        Best values with it.
    metric, constant, seconds
        As in `outlook_after`.
    ends : tuple of float
        Ends of the interval where `best` itself is uncertain; by default those of the gain alone.
    """
    from scipy.special import ndtr

    known = _VALUES if metric in RECORDED_METRICS[TaskKind.REGRESSION] else _CLASSES
    root = math.sqrt(max(0.0, best - float(later.mean())))
    gain = known.expected * root
    low, high = ends or (best - known.high * root, best - known.low * root)
    values = np.array([best, min(low, best - gain), best - gain, max(high, best - gain)])
    first, *told = _scores(values, metric, constant)
    # A hundredth of the remaining error, as a step of the logarithm.
    share = float(share_of_log(np.array(best)))
    step = best - float(log_share(np.array((1.0 - _WORTH) * share)))
    chance = 0.0
    if root > 0 and step > 0:
        chance = float(ndtr(math.log(known.median * root / step) / known.scatter))
    return Outlook(
        metric=metric,
        seconds=seconds,
        now=first,
        expected=told[1],
        low=min(told[0], told[2]),
        high=max(told[0], told[2]),
        chance=chance,
    )


def _mean(best: "FloatArray") -> "FloatArray":
    return np.asarray(best.mean(axis=0))


def _scores(values: "FloatArray", metric: str, constant: float) -> list[float]:
    perfect = PERFECT_SCORE[metric]
    return [score_of_value(value, constant=constant, perfect=perfect) for value in values]
