"""The guide: what trials say, and what is proposed beside the pool."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_up_past import QUICK, make_advice, make_pool

from metatune.algorithms.registry import ALGORITHMS
from metatune.budget import Deadline
from metatune.data.encoding.shape import Shape
from metatune.ensemble.standing import Standing
from metatune.evaluation.rungs import Rung, plan_rungs
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.recommender.aim import EnsembleAim
from metatune.recommender.forecast import Forecast
from metatune.recommender.levels import TOP
from metatune.recommender.losses import FAILED, share_of_log
from metatune.recommender.observations import Observation
from metatune.recommender.planner import (
    PlannedTrial,
    Planner,
    PlannerSettings,
)
from metatune.recommender.rank import PATIENCE
from metatune.recommender.trade_off import Chebyshev, CostForecast, TradeOff
from metatune.samplers.base import TOP_RUNG
from metatune.samplers.patience import Patience
from metatune.samplers.planned import PlannedSampler, climbed_levels
from metatune.search.history import History
from metatune.search.objectives import Objectives
from metatune.space import Configuration

AUC = resolve_metric("roc_auc", TaskKind.BINARY)
RUNGS = plan_rungs(Shape(n_rows=50_000, n_columns=30), 5)
POOL = make_pool(TaskKind.BINARY)
LINEAR, KNN, BAYES, TREE = POOL
SPACES = {name: ALGORITHMS[name].space(TaskKind.BINARY) for name in QUICK}


@pytest.fixture(scope="module")
def forecast() -> Forecast:
    return make_advice().forecast


COUNTED = Patience(deadline=Deadline.after(600.0), planned_seconds=600.0)


def patience(seconds: float) -> Patience:
    """Patience of a timed search that does not shrink while a test runs."""
    return Patience(deadline=Deadline.after(seconds / PATIENCE if seconds else -1.0))


def make_guide(
    forecast: Forecast, planner: Planner | None = None, **changes: Any
) -> PlannedSampler:
    settings = PlannerSettings(n_portfolio=2)
    options: dict[str, Any] = {
        "planner": planner or Planner(forecast=forecast, spaces=SPACES, settings=settings),
        "spaces": SPACES,
        "metric": "roc_auc",
        "constant": 0.5,
        "patience": patience(0.0),
        "seed": 0,
    }
    return PlannedSampler(**options | changes)


def trial(number: int, configuration: Configuration, rung: Rung) -> Trial:
    return Trial(number=number, configuration=configuration, rung=rung, seed=0)


def ok(number: int, configuration: Configuration, rung: Rung, *scores: float) -> TrialResult:
    folds = scores if len(scores) > 1 else scores * rung.n_folds
    return TrialResult(
        trial=trial(number, configuration, rung),
        status=TrialStatus.OK,
        score=0.8,
        fold_scores={"accuracy": (0.0,) * rung.n_folds, "roc_auc": folds},
        seconds=99.0,
        cpu_seconds=5.4,
    )


def failed(
    number: int,
    configuration: Configuration,
    rung: Rung,
    status: TrialStatus = TrialStatus.CRASHED,
) -> TrialResult:
    return TrialResult(trial=trial(number, configuration, rung), status=status, cpu_seconds=9.0)


def seen(guide: PlannedSampler, history: History) -> dict[tuple[str, int], Observation]:
    found = guide.observations(history)
    sorted_out = {(o.configuration.algorithm, o.level): o for o in found}
    assert len(sorted_out) == len(found)
    return sorted_out


def test_every_level_that_was_reached_is_an_observation(forecast: Forecast) -> None:
    results = [ok(i, LINEAR, rung, 0.6 + i / 20) for i, rung in enumerate(RUNGS[1:])]
    found = seen(make_guide(forecast), History(AUC, results))
    assert [level for _, level in found] == [0, 1, 2, TOP]
    shares = share_of_log(np.array([o.value for o in found.values()]))
    np.testing.assert_allclose(shares, [0.8, 0.7, 0.6, 0.5])
    assert {o.configuration for o in found.values()} == {LINEAR}


def test_scores_are_compared_with_the_constant_of_this_dataset(forecast: Forecast) -> None:
    history = History(AUC, [ok(0, LINEAR, RUNGS[-1], 0.7, 0.8, 0.9, np.nan, 0.8)])
    (found,) = make_guide(forecast).observations(history)
    assert share_of_log(np.array(found.value)) == pytest.approx(0.4)
    (found,) = make_guide(forecast, metric="accuracy", constant=0.6).observations(history)
    assert share_of_log(np.array(found.value)) == pytest.approx(1 / 0.4)


def test_a_failed_trial_counts_as_the_constant_and_tells_no_time(forecast: Forecast) -> None:
    history = History(AUC, [failed(0, KNN, RUNGS[1])])
    (found,) = make_guide(forecast).observations(history)
    assert found.value == FAILED
    assert np.isnan(found.seconds)


def test_what_was_too_slow_was_not_seen_to_be_bad(forecast: Forecast) -> None:
    slow = replace(failed(1, KNN, RUNGS[2], TrialStatus.TIMED_OUT), seconds=7.0)
    history = History(AUC, [ok(0, KNN, RUNGS[1], 0.8), slow])
    found = seen(make_guide(forecast), history)
    assert np.isfinite(found["knn", 0].value)
    assert np.isnan(found["knn", 1].value)
    assert found["knn", 1].was_stopped
    assert found["knn", 1].seconds == pytest.approx(7.0)


def test_a_pruned_trial_is_judged_on_the_folds_that_it_had(forecast: Forecast) -> None:
    leader = ok(0, LINEAR, RUNGS[-1], 0.9, 0.9, 0.7, 0.7, 0.8)  # the first folds are easy ones
    cut = TrialResult(
        trial=trial(1, KNN, RUNGS[-1]),
        status=TrialStatus.PRUNED,
        fold_scores={"accuracy": (0.0, 0.0), "roc_auc": (0.8, 0.8)},
        cpu_seconds=2.0,
        saved_seconds=0.5,
    )
    found = seen(make_guide(forecast), History(AUC, [leader, cut]))
    assert share_of_log(np.array(found["knn", TOP].value)) == pytest.approx(0.6)  # 0.7, not 0.8
    assert found["knn", TOP].seconds == pytest.approx(2.5 * 5 / 2)


def test_the_levels_of_a_search_are_those_of_its_rungs() -> None:
    assert climbed_levels(RUNGS) == (0, 1, 2, TOP)
    assert climbed_levels(RUNGS[-2:]) == (2, TOP)


def test_a_trial_without_a_score_in_the_guiding_metric_has_failed(forecast: Forecast) -> None:
    history = History(AUC, [ok(0, KNN, RUNGS[0], np.nan), ok(1, TREE, RUNGS[0], 0.7)])
    found = seen(make_guide(forecast), history)
    assert found["knn", 0].value == FAILED
    other = make_guide(forecast, metric="log_loss").observations(history)
    assert [o.value for o in other] == [FAILED, FAILED]


def test_a_trial_under_way_has_no_value_yet(forecast: Forecast) -> None:
    history = History(AUC, [ok(0, LINEAR, RUNGS[1], 0.8)])
    history.start(trial(1, TREE, RUNGS[1]))
    history.start(trial(2, LINEAR, RUNGS[2]))
    found = seen(make_guide(forecast), history)
    assert set(found) == {("linear", 0), ("decision_tree", 0), ("linear", 1)}
    assert np.isnan([found["decision_tree", 0].value, found["linear", 1].value]).all()
    assert np.isfinite(found["linear", 0].value)


def test_of_two_rungs_at_one_level_the_larger_counts(forecast: Forecast) -> None:
    assert [r.row_share for r in RUNGS[:2]] == pytest.approx([1 / 27, 1 / 9])
    history = History(AUC, [ok(0, LINEAR, RUNGS[0], 0.7), ok(1, LINEAR, RUNGS[1], 0.8)])
    (found,) = make_guide(forecast).observations(history)
    assert share_of_log(np.array(found.value)) == pytest.approx(0.4)


def test_a_result_is_not_forgotten_while_its_promotion_is_under_way(forecast: Forecast) -> None:
    history = History(AUC, [ok(0, LINEAR, RUNGS[0], 0.7)])
    history.start(trial(1, LINEAR, RUNGS[1]))
    (found,) = make_guide(forecast).observations(history)
    assert share_of_log(np.array(found.value)) == pytest.approx(0.6)


def test_seconds_are_scaled_to_the_rows_of_the_level(forecast: Forecast) -> None:
    history = History(AUC, [ok(0, LINEAR, RUNGS[0], 0.7), ok(1, KNN, RUNGS[-1], 0.7)])
    found = seen(make_guide(forecast), history)
    assert found["linear", 0].seconds == pytest.approx(3 * 5.4)
    assert found["knn", TOP].seconds == pytest.approx(5.4)
    untimed = make_guide(forecast, patience=COUNTED).observations(history)
    assert np.isnan([o.seconds for o in untimed]).all()


def a_run() -> History:
    history = History(AUC)
    for number, (configuration, score) in enumerate([(TREE, 0.7), (LINEAR, 0.9), (KNN, 0.6)]):
        history.add(ok(number, configuration, RUNGS[0], score))
    history.start(trial(3, LINEAR, RUNGS[1]))
    return history


def test_the_same_history_gives_the_same_answer(forecast: Forecast) -> None:
    answers = [make_guide(forecast).propose(a_run()) for _ in range(2)]
    assert answers[0] is not None
    assert answers[0] == answers[1]


class Recorder(Planner):
    """A planner that keeps what it was given."""

    def __init__(self, forecast: Forecast) -> None:
        super().__init__(forecast=forecast, spaces=SPACES)
        self.given: list[tuple[Sequence[Observation], Sequence[Configuration], float]] = []
        self.aims: list[EnsembleAim | TradeOff | None] = []

    def choose(
        self,
        observations: Sequence[Observation],
        proposals: Sequence[Configuration] = (),
        patience: float = 0.0,
        aim: EnsembleAim | TradeOff | None = None,
    ) -> PlannedTrial | None:
        self.given.append((observations, proposals, patience))
        self.aims.append(aim)
        return None


def asked(forecast: Forecast, history: History, **changes: Any) -> list[Configuration]:
    recorder = Recorder(forecast)
    assert make_guide(forecast, recorder, **changes).propose(history) is None
    return list(recorder.given[0][1])


def test_proposals_are_new_and_lie_in_their_spaces(forecast: Forecast) -> None:
    history = a_run()
    stranger = SPACES["decision_tree"].sample(np.random.default_rng(1))
    history.add(ok(4, stranger, RUNGS[0], 0.95))
    found = asked(forecast, history)
    assert len(found) > 20
    assert len({c.key for c in found}) == len(found)
    assert not set(found) & {*POOL, stranger}
    for configuration in found:
        SPACES[configuration.algorithm].check(configuration)
    # of the leader, near it; and of every family, anywhere
    assert {c.origin for c in found} == {"mutation", "random"}
    near = [c for c in found if c.algorithm == "decision_tree" and c.origin == "mutation"]
    assert len(near) >= 8


def test_proposals_depend_on_seed_and_progress_alone(forecast: Forecast) -> None:
    assert asked(forecast, a_run()) == asked(forecast, a_run())
    assert asked(forecast, a_run(), seed=1) != asked(forecast, a_run())
    later = a_run()
    later.add(failed(9, BAYES, RUNGS[0]))
    assert asked(forecast, later) != asked(forecast, a_run())


def test_before_anything_worked_only_the_pool_is_asked(forecast: Forecast) -> None:
    assert asked(forecast, History(AUC)) == []
    assert asked(forecast, History(AUC, [failed(0, KNN, RUNGS[0])])) == []


def test_patience_is_asked_for_each_time(forecast: Forecast) -> None:
    recorder = Recorder(forecast)
    guide = make_guide(forecast, recorder, patience=patience(5.0))
    guide.propose(a_run())
    guide.propose(a_run())
    first, second = (patience for _, _, patience in recorder.given)
    assert 5.0 > first > second > 4.0


class Few:
    """Members of one family, whose ensemble has an AUC of .9."""

    def standing(self, metric: str, history: History) -> Standing | None:
        assert metric == "roc_auc"
        return Standing(score=0.9, shared={"linear": 1.0}, usual=0.8) if history.results else None


def test_the_planner_is_told_of_the_ensemble_so_far(forecast: Forecast) -> None:
    recorder = Recorder(forecast)
    guide = make_guide(forecast, recorder, members=Few())
    guide.propose(History(AUC))
    guide.propose(a_run())
    first, second = recorder.aims
    assert first is None
    assert isinstance(second, EnsembleAim)
    assert share_of_log(np.array(second.value)) == pytest.approx(0.2)  # (1 - .9) / (1 - .5)
    assert second.shared == {"linear": 1.0}
    assert second.usual == 0.8


class Offering(Recorder):
    """A planner that offers one configuration, always."""

    offer = PlannedTrial(
        configuration=BAYES,
        expected_value=-1.0,
        deviation=0.1,
        seconds=1.0,
        top_seconds=3.0,
        is_new_member=True,
    )

    def choose(self, *arguments: Any, **named: Any) -> PlannedTrial | None:
        return self.offer


@pytest.mark.parametrize(
    ("is_new_member", "seconds", "at_the_top"),
    [(True, 3.0, True), (False, 3.0, False), (True, 11.0, False)],
)
def test_a_likely_member_starts_at_the_top_if_it_is_quick(
    forecast: Forecast, is_new_member: bool, seconds: float, at_the_top: bool
) -> None:
    planner = Offering(forecast)
    planner.offer = replace(Offering.offer, is_new_member=is_new_member, top_seconds=seconds)
    proposal = make_guide(forecast, planner, patience=patience(5.0)).propose(a_run())
    assert proposal is not None
    assert (proposal.rung == TOP_RUNG) is at_the_top


def test_a_whole_run_never_repeats_itself(forecast: Forecast) -> None:
    history, guide = History(AUC), make_guide(forecast)
    for number in range(12):
        proposal = guide.propose(history)
        assert proposal is not None
        configuration = proposal.configuration
        assert not history.knows(configuration)
        history.add(ok(number, configuration, RUNGS[1], 0.6 + 0.02 * (number % 5)))
    origins = {r.trial.configuration.origin for r in history.results}
    assert {"portfolio"} < origins


def test_results_of_this_dataset_overrule_the_past(forecast: Forecast) -> None:
    # the past says linear is best and the tree poor; here the tree is all but perfect
    space = SPACES["decision_tree"]
    history = History(AUC, [ok(0, LINEAR, RUNGS[-1], 0.55), ok(1, TREE, RUNGS[-1], 0.97)])
    rng = np.random.default_rng(0)
    for number in range(2, 5):
        history.add(ok(number, space.sample(rng), RUNGS[-1], 0.96))
    for number, configuration in enumerate((KNN, BAYES), start=5):
        history.add(ok(number, configuration, RUNGS[-1], 0.55))
    chosen = make_guide(forecast, patience=patience(1e6)).propose(history)
    assert chosen is not None
    assert chosen.configuration.algorithm == "decision_tree"


def test_with_several_objectives_a_drawn_trade_off_is_improved(forecast: Forecast) -> None:
    objectives = Objectives(metric="roc_auc", costs=("model_bytes",))
    tried = [
        replace(ok(i, c, RUNGS[-1], 0.9 - 0.1 * i), model_bytes=10 ** (6 - i))
        for i, c in enumerate((LINEAR, KNN))
    ]
    recorder = Recorder(forecast)
    guide = make_guide(forecast, recorder)
    guide.propose(History(AUC, tried, objectives=objectives))
    guide.propose(History(AUC, tried, objectives=objectives))
    guide.propose(History(AUC, [*tried, ok(2, TREE, RUNGS[0], 0.6)], objectives=objectives))
    guide.propose(History(AUC, tried))
    first, again, later, plain = recorder.aims
    assert isinstance(first, TradeOff)
    assert isinstance(again, TradeOff)
    assert isinstance(later, TradeOff)
    assert first.function.weights.tolist() == again.function.weights.tolist()
    assert first.function.weights.tolist() != later.function.weights.tolist()
    assert {c.key for c in forecast.configurations} <= set(first.places)
    assert plain is None


def test_weights_on_the_costs_alone_lead_to_the_cheapest_kind(forecast: Forecast) -> None:
    space = SPACES[LINEAR.algorithm]
    costs = CostForecast(
        mean=np.array([[1.0 if c.algorithm == LINEAR.algorithm else 9.0] for c in POOL]),
        deviation=np.full((len(POOL), 1), 0.1),
    )
    function = Chebyshev(
        weights=np.array([0.0, 1.0]), ideal=np.array([-3.0, 0.0]), width=np.array([1.0, 10.0])
    )
    aim = TradeOff(
        function=function, best=0.8, costs=costs, places={c.key: i for i, c in enumerate(POOL)}
    )
    planner = Planner(
        forecast=forecast, spaces=SPACES, settings=PlannerSettings(n_portfolio=0, floor=np.inf)
    )
    seen = [Observation(configuration=TREE, level=TOP, value=-0.5, seconds=1.0)]
    chosen = planner.choose(seen, (), 0.0, aim)
    assert chosen is not None
    assert chosen.configuration.algorithm == space.algorithm
