"""Gaussian process: the largest expected improvement over the best result (Jones et al. 1998).

The process is scikit-learn's, over all families at once: Matern 5/2, one length for all
hyperparameters and a noise, both by marginal likelihood (Snoek et al. 2012). Each family has a
coordinate of its own, as have the options of a choice; hyperparameters of other families stay in
the middle. Losses far above the middle are cut off, since failures say little about their
neighbours. Trials under way count with the value that is expected of them (kriging believer,
Ginsbourger et al. 2010). Improvement is compared over random draws and over mutations of the best
configurations. Optuna's own sampler needs torch, and does not know hyperparameters that depend on
others.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from metatune.samplers.base import TOP_RUNG, Sampler
from metatune.samplers.drawing import draw_configuration
from metatune.samplers.strategies.seen import Seen
from metatune.samplers.strategies.top_rung import TopRungSampler
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation
from metatune.search.history import History
from metatune.space import Choice, Configuration, Domain, SearchSpace, Value

if TYPE_CHECKING:
    from metatune._typing import FloatArray

__all__ = ["Coordinates", "GaussianProcessSampler", "expected_improvement", "make_gp"]

_N_START = 8  # results before the process decides
_N_DRAWN = 300
_N_PARENTS = 5
_N_CHILDREN = 30  # of each parent
_MOST_SEEN = 200  # results that the process is fitted to: half the best, half the latest
_FENCE = 1.5  # interquartile ranges above the upper quartile (Tukey 1977)
_ONE_HOT = 1 / np.sqrt(2.0)  # so that two options, or families, are 1 apart
_MIDDLE = 0.5


class Coordinates:
    """Coordinates of configurations of several families.

    Parameters
    ----------
    spaces : Mapping of str to SearchSpace
        Search spaces of the families.
    """

    def __init__(self, spaces: Mapping[str, SearchSpace]) -> None:
        self._spaces = spaces
        self._families = sorted(spaces)

    def of(self, configurations: Sequence[Configuration]) -> "FloatArray":
        """Return the coordinates.

        Returns
        -------
        ndarray of shape (n_configurations, n_coordinates)
        """
        return np.array([self._row(configuration) for configuration in configurations])

    def _row(self, configuration: Configuration) -> list[float]:
        row = _one_hot(configuration.algorithm, self._families)
        for family in self._families:
            space = self._spaces[family]
            active = space.completed(configuration) if family == configuration.algorithm else {}
            for name, domain in space.domains.items():
                row += _coordinates(domain, active[name]) if name in active else _idle(domain)
        return row


def expected_improvement(mean: "FloatArray", deviation: "FloatArray", best: float) -> "FloatArray":
    """Return by how much losses are expected to fall below the best one."""
    from scipy.stats import norm

    deviation = np.maximum(deviation, 1e-9)
    steps = (best - mean) / deviation
    return np.asarray(deviation * (steps * norm.cdf(steps) + norm.pdf(steps)))


class GaussianProcessSampler(TopRungSampler):
    """Sampler of the largest expected improvement at the top rung.

    Parameters
    ----------
    situation : Situation
        Spaces, seed and rungs of the search.
    """

    def __init__(self, situation: Situation) -> None:
        super().__init__(situation)
        self._coordinates = Coordinates(situation.spaces)

    def _draw(self, history: History, rng: np.random.Generator) -> Configuration:
        seen = self._seen(history)
        if len(seen) < _N_START:
            return draw_configuration(self._spaces, rng)
        candidates = [c for c in self._candidates(seen, rng) if not history.knows(c)]
        if not candidates:
            return draw_configuration(self._spaces, rng)
        seen = _telling(seen)
        pending = self._pending(history)
        places = self._coordinates.of([one.configuration for one in seen])
        under_way = self._coordinates.of(pending) if pending else places[:0]
        losses = np.array([one.loss for one in seen])
        mean, deviation = _posterior(
            places, _without_outliers(losses), under_way, self._coordinates.of(candidates)
        )
        gains = expected_improvement(mean, deviation, float(losses.min()))
        return candidates[int(np.argmax(gains))].with_origin("gp")

    def _candidates(self, seen: Sequence[Seen], rng: np.random.Generator) -> list[Configuration]:
        parents = [one.configuration for one in sorted(seen, key=lambda one: one.loss)][:_N_PARENTS]
        found = [draw_configuration(self._spaces, rng) for _ in range(_N_DRAWN)]
        found += [
            self._spaces[parent.algorithm].mutate(parent, rng)
            for parent in parents
            for _ in range(_N_CHILDREN)
        ]
        return list({c.key: c for c in found}.values())


def _posterior(
    places: "FloatArray", losses: "FloatArray", under_way: "FloatArray", candidates: "FloatArray"
) -> "tuple[FloatArray, FloatArray]":
    """Return mean and deviation of the losses of candidates."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    kernel: Any = ConstantKernel(1.0, (0.05, 20.0)) * Matern(0.5, (0.05, 5.0), nu=2.5)
    kernel = kernel + WhiteKernel(1e-2, (1e-5, 1.0))
    middle, scale = float(losses.mean()), float(losses.std()) or 1.0
    values = (losses - middle) / scale
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound is no harm
        process = GaussianProcessRegressor(kernel=kernel).fit(places, values)
        if len(under_way):
            values = np.concatenate([values, process.predict(under_way)])
            places = np.concatenate([places, under_way])
            process = GaussianProcessRegressor(kernel=process.kernel_, optimizer=None)
            process.fit(places, values)
        mean, deviation = process.predict(candidates, return_std=True)
    noise = float(process.kernel_.k2.noise_level)
    deviation = np.sqrt(np.maximum(deviation**2 - noise, 0.0))  # of the loss itself
    return middle + scale * mean, scale * deviation


def _telling(seen: list[Seen]) -> list[Seen]:
    """Return as many results as the process has time for."""
    if len(seen) <= _MOST_SEEN:
        return seen
    latest = seen[-_MOST_SEEN // 2 :]
    best = sorted(seen[: -_MOST_SEEN // 2], key=lambda one: one.loss)[: _MOST_SEEN // 2]
    return [*best, *latest]


def _without_outliers(losses: "FloatArray") -> "FloatArray":
    lower, upper = np.quantile(losses, [0.25, 0.75])
    return np.asarray(np.minimum(losses, upper + _FENCE * (upper - lower)))


def _one_hot(value: Value, options: Sequence[Value]) -> list[float]:
    return [_ONE_HOT if option == value else 0.0 for option in options]


def _coordinates(domain: Domain, value: Value) -> list[float]:
    if isinstance(domain, Choice):
        return _one_hot(value, domain.options)
    return [domain.to_unit(value)]


def _idle(domain: Domain) -> list[float]:
    return [0.0] * len(domain.options) if isinstance(domain, Choice) else [_MIDDLE]


def make_gp(situation: Situation) -> Sampler:
    """Improve on results, those of the recommended configurations first."""
    return after_recommended(situation, GaussianProcessSampler(situation), rung=TOP_RUNG)
