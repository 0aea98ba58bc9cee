"""The search loop: with an executor that finishes in any order."""

from pathlib import Path

import numpy as np
import pytest
from fake_search import (
    RUNGS,
    FakeStore,
    Plan,
    ScrambledExecutor,
    configurations,
    inventive,
    listed,
    search,
    told,
)

from metatune.budget import Stopwatch
from metatune.errors import ClusterLostError
from metatune.evaluation.keep_rule import KeepRule
from metatune.evaluation.trial import TrialResult
from metatune.execution.executor import Handle, InlineExecutor
from metatune.search.history import History
from metatune.search.limits import TrialLimits
from metatune.search.outcome import Ended
from metatune.space import Configuration
from metatune.storage.journal import read_journal
from metatune.tuning.turns import IN_ORDER_LAG


class TestInOrder:
    def test_results_do_not_depend_on_speed_or_workers(self) -> None:
        reference = told(search(inventive(1), InlineExecutor(), max_trials=60))
        assert len(reference) == 60
        for n_workers in (1, 2, 3, 8):
            for seed in range(3):
                executor = ScrambledExecutor(n_workers, seed)
                assert told(search(inventive(1), executor, max_trials=60)) == reference

    def test_another_seed_gives_another_search(self) -> None:
        first = told(search(inventive(1), InlineExecutor(), max_trials=20))
        assert told(search(inventive(2), InlineExecutor(), max_trials=20)) != first

    def test_results_are_told_in_the_order_of_the_trials(self) -> None:
        outcome = search(inventive(1), ScrambledExecutor(4, 0), max_trials=40)
        assert [result.trial.number for result in outcome.history.results] == [*range(40)]
        assert outcome.ended is Ended.TRIALS
        assert outcome.unfinished == ()

    def test_decisions_lag_behind_by_a_fixed_number_of_trials(self) -> None:
        n_told = []

        def next_candidate(history: History) -> Configuration:
            n_told.append(len(history.results))
            return Configuration(algorithm="fake", params={"quality": float(len(n_told))})

        executor = ScrambledExecutor(8, 0)
        search(Plan.of(next_candidate, RUNGS[:1]), executor, max_trials=10)
        assert n_told == [0, 0, 0, 0, 1, 2, 3, 4, 5, 6]
        assert executor.most_at_once == IN_ORDER_LAG + 1

    def test_fewer_configurations_than_trials_end_the_search(self) -> None:
        outcome = search(listed(configurations(2)), ScrambledExecutor(3, 0), max_trials=50)
        assert outcome.ended is Ended.EXHAUSTED
        assert len(outcome.history.results) == 2 * len(RUNGS)

    def test_time_limits_do_not_depend_on_measured_times(self) -> None:
        executor = ScrambledExecutor(2, 0)
        search(listed(configurations(5, seconds=0.02)), executor, seconds=100.0, max_trials=10)
        limits = {job.time_limit for job in executor.jobs}
        assert len(limits) == 1
        assert limits.pop() == pytest.approx(40.0, abs=0.5)


class TestTimed:
    def test_everything_is_tried_and_brought_to_the_top(self) -> None:
        outcome = search(listed(configurations(9)), ScrambledExecutor(3, 1))
        assert outcome.ended is Ended.EXHAUSTED
        assert len(outcome.history.results) == 9 * len(RUNGS)
        incumbent = outcome.history.incumbent()
        assert incumbent is not None
        assert incumbent.score == pytest.approx(8 / 9)

    def test_the_search_ends_at_the_deadline_less_the_reserve(self) -> None:
        candidates = configurations(1_000, seconds=0.02)
        watch = Stopwatch()
        outcome = search(listed(candidates), ScrambledExecutor(1, 0), seconds=30.0, reserve=29.3)
        assert outcome.ended is Ended.TIME
        assert 0.5 < watch.seconds() < 1.2
        assert len(outcome.history.results) > 3

    def test_no_trial_is_started_without_time(self) -> None:
        outcome = search(listed(configurations(5)), InlineExecutor(), seconds=0.01)
        assert outcome.ended is Ended.TIME
        assert outcome.history.results == ()

    def test_first_trials_may_take_more_of_the_time_than_later_ones(self) -> None:
        executor = ScrambledExecutor(1, 0)
        search(listed(configurations(3)), executor, seconds=100.0)
        assert executor.jobs[0].time_limit == pytest.approx(75.0, abs=0.5)
        assert executor.jobs[1].time_limit == pytest.approx(40.0, abs=0.5)

    def test_a_promotion_that_cannot_end_in_time_is_not_started(self) -> None:
        slow = configurations(3, seconds=0.05)
        limits = TrialLimits(share=0.001, floor_seconds=0.1)
        outcome = search(listed(slow), InlineExecutor(), trial_limits=limits)
        assert outcome.ended is Ended.EXHAUSTED
        assert {r.trial.rung.index for r in outcome.history.results} == {0}

    def test_what_still_runs_at_the_end_is_cut_off(self) -> None:
        executor = ScrambledExecutor(3, 0)
        outcome = search(listed(configurations(1_000, seconds=0.02)), executor, seconds=0.3)
        assert outcome.ended is Ended.TIME
        assert len(outcome.unfinished) == len(executor.cancelled)
        assert len(outcome.unfinished) + len(outcome.history.results) == len(executor.jobs)

    @pytest.mark.parametrize("max_trials", [None, 40])
    def test_an_interrupt_returns_what_there_is(self, max_trials: int | None) -> None:
        def interrupt_after_ten(result: TrialResult) -> None:
            if result.trial.number == 10:
                raise KeyboardInterrupt

        executor = ScrambledExecutor(1, 0)
        outcome = search(
            listed(configurations(50)),
            executor,
            max_trials=max_trials,
            on_result=interrupt_after_ten,
        )
        assert outcome.ended is Ended.INTERRUPTED
        assert len(outcome.history.results) >= 11
        assert outcome.history.incumbent() is not None


class TestTelling:
    def test_the_journal_holds_every_result(self, tmp_path: Path) -> None:
        path = tmp_path / "trials.jsonl"
        outcome = search(listed(configurations(5)), ScrambledExecutor(2, 0), journal_path=path)
        written = read_journal(path)
        assert sorted(r.trial.number for r in written) == [*range(len(outcome.history.results))]

    def test_a_result_is_in_the_journal_and_the_history_before_it_is_shown(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "trials.jsonl"
        plan = listed(configurations(4))
        shown = []

        def show(result: TrialResult) -> None:
            assert result in read_journal(path)
            assert plan.halving.history.results[-1] is result
            shown.append(result.trial.number)

        search(plan, InlineExecutor(), journal_path=path, on_result=show)
        assert shown == [*range(4 * len(RUNGS))]

    def test_a_finished_result_that_waits_for_its_turn_is_not_lost(self, tmp_path: Path) -> None:
        path = tmp_path / "trials.jsonl"

        class FirstNeverEnds(ScrambledExecutor):
            def wait(self, timeout: float) -> list[Handle]:
                ended = [h for h in self.waiting if h.job.arguments[0].number != 0]
                self.waiting = [h for h in self.waiting if h.job.arguments[0].number == 0]
                return ended

        outcome = search(
            listed(configurations(9)),
            FirstNeverEnds(4, 0),
            seconds=0.5,
            max_trials=9,
            journal_path=path,
        )
        assert outcome.ended is Ended.TIME
        assert [trial.number for trial in outcome.unfinished] == [0]
        assert [result.trial.number for result in outcome.history.results] == [1, 2, 3]
        assert len(read_journal(path)) == 3

    def test_the_keep_rule_travels_with_the_trial(self) -> None:
        executor = ScrambledExecutor(1, 0)
        store = FakeStore(
            rule=lambda trial, history: KeepRule(
                file=f"{trial.number}, {len(history.results)}", loss_below=0.0
            )
        )
        outcome = search(listed(configurations(3)), executor, store=store)
        assert tuple(store.recorded) == outcome.history.results
        assert store.n_constants == 1
        assert [job.arguments[1].file for job in executor.jobs[:3]] == [
            "0, 0",
            "1, 1",
            "2, 2",
        ]
        assert executor.jobs[0].inbox == str(store.inbox)

    def test_an_earlier_run_is_continued(self, tmp_path: Path) -> None:
        path = tmp_path / "trials.jsonl"
        candidates = configurations(6)
        search(listed(candidates), InlineExecutor(), max_trials=5, journal_path=path)
        plan = listed(candidates)
        for result in read_journal(path):
            plan.halving.tell(result)
        search(plan, InlineExecutor(), journal_path=path)
        trials = [result.trial for result in read_journal(path)]
        assert [trial.number for trial in trials] == [*range(6 * len(RUNGS))]
        assert len({(t.configuration.key, t.rung.index) for t in trials}) == len(trials)

    def test_a_model_of_an_earlier_run_counts_for_the_time_limit(self, tmp_path: Path) -> None:
        path = tmp_path / "trials.jsonl"
        candidates = configurations(6)
        search(listed(candidates), InlineExecutor(), max_trials=2, journal_path=path)
        plan = listed(candidates)
        for result in read_journal(path):
            plan.halving.tell(result)
        executor = ScrambledExecutor(1, 0)
        search(plan, executor, seconds=100.0)
        assert executor.jobs[0].time_limit == pytest.approx(40.0, abs=0.5)


class LostCluster(InlineExecutor):
    """Goes away after three results."""

    def __init__(self) -> None:
        super().__init__()
        self.n_told = 0

    def wait(self, timeout: float) -> list[Handle]:
        if self.n_told == 3:
            raise ClusterLostError("gone")
        self.n_told += 1
        return super().wait(timeout)


def test_a_lost_cluster_ends_the_search_with_what_there_is() -> None:
    outcome = search(listed(configurations(9)), LostCluster())
    assert outcome.ended is Ended.CLUSTER_LOST
    assert len(outcome.history.results) == 3
    assert len(outcome.unfinished) == 1


class TestTrialLimits:
    @pytest.mark.parametrize(
        ("remaining", "has_model", "expected"),
        [
            (100.0, True, 40.0),
            (100.0, False, 75.0),
            (10.0, True, 4.0),
            (3.0, True, 2.0),
            (2.5, False, 2.0),
            (1.0, True, 1.0),
            (0.1, False, 0.1),
        ],
    )
    def test_seconds(self, remaining: float, has_model: bool, expected: float) -> None:
        assert TrialLimits().seconds(remaining, has_model=has_model) == pytest.approx(expected)

    def test_never_more_than_what_remains(self) -> None:
        limits = TrialLimits()
        for remaining in np.geomspace(0.01, 1e5, 50):
            for has_model in (False, True):
                assert 0 < limits.seconds(remaining, has_model=has_model) <= remaining
