"""Another job beside the first trials, and where the time of a search goes."""

from collections.abc import Callable
from pathlib import Path

import fake_jobs

from metatune.budget import Deadline
from metatune.evaluation.rungs import plan_rungs
from metatune.execution.executor import Executor, Handle, InlineExecutor, Job, JobOutcome, JobStatus
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.search.limits import SearchLimits
from metatune.search.outcome import Ended, SearchOutcome
from metatune.space import Configuration
from metatune.tuning.hooks import Errand
from metatune.tuning.search import Folders, run_search

ACCURACY = resolve_metric("accuracy", TaskKind.BINARY)
HERE = Path(__file__).parents[1] / "helpers"


class SlowErrand(Executor):
    """Two workers; a job that is no trial takes until so many trials have ended."""

    def __init__(self, n_before: int) -> None:
        self._ran = InlineExecutor()
        self._n_before = n_before
        self._trials: list[Handle] = []
        self._errand: list[Handle] = []
        self.most_trials_at_once = 0
        self.cancelled: list[Handle] = []

    @property
    def n_workers(self) -> int:
        return 2

    @property
    def idle(self) -> int:
        return 2 - len(self._trials) - len(self._errand)

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        assert self.idle > 0
        handle = Handle(job, self, beside=beside)
        handle.outcome = self._ran.call(job)
        is_trial = job.function is fake_jobs.evaluate
        (self._trials if is_trial else self._errand).append(handle)
        if self._errand:
            self.most_trials_at_once = max(self.most_trials_at_once, len(self._trials))
        return handle

    def wait(self, timeout: float) -> list[Handle]:
        told, self._trials = self._trials, []
        self._n_before -= len(told)
        if self._n_before <= 0:
            told, self._errand = told + self._errand, []
        return told

    def call(self, job: Job) -> JobOutcome:
        raise AssertionError("the search submits, it does not call")

    def _cancel(self, handle: Handle) -> float:
        self.cancelled.append(handle)
        return 0.0

    def close(self) -> None:
        self._trials.clear()


def search(
    executor: Executor,
    next_candidate: Callable[[History], Configuration | None],
    errand: Errand,
    seconds: float = 60.0,
) -> SearchOutcome:
    return run_search(
        SuccessiveHalving(plan_rungs(400, 1), ACCURACY, next_candidate),
        executor,
        Folders(inbox=HERE, outbox=HERE),
        limits=SearchLimits(deadline=Deadline.after(seconds)),
        errand=errand,
        evaluate=fake_jobs.evaluate,
    )


def numbered(n: int) -> list[Configuration]:
    return [Configuration(algorithm="fake", params={"quality": i / n}) for i in range(n)]


def doubling(done: Callable[[JobOutcome], None]) -> Errand:
    return Errand(job=Job(function=fake_jobs.double, arguments=(21,)), done=done)


def test_trials_run_beside_an_errand() -> None:
    told: list[JobOutcome] = []
    upcoming = iter(numbered(9))
    after: list[int] = []

    def propose(history: History) -> Configuration | None:
        after.append(len(history.results) if told else 0)
        return next(upcoming, None)

    executor = SlowErrand(n_before=4)
    outcome = search(executor, propose, doubling(told.append))
    assert [o.value for o in told] == [42]
    assert told[0].status is JobStatus.OK
    assert executor.most_trials_at_once == 1
    assert max(after) >= 4, "candidates were asked for before and after"
    assert len(outcome.history.results) == 9
    assert outcome.ended is Ended.EXHAUSTED


def test_a_search_with_nothing_to_try_waits_for_its_errand() -> None:
    told: list[JobOutcome] = []
    later = iter(numbered(3))
    outcome = search(
        SlowErrand(n_before=0),
        lambda _history: next(later, None) if told else None,
        doubling(told.append),
    )
    assert len(told) == 1
    assert len(outcome.history.results) == 3


def test_the_end_of_the_search_ends_the_errand() -> None:
    told: list[JobOutcome] = []
    executor = SlowErrand(n_before=10**9)
    errand = doubling(told.append)
    outcome = search(executor, lambda _history: None, errand, seconds=0.2)
    assert outcome.ended is Ended.TIME
    assert [handle.job for handle in executor.cancelled] == [errand.job]
    assert told == []


def test_the_search_says_where_its_time_went() -> None:
    upcoming = iter(numbered(5))
    outcome = search(
        SlowErrand(n_before=1),
        lambda _history: next(upcoming, None),
        doubling(lambda _outcome: None),
    )
    assert {"choosing", "waiting", "noting", "errand"} <= set(outcome.timings)
    own = sum(outcome.timings[name] for name in ("choosing", "waiting", "noting"))
    assert 0 < own <= outcome.seconds
