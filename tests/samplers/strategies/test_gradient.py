"""Descent by hypergradients: it arrives where the loss is least, in fewer steps than chance."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from surfaces import BOWL, FULL, RMSE, SPACES, answer, failed, situation

from metatune.algorithms.registry import ALGORITHMS
from metatune.evaluation.trial import Slope, Trial
from metatune.kinds import TaskKind
from metatune.samplers.next_trial import next_trial
from metatune.samplers.strategies.gradient import GradientSampler, Point, make_gradient, next_place
from metatune.search.halving import SuccessiveHalving
from metatune.space import Configuration

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]


def bowl(place: np.ndarray) -> tuple[float, np.ndarray]:
    """Bottom inside, steep in one direction."""
    centre, steep = np.array([0.7, 0.35]), np.array([1.0, 20.0])
    away = place - centre
    return float(away @ (steep * away)), 2.0 * steep * away


def slide(place: np.ndarray) -> tuple[float, np.ndarray]:
    """Least in a corner."""
    return float(place[0] - 2.0 * place[1]), np.array([1.0, -2.0])


def step_down(place: np.ndarray) -> tuple[float, np.ndarray]:
    """Curved both ways, as validation losses are in the logarithm of a strength."""
    slope = 6.0 * np.tanh(8.0 * (place - 0.8)) / np.cosh(8.0 * (place - 0.8))
    return float(-0.75 / np.cosh(8.0 * (place - 0.8)).sum()), slope


def descend(loss: Loss, start: list[float], most: int = 40) -> list[Point]:
    points: list[Point] = []
    place: np.ndarray | None = np.array(start)
    while place is not None and len(points) < most:
        value, gradient = loss(place)
        points.append(Point(place=place, loss=value, gradient=gradient))
        place = next_place(points)
    return points


def best(points: list[Point]) -> Point:
    return min(points, key=lambda point: point.loss)


@pytest.mark.parametrize("start", [[0.1, 0.9], [0.9, 0.1], [0.0, 0.0], [0.68, 0.36]])
def test_a_descent_arrives_at_the_bottom(start: list[float]) -> None:
    points = descend(bowl, start)
    assert len(points) < 20
    assert best(points).loss < 1e-3
    np.testing.assert_allclose(best(points).place, [0.7, 0.35], atol=0.02)


def test_a_descent_ends_in_a_corner_where_the_loss_falls_that_far() -> None:
    points = descend(slide, [0.6, 0.3])
    np.testing.assert_array_equal(best(points).place, [0.0, 1.0])
    assert len(points) < 10


@pytest.mark.parametrize("start", [[0.45], [0.98]])
def test_a_descent_of_one_hyperparameter_needs_few_steps(start: list[float]) -> None:
    points = descend(step_down, start)
    np.testing.assert_allclose(best(points).place, [0.8], atol=0.01)
    assert len(points) < 12


def test_steps_become_shorter_while_nothing_descends() -> None:
    flat = np.array([1.0, 0.0])
    points = [Point(place=np.array([0.5, 0.5]), loss=1.0, gradient=flat)]
    lengths = []
    while (place := next_place(points)) is not None:
        lengths.append(float(np.linalg.norm(place - points[0].place)))
        points.append(Point(place=place, loss=2.0, gradient=flat))
    assert lengths == sorted(lengths, reverse=True)
    assert 3 < len(lengths) < 15


def test_a_descent_that_began_with_a_failure_does_not_go_on() -> None:
    start = Point(place=np.array([0.5]), loss=float("inf"), gradient=np.zeros(1))
    assert next_place([start]) is None


class Search:
    """Search on the made-up spaces whose trials tell slopes."""

    def __init__(self, *, lag: int = 0) -> None:
        self.halving = SuccessiveHalving(FULL, RMSE)
        self.sampler = GradientSampler(situation())
        self.trials: list[Trial] = []
        self.lag = lag

    def run(self, n_trials: int) -> "Search":
        while len(self.trials) < n_trials:
            trial = next_trial(self.halving, self.sampler)
            assert trial is not None
            self.trials.append(trial)
            if len(self.trials) > self.lag:
                told = self.trials[len(self.trials) - 1 - self.lag]
                self.halving.tell(replace(answer(told, self.loss), slope=self.slope(told)))
        return self

    @staticmethod
    def loss(configuration: Configuration) -> float:
        if configuration.algorithm == "plate":
            return 9.0
        return bowl(Search.place(configuration))[0] + 1.0

    @staticmethod
    def place(configuration: Configuration) -> np.ndarray:
        return np.array([BOWL.domains[n].to_unit(configuration.params[n]) for n in ("x", "y")])

    def slope(self, trial: Trial) -> Slope | None:
        if trial.configuration.algorithm == "plate":
            return None
        loss, gradient = bowl(self.place(trial.configuration))
        by_log = gradient / np.array([1.0, np.log(1e6)])  # of x, and of the logarithm of y
        value = float(trial.configuration.params["y"])  # type: ignore[arg-type]
        return Slope(loss=loss, by={"x": float(by_log[0]), "y": float(by_log[1]) / value})


@pytest.mark.parametrize("lag", [0, 3])
def test_trials_descend_in_the_logarithm_where_the_space_has_one(lag: int) -> None:
    search = Search(lag=lag).run(14 * (1 + lag))
    steps = [t.configuration for t in search.trials if t.configuration.origin == "gradient"]
    assert min(map(search.loss, steps)) < 1.0 + 1e-3
    assert search.loss(BOWL.default()) > 1.4


def test_families_without_derivatives_keep_their_defaults() -> None:
    search = Search().run(25)
    others = [t.configuration for t in search.trials if t.configuration.algorithm == "plate"]
    assert others == [SPACES["plate"].default()]


def test_a_step_changes_nothing_but_what_has_a_derivative() -> None:
    search = Search().run(4)
    steps = [t.configuration for t in search.trials if t.configuration.algorithm == "bowl"]
    fixed = [{n: v for n, v in step.params.items() if n not in ("x", "y")} for step in steps]
    assert all(one == fixed[0] for one in fixed)
    assert len(steps) == 3


def test_a_trial_that_failed_makes_the_next_step_shorter() -> None:
    search = Search().run(1)
    lengths: list[float] = []
    for _ in range(2):
        descents = search.sampler.descents(search.halving.history)
        assert len(descents[0]) == len(lengths) + 1
        proposal = search.sampler.propose(search.halving.history)
        while proposal is not None and proposal.configuration.algorithm == "plate":
            search.halving.tell(failed(search.halving.start(proposal.configuration, rung=-1)))
            proposal = search.sampler.propose(search.halving.history)
        assert proposal is not None
        away = search.place(proposal.configuration) - search.place(BOWL.default())
        lengths.append(float(np.linalg.norm(away)))
        search.halving.tell(failed(search.halving.start(proposal.configuration, rung=-1)))
    assert lengths[1] < lengths[0]


def test_either_penalty_and_every_kernel_is_begun_with() -> None:
    spaces = {n: ALGORITHMS[n].space(TaskKind.REGRESSION) for n in ("linear", "gaussian_process")}
    sampler = make_gradient(situation(spaces=spaces))
    halving = SuccessiveHalving(FULL, RMSE)
    found = []
    for _ in range(8):
        trial = next_trial(halving, sampler)
        assert trial is not None
        found.append(trial.configuration.params)
        halving.tell(answer(trial, lambda _: 1.0))
    assert {values["penalty"] for values in found if "penalty" in values} == {"l2", "elastic_net"}
    kernels = [values["kernel"] for values in found if "kernel" in values]
    assert sorted(map(str, kernels)) == ["matern32", "matern52", "rbf"]
