"""Descent by hypergradients: regularisation follows the derivative of the validation loss.

Bengio 2000; Pedregosa 2016; Lorraine et al. 2020, "Optimizing millions of hyperparameters by
implicit differentiation". Trials of linear models (ridge, elastic net, logistic regression) tell
the mean over their folds of the validation loss and its derivatives by strength and mix of the
penalty (`evaluation.hypergradient`). There is a descent for each combination of the other
hyperparameters, in the unit cube of the space, where strengths are logarithmic: from its best
point a quasi-Newton step (BFGS, Nocedal and Wright 2006), shorter after one that did not descend
enough. Descents take turns: the one with the fewest points goes on. They begin at the recommended
and default configurations, with either penalty, and at random ones when all have arrived.

Kernels of Gaussian processes need no steps: each fit follows the gradient of the marginal
likelihood to its end, so every shape of the kernel is tried once. Families without derivatives
keep their defaults; one of them is tried after each step until there is none left.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import TrialResult
from metatune.samplers.base import TOP_RUNG, Proposal, Sampler
from metatune.samplers.drawing import draw_configuration
from metatune.samplers.strategies.cube import holds
from metatune.samplers.strategies.warm_start import after_recommended
from metatune.samplers.strategy import Situation
from metatune.search.history import History
from metatune.space import Choice, Configuration, Float, SearchSpace

if TYPE_CHECKING:
    from metatune._typing import FloatArray

__all__ = ["GradientSampler", "Point", "make_gradient", "next_place"]

_FIRST_STEP = 0.2  # of the edge of the cube, along the gradient
_LONGEST_STEP = 0.5
_FLAT = 1e-3  # of the loss is the most that a whole edge of the cube may still promise
_SHORTEST_STEP = 0.003  # less makes no other model
_DESCENT = 1e-4  # of what the gradient promises has to come true (Armijo 1966)
_SHORTENED = 0.6  # of a step that did not descend enough are the most for the next one
_ATTEMPTS = 50
_ORIGIN = "gradient"

_STARTED = {"linear": "penalty", "gaussian_process": "kernel"}
"""Choice of a family each of whose options is tried at the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Point:
    """Point of a descent.

    Attributes
    ----------
    place : ndarray of shape (n_smooth,)
        In the unit cube.
    loss : float
        Validation loss; infinite where the trial came to nothing.
    gradient : ndarray of shape (n_smooth,)
        By the place; zero where there is none.
    """

    place: "FloatArray"
    loss: float
    gradient: "FloatArray"


def next_place(points: Sequence[Point]) -> "FloatArray | None":
    """Return where a descent goes on; None where it has arrived, or never began.

    Parameters
    ----------
    points : sequence of Point
        All so far, in the order in which they were tried.

    Returns
    -------
    ndarray of shape (n_smooth,) or None
        In the unit cube.
    """
    stands, inverse, longest = points[0], None, _LONGEST_STEP
    for point in points[1:]:
        if np.isfinite(point.loss) and np.isfinite(stands.loss):
            inverse = _updated(inverse, stands, point)
        if point.loss < _enough(stands, point):
            stands, longest = point, _LONGEST_STEP
        else:
            longest = _SHORTENED * float(np.linalg.norm(point.place - stands.place))
    downhill = _inside(stands.place, -stands.gradient)
    length = float(np.linalg.norm(downhill))
    if not np.isfinite(stands.loss) or length <= _FLAT * abs(stands.loss):
        return None
    step = downhill * (_FIRST_STEP / length)
    if inverse is not None:
        newton = _inside(stands.place, inverse @ downhill)
        step = newton if newton @ downhill > 0.0 else step
    step = step * min(1.0, longest / float(np.linalg.norm(step)))
    place = np.clip(stands.place + step, 0.0, 1.0)
    return place if float(np.abs(place - stands.place).max()) >= _SHORTEST_STEP else None


def _enough(stands: Point, point: Point) -> float:
    """Return the loss that a point has to undercut for the descent to go there."""
    if not np.isfinite(stands.loss):
        return stands.loss
    promised = float(stands.gradient @ (point.place - stands.place))
    return stands.loss + _DESCENT * min(0.0, promised)


def _updated(inverse: "FloatArray | None", stands: Point, point: Point) -> "FloatArray | None":
    """Return the inverse Hessian of BFGS after the step from one point to another."""
    step, change = point.place - stands.place, point.gradient - stands.gradient
    curved = float(step @ change)
    if curved <= 1e-12:
        return inverse
    unit = np.eye(len(step))
    if inverse is None:
        inverse = unit * (curved / float(change @ change))
    left = unit - np.outer(step, change) / curved
    return np.asarray(left @ inverse @ left.T + np.outer(step, step) / curved)


def _inside(place: "FloatArray", step: "FloatArray") -> "FloatArray":
    """Return a step without the parts that lead out of the cube."""
    leaves = ((place <= 0.0) & (step < 0.0)) | ((place >= 1.0) & (step > 0.0))
    return np.where(leaves, 0.0, step)


class GradientSampler(Sampler):
    """Sampler of the next steps of descents.

    Parameters
    ----------
    situation : Situation
        Spaces, seed and rungs of the search.
    """

    def __init__(self, situation: Situation) -> None:
        self._spaces = {name: s for name, s in situation.spaces.items() if s.smooth}
        self._seed = situation.seed
        self._top: Rung = situation.rungs[-1]
        starts = [c for space in self._spaces.values() for c in _starts(space)]
        self._starts = [configuration.with_origin(_ORIGIN) for configuration in starts]
        others = [space for name, space in situation.spaces.items() if name not in self._spaces]
        self._others = [c for space in others for c in _starts(space)]

    def propose(self, history: History) -> Proposal | None:
        first = self._others if self._is_turn_of_others(history) else ()
        steps = (self._starts, self._descended(history))
        for configuration in chain(first, *steps, self._others, self._anywhere(history)):
            if not history.knows(configuration):
                return Proposal(configuration=configuration, rung=TOP_RUNG)
        return None

    def descents(self, history: History) -> list[list[TrialResult | None]]:
        """Return the results of each descent, those with the fewest first, random ones last.

        None stands for a trial that is under way.
        """
        found: dict[str, list[TrialResult | None]] = {}
        begun: dict[str, Configuration] = {}
        told = {result.trial.number: result for result in history.results}
        pending = {trial.number: trial for trial in history.pending}
        for number in sorted({*told, *pending}):
            trial = told[number].trial if number in told else pending[number]
            if trial.rung == self._top and holds(self._spaces, trial.configuration):
                key = self._descent_of(trial.configuration).key
                begun.setdefault(key, trial.configuration)
                found.setdefault(key, []).append(told.get(number))
        order = sorted(found, key=lambda key: (begun[key].origin == "random", len(found[key])))
        return [found[key] for key in order]

    def _descent_of(self, configuration: Configuration) -> Configuration:
        """Return what all points of a descent have in common."""
        smooth = self._spaces[configuration.algorithm].smooth
        fixed = {name: v for name, v in configuration.params.items() if name not in smooth}
        return replace(configuration, params=fixed)

    def _is_turn_of_others(self, history: History) -> bool:
        """Return True if fewer configurations of other families than steps were tried so far."""
        trials = [*(result.trial for result in history.results), *history.pending]
        n_steps = len({t.configuration for t in trials if t.configuration.origin == _ORIGIN})
        return n_steps > sum(history.knows(configuration) for configuration in self._others)

    def _descended(self, history: History) -> Iterator[Configuration]:
        """Yield the next step of each descent of which no trial is under way."""
        for results in self.descents(history):
            finished = [result for result in results if result is not None]
            if len(finished) < len(results):
                continue
            configuration = finished[0].trial.configuration
            domains = _smooth_domains(self._spaces[configuration.algorithm], configuration)
            place = next_place([_point(result, domains) for result in finished])
            if place is not None:
                pairs = zip(domains.items(), place, strict=True)
                moved = {name: domain.from_unit(float(unit)) for (name, domain), unit in pairs}
                params = {**configuration.params, **moved}
                yield replace(configuration, params=params, origin=_ORIGIN)

    def _anywhere(self, history: History) -> Iterator[Configuration]:
        rng = np.random.default_rng([self._seed, history.n_configurations])
        for _ in range(_ATTEMPTS if self._spaces else 0):
            yield draw_configuration(self._spaces, rng)


def _smooth_domains(space: SearchSpace, configuration: Configuration) -> dict[str, Float]:
    """Return the domains in which a descent moves: those with room, of active hyperparameters."""
    found = {n: space.domains[n] for n in space.smooth if n in configuration.params}
    return {n: d for n, d in found.items() if isinstance(d, Float) and d.low < d.high}


def _point(result: TrialResult, domains: Mapping[str, Float]) -> Point:
    params, slope = result.trial.configuration.params, result.slope
    place = np.array([domain.to_unit(params[name]) for name, domain in domains.items()])
    if slope is None or not result.ok:
        return Point(place=place, loss=float("inf"), gradient=np.zeros(len(place)))
    gradient = [
        slope.by.get(name, 0.0) * _stretch(domain, float(params[name]))  # type: ignore[arg-type]
        for name, domain in domains.items()
    ]
    return Point(place=place, loss=slope.loss, gradient=np.array(gradient))


def _stretch(domain: Float, value: float) -> float:
    """Return the derivative of a value by its place in [0, 1]."""
    return value * math.log(domain.high / domain.low) if domain.log else domain.high - domain.low


def _starts(space: SearchSpace) -> list[Configuration]:
    """Return the default, with each option of the choice that matters most."""
    name = _STARTED.get(space.algorithm, "")
    domain = space.domains.get(name)
    options = domain.options if isinstance(domain, Choice) else ()
    others = [space.from_values({**space.defaults, name: option}, "default") for option in options]
    return list({c.key: c for c in (space.default(), *others)}.values())


def make_gradient(situation: Situation) -> Sampler:
    """Descend from the recommended configurations and from defaults."""
    return after_recommended(situation, GradientSampler(situation), rung=TOP_RUNG)
