"""A search of made-up trials: candidates, an executor that ends them in any order, the call."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import fake_jobs
import numpy as np
from asking import CandidateSource, Source

from metatune.budget import Deadline
from metatune.data.encoding.shape import Shape
from metatune.evaluation.keep_rule import KeepRule
from metatune.evaluation.rungs import Rung, plan_rungs
from metatune.evaluation.trial import Trial, TrialResult
from metatune.execution.executor import Executor, Handle, InlineExecutor, Job, JobOutcome
from metatune.kinds import TaskKind
from metatune.metrics import resolve_metric
from metatune.samplers.base import Sampler
from metatune.samplers.question import Question
from metatune.search.halving import SuccessiveHalving
from metatune.search.history import History
from metatune.search.limits import SearchLimits, TrialLimits
from metatune.search.outcome import SearchOutcome
from metatune.space import Configuration
from metatune.storage.journal import Journal
from metatune.tuning.events import Events
from metatune.tuning.loop import TrialFunction, run_trials
from metatune.tuning.turns import AsTheyCome, InOrder

ACCURACY = resolve_metric("accuracy", TaskKind.BINARY)
RUNGS = plan_rungs(Shape(n_rows=20_000, n_columns=30), 5)
HERE = Path(__file__).parent


@dataclass
class FakeStore:
    """A store that only writes a journal, and hands out rules."""

    journal_path: Path | None = None
    rule: Callable[[Trial, History], KeepRule | None] = lambda _trial, _history: None
    inbox: Path = HERE
    outbox: Path = HERE
    recorded: list[TrialResult] = field(default_factory=list)
    n_constants: int = 0

    def keep_rule(self, trial: Trial, history: History) -> KeepRule | None:
        return self.rule(trial, history)

    def record(self, result: TrialResult) -> None:
        self.recorded.append(result)
        if self.journal_path is not None:
            with Journal(self.journal_path) as journal:
                journal.append(result)

    def update(self, result: TrialResult, history: History) -> None:
        assert result in self.recorded, "a result is recorded before it counts"

    def save_first(self) -> bool:
        self.n_constants += 1
        return True

    def pulse(self) -> None:
        pass


@dataclass(frozen=True)
class Reserved:
    """So many seconds are kept free, whatever the history."""

    kept: float = 0.0

    def seconds(self, history: History) -> float:
        return self.kept


class Told(Events):
    """Passes each new result to a function."""

    def __init__(self, on_result: Callable[[TrialResult], None] | None) -> None:
        self.on_result = on_result

    def trial_ended(self, result: TrialResult, history: History) -> None:
        if self.on_result is not None:
            self.on_result(result)


def quality_of(configuration: Configuration) -> float:
    quality = configuration.params["quality"]
    assert isinstance(quality, float)
    return quality


def configurations(n: int, **params: float | str) -> list[Configuration]:
    qualities = np.random.default_rng(0).permutation(n) / max(n, 1)
    return [
        Configuration(algorithm="fake", params={"quality": float(quality), **params})
        for quality in qualities
    ]


@dataclass
class Plan:
    """Halving and where its configurations come from."""

    halving: SuccessiveHalving
    sampler: Sampler

    @classmethod
    def of(cls, source: CandidateSource, rungs: tuple[Rung, ...] = RUNGS, seed: int = 0) -> "Plan":
        return cls(SuccessiveHalving(rungs, ACCURACY, seed=seed), Source(source))


def listed(candidates: list[Configuration]) -> Plan:
    upcoming = iter(candidates)
    return Plan.of(lambda history: next(upcoming, None))


class ScrambledExecutor(Executor):
    """Runs jobs at once but tells their ends in random order."""

    def __init__(self, n_workers: int, seed: int) -> None:
        self._n_workers = n_workers
        self._rng = random.Random(seed)
        self._ran = InlineExecutor()
        self.waiting: list[Handle] = []
        self.most_at_once = 0
        self.cancelled: list[Handle] = []
        self.jobs: list[Job] = []

    @property
    def n_workers(self) -> int:
        return self._n_workers

    @property
    def idle(self) -> int:
        return self._n_workers - len(self.waiting)

    def submit(self, job: Job, *, beside: bool = False) -> Handle:
        assert self.idle > 0
        self.jobs.append(job)
        handle = Handle(job, self, beside=beside)
        handle.outcome = self._ran.call(job)
        self.waiting.append(handle)
        self.most_at_once = max(self.most_at_once, len(self.waiting))
        return handle

    def wait(self, timeout: float) -> list[Handle]:
        if not self.waiting or self._rng.random() < 0.2:
            return []
        n_told = self._rng.randint(1, len(self.waiting))
        self._rng.shuffle(self.waiting)
        told, self.waiting = self.waiting[:n_told], self.waiting[n_told:]
        return told

    def call(self, job: Job) -> JobOutcome:
        raise AssertionError("the search submits, it does not call")

    def _cancel(self, handle: Handle) -> float:
        self.cancelled.append(handle)
        self.waiting = [other for other in self.waiting if other is not handle]
        return 0.0

    def close(self) -> None:
        self.waiting.clear()


def search(
    plan: Plan,
    executor: Executor,
    *,
    seconds: float = 60.0,
    max_trials: int | None = None,
    reserve: float = 0.0,
    journal_path: Path | None = None,
    store: FakeStore | None = None,
    on_result: Callable[[TrialResult], None] | None = None,
    recorded: Sequence[TrialResult] = (),
    trial_limits: TrialLimits | None = None,
    question: Question | None = None,
    events: Events | None = None,
    function: TrialFunction = fake_jobs.evaluate,
) -> SearchOutcome:
    turns = AsTheyCome(recorded) if max_trials is None else InOrder(max_trials, recorded)
    return run_trials(
        plan.halving,
        plan.sampler,
        turns,
        executor=executor,
        store=store or FakeStore(journal_path),
        limits=SearchLimits(
            deadline=Deadline.after(seconds),
            max_trials=max_trials,
            trial=trial_limits or TrialLimits(),
        ),
        reserve=Reserved(reserve),
        events=events or Told(on_result),
        restored=recorded,
        question=question,
        function=function,
    )


def inventive(seed: int) -> Plan:
    """Halving whose candidates depend on everything it was told and on how often it was asked."""
    rng = np.random.default_rng(seed)

    def invent(history: History) -> Configuration | None:
        if rng.random() < 0.2:
            return None
        best = history.best(1)
        base = quality_of(best[0]) if best else 0.0
        quality = base + float(rng.normal()) + len(history.results) / 1_000
        return Configuration(algorithm="fake", params={"quality": quality})

    return Plan.of(invent, seed=seed)


def told(outcome: SearchOutcome) -> list[tuple[int, str, int, int, float]]:
    return [
        (r.trial.number, r.trial.configuration.key, r.trial.rung.index, r.trial.seed, r.score)
        for r in outcome.history.results
    ]
