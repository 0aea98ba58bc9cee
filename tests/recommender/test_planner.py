"""The planner on beliefs made by hand, where the right choice is known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from metatune.recommender.belief import Belief
from metatune.recommender.forecast import Forecast
from metatune.recommender.observations import Observation
from metatune.recommender.planner import PlannedTrial, Planner, PlannerSettings
from metatune.space import Configuration, Float, SearchSpace

FloatArray = NDArray[np.float64]
LEVELS = 2
SPACE = SearchSpace(algorithm="ridge", domains={"x": Float(0.0, 1.0)}, defaults={"x": 0.5})
FREE = PlannerSettings(n_portfolio=0, floor=float("inf"))
"""Expected improvement from the first result on, whatever it costs."""


def ridge(x: float) -> Configuration:
    return Configuration(algorithm="ridge", params={"x": x})


POOL = tuple(ridge(x) for x in (0.0, 0.25, 0.5, 0.75))


def make_planner(
    means: object,
    covariance: object,
    *,
    settings: PlannerSettings = FREE,
    seconds: object = 1.0,
    regret: object = None,
) -> Planner:
    """Plan over `POOL`; means and covariance are those of configurations, at all levels alike."""
    n = len(POOL)
    of_configurations = np.array(covariance, dtype=float)
    if of_configurations.ndim < 2:
        of_configurations = np.diag(np.broadcast_to(of_configurations, n))
    levels = np.full((LEVELS, LEVELS), 0.9) + 0.1 * np.eye(LEVELS)
    past = np.zeros((1, n)) if regret is None else np.array(regret, dtype=float)
    belief = Belief(
        means=np.repeat(np.atleast_2d(np.array(means, dtype=float)), LEVELS, axis=1),
        weights=np.ones(1),
        covariance=np.kron(of_configurations, levels),
        noise=1e-6,
        doubt=0.0,
    )
    each = np.broadcast_to(np.array(seconds, dtype=float), n)
    forecast = Forecast(
        configurations=POOL,
        regret=past,
        weights=np.full(len(past), 1 / len(past)),
        belief=belief,
        log_seconds=np.log(np.column_stack([each, 3 * each])),
    )
    return Planner(forecast=forecast, spaces={"ridge": SPACE}, settings=settings)


def told(number: int, value: float, level: int = 1, seconds: float = np.nan) -> Observation:
    return Observation(configuration=POOL[number], level=level, value=value, seconds=seconds)


def pending(number: int, level: int = 0) -> Observation:
    return told(number, np.nan, level)


def number_of(choice: PlannedTrial | None) -> int:
    assert choice is not None
    return POOL.index(choice.configuration)


REGRET = [[0.0, 1.0, 0.1, 2.0], [0.0, 1.0, 0.1, 2.0], [1.0, 0.0, 0.9, 2.0]]


def test_first_the_portfolio_then_what_improves() -> None:
    settings = PlannerSettings(n_portfolio=2, floor=float("inf"))
    planner = make_planner([0, 0, 0, -9], 1.0, settings=settings, regret=REGRET)
    assert number_of(planner.choose([])) == 0
    assert number_of(planner.choose([told(0, 0.0)])) == 1
    # the portfolio has seen nothing good in the last one; the belief has
    assert number_of(planner.choose([told(0, 0.0), told(1, 0.0)])) == 3


def test_as_long_as_there_is_no_result_the_portfolio_goes_on() -> None:
    planner = make_planner([0, 0, 0, -9], 1.0, regret=REGRET)
    assert number_of(planner.choose([pending(0), pending(1)])) == 2


def test_where_no_past_dataset_gains_at_least_nothing_bad_is_tried() -> None:
    regret = [[0.0, 2.0, 0.5, 1.0]]
    settings = PlannerSettings(n_portfolio=9, floor=float("inf"))
    planner = make_planner(np.zeros(4), 1.0, settings=settings, regret=regret)
    assert number_of(planner.choose([told(0, 0.0)])) == 2


def expected_gains(planner: Planner, observations: list[Observation]) -> FloatArray:
    columns = [POOL.index(o.configuration) * LEVELS + o.level for o in observations]
    results = np.array([o.value for o in observations])
    posterior = planner.forecast.belief.given(np.array(columns), results)
    top = posterior.mean[LEVELS - 1 :: LEVELS]
    best = top[[POOL.index(o.configuration) for o in observations]].min()
    return posterior.expected_improvement(best)[LEVELS - 1 :: LEVELS]


def test_the_largest_expected_improvement_is_chosen() -> None:
    # the second is a little worse than the third, and far less certain
    planner = make_planner([0.0, 0.2, 0.1, 1.0], [1.0, 4.0, 0.01, 0.01])
    observations = [told(0, 0.0)]
    gains = expected_gains(planner, observations)
    choice = planner.choose(observations)
    assert number_of(choice) == gains[1:].argmax() + 1 == 1
    assert choice is not None
    assert choice.expected_value == pytest.approx(0.2)
    assert choice.deviation == pytest.approx(2.0)


def test_results_tell_about_relatives() -> None:
    alike = np.eye(4)
    alike[0, 3] = alike[3, 0] = 0.95
    assert number_of(make_planner(np.zeros(4), alike).choose([told(0, -2.0)])) == 3
    assert number_of(make_planner(np.zeros(4), alike).choose([told(0, 2.0)])) != 3


def test_a_result_at_a_low_level_counts() -> None:
    alike = np.eye(4)
    alike[0, 3] = alike[3, 0] = 0.95
    planner = make_planner(np.zeros(4), alike)
    assert number_of(planner.choose([told(0, -2.0, level=0)])) == 3


def test_what_is_under_way_is_not_started_again_nor_its_twin() -> None:
    # the first two are the most promising ones, and nearly the same
    covariance = np.diag([1.0, 1.0, 0.8, 0.01])
    covariance[0, 1] = covariance[1, 0] = 0.999
    planner = make_planner(np.zeros(4), covariance)
    assert number_of(planner.choose([told(3, 0.0)])) in (0, 1)
    assert number_of(planner.choose([told(3, 0.0), pending(0, level=1)])) == 2


def test_nothing_is_proposed_twice_and_then_nothing_at_all() -> None:
    planner = make_planner(np.zeros(4), 1.0, settings=PlannerSettings(n_portfolio=2))
    observations: list[Observation] = []
    chosen = []
    while (choice := planner.choose(observations)) is not None:
        chosen.append(number_of(choice))
        observations.append(told(chosen[-1], 0.5 * len(chosen)))
    assert sorted(chosen) == [0, 1, 2, 3]
    assert planner.choose([pending(i) for i in range(4)]) is None


def test_cost_decides_between_equals_unless_it_does_not_matter() -> None:
    seconds = [1.0, 100.0, 1.0, 100.0]
    means = [0.0, -0.1, 0.0, -0.1]  # the dear ones are a little better
    observations = [told(0, 0.0)]
    careful = PlannerSettings(n_portfolio=0)
    planner = make_planner(means, 1.0, settings=careful, seconds=seconds)
    assert number_of(planner.choose(observations)) == 2
    assert number_of(planner.choose(observations, patience=1e6)) == 1
    lavish = make_planner(means, 1.0, settings=FREE, seconds=seconds)
    assert number_of(lavish.choose(observations)) == 1


def test_cost_decides_within_the_portfolio() -> None:
    settings = PlannerSettings(n_portfolio=9)
    regret = [[0.0, 0.1, 1.0, 1.0]]
    planner = make_planner(
        np.zeros(4), 1.0, settings=settings, seconds=[100.0, 1.0, 1.0, 1.0], regret=regret
    )
    assert number_of(planner.choose([])) == 1
    assert number_of(planner.choose([], patience=1e6)) == 0


def test_the_expected_seconds_count_that_most_do_not_rise() -> None:
    planner = make_planner(np.zeros(4), 1.0, seconds=2.0)
    choice = planner.choose([told(0, 0.0)])
    assert choice is not None
    assert choice.seconds == pytest.approx(2.0 + 6.0 / 3)


def test_measured_seconds_correct_what_is_expected() -> None:
    planner = make_planner(np.zeros(4), 1.0)
    before = planner.log_seconds([])
    np.testing.assert_array_equal(before, planner.forecast.log_seconds)
    after = planner.log_seconds([told(0, 0.0, level=1, seconds=3.0 * np.exp(2.0))])
    # half for the machine, half of the rest for the only algorithm
    np.testing.assert_allclose(after - before, 1.5)
    np.testing.assert_array_equal(planner.log_seconds([told(0, 0.0)]), before)


RELATED = np.exp(-((np.subtract.outer(range(4), range(4)) / 2.0) ** 2)) + 0.5 * np.eye(4)


def test_proposals_win_where_their_relatives_are_good() -> None:
    planner = make_planner(np.zeros(4), RELATED)
    observations = [told(i, value) for i, value in enumerate([2.0, 1.0, 0.5, -2.0])]
    assert planner.choose(observations) is None
    proposals = [ridge(0.02), ridge(0.4), ridge(0.76)]
    choice = planner.choose(observations, proposals)
    assert choice is not None
    assert choice.configuration == proposals[2]
    opposite = [told(i, value) for i, value in enumerate([-2.0, 0.5, 1.0, 2.0])]
    choice = planner.choose(opposite, proposals)
    assert choice is not None
    assert choice.configuration == proposals[0]


def test_proposals_compete_with_the_pool() -> None:
    planner = make_planner([0.0, 0.0, 0.0, -3.0], 1.0)
    choice = planner.choose([told(0, 0.0)], [ridge(0.02)])
    assert number_of(choice) == 3


def test_tried_proposals_are_passed_over() -> None:
    planner = make_planner(np.zeros(4), RELATED)
    observations = [told(i, 1.0) for i in range(4)]
    twice = ridge(0.9)
    tried = Observation(configuration=twice, level=0, value=-2.0)
    assert planner.choose([*observations, tried], [twice]) is None
    choice = planner.choose([*observations, tried], [twice, ridge(0.1)])
    assert choice is not None
    assert choice.configuration == ridge(0.1)


@pytest.mark.parametrize(("x", "neighbour"), [(0.03, 0), (0.8, 3)])
def test_results_outside_the_pool_tell_about_the_relatives_inside(x: float, neighbour: int) -> None:
    planner = make_planner(np.zeros(4), RELATED)
    usual = [told(1, 0.0), told(2, 0.0)]
    good = Observation(configuration=ridge(x), level=1, value=-1.0)
    assert number_of(planner.choose([*usual, good])) == neighbour
    bad = Observation(configuration=ridge(x), level=1, value=2.0)
    assert number_of(planner.choose([*usual, bad])) == 3 - neighbour


def expected_near(x: float, observations: list[Observation]) -> float:
    """Return what is expected of a configuration next to `x` once the pool is used up."""
    used_up = [told(i, 0.0) for i in range(4)]
    choice = make_planner(np.zeros(4), RELATED).choose([*used_up, *observations], [ridge(x)])
    assert choice is not None
    return choice.expected_value


@pytest.mark.parametrize("level", [0, 1])
def test_what_a_result_outside_the_pool_adds_counts_at_every_level(level: int) -> None:
    # relatives in the pool say 0; what it has to itself shows at the low level already
    found = Observation(configuration=ridge(1.0), level=level, value=-2.0)
    assert expected_near(0.999, []) == pytest.approx(0.0, abs=1e-3)
    assert expected_near(0.999, [found]) < -0.5


@pytest.mark.parametrize(("seconds", "slower"), [(0.01, False), (1000.0, True)])
def test_a_trial_that_was_stopped_tells_that_its_family_is_slower_or_nothing(
    seconds: float, slower: bool
) -> None:
    planner = make_planner(np.zeros(4), 1.0)
    stopped = replace(told(0, np.nan, seconds=seconds), was_stopped=True)
    before, after = planner.log_seconds([]), planner.log_seconds([stopped])
    ended = planner.log_seconds([told(0, 0.0, seconds=seconds)])
    assert (after > ended).all()  # it would have gone on
    assert (after > before).all() == slower
    assert (after == before).all() != slower


def test_an_unknown_family_is_no_obstacle() -> None:
    planner = make_planner([0.0, 0.0, 0.0, -3.0], 1.0)
    stranger = Configuration(algorithm="stranger", params={"y": 1})
    found = Observation(configuration=stranger, level=0, value=0.1, seconds=5.0)
    assert number_of(planner.choose([found])) == 3
    assert planner.log_seconds([found]).shape == (4, LEVELS)


def test_with_an_empty_pool_there_is_nothing_to_choose() -> None:
    forecast = Forecast(
        configurations=(),
        regret=np.zeros((3, 0)),
        weights=np.full(3, 1 / 3),
        belief=Belief(
            means=np.zeros((1, 0)),
            weights=np.ones(1),
            covariance=np.zeros((0, 0)),
            noise=0.1,
            doubt=5.0,
        ),
        log_seconds=np.zeros((0, LEVELS)),
    )
    planner = Planner(forecast=forecast, spaces={"ridge": SPACE})
    found = Observation(configuration=ridge(0.5), level=1, value=0.1)
    assert planner.choose([]) is None
    assert planner.choose([found] * 9, [ridge(0.2)]) is None


def test_levels_that_a_search_leaves_out_cost_nothing() -> None:
    planner = make_planner([0.0, 1.0, 1.0, 1.0], 1.0, seconds=2.0, regret=REGRET)
    choice = replace(planner, levels=(1,)).choose([])
    assert choice is not None
    assert choice.seconds == pytest.approx(6.0)


def test_of_thousands_of_trials_outside_the_pool_the_best_and_the_latest_are_kept() -> None:
    planner = make_planner([0.0, 0.0, 0.0, 0.0], 1.0)
    strangers = [ridge(x) for x in np.linspace(0.001, 0.999, 1001)]
    observations = [
        Observation(configuration=c, level=1, value=-5.0 if i == 3 else 1.0 + i / 1000)
        for i, c in enumerate(strangers)
    ]
    choice = planner.choose([told(0, 0.5), *observations], [strangers[3], ridge(0.0042)])
    assert choice is not None
    assert choice.configuration == ridge(0.0042)  # beside the best one, which was among the first
    assert planner.log_seconds(observations).shape == (len(POOL), LEVELS)


def seen(x: float, value: float, level: int = 1) -> Observation:
    return Observation(configuration=ridge(x), level=level, value=value)


PROPOSALS = [ridge(x) for x in (0.1, 0.33, 0.6, 0.9)]


@pytest.mark.parametrize("order", [(0.2, 0.4, 0.8), (0.8, 0.2, 0.4), (0.4,)])
def test_what_is_kept_between_choices_changes_none(order: tuple[float, ...]) -> None:
    lasting = make_planner(np.zeros(4), RELATED)
    observations = [told(0, 1.0), told(2, 0.3)]
    for x in (0.2, 0.4, 0.8):
        observations.append(seen(x, (x - 0.5) ** 2))
        lasting.choose(observations, PROPOSALS)
    known = [told(0, 1.0), told(2, 0.3), *(seen(x, (x - 0.5) ** 2) for x in order)]
    choice = lasting.choose(known, PROPOSALS)
    fresh = make_planner(np.zeros(4), RELATED).choose(known, PROPOSALS)
    assert choice is not None
    assert fresh is not None
    assert choice.configuration == fresh.configuration
    assert choice.expected_value == pytest.approx(fresh.expected_value)
    assert choice.deviation == pytest.approx(fresh.deviation)


def test_levels_that_are_not_climbed_change_nothing_but_the_seconds() -> None:
    every = make_planner(np.zeros(4), RELATED, seconds=2.0)
    top = replace(every, levels=(1,))
    observations = [told(0, 1.0), told(2, 0.3), seen(0.6, -0.2)]
    one, other = every.choose(observations, PROPOSALS), top.choose(observations, PROPOSALS)
    assert one is not None
    assert other is not None
    assert one.configuration == other.configuration
    assert one.expected_value == pytest.approx(other.expected_value)
    assert one.deviation == pytest.approx(other.deviation)
    assert other.seconds == pytest.approx(6.0)


def test_a_family_that_never_gets_better_loses_its_credit() -> None:
    planner = make_planner(np.zeros(4), RELATED)
    tried = [told(i, -1.0, level=0) for i in range(4)]
    credit = [float(planner.credit([ridge(0.41)], tried)[0])]
    for n in range(12):
        tried.append(Observation(configuration=ridge(0.3 + n / 100), level=0, value=-1.0))
        credit.append(float(planner.credit([ridge(0.41)], tried)[0]))
    assert credit[0] == 1.0
    assert credit == sorted(credit, reverse=True)
    assert credit[-1] == pytest.approx(5 / 17)
    assert planner.credit([Configuration(algorithm="other", params={})], tried).tolist() == [1.0]
    tried.append(Observation(configuration=ridge(0.9), level=0, value=-9.0))
    assert planner.credit([ridge(0.41)], tried).tolist() == [1.0], "one large step restores it"
