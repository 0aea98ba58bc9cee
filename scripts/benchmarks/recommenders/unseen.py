"""Forecasts for datasets of families that metatune has not seen, against what they showed."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.recommenders.held_out import judged, judged_random, shown_values
from metatune.recommender.forecast import Forecast, level_log_seconds, make_forecast
from metatune.recommender.levels import LEVELS, TOP
from metatune.recommender.meta_model import MetaModel
from metatune.recommender.observations import Observation
from metatune.recommender.past import Past
from metatune.recommender.planner import Planner, PlannerSettings
from metatune.recommender.portfolio import greedy_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.intp]

__all__ = ["N_RANDOM", "N_TRIALS", "Unseen", "forecast_unseen", "top_seconds"]

N_TRIALS = 8
"""So many trials are followed on each dataset."""

N_RANDOM = 30
"""Trials of the random search that metatune is compared with."""

_REPEATS = 200  # of it
_N_FOLDS = 3  # of the meta-dataset's top rung


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unseen:
    """One dataset whose family was left out.

    Attributes
    ----------
    name : str
        Of the dataset.
    regret : ndarray of shape (n_configurations,)
        What each configuration of the pool really had; NaN where it was not evaluated.
    tried : ndarray of int, shape (N_TRIALS,)
        What metatune tried, in that order, by evaluations alone.
    fixed : int
        The configuration with the lowest mean regret on all other families.
    surprise : ndarray of shape (n_configurations,)
        Real minus expected value in units of the reach of the 80 % interval, before any trial.
    recommended : ndarray of int, shape (10,)
        The first ten of the portfolio.
    log_ratio : ndarray of shape (n_configurations,)
        Logarithm of predicted over real seconds at the top level, before any trial.
    log_ratio_later : ndarray of shape (n_configurations,)
        The same after `N_TRIALS` trials; NaN for those.
    judged : ndarray of shape (N_TRIALS,)
        The best so far of a search that sees all folds but one, judged on that one (`judged` of
        `validation.held_out`), on average.
    judged_random : float
        The same of random search over the pool after `N_RANDOM` trials.
    """

    name: str
    regret: "FloatArray"
    tried: "IntArray"
    fixed: int
    surprise: "FloatArray"
    recommended: "IntArray"
    log_ratio: "FloatArray"
    log_ratio_later: "FloatArray"
    judged: "FloatArray"
    judged_random: float


def forecast_unseen(
    past: Past,
    shares: "FloatArray",
    n_families: int | None = None,
    *,
    not_judged: Collection[str] = (),
) -> Iterator[Unseen]:
    """Forecast every dataset from the datasets of all other families.

    Parameters
    ----------
    past : Past
        What is known.
    shares : ndarray of shape (n_datasets, n_configurations, n_folds)
        See `validation.held_out.fold_shares`.
    n_families : int, optional
        Leave out only the first so many families.
    not_judged : collection of str
        Datasets that are known, but not forecast.
    """
    regret = past.regret
    real_seconds = top_seconds(past)
    families = np.array(past.families)
    wanted = ~np.isin(past.names, list(not_judged))
    for family in list(dict.fromkeys(families[wanted]))[:n_families]:
        unseen = families == family
        train = past.without(unseen)
        model = MetaModel.fit(train)
        fixed = int(np.argmin(model.regret.mean(axis=0)))
        for row in np.flatnonzero(unseen & wanted):
            yield _one(past, model, int(row), regret[row], real_seconds[row], fixed, shares[row])


def _one(
    past: Past,
    model: MetaModel,
    row: int,
    regret: "FloatArray",
    seconds: "FloatArray",
    fixed: int,
    shares: "FloatArray",
) -> Unseen:
    nothing = np.zeros(len(model.names), dtype=bool)
    weights = model.proximity.weights(past.features[row], nothing)
    rows, columns, classes = past.sizes[row]
    size = rows * (1 - 1 / _N_FOLDS), int(columns), int(classes)
    log_seconds = level_log_seconds(model.cost, size, _N_FOLDS, weights)
    forecast = make_forecast(
        model,
        usable=np.isfinite(regret),
        weights=weights,
        left_out=nothing,
        log_seconds=log_seconds,
    )
    known = np.flatnonzero(np.isfinite(regret))
    values = past.values[row]
    posterior = forecast.belief.before_results()
    top = slice(TOP, None, len(LEVELS))
    low, high = posterior.interval(0.8, model.spread)
    surprise = np.full(len(regret), np.nan)
    surprise[known] = (values[known, TOP] - posterior.mean[top]) / ((high - low)[top] / 2)
    tried, later = _search(forecast, known, values, seconds)
    log_ratio = log_seconds[:, TOP] - np.log(seconds)
    log_ratio_later = np.full(len(regret), np.nan)
    log_ratio_later[known] = later - np.log(seconds[known])
    log_ratio_later[tried] = np.nan
    return Unseen(
        name=past.names[row],
        regret=regret,
        tried=tried,
        fixed=fixed,
        surprise=surprise,
        recommended=known[_portfolio(forecast)],
        log_ratio=log_ratio,
        log_ratio_later=log_ratio_later,
        judged=_judged(forecast, known, values, seconds, shares[known]),
        judged_random=judged_random(shares[known], N_RANDOM, _REPEATS),
    )


def _search(
    forecast: Forecast, known: "IntArray", values: "FloatArray", seconds: "FloatArray"
) -> "tuple[IntArray, FloatArray]":
    """Follow the planner; return what it tried and the log seconds that it expects afterwards."""
    planner = Planner(forecast, settings=PlannerSettings(floor=np.inf))
    column = {c.key: int(i) for c, i in zip(forecast.configurations, known, strict=True)}
    observations: list[Observation] = []
    tried: list[int] = []
    for _ in range(min(N_TRIALS, len(known))):
        choice = planner.choose(observations)
        if choice is None:
            break
        at = column[choice.configuration.key]
        tried.append(at)
        for level in (TOP - 1, TOP):
            observations.append(
                Observation(
                    configuration=choice.configuration,
                    level=level,
                    value=float(values[at, level]),
                    seconds=float(seconds[at]) if level == TOP else float("nan"),
                )
            )
    return np.array(tried, dtype=np.intp), planner.log_seconds(observations)[:, TOP]


def _judged(
    forecast: Forecast,
    known: "IntArray",
    values: "FloatArray",
    seconds: "FloatArray",
    shares: "FloatArray",
) -> "FloatArray":
    """Search with each fold held out in turn and judge on it; `shares` are those of `known`."""
    position = np.full(len(values), -1, dtype=np.intp)
    position[known] = np.arange(len(known))
    found = []
    for held in range(shares.shape[1]):
        seen = values.copy()
        seen[known, TOP - 1 :] = shown_values(shares, held)
        tried, _ = _search(forecast, known, seen, seconds)
        best = judged(shares, held, position[tried])
        found.append(np.pad(best, (0, N_TRIALS - len(best)), mode="edge"))
    return np.asarray(np.mean(found, axis=0))


def _portfolio(forecast: Forecast) -> list[int]:
    """Return the first ten of the portfolio where cost does not matter."""
    free = np.zeros(forecast.regret.shape[1])
    return greedy_order(forecast.regret, forecast.weights, free, patience=1.0)[:10]


def top_seconds(past: Past) -> "FloatArray":
    """Return the processor seconds of the top level, (n_datasets, n_configurations)."""
    seconds = np.full(past.values.shape[:2], np.nan)
    largest = np.zeros_like(seconds)
    times = past.times
    for row, column, rows, spent in zip(
        times.dataset, times.configuration, times.sizes[:, 0], times.seconds, strict=True
    ):
        if rows > largest[row, column]:
            largest[row, column], seconds[row, column] = rows, spent * _N_FOLDS
    return np.asarray(np.maximum(seconds, 1e-3))
