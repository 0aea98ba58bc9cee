"""The search loop with real processes: one bad trial costs itself, and says so."""

from collections.abc import Iterator
from pathlib import Path

import fake_jobs
import pytest
from fake_search import RUNGS, configurations, inventive, listed, search, told

from metatune.budget import Stopwatch
from metatune.evaluation.trial import TrialStatus
from metatune.execution.executor import InlineExecutor, Job
from metatune.execution.local_pool import LocalPool
from metatune.search.limits import TrialLimits
from metatune.search.outcome import Ended
from metatune.space import Configuration
from metatune.storage.journal import read_journal


@pytest.fixture
def pool() -> Iterator[LocalPool]:
    with LocalPool(2, memory_limit=600_000_000) as pool:
        yield pool


def test_a_hang_a_crash_a_glutton_and_an_error(pool: LocalPool, tmp_path: Path) -> None:
    good = configurations(4)
    bad = [
        Configuration(algorithm="fake", params={"quality": 1.0, "do": what})
        for what in ("hang", "die", "allocate", "raise")
    ]
    mixed = [configuration for pair in zip(good, bad, strict=True) for configuration in pair]
    limits = TrialLimits(share=0.14, first_share=0.14, floor_seconds=8.0)
    path = tmp_path / "trials.jsonl"
    outcome = search(listed(mixed), pool, trial_limits=limits, journal_path=path)
    assert outcome.ended is Ended.EXHAUSTED
    ended = {
        result.trial.configuration.params["do"]: (result.status, result.error)
        for result in outcome.history.results
        if "do" in result.trial.configuration.params
    }
    assert ended["die"] == (TrialStatus.CRASHED, "its process died: killed by SIGKILL")
    assert ended["raise"] == (TrialStatus.FAILED, "ValueError: no luck")
    assert ended["hang"][0] is TrialStatus.TIMED_OUT
    assert ended["allocate"][0] is TrialStatus.OUT_OF_MEMORY
    incumbent = outcome.history.incumbent()
    assert incumbent is not None
    assert incumbent.score == pytest.approx(0.75)
    assert len(read_journal(path)) == len(outcome.history.results) == 4 * len(RUNGS) + 4
    table = outcome.history.leaderboard()
    assert sorted(table["status"][table["rank"].isna()]) == [
        "crashed",
        "failed",
        "out of memory",
        "timed out",
    ]


def test_the_deadline_cuts_what_runs(pool: LocalPool) -> None:
    pool.submit(Job(function=fake_jobs.double, arguments=(1,)))
    pool.wait(20.0)
    watch = Stopwatch()
    outcome = search(listed(configurations(9, do="hang")), pool, seconds=1.0)
    assert watch.seconds() < 1.5
    assert outcome.ended is Ended.TIME
    assert len(outcome.unfinished) == 2
    assert pool.idle == 2
    assert outcome.history.results == ()


@pytest.mark.parametrize("n_workers", [1, 2])
def test_the_number_of_workers_does_not_matter(n_workers: int) -> None:
    reference = told(search(inventive(3), InlineExecutor(), max_trials=30))
    with LocalPool(n_workers) as pool:
        assert told(search(inventive(3), pool, max_trials=30)) == reference
