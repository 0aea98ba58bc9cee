"""Incumbent and leaderboard of a history."""

import math
from collections.abc import Iterable
from typing import Any

import pytest

from metatune.evaluation.rungs import Rung
from metatune.evaluation.trial import Trial, TrialResult, TrialStatus
from metatune.kinds import TaskKind
from metatune.metrics import Metric, resolve_metric
from metatune.search.history import History, fit_growth, slowdown
from metatune.space import Configuration

LOG_LOSS = resolve_metric("log_loss", TaskKind.MULTICLASS)
ACCURACY = resolve_metric("accuracy", TaskKind.BINARY)
SMALL = Rung(index=0, row_share=1 / 3, n_folds=1)
FULL = Rung(index=1, row_share=1.0, n_folds=1)
TOP = Rung(index=2, row_share=1.0, n_folds=5)
FOLDS = {"accuracy": (0.70, 0.72, 0.74, 0.72, 0.72)}


def trial(number: int, name: str, rung: Rung = TOP) -> Trial:
    configuration = Configuration(algorithm="fake", params={"name": name}, origin="test")
    return Trial(number=number, configuration=configuration, rung=rung, seed=1)


def ok(number: int, name: str, score: float, rung: Rung = TOP, **details: Any) -> TrialResult:
    return TrialResult(
        trial=trial(number, name, rung), status=TrialStatus.OK, score=score, **details
    )


def cut(number: int, name: str, rung: Rung = TOP) -> TrialResult:
    return TrialResult(
        trial=trial(number, name, rung), status=TrialStatus.TIMED_OUT, error="stopped"
    )


def names(results: Iterable[TrialResult | None]) -> list[object]:
    return [result and result.trial.configuration.params["name"] for result in results]


def test_nobody_leads_an_empty_history() -> None:
    history = History(ACCURACY)
    assert history.incumbent() is None
    assert history.contenders() == []
    assert history.best(3) == []
    table = history.leaderboard()
    assert len(table) == 0
    assert list(table.columns[:3]) == ["rank", "algorithm", "configuration"]


@pytest.mark.parametrize(("metric", "winner"), [(ACCURACY, "b"), (LOG_LOSS, "a")])
def test_the_metric_decides_what_is_better(metric: Metric, winner: str) -> None:
    history = History(metric, [ok(0, "a", 0.5), ok(1, "b", 0.6)])
    assert names([history.incumbent()]) == [winner]


def test_the_incumbent_is_the_object_that_was_told() -> None:
    told = ok(0, "a", 0.5)
    assert History(ACCURACY, [told]).incumbent() is told


def test_a_higher_rung_comes_before_a_better_score() -> None:
    history = History(ACCURACY, [ok(0, "a", 0.9, SMALL), ok(1, "b", 0.5, TOP)])
    assert names(history.contenders()) == ["b", "a"]


def test_each_configuration_counts_once_at_its_highest_rung() -> None:
    history = History(
        ACCURACY, [ok(0, "a", 0.9, SMALL), ok(1, "a", 0.6, TOP), ok(2, "b", 0.7, TOP)]
    )
    assert names(history.ranked()) == ["b", "a"]
    assert [result.score for result in history.ranked()] == [0.7, 0.6]
    assert [c.params["name"] for c in history.best(1)] == ["b"]


def test_ties_go_to_the_earlier_trial() -> None:
    history = History(ACCURACY, [ok(5, "late", 0.5), ok(2, "early", 0.5)])
    assert names(history.ranked()) == ["early", "late"]


def test_failures_and_undefined_scores_never_lead() -> None:
    history = History(ACCURACY, [cut(0, "a"), ok(1, "b", math.nan), ok(2, "c", 0.1, SMALL)])
    assert names(history.contenders()) == ["c"]


def leader_at_the_top() -> list[TrialResult]:
    return [ok(0, "quick", 0.7, FULL), ok(1, "quick", 0.72, TOP, fold_scores=FOLDS)]


def test_one_that_was_too_slow_for_the_top_overtakes_where_both_have_a_score() -> None:
    history = History(ACCURACY, [*leader_at_the_top(), ok(2, "slow", 0.9, FULL), cut(3, "slow")])
    assert names(history.contenders()) == ["slow", "quick"]


def test_one_that_was_not_tried_at_the_top_overtakes_as_well() -> None:
    history = History(ACCURACY, [*leader_at_the_top(), ok(2, "waiting", 0.9, FULL)])
    assert names(history.contenders()) == ["waiting", "quick"]


def test_a_small_advantage_on_one_fold_is_not_enough() -> None:
    history = History(ACCURACY, [*leader_at_the_top(), ok(2, "lucky", 0.71, FULL)])
    assert names(history.contenders()) == ["quick", "lucky"]


def test_one_that_broke_at_the_top_does_not_overtake() -> None:
    broken = TrialResult(trial=trial(3, "broken", TOP), status=TrialStatus.CRASHED)
    history = History(ACCURACY, [*leader_at_the_top(), ok(2, "broken", 0.9, FULL), broken])
    assert names(history.contenders()) == ["quick", "broken"]


def test_one_that_was_too_slow_does_not_overtake_with_a_worse_score() -> None:
    worse = [*leader_at_the_top(), ok(2, "slow", 0.69, FULL), cut(3, "slow")]
    assert names([History(ACCURACY, worse).incumbent()]) == ["quick"]


ONE_FOLD = Rung(index=2, row_share=1.0, n_folds=1)
THIRD = Rung(index=1, row_share=1 / 3, n_folds=1)


def climbed() -> list[TrialResult]:
    """A leader that has gained by further rows, and others at the lower rung."""
    return [
        ok(0, "quick", 0.70, THIRD, fold_scores={"accuracy": (0.70,)}),
        ok(1, "quick", 0.75, ONE_FOLD, fold_scores={"accuracy": (0.75,)}),
        ok(2, "bad", 0.60, THIRD),
        ok(3, "worse", 0.55, THIRD),
    ]


@pytest.mark.parametrize(
    ("score", "winner"),
    [
        (0.83, "slow"),  # better with a third of the rows than the leader with all
        (0.77, "quick"),  # ahead, but by less than what lies between equals there
        (0.74, "quick"),  # ahead where both were; the leader has gained more since
        (0.65, "quick"),
    ],
)
def test_with_fewer_rows_it_has_to_be_ahead_by_more_than_the_leader_has_gained(
    score: float, winner: str
) -> None:
    history = History(ACCURACY, [*climbed(), ok(4, "slow", score, THIRD), cut(5, "slow", ONE_FOLD)])
    assert names(history.contenders())[0] == winner
    assert names([history.incumbent()]) == [winner]


def test_with_fewer_rows_the_spread_of_the_leaders_folds_counts_as_well() -> None:
    for score, winner in ((0.74, "quick"), (0.90, "slow")):
        told = [ok(0, "quick", 0.5, SMALL), *leader_at_the_top(), ok(2, "slow", score, SMALL)]
        assert names([History(ACCURACY, told).incumbent()]) == [winner]


def test_who_was_never_at_the_same_rung_is_not_compared() -> None:
    told = [ok(0, "quick", 0.72, TOP, fold_scores=FOLDS), ok(1, "slow", 0.99, SMALL)]
    assert names([History(ACCURACY, told).incumbent()]) == ["quick"]


def test_what_has_to_be_undercut_to_lead_at_a_lower_rung() -> None:
    history = History(ACCURACY, climbed())
    assert history.loss_to_lead(ONE_FOLD) == -0.75
    assert history.loss_to_lead(THIRD) == pytest.approx(-0.75 - 0.2 * (0.70 - 0.60))
    assert history.loss_to_lead(SMALL) == -math.inf


def test_pending_trials_are_known_and_leave_when_told() -> None:
    history = History(ACCURACY)
    started = trial(0, "a")
    assert not history.knows(started.configuration)
    history.start(started)
    assert history.knows(started.configuration)
    assert list(history.pending) == [started]
    history.add(ok(0, "a", 0.5))
    assert list(history.pending) == []
    assert len(history.results) == 1


def test_leaderboard_ranks_the_scored_and_lists_the_failed_below() -> None:
    history = History(
        ACCURACY,
        [
            ok(0, "a", 0.9, SMALL),
            cut(1, "b", SMALL),
            ok(
                2,
                "c",
                0.5,
                fold_scores={"accuracy": (0.4, 0.6), "log_loss": (1.0, math.nan)},
                fit_seconds=2.0,
                predict_seconds=0.5,
            ),
        ],
    )
    table = history.leaderboard()
    assert list(table.columns) == [
        "rank",
        "algorithm",
        "configuration",
        "rung",
        "row_share",
        "n_folds",
        "score",
        "accuracy",
        "log_loss",
        "fit_seconds",
        "predict_seconds",
        "row_seconds",
        "latency",
        "model_bytes",
        "status",
        "error",
        "trial",
        "origin",
    ]
    assert list(table["configuration"]) == ["fake(name=c)", "fake(name=a)", "fake(name=b)"]
    assert table["rank"].tolist()[:2] == [1, 2]
    assert table["rank"].isna().tolist() == [False, False, True]
    first = table.iloc[0]
    assert (first["accuracy"], first["log_loss"]) == (0.5, 1.0)
    assert (first["rung"], first["row_share"], first["n_folds"], first["trial"]) == (2, 1.0, 5, 2)
    assert (first["fit_seconds"], first["predict_seconds"]) == (2.0, 0.5)
    last = table.iloc[2]
    assert (last["status"], last["error"], last["origin"]) == ("timed out", "stopped", "test")
    assert math.isnan(last["score"])


def test_leaderboard_starts_with_the_incumbent() -> None:
    history = History(ACCURACY, [*leader_at_the_top(), ok(2, "slow", 0.9, FULL), cut(3, "slow")])
    table = history.leaderboard()
    shown = table["configuration"].tolist()
    assert shown == ["fake(name=slow)", "fake(name=quick)", "fake(name=slow)"]
    assert table["status"].tolist() == ["ok", "ok", "timed out"]


def spent(number: int, seconds: float, cpu_seconds: float) -> TrialResult:
    return ok(number, f"c{number}", 0.5, seconds=seconds, cpu_seconds=cpu_seconds)


def test_how_busy_the_machine_is_shows_in_the_latest_trials() -> None:
    assert slowdown(History(ACCURACY)) == 1.0
    assert slowdown(History(ACCURACY, [cut(0, "a"), spent(1, 0.5, 0.0)])) == 1.0
    idle = [spent(i, 1.0, 1.1) for i in range(20)]
    assert slowdown(History(ACCURACY, idle)) == 1.0
    busy = [spent(20 + i, 3.0, 1.5) for i in range(20)]
    assert slowdown(History(ACCURACY, [*idle, *busy])) == pytest.approx(2.0)
    assert slowdown(History(ACCURACY, [*busy, *idle])) == 1.0
    assert slowdown(History(ACCURACY, [spent(0, 90.0, 1.0)])) == 4.0


def test_growth_of_fit_times_is_learned_from_shares_of_the_rows() -> None:
    def tried(number: int, name: str, rung: Rung, seconds: float) -> TrialResult:
        return ok(number, name, 0.5, rung, fit_seconds=seconds * rung.n_folds)

    def pair(name: str, exponent: float, short: float = 1.0) -> list[TrialResult]:
        longer = short * (TOP.row_share / SMALL.row_share) ** exponent
        return [tried(0, name, SMALL, short), tried(1, name, TOP, longer)]

    assert fit_growth(History(ACCURACY), "fake", 1.2) == 1.2
    alone = History(ACCURACY, [tried(0, "a", SMALL, 1.0), tried(1, "b", TOP, 9.0)])
    assert fit_growth(alone, "fake", 1.2) == 1.2
    steep = History(ACCURACY, [*pair("a", 2.0), *pair("b", 2.2)])
    assert fit_growth(steep, "fake", 1.2) == pytest.approx(2.0)
    assert fit_growth(steep, "other", 1.2) == 1.2
    assert fit_growth(History(ACCURACY, pair("a", 2.0, short=1e-4)), "fake", 1.2) == 1.2
    wild = History(ACCURACY, [r for name in "abc" for r in pair(name, 7.0)])
    assert fit_growth(wild, "fake", 1.2) == 2.5
